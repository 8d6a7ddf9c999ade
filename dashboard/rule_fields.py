"""The rules of a cleanup: as they are typed into a form, and in words."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import asdict, dataclass

from dashboard.formats import duration, oneline, sentence, short_duration
from store import InvalidTTL, Rule, parse_duration

_CHOICES = {"": None, "yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class RuleFields:
    """What was typed: `finished` and `empty` are "", "yes" or "no"."""

    idle: str = ""
    finished: str = ""
    match: str = ""
    empty: str = ""

    @classmethod
    def of(cls, field: Callable[[str], str]) -> RuleFields:
        """What a form or query holds."""
        return cls(field("idle").strip(), _choice(field("finished")), field("match"), _choice(field("empty")))

    @classmethod
    def of_rule(cls, rule: Rule) -> RuleFields:
        """A rule as it would be typed."""
        idle = "" if rule.idle is None else short_duration(rule.idle)
        return cls(idle, _typed(rule.finished), rule.match or "", _typed(rule.empty))

    @property
    def given(self) -> bool:
        """Whether anything is typed."""
        return any(self.named.values())

    @property
    def named(self) -> dict[str, str]:
        """The fields by their names."""
        return asdict(self)

    @property
    def problem(self) -> str:
        """What is wrong with what was typed, as a sentence; "" for nothing."""
        try:
            self.rule()
        except InvalidTTL as error:
            return sentence(str(error))
        return "" if self.given else "Choose at least one rule."

    def rule(self, name: str = "") -> Rule:
        """The rule that is meant.

        Raises:
            InvalidTTL: `idle` is not a duration.
        """
        idle = parse_duration(self.idle) if self.idle else None
        if self.idle and idle is None:
            raise InvalidTTL("idle for takes a duration such as 2h or 7d")
        return Rule(name, idle, _CHOICES[self.finished], self.match or None, _CHOICES[self.empty])


def in_words(rule: Rule) -> str:
    """What a rule chooses: `idle for 7 d · finished · named wf-*`."""
    words = [
        None if rule.idle is None else f"idle for {duration(rule.idle)}",
        None if rule.finished is None else "finished" if rule.finished else "not finished",
        None if rule.match is None else f"named {oneline(rule.match)}",
        None if rule.empty is None else "empty or only expired" if rule.empty else "holding items",
    ]
    return " · ".join(filter(None, words))


def command(rule: Rule) -> str:
    """The command that runs a saved rule."""
    return f"stepstate cleanup --rule {shlex.quote(rule.name)}"


def _choice(text: str) -> str:
    return text if text in _CHOICES else ""


def _typed(choice: bool | None) -> str:
    return next(text for text, meant in _CHOICES.items() if meant is choice)

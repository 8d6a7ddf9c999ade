"""Saved cleanup rules: what a cleanup is told, kept in the store under a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from store.cleanup import Conditions
from store.durations import NEVER, milliseconds
from store.errors import InvalidArgument, InvalidTTL
from store.items import ItemMethods
from store.listing import ListingMethods
from store.names import RESERVED
from store.values import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from store.model import Item

RULES: Final = f"{RESERVED}rules"
"""The group with one item for each rule."""
MAX_RULE_NAME: Final = 100


@dataclass(frozen=True, slots=True)
class Rule:
    """The conditions of a cleanup under a name, as `Store.cleanup` takes them; `idle` in seconds, None says nothing."""

    name: str
    idle: float | None = None
    finished: bool | None = None
    match: str | None = None
    empty: bool | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """The rule for `stale` and `cleanup`: `state.cleanup(**rule.arguments)`."""
        return {"idle": self.idle, "finished": self.finished, "match": self.match, "empty": self.empty}


class RuleMethods(ItemMethods, ListingMethods):
    """Saving, finding and dropping cleanup rules."""

    def save_rule(self, rule: Rule) -> None:
        """Keep a cleanup rule under its name, in place of the one that had it.

        Rules are items of the group "stepstate:rules", and readable there.

        Raises:
            InvalidArgument: the name is not 1 to 100 printable characters, or the rule has no condition or one that is
                not of its type.
            InvalidTTL: for an `idle` that is not a positive, finite time.
            InvalidValue: the pattern is not Unicode text.
        """
        _check_rule(rule)
        self.set(RULES, rule.name, {**rule.arguments, "idle": _seconds(rule.idle)}, ttl=NEVER)

    def rules(self) -> list[Rule]:
        """The saved rules in the order of their names.

        Raises:
            InvalidArgument: naming an item of "stepstate:rules" that is no rule; `drop_rule` removes it.
        """
        return [_rule_of(item) for item in self._rule_items()]

    def rule(self, name: str) -> Rule | None:
        """The rule saved under a name, or None.

        Raises:
            InvalidArgument: what is there is no rule; `drop_rule` removes it.
        """
        item = self.item(RULES, name)
        return None if item is None else _rule_of(item)

    def drop_rule(self, name: str, *, undo: bool | str = False) -> bool:
        """Forget the rule saved under a name; False if there was none. `undo` is as in `set`."""
        return bool(self.delete_many(RULES, [name], undo=undo))

    def _rule_items(self) -> Iterator[Item]:
        page = self.items(RULES, limit=1000)
        yield from page.items
        while page.next is not None:
            page = self.items(RULES, limit=1000, after=page.next)
            yield from page.items


def _check_rule(rule: Rule) -> None:
    name = rule.name
    if not isinstance(name, str) or not 1 <= len(name) <= MAX_RULE_NAME or not name.isprintable():
        raise InvalidArgument(f"the name of a rule is 1 to {MAX_RULE_NAME} printable characters, not {shown(name)}")
    Conditions(**rule.arguments).check()


def _seconds(idle: float | None) -> float | None:
    if idle is None:
        return None
    seconds = milliseconds(idle) / 1000
    return int(seconds) if seconds.is_integer() else seconds


def _rule_of(item: Item) -> Rule:
    try:
        rule = Rule(item.key, **item.value)  # a field that is unknown here is refused: it may have ruled out something
        _check_rule(rule)
    except TypeError:
        reason = shown(item.value)
    except (InvalidArgument, InvalidTTL) as error:
        reason = str(error)
    else:
        return rule
    raise InvalidArgument(f"the item {shown(item.key)} of the group {RULES!r} is no cleanup rule: {reason}")

"""An update of an item as the call that makes it, in Python, TypeScript and as a curl command, to copy."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from store import KEEP, NEVER

if TYPE_CHECKING:
    from store.durations import Expiry

MAX_CALL = 64 * 1024  # characters; a shell takes no argument of more than twice that

# What JSON text leaves as it is and no reader sees: control characters, line ends, what turns the direction of writing.
_UNSEEN = re.compile("[\x7f-\xa0\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")(:)?|-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|true|false|null')
_PYTHON_WORDS: Final = {"true": "True", "false": "False", "null": "None"}
_LARGEST_SAFE = 2**53


@dataclass(frozen=True, slots=True)
class Call:
    """An update of one item; `ttl` is in seconds, KEEP (the expiry stays) or NEVER."""

    group_id: str
    key: str
    ops: Sequence[Mapping[str, Any]]
    ttl: float | Expiry = KEEP

    def python(self) -> str:
        """A program that makes the update in the store that $STEPSTATE_URL names."""
        imported = "NEVER, open_store" if self.ttl is NEVER else "open_store"
        names = f"    {_json(self.group_id)},\n    {_json(self.key)},\n"
        ops = "".join(f"        {_python(_json(op))},\n" for op in self.ops)
        ttl = self._ttl("    ttl={},\n", "NEVER")
        return (
            f"from store import {imported}\n\nstate = open_store()\nstate.update(\n{names}    [\n{ops}    ],\n{ttl})\n"
        )

    def typescript(self) -> str:
        """The statement that makes the update in a Step of Motia's."""
        lines = [] if self.ttl is KEEP else ["// state.update takes no TTL: made this way, the expiry stays as it is."]
        lines.append(f"await state.update({_json(self.group_id)}, {_json(self.key)}, [")
        for op in self.ops:
            text = _json(op)
            lines += [f"  // {warning}" for warning in _inexact(text)]
            lines.append(f"  {_javascript(text)},")
        return "\n".join([*lines, "]);\n"])

    def curl(self, url: str) -> str:
        """A shell command that makes the update by way of a dashboard; `url` is that of the item's operations."""
        ops = ",\n".join(f"  {_json(op)}" for op in self.ops)
        ttl = self._ttl(', "ttl": {}', '"never"')
        body = f'{{"ops": [\n{ops}\n]{ttl}}}'
        return f"curl {_quoted(url)} \\\n  -H 'Content-Type: application/json' \\\n  --data-binary {_quoted(body)}\n"

    def _ttl(self, form: str, never: str) -> str:
        if self.ttl is KEEP:
            return ""
        return form.format(never if self.ttl is NEVER else _number(self.ttl))


def _json(value: Any) -> str:
    """JSON text on one line, which is a literal of Python and JavaScript too but for three words and one field name."""
    text = json.dumps(value, ensure_ascii=False)
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _python(text: str) -> str:
    return _TOKEN.sub(lambda token: _PYTHON_WORDS.get(token[0], token[0]), text)


def _javascript(text: str) -> str:
    """In a literal `"__proto__": x` would set the object's prototype; a computed name makes a field of it."""
    return _TOKEN.sub(lambda token: '["__proto__"]:' if token[0] == '"__proto__":' else token[0], text)


def _inexact(text: str) -> list[str]:
    """A warning for each integer that a JavaScript program would send as another one."""
    numbers = (token[0] for token in _TOKEN.finditer(text) if re.fullmatch("-?[0-9]+", token[0]))
    sent = {number: int(Decimal(repr(float(number)))) for number in numbers if abs(int(number)) > _LARGEST_SAFE}
    return [
        f"JavaScript cannot hold {number} exactly and sends {other}; Python and curl send it as it is."
        for number, other in sent.items()
        if other != int(number)
    ]


def _quoted(text: str) -> str:
    """A word of a shell command: between single quotes nothing means anything but a single quote."""
    return "'" + text.replace("'", "'\\''") + "'"


def _number(seconds: float) -> str:
    return repr(int(seconds) if float(seconds).is_integer() else seconds)

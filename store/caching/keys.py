"""From a call's arguments to the key its result is cached under: readable, and the same in every process.

Different arguments give different keys: 1, True, 1.0 and "1" are four. Text stands as it is where that cannot be taken
for anything else, and in quotes otherwise. A key that would be longer than a name may be ends in a hash.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import inspect
import json
import re
import sys
import uuid
from collections.abc import Callable, Mapping
from enum import Enum, Flag
from typing import Any, Final

from store.errors import InvalidArgument, InvalidName
from store.names import MAX_NAME_BYTES, check_name
from store.values import is_text, shown

NO_ARGUMENTS: Final = "()"

_QUICK_KEYS: Final = 4096
_QUICK_BYTES: Final = 256
_QUICK: Final = frozenset({str, int, bool, float, bytes, type(None)})
_HASH_DIGITS: Final = 32
_DECIMAL_BITS: Final = 64
# The ranges are written out: what counts as a letter differs between versions of Python.
_LETTER: Final = "A-Za-z\u00c0-\u1fff\u3040-\ud7ff\uf900-\ufaff"
_PLAIN: Final = re.compile(rf"[{_LETTER}](?:[{_LETTER}0-9 _./:@+-]*[{_LETTER}0-9_./:@+-])?")
_RESERVED: Final = frozenset({"None", "True", "False", "nan", "inf"})


class Keys:
    """Makes the keys of one function.

    Args:
        function: its parameters name the arguments; keywords, positions and defaults give the same key.
        key: makes the key instead, from the same arguments.
        ignore: parameters that are left out.

    Raises:
        InvalidArgument: `ignore` names no parameter of the function, or the function does not tell its parameters.
    """

    def __init__(
        self, function: Callable[..., object], key: Callable[..., object] | None, ignore: tuple[str, ...]
    ) -> None:
        if key is not None:
            if ignore:
                raise InvalidArgument("ignore= does not go with key=, which gets all arguments")
            self.of: Callable[[tuple[Any, ...], Mapping[str, Any]], str] = functools.partial(_own, key)
            return
        try:
            self._signature = inspect.signature(function)
        except (TypeError, ValueError):
            raise InvalidArgument(f"{shown(function)} does not tell its parameters: it needs key=") from None
        parameters = self._signature.parameters
        for name in ignore:
            if name not in parameters:
                raise InvalidArgument(f"ignore= names {shown(name)}, which is no parameter of the function")
        self._ignored = frozenset(ignore)
        variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        self._variadic = {name for name, parameter in parameters.items() if parameter.kind in variadic}
        first = next(iter(parameters), "")
        self._leaves_first_out = first in self._ignored and first not in self._variadic  # a method's self, mostly
        self._quick = functools.lru_cache(_QUICK_KEYS, typed=True)(self._quickly)
        self.of = self._of_rest if self._leaves_first_out else self._of_all
        """The key of a call, from its arguments and its keyword arguments.

        Raises:
            TypeError: the function does not take these arguments.
            InvalidArgument: one of them cannot form a stable key, or `key=` gave what is none.
        """

    def _of_all(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
        try:
            return self._quick(*args, **kwargs)
        except (TypeError, _NotQuick):
            pass
        return self._made(args, kwargs)

    def _of_rest(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
        with contextlib.suppress(TypeError, _NotQuick):
            if args:
                return self._quick(*args[1:], **kwargs)
        return self._made(args, kwargs)

    def _quickly(self, /, *args: Any, **kwargs: Any) -> str:
        # What is remembered must be told apart by type and equality alone, and be small.
        for value in (*args, *kwargs.values()):
            if type(value) not in _QUICK or (value == 0.0 and type(value) is float):
                raise _NotQuick
            if isinstance(value, str | bytes) and len(value) > _QUICK_BYTES:
                raise _NotQuick
        return self._made((None, *args) if self._leaves_first_out else args, kwargs)

    def _made(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        parts = [
            f"{name}={_argument(name, value)}"
            for name, value in bound.arguments.items()
            if name not in self._ignored and (value or name not in self._variadic)
        ]
        return fitted(", ".join(parts) or NO_ARGUMENTS)


class _NotQuick(Exception):
    pass


class _Unstable(Exception):
    def __init__(self, value: object) -> None:
        self.kind = type(value).__qualname__


def fitted(text: str) -> str:
    """The text, if it may be a name; else as much of it as fits and a hash of all of it."""
    whole = text.encode()
    if len(whole) <= MAX_NAME_BYTES:
        return text
    import hashlib  # noqa: PLC0415 - it loads OpenSSL, and most keys are short

    ending = f"… #{hashlib.sha256(whole).hexdigest()[:_HASH_DIGITS]}"
    return whole[: MAX_NAME_BYTES - len(ending.encode())].decode(errors="ignore") + ending


def rendered(value: object) -> str:
    """A value as it stands in a key.

    Raises:
        _Unstable: it is of a type without a text that is the same in every process.
    """
    if isinstance(value, Enum):
        member = value.value if isinstance(value, Flag) else value.name  # flags that are set together have no name
        return f"<{type(value).__qualname__}.{rendered(member)}>"
    render = _RENDERERS.get(type(value))
    if render is not None:
        return render(value)
    decimal = sys.modules.get("decimal")  # whoever has one has imported it
    if decimal is not None and type(value) is decimal.Decimal:
        return f"Decimal({value})"
    raise _Unstable(value)


def _argument(name: str, value: object) -> str:
    try:
        return rendered(value)
    except _Unstable as error:
        kind = error.kind
    except RecursionError:
        kind = "value that is nested too deep or holds itself"
    article = "an" if kind[0].lower() in "aeiou" else "a"
    raise InvalidArgument(
        f"argument {shown(name)} holds {article} {kind}, which cannot form a stable cache key: only str, int, float, "
        f"bool, None, bytes, date, datetime, UUID, Decimal, Enum, and lists, tuples, sets and dicts of those can. "
        f"Leave it out with ignore=({name!r},) or make the key with key="
    )


def _own(make: Callable[..., object], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    key = make(*args, **kwargs)
    if not isinstance(key, str):
        return fitted(_argument("key=", key))
    try:
        text = fitted(key)
        check_name("key", text)
    except (UnicodeEncodeError, InvalidName) as error:
        raise InvalidArgument(f"key= gave {shown(key)}, which cannot be a key: {error}") from None
    return text


def _text(value: Any) -> str:
    if _PLAIN.fullmatch(value) and value not in _RESERVED:
        return str(value)
    return json.dumps(value, ensure_ascii=not is_text(value))


def _integer(value: Any) -> str:
    # Python refuses to write very long integers in decimal.
    return str(value) if value.bit_length() <= _DECIMAL_BITS else hex(value)


def _list(value: Any) -> str:
    return f"[{', '.join(map(rendered, value))}]"


def _tuple(value: Any) -> str:
    return f"({', '.join(map(rendered, value))})"


def _dict(value: Any) -> str:
    return f"{{{', '.join(sorted(f'{rendered(name)}={rendered(item)}' for name, item in value.items()))}}}"


def _set(value: Any) -> str:
    return f"set({', '.join(sorted(map(rendered, value)))})"


_RENDERERS: Final[Mapping[type, Callable[[Any], str]]] = {
    str: _text,
    int: _integer,
    bool: str,
    type(None): str,
    float: repr,
    bytes: repr,
    datetime.date: datetime.date.isoformat,
    datetime.datetime: datetime.datetime.isoformat,
    uuid.UUID: lambda value: f"UUID({value})",
    list: _list,
    tuple: _tuple,
    dict: _dict,
    set: _set,
    frozenset: _set,
}

"""The keys of cached calls: readable, stable, and different wherever the arguments differ."""

from __future__ import annotations

import datetime
import enum
import hashlib
import subprocess
import sys
import uuid
from collections.abc import Callable, Hashable
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import InvalidArgument
from store.caching.keys import Keys
from tests.store.support import ODD_NAMES


class Colour(enum.Enum):
    RED = 1
    CRIMSON = 1  # noqa: PIE796 - another name of the same
    BLUE = 2


class Level(enum.IntEnum):
    LOW = 1


class Mode(enum.StrEnum):
    FAST = "fast"


class Rights(enum.Flag):
    READ = 1
    WRITE = 2


def key_of(function: Callable[..., object], *args: Any, **kwargs: Any) -> str:
    return Keys(function, None, ()).of(args, kwargs)


def rate(base: str, quote: str = "USD", /, *more: Any, exact: bool = False, **options: Any) -> None: ...


def one(x: Any) -> None: ...


def of(value: Any) -> str:
    return key_of(one, value).removeprefix("x=")


@pytest.mark.parametrize(
    ("args", "kwargs", "expected"),
    [
        (("EUR",), {}, "base=EUR, quote=USD, exact=False"),
        (("EUR", "USD"), {"exact": False}, "base=EUR, quote=USD, exact=False"),
        (("EUR", "GBP", 1, "a"), {}, "base=EUR, quote=GBP, more=(1, a), exact=False"),
        (("EUR",), {"b": 1, "a": None}, "base=EUR, quote=USD, exact=False, options={a=None, b=1}"),
        (("EUR",), {"a": None, "b": 1}, "base=EUR, quote=USD, exact=False, options={a=None, b=1}"),
        (("a, quote=b",), {}, 'base="a, quote=b", quote=USD, exact=False'),
    ],
)
def test_keys_name_the_arguments(args: tuple[Any, ...], kwargs: dict[str, Any], expected: str) -> None:
    assert key_of(rate, *args, **kwargs) == expected


def test_positions_keywords_and_defaults_agree() -> None:
    def get(a: int, b: int = 2, *, c: int = 3) -> None: ...

    keys = Keys(get, None, ())
    spellings: list[tuple[tuple[int, ...], dict[str, int]]] = [
        ((1,), {}),
        ((1, 2), {}),
        ((1,), {"c": 3}),
        ((), {"c": 3, "b": 2, "a": 1}),
    ]
    assert {keys.of(args, kwargs) for args, kwargs in spellings} == {"a=1, b=2, c=3"}


# As they are written here they have to stay: what is stored under them has to be found by the next version.
VALUES: list[tuple[Any, str]] = [
    (None, "None"),
    (True, "True"),
    (False, "False"),
    (1, "1"),
    (-1, "-1"),
    (0, "0"),
    (1.0, "1.0"),
    (0.1, "0.1"),
    (-0.0, "-0.0"),
    (1e300, "1e+300"),
    (float("nan"), "nan"),
    (float("-inf"), "-inf"),
    (2**64, "0x10000000000000000"),
    ("1", '"1"'),
    ("True", '"True"'),
    ("None", '"None"'),
    ("nan", '"nan"'),
    ("", '""'),
    ("EUR", "EUR"),
    ("New York", "New York"),
    ("Zürich", "Zürich"),
    ("東京", "東京"),
    ("a/b.c:d@e+f-g_1", "a/b.c:d@e+f-g_1"),
    (" a", '" a"'),
    ("a ", '"a "'),
    ("a, b", '"a, b"'),
    ("a=b", '"a=b"'),
    ('say "hi"', '"say \\"hi\\""'),
    ("two\nlines\0", '"two\\nlines\\u0000"'),
    ("\ud800", '"\\ud800"'),
    ("🛒", '"🛒"'),
    (b"\x00a'", 'b"\\x00a\'"'),
    (datetime.date(2026, 11, 24), "2026-11-24"),
    (datetime.datetime(2026, 11, 24, 9), "2026-11-24T09:00:00"),
    (datetime.datetime(2026, 11, 24, 9, 0, 0, 5, tzinfo=datetime.UTC), "2026-11-24T09:00:00.000005+00:00"),
    (uuid.UUID(int=10), "UUID(00000000-0000-0000-0000-00000000000a)"),
    (Decimal("1.10"), "Decimal(1.10)"),
    (Colour.RED, "<Colour.RED>"),
    (Colour.CRIMSON, "<Colour.RED>"),
    (Level.LOW, "<Level.LOW>"),
    (Mode.FAST, "<Mode.FAST>"),
    (Rights.READ | Rights.WRITE, "<Rights.3>"),
    ((), "()"),
    ((1,), "(1)"),
    (("a", 1), "(a, 1)"),
    ([], "[]"),
    (["a", [1]], "[a, [1]]"),
    ({}, "{}"),
    ({"b": 1, "a": 2}, "{a=2, b=1}"),
    ({1: "x", "1": "y"}, '{"1"=y, 1=x}'),
    (set(), "set()"),
    ({2, 1}, "set(1, 2)"),
    (frozenset({"b", "a"}), "set(a, b)"),
]


@pytest.mark.parametrize(("value", "expected"), VALUES, ids=[expected for _, expected in VALUES])
def test_every_type_has_its_text(value: Any, expected: str) -> None:
    assert of(value) == expected


def test_different_values_have_different_texts() -> None:
    texts = [expected for value, expected in VALUES if value is not Colour.CRIMSON]
    assert len(set(texts)) == len(texts)


class Point(NamedTuple):
    x: int


class Text(str): ...


class Thing:
    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return hash("EUR")


def itself() -> list[Any]:
    loop: list[Any] = []
    loop.append(loop)
    return loop


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (Thing(), "a Thing"),
        (Text("a"), "a Text"),
        (Point(1), "a Point"),
        (object, "a type"),
        (len, "a builtin_function_or_method"),
        ([1, {"a": Thing()}], "a Thing"),
        ({Thing()}, "a Thing"),
        (bytearray(b"a"), "a bytearray"),
        (1j, "a complex"),
        (datetime.timedelta(1), "a timedelta"),
        (itself(), "holds itself"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_has_no_stable_text_is_refused_by_name(value: Any, named: str) -> None:
    keys = Keys(rate, None, ())
    keys.of(("EUR", "USD"), {})
    for args, kwargs, name in [((value,), {}, "base"), (("EUR",), {"exact": value}, "exact")]:
        with pytest.raises(InvalidArgument, match=rf"argument '{name}' holds .*{named}.*ignore=\('{name}',\)"):
            keys.of(args, kwargs)
    with pytest.raises(InvalidArgument, match="'more'"):
        keys.of(("EUR", "USD", value), {})
    with pytest.raises(InvalidArgument, match="'options'"):
        keys.of(("EUR",), {"other": value})


def test_ignored_arguments_do_not_count() -> None:
    def get(session: object, city: str, timeout: float = 1, *args: int) -> None: ...

    keys = Keys(get, None, ("session", "timeout", "args"))
    spellings: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
        ((Thing(), "Rome"), {}),
        ((Thing(), "Rome"), {"timeout": Thing()}),
        ((None, "Rome", 3), {}),
        (("x", "Rome", 3, 4, 5), {}),
        ((), {"session": 1, "city": "Rome"}),
    ]
    for args, kwargs in spellings * 2:
        assert keys.of(args, kwargs) == "city=Rome"
    for args in [(), (1,)]:
        with pytest.raises(TypeError):
            keys.of(args, {})


def test_a_function_makes_its_own_keys() -> None:
    def get(*args: Any) -> None: ...

    own = Keys(get, lambda key: key, ())
    for name in ODD_NAMES:
        assert own.of((name,), {}) == name
    assert own.of((("EUR", 1, None),), {}) == "(EUR, 1, None)"
    assert own.of((1,), {}) == "1"
    assert len(own.of(("é" * 300,), {}).encode()) <= 512
    for bad in ["", "a\0b", "\ud800"]:
        with pytest.raises(InvalidArgument, match="key= gave"):
            own.of((bad,), {})
    with pytest.raises(InvalidArgument, match="key="):
        own.of((Thing(),), {})


def test_a_function_that_does_not_tell_its_parameters_needs_key() -> None:
    with pytest.raises(InvalidArgument, match="needs key="):
        Keys(max, None, ())
    assert Keys(max, lambda *numbers: numbers, ()).of((1, 2), {}) == "(1, 2)"
    with pytest.raises(InvalidArgument, match="does not go with key="):
        Keys(one, lambda x: x, ("x",))


def test_without_arguments() -> None:
    assert key_of(lambda: None) == "()"
    assert Keys(one, None, ("x",)).of((3,), {}) == "()"


def test_long_keys_end_in_a_hash() -> None:
    assert key_of(one, "a" * 510) == f"x={'a' * 510}"
    longer = key_of(one, "a" * 511)
    assert longer.startswith("x=aaaa")
    assert len(longer.encode()) == 512
    texts = ["a" * 600, "a" * 599 + "b", "a" * 601, "é" * 600, "é" * 599 + "è", "🛒" * 600]
    keys = {key_of(one, text) for text in texts}
    assert len(keys) == len(texts)
    assert all(len(key.encode()) <= 512 for key in keys)
    digest = hashlib.sha256(b"x=" + b"a" * 600).hexdigest()
    assert key_of(one, "a" * 600) == f"x={'a' * 473}… #{digest[:32]}"


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(
        ["a, b", "a=b", "x=1", "a: b", "(a)", "[a]", "{a=b}", "set()", "<Colour.RED>", "b'a'", "1.0", "a"]
    )
    | st.binary()
    | st.dates()
    | st.datetimes()
    | st.uuids()
    | st.decimals()
    | st.sampled_from([*Colour, *Level, *Mode])
)


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    hashable = inner.filter(lambda value: isinstance(value, Hashable) and is_hashable(value))
    return (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(hashable, inner, max_size=3)
        | st.frozensets(hashable, max_size=3)
    )


def is_hashable(value: Any) -> bool:
    try:
        hash(value)
    except (TypeError, ArithmeticError):
        return False
    return True


ANY = st.recursive(SCALARS, nested, max_leaves=6)


def canonical(value: Any) -> Any:
    """What is equal for two values only if they are the same, with the same types throughout."""
    kind = type(value).__name__
    match value:
        case enum.Enum():
            return (kind, value.name)
        case float():
            return (kind, value.hex())
        case Decimal():
            return (kind, str(value))
        case list() | tuple():
            return (kind, *map(canonical, value))
        case dict():
            return (kind, frozenset((canonical(name), canonical(item)) for name, item in value.items()))
    return (kind, frozenset(map(canonical, value)) if isinstance(value, frozenset) else value)


def anything(*args: Any) -> None: ...


SHARED = Keys(anything, None, ())


@given(st.lists(ANY, max_size=3), st.lists(ANY, max_size=3))
def test_keys_are_equal_only_if_the_arguments_are(left: list[Any], right: list[Any]) -> None:
    keys = [SHARED.of(tuple(args), {}) for args in (left, right)]
    assert (keys[0] == keys[1]) == (canonical(left) == canonical(right))
    assert keys == [SHARED.of(tuple(args), {}) for args in (left, right)]


CLOSE = st.recursive(
    st.sampled_from(
        ["a", "b", "a, b", "a=b", "a: b", '"', "", "1", 1, 1.0, True, 0, 0.0, -0.0, False, None, b"a", "None"]
    ),
    nested,
    max_leaves=4,
)


@given(st.lists(CLOSE, max_size=3), st.lists(CLOSE, max_size=3))
def test_keys_of_arguments_that_look_alike_differ(left: list[Any], right: list[Any]) -> None:
    keys = [SHARED.of(tuple(args), {}) for args in (left, right)]
    assert (keys[0] == keys[1]) == (canonical(left) == canonical(right))


def test_equal_numbers_of_different_types_are_told_apart_however_often_they_are_asked_for() -> None:
    keys = Keys(one, None, ())
    values = [1, True, 1.0, "1", 0, False, 0.0, -0.0, b"1", None, (1,), (True,), [1], Decimal(1), Level.LOW]
    expected = [of(value) for value in values]
    assert len(set(expected)) == len(expected)
    for _ in range(3):
        assert [keys.of((value,), {}) for value in values] == [f"x={text}" for text in expected]
        assert [keys.of((), {"x": value}) for value in values] == [f"x={text}" for text in expected]


def test_keys_are_the_same_in_every_process() -> None:
    code = (
        "from store.caching.keys import Keys\n"
        "print(Keys(lambda x: 0, None, ()).of(({frozenset('abcdef'): {'x', 'y', 'z'}, 'k': {3, 1, 2}},), {}))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert outputs == {"x={k=set(1, 2, 3), set(a, b, c, d, e, f)=set(x, y, z)}\n"}

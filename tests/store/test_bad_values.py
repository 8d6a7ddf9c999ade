"""Values that JSON cannot carry, or that are too large: refused with the place, nothing written."""

from __future__ import annotations

import dataclasses
import enum
import re
import uuid
from collections import OrderedDict, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from store import InvalidOp, InvalidValue, Store, StoreError, ValueTooLarge, open_store
from tests.conftest import ManualClock
from tests.store.support import same


@dataclasses.dataclass
class Order:
    total: int = 1


class Status(enum.Enum):
    PAID = "paid"


class Text(enum.StrEnum):
    PAID = "paid"


class OldText(str, enum.Enum):  # noqa: UP042, how StrEnum was written before Python 3.11
    PAID = "paid"


class Number(enum.IntEnum):
    ONE = 1


class Point(NamedTuple):
    x: int
    y: int


def nested(levels: int) -> Any:
    value: Any = 0
    for _ in range(levels):
        value = [value]
    return value


def containing_itself() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


BEYOND = "is an integer outside -2^63 to 2^64-1"
BAD_VALUES: list[tuple[Any, str, str]] = [
    (float("nan"), "$", "$ is nan; JSON numbers are finite"),
    (float("inf"), "$", "$ is inf; JSON numbers are finite"),
    (float("-inf"), "$", "$ is -inf"),
    ({"items": [1, 2, 3, {"price": float("nan")}]}, "$.items[3].price", "$.items[3].price is nan"),
    ({"a b": {"ü": float("inf")}}, "$['a b']['ü']", "$['a b']['ü'] is inf"),
    (2**64, "$", f"$ {BEYOND}"),
    (-(2**63) - 1, "$", f"$ {BEYOND}"),
    ({"n": [10**5000]}, "$.n[0]", f"$.n[0] {BEYOND}"),
    ({"s": "ab\ud800"}, "$.s", "$.s holds a lone surrogate at character 2"),
    (["\udfff"], "$[0]", "$[0] holds a lone surrogate at character 0"),
    ({"o": {"\ud800": 1}}, "a field name of $.o", "a field name of $.o holds a lone surrogate"),
    ({1: "a"}, "$", "$ has the field name 1, a int; names are strings"),
    ({"o": {None: 1}}, "$.o", "$.o has the field name None, a NoneType"),
    ({"o": {True: 1}}, "$.o", "$.o has the field name True, a bool"),
    ({"o": {("a",): 1}}, "$.o", "$.o has the field name ('a',), a tuple"),
    ({"tags": {"a"}}, "$.tags", "$.tags is of type set, which JSON cannot carry"),
    (frozenset(), "$", "$ is of type frozenset"),
    (b"bytes", "$", "$ is of type bytes"),
    (bytearray(b"x"), "$", "$ is of type bytearray"),
    ([uuid.UUID(int=0)], "$[0]", "$[0] is of type UUID"),
    ({"at": datetime(2026, 1, 1, tzinfo=UTC)}, "$.at", "$.at is of type datetime"),
    ({"on": date(2026, 1, 1)}, "$.on", "$.on is of type date"),
    (timedelta(1), "$", "$ is of type timedelta"),
    ({"order": Order()}, "$.order", "$.order is of type Order"),
    (Decimal("1.5"), "$", "$ is of type Decimal"),
    ({"status": Status.PAID}, "$.status", "$.status is of type Status"),
    (1 + 2j, "$", "$ is of type complex"),
    (object(), "$", "$ is of type object"),
    (Order, "$", "$ is of type type"),
    (len, "$", "$ is of type builtin_function_or_method"),
    (range(3), "$", "$ is of type range"),
    (MappingProxyType({"a": 1}), "$", "$ is of type mappingproxy"),
    (containing_itself(), "$", "nested more than 254 levels deep"),
    (nested(255), "$", "nested more than 254 levels deep"),
]
BAD = pytest.mark.parametrize(("value", "place", "message"), BAD_VALUES, ids=[row[2][:40] for row in BAD_VALUES])


@BAD
def test_set_refuses_a_bad_value_and_names_its_place(state: Store, value: Any, place: str, message: str) -> None:
    state.set("g", "k", 1, ttl=60)
    before = state.item("g", "k")
    with pytest.raises(InvalidValue, match=re.escape(message)) as caught:
        state.set("g", "k", value)
    assert caught.value.place == place
    with pytest.raises(InvalidValue, match=re.escape(message)):
        state.set("g", "new", value)
    assert state.item("g", "k") == before
    assert [item.key for item in state.items("g").items] == ["k"]


@BAD
def test_set_many_refuses_a_bad_value_and_names_its_key(state: Store, value: Any, place: str, message: str) -> None:
    of_key = message.replace("$", "values.b", 1)
    with pytest.raises(InvalidValue, match=re.escape(of_key)) as caught:
        state.set_many("g", {"a": 1, "b": value})
    assert caught.value.place == (place if of_key == message else place.replace("$", "values.b", 1))
    assert state.group("g") is None


@pytest.mark.parametrize("kind", ["set", "merge", "append"])
@BAD
def test_update_refuses_a_bad_value(state: Store, value: Any, place: str, message: str, kind: str) -> None:
    state.set("g", "k", {"n": 1})
    before = state.item("g", "k")
    good = {"type": "increment", "path": "n", "by": 1}
    with pytest.raises(InvalidOp, match=r"^operation 1: ") as caught:
        state.update("g", "k", [good, {"type": kind, "path": "x", "value": value}])
    assert message.replace("$", "value", 1) in str(caught.value)
    assert caught.value.op_index == 1
    assert isinstance(caught.value.__cause__, InvalidValue)
    assert state.item("g", "k") == before


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ((1, ("a", [2.0])), [1, ["a", [2.0]]]),
        ({"t": (1,)}, {"t": [1]}),
        (Point(1, 2), [1, 2]),
        (Text.PAID, "paid"),
        ([Text.PAID, (Text.PAID,)], ["paid", ["paid"]]),
        ({Text.PAID: Text.PAID}, {"paid": "paid"}),
        (OldText.PAID, "paid"),
        ((OldText.PAID,), ["paid"]),
        ({OldText.PAID: 1}, {"paid": 1}),
        (Number.ONE, 1),
        ((Number.ONE,), [1]),
        (OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
        (defaultdict(int, a=1), {"a": 1}),
        (nested(254), nested(254)),
    ],
    ids=repr,
)
def test_what_json_can_carry_is_stored_plain(state: Store, value: Any, stored: Any) -> None:
    assert same(state.set("g", "k", value).new_value, stored)
    assert same(state.get("g", "k"), stored)


@pytest.mark.parametrize("error", [InvalidValue, ValueTooLarge])
def test_a_bad_value_is_a_value_error_and_a_store_error(error: type[Exception]) -> None:
    assert issubclass(error, ValueError)
    assert issubclass(error, StoreError)


@pytest.fixture
def small(url: str, clock: ManualClock) -> Iterator[Store]:
    """A store whose values have at most 20 bytes."""
    with open_store(url, clock=clock, sweep_interval=None, max_value_bytes=20) as state:
        yield state


@pytest.mark.parametrize("text", ["x" * 18, "é" * 9, "\n" * 9], ids=["ascii", "two bytes each", "escaped"])
def test_a_value_of_exactly_the_limit_passes(small: Store, text: str) -> None:
    small.set("g", "k", text)
    item = small.item("g", "k")
    assert item is not None
    assert (item.value, item.size) == (text, 20)


@pytest.mark.parametrize(
    ("value", "size"), [("x" * 19, 21), ("é" * 9 + "x", 21), ([1] * 10, 21), ((1,) * 10, 21)], ids=repr
)
def test_a_value_over_the_limit_is_refused(small: Store, value: Any, size: int) -> None:
    small.set("g", "k", 1)
    before = small.item("g", "k")
    with pytest.raises(ValueTooLarge, match=f"the value is {size} bytes of JSON; at most 20 are allowed") as caught:
        small.set("g", "k", value)
    assert (caught.value.size, caught.value.limit) == (size, 20)
    with pytest.raises(ValueTooLarge):
        small.set_many("g", {"a": 1, "b": value})
    with pytest.raises(ValueTooLarge):
        small.update("g", "k", [{"type": "set", "path": "", "value": value}])
    assert small.item("g", "k") == before
    assert [item.key for item in small.items("g").items] == ["k"]


def test_the_limit_is_16_mib_unless_told_otherwise(state: Store) -> None:
    limit = 16 * 1024 * 1024
    assert state.max_value_bytes == limit
    state.set("g", "k", "x" * (limit - 2))
    with pytest.raises(ValueTooLarge, match="16,777,217 bytes of JSON; at most 16,777,216"):
        state.set("g", "k", "x" * (limit - 1))


def test_only_the_result_of_an_update_counts_against_the_limit(small: Store) -> None:
    small.set("g", "k", {"a": "x" * 10})
    grow = {"type": "append", "path": "a", "value": "y" * 10}
    shrink = {"type": "set", "path": "a", "value": "z"}
    assert small.update("g", "k", [grow, shrink]).new_value == {"a": "z"}
    with pytest.raises(ValueTooLarge):
        small.update("g", "k", [shrink, grow, grow], on_error="skip")
    assert small.get("g", "k") == {"a": "z"}


def test_an_update_that_nests_too_deep_is_refused(state: Store) -> None:
    state.set("g", "k", {"n": 1})
    before = state.item("g", "k")
    with pytest.raises(InvalidValue, match="nested more than 254 levels"):
        state.update("g", "k", [{"type": "set", "path": ["a"], "value": nested(254)}])
    assert state.item("g", "k") == before


@pytest.mark.parametrize("leaf", [1, [], {}], ids=repr)
def test_the_depth_limit_counts_lists_and_objects(state: Store, leaf: Any) -> None:
    def nested(levels: int) -> Any:
        value = leaf
        for _ in range(levels - (leaf != 1)):
            value = [value]
        return value

    assert state.set("g", "k", nested(254)).new_value == nested(254)
    with pytest.raises(InvalidValue, match="nested more than 254 levels deep"):
        state.set("g", "k", nested(255))
    assert state.get("g", "k") == nested(254)

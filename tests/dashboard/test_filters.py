from __future__ import annotations

import contextlib
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.filters import InvalidFilter, compose, describe, format_filter, parse_filter
from store import OPS, PROPERTY_OPS, Property, Where, open_store

TIMES = (Property.TTL, Property.AGE, Property.IDLE)
BARE = ("exists", "missing", "is null")

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
words = texts | st.sampled_from(
    ["paid", "100", "true", "null", "", '"', '"x"', "[1]", "= 1", "never", " x ", "5m", "NaN"]
)
numbers = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
names = words | st.sampled_from(["status", "a.b", "size", "TTL", "Key", "a,b", "a=b", "is null", "unit price", "[0]"])


def value_for(field: Any, op: str) -> st.SearchStrategy[Any]:
    if op in BARE:
        return st.none()
    if field in TIMES:
        return st.integers(1, 100 * 365 * 86400 * 1000).map(lambda ms: ms / 1000)
    if field is Property.SIZE:
        return st.integers(0, 10**9) | st.integers(1, 10**6).map(lambda kilos: kilos * 1024)
    if op in ("contains", "starts with") or isinstance(field, Property):
        return words.filter(bool) if field is Property.VALUE else words
    return numbers | words if op in (">", ">=", "<", "<=") else json_values


@st.composite
def wheres(draw: st.DrawFn) -> Where:
    field = draw(names | st.lists(names, max_size=3).map(tuple) | st.sampled_from(Property))
    op = draw(st.sampled_from(PROPERTY_OPS[field] if isinstance(field, Property) else OPS))
    return Where(field, op, draw(value_for(field, op)))


@given(wheres())
def test_a_filter_is_read_back_as_it_was_written(where: Where) -> None:
    text = format_filter(where)
    read = parse_filter(text)

    assert read == where
    assert repr(read.value) == repr(where.value) or where.field in TIMES
    assert parse_filter(f"  {text} ") == where
    assert not re.search("[\x00-\x1f]", text), "a text field keeps all of it"
    assert describe(where)


@given(texts | st.from_regex(r'(a|"a"|\[("a")?\]|ttl|key|size) *(=|!=|>|contains|is null|exists) *[^ ]{0,5}'))
def test_any_text_is_a_filter_or_is_refused_and_the_store_takes_every_filter(text: str) -> None:
    with open_store("memory://", sweep_interval=None) as store, contextlib.suppress(InvalidFilter):
        where = parse_filter(text)
        assert store.items("g", where=[where]).items == []
        assert parse_filter(format_filter(where)) == where


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("status = paid", Where("status", "=", "paid")),
        ("status=paid", Where("status", "=", "paid")),
        ("status == paid", Where("status", "=", "paid")),
        ("total > 100", Where("total", ">", 100)),
        ("total>=1.5", Where("total", ">=", 1.5)),
        ('total != "100"', Where("total", "!=", "100")),
        ("trace = 9007199254740993", Where("trace", "=", 9007199254740993)),
        ("trace = 123456789012345678901234567890", Where("trace", "=", "123456789012345678901234567890")),
        ("done = true", Where("done", "=", True)),
        ("done = True", Where("done", "=", "True")),
        ('tags = ["a", 1]', Where("tags", "=", ["a", 1])),
        ("name = Ada  Lovelace", Where("name", "=", "Ada  Lovelace")),
        ('name = ""', Where("name", "=", "")),
        ('name = "half', Where("name", "=", '"half')),
        ("note is null", Where("note", "is null")),
        ("note IS  Null", Where("note", "is null")),
        ("note exists", Where("note", "exists")),
        ("note missing", Where("note", "missing")),
        ("email contains 42", Where("email", "contains", "42")),
        ('email contains "42"', Where("email", "contains", "42")),
        ("email starts with ada@", Where("email", "starts with", "ada@")),
        ("contains contains contains", Where("contains", "contains", "contains")),
        ("a.b = 1", Where("a.b", "=", 1)),
        ('"unit price" > 3', Where("unit price", ">", 3)),
        ('"size" = XL', Where("size", "=", "XL")),
        ('"\\u00e4" = 1', Where("ä", "=", 1)),
        ('["customer", "country"] = DE', Where(("customer", "country"), "=", "DE")),
        ("[] > 5", Where((), ">", 5)),
        ("ttl < 5m", Where(Property.TTL, "<", 300)),
        ("TTL<90", Where(Property.TTL, "<", 90)),
        ("ttl missing", Where(Property.TTL, "missing")),
        ("ttl = never", Where(Property.TTL, "missing")),
        ("ttl != never", Where(Property.TTL, "exists")),
        ("age > 7d", Where(Property.AGE, ">", 7 * 86400)),
        ("changed <= 1.5h", Where(Property.IDLE, "<=", 5400)),
        ("size > 10 KB", Where(Property.SIZE, ">", 10240)),
        ("size = 200", Where(Property.SIZE, "=", 200)),
        ("size < 1.5mb", Where(Property.SIZE, "<", 3 * 2**19)),
        ("key = 100", Where(Property.KEY, "=", "100")),
        ("key contains -", Where(Property.KEY, "contains", "-")),
        ('value contains "a":1', Where(Property.VALUE, "contains", '"a":1')),
    ],
)
def test_how_people_write_filters(text: str, where: Where) -> None:
    read = parse_filter(text)

    assert read == where
    assert type(read.value) is type(where.value) or where.field in TIMES


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "begins with no field"),
        ("= 5", "begins with no field"),
        ('"half = 5', "begins with no field"),
        ("[1] = 5", "begins with no field"),
        ('"\\ud800" = 5', "is no JSON"),
        ("status", "After status comes =, !=, >, >=, <, <=, contains, starts with, exists, missing or is null."),
        ("status is paid", "After status comes ="),
        ("status ! paid", "After status comes ="),
        ("unit price > 3", "After unit comes ="),
        ("status =", 'The value is missing. Empty text is "".'),
        ("status contains ", "The value is missing."),
        ("status exists now", "Nothing comes after “exists”."),
        ("total > true", "“>” goes with numbers and text, not with true."),
        ("total < [1]", "“<” goes with numbers and text, not with [1]."),
        ("ttl < soon", "'soon' is not a duration; write 90"),
        ("ttl < never", "“never” goes with “ttl =” only."),
        ("ttl = 5m", "After ttl comes >, >=, <, <=, exists or missing."),
        ("age > 40000d", "out of range"),
        ("size > large", "large is no size; write 200, 10 KB or 1.5 MB."),
        ("size > 99999999999999999999 GB", "is no size"),
        ("key > a", "After key comes =, !=, contains or starts with."),
        ("value = 5", "After value comes contains."),
    ],
)
def test_what_is_no_filter_is_told_why(text: str, why: str) -> None:
    with pytest.raises(InvalidFilter) as caught:
        parse_filter(text)

    assert why in str(caught.value)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("where", "text"),
    [
        (Where("status", "=", "paid"), "status = paid"),
        (Where("status", "=", "100"), 'status = "100"'),
        (Where("status", "contains", "100"), "status contains 100"),
        (Where("a b", "exists"), '"a b" exists'),
        (Where("Size", "=", 1), '"Size" = 1'),
        (Where("name", "=", "two\nlines"), 'name = "two\\nlines"'),
        (Where(Property.TTL, "<", 300.0), "ttl < 5m"),
        (Where(Property.SIZE, ">", 10240), "size > 10 KB"),
        (Where(Property.SIZE, ">", 10241), "size > 10241 B"),
        (Where(Property.SIZE, ">", 0), "size > 0 B"),
        (Where(("a", "b"), "=", None), '["a","b"] = null'),
    ],
)
def test_filters_are_written_for_people_to_read(where: Where, text: str) -> None:
    assert format_filter(where) == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ttl missing", "never expires"),
        ("ttl exists", "expires"),
        ("ttl <= 5m", "expires within 5 min"),
        ("ttl > 90s", "expires in over 1 min 30 s"),
        ("age < 1h", "created within 1 h"),
        ("age >= 2d", "created over 2 d ago"),
        ("changed < 1m", "changed within 1 min"),
        ("changed > 1m", "unchanged for 1 min"),
        ("status=paid", "status = paid"),
        ("size >10kb", "size > 10 KB"),
    ],
)
def test_filters_in_words(text: str, words: str) -> None:
    assert describe(parse_filter(text)) == words


@pytest.mark.parametrize(
    ("field", "written"),
    [
        ("status", "status"),
        (" status ", "status"),
        ("unit price", '"unit price"'),
        ("a=b", '"a=b"'),
        ('say "hi"', '"say \\"hi\\""'),
        ('"size"', '"size"'),
        ("size", "size"),
        ('["a", "b"]', '["a", "b"]'),
    ],
)
def test_a_field_in_the_form_is_quoted_where_it_must_be(field: str, written: str) -> None:
    assert compose(field, "=", "x") == f"{written} = x"


def test_what_is_left_in_the_form_is_no_value_of_an_operator_that_has_none() -> None:
    assert compose("note", "exists", "left over") == "note exists"

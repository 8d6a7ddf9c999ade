from __future__ import annotations

import time
from typing import Any

import orjson
import pytest

from dashboard.jsontext import MAX_INDENTED, MAX_MARKUP, PART, indented_size, part, text_of
from tests.dashboard.pages import parse


def compact(value: Any) -> int:
    return len(orjson.dumps(value))


def nested(depth: int, value: Any) -> Any:
    for _ in range(depth):
        value = [value]
    return value


SMALL = [
    None,
    7,
    "text",
    {},
    [],
    [[]],
    {"a": {}},
    {"a": 1, "b": [1, 2, {"c": "ä", "d": [[], {}, [None]]}], "": {"x": {"y": 0}}},
    nested(200, [1, 2]),
]


@pytest.mark.parametrize("value", SMALL, ids=repr)
def test_the_indented_size_is_known_without_indenting(value: Any) -> None:
    indented = orjson.dumps(value, option=orjson.OPT_INDENT_2)

    assert indented_size(value, compact(value)) == len(indented)
    assert text_of(value, compact(value)) == indented


def test_what_would_grow_too_long_stays_compact() -> None:
    value = nested(250, [1] * 100_000)
    started = time.process_time()

    assert indented_size(value, compact(value)) > MAX_INDENTED
    assert text_of(value, compact(value)) == orjson.dumps(value)
    assert time.process_time() - started < 0.5


TEXTS = {
    "records": orjson.dumps(
        [{"id": i, "s": 'a\\"b\n', "w": [None, True, -1.5]} for i in range(2000)], option=orjson.OPT_INDENT_2
    ),
    "compact": orjson.dumps([{"id": i, "s": 'a\\"b', "w": [None, True, -1.5]} for i in range(2000)]),
    "string": orjson.dumps('quote " and \\ and 🛒 <b>' * 5000),
    "escapes": orjson.dumps("\\" * 40_000),
    "word": b"null",
    "digits": orjson.dumps([1] * 20_000),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_parts_are_the_text(text: bytes) -> None:
    whole, shown, start = text.decode(), [], 0
    while True:
        piece = part(whole, start)
        assert (piece.start, piece.total) == (start, len(whole))
        shown.append(parse(piece.markup).raw)
        if piece.next is None:
            break
        start = piece.next

    assert "".join(shown) == whole
    assert max(map(len, shown)) <= PART


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_html_of_a_part_is_bounded(text: bytes) -> None:
    whole = text.decode()
    for start in range(0, len(whole), 5000):
        assert len(part(whole, start).markup) <= MAX_MARKUP + 6 * PART


def test_parts_end_with_a_line_where_they_can() -> None:
    whole = TEXTS["records"].decode()

    assert whole[part(whole, 0).end - 1] == "\n"
    assert parse(part(whole, part(whole, 0).end).markup).all("span")[0].attrs["class"] in (
        "j-name",
        "j-string",
        "j-number",
        "j-word",
    )


def test_tokens_are_told_by_their_kind_wherever_a_part_begins() -> None:
    text = '{"name":"a: 1, true","n":-1.5e3,"w":null}'
    kinds = {raw: kind for start in range(len(text)) for kind, raw in spans(part(text, start).markup)}

    assert kinds['"name"'] == "j-name"
    assert kinds['"a: 1, true"'] == "j-string"
    assert kinds['1, true"'] == "j-string"
    assert kinds['me"'] == "j-name"
    assert kinds["-1.5e3"] == "j-number"
    assert kinds["null"] == "j-word"


def spans(markup: str) -> list[tuple[str, str]]:
    return [(node.attrs["class"], node.raw) for node in parse(markup).all("span")]


@pytest.mark.parametrize("start", [-5, 10**9])
def test_a_part_outside_of_the_text_is_none_of_its_characters(start: int) -> None:
    assert part("[1]", start).start in (0, 3)


def test_what_is_before_can_be_asked_for() -> None:
    assert part("x" * 3 * PART, 0).previous is None
    assert part("x" * 3 * PART, PART + 5).previous == 5
    assert part("x" * 3 * PART, 5).previous == 0


def test_a_part_of_megabytes_takes_no_time() -> None:
    text = orjson.dumps('\\"\n' * 2_000_000).decode()
    started = time.process_time()
    for start in (0, 50_000, 5_000_000):
        part(text, start)

    assert time.process_time() - started < 0.3

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.branching import SEPARATORS, branch_above, chosen_separators, pattern_of, way_to
from tests.dashboard.support import ODD_NAMES

NAMES = st.text("ab:/.*?[]!- \n", max_size=8)


@pytest.mark.parametrize(
    ("chars", "chosen"), [("", ":/."), (":", ":"), (".:", ":."), ("::", ":"), ("x", ":/."), (":x/.", ":/.")]
)
def test_separators_are_those_of_the_three_that_were_chosen(chars: str, chosen: str) -> None:
    assert chosen_separators(chars) == chosen


@pytest.mark.parametrize(
    ("prefix", "separators", "way"),
    [
        ("", ":/.", []),
        ("wf:", ":/.", [("wf:", "wf:")]),
        ("wf-2026:11:", ":/.", [("wf-2026:", "wf-2026:"), ("11:", "wf-2026:11:")]),
        ("a/b.c:", ":", [("a/b.c:", "a/b.c:")]),
        ("a:b", ":", [("a:", "a:"), ("b", "a:b")]),
        ("::", ":", [(":", ":"), (":", "::")]),
        ("plain", ":", [("plain", "plain")]),
    ],
)
def test_the_way_to_a_branch_names_each_branch_above_it(
    prefix: str, separators: str, way: list[tuple[str, str]]
) -> None:
    assert way_to(prefix, separators) == way


@pytest.mark.parametrize(
    ("name", "above"),
    [
        ("", ""),
        ("orders", ""),
        ("wf:1", "wf:"),
        ("wf:", ""),
        ("wf:11:a", "wf:11:"),
        ("wf:11:", "wf:"),
        ("a/b.c", "a/b."),
        (":", ""),
        ("::", ":"),
    ],
)
def test_what_is_above_ends_at_a_separator(name: str, above: str) -> None:
    assert branch_above(name) == above


@settings(deadline=None)
@given(NAMES, st.text(SEPARATORS, min_size=1))
def test_going_up_from_a_branch_is_its_way_backwards(prefix: str, separators: str) -> None:
    climbed = [prefix] if prefix else []
    while prefix := branch_above(prefix, separators):
        climbed.append(prefix)

    assert [crumb.prefix for crumb in way_to(climbed[0] if climbed else "", separators)] == climbed[::-1]


@settings(deadline=None)
@given(NAMES, NAMES)
def test_the_pattern_fits_what_begins_so_and_nothing_else(prefix: str, name: str) -> None:
    assert fnmatchcase(name, pattern_of(prefix)) == name.startswith(prefix)
    assert fnmatchcase(prefix + name, pattern_of(prefix))


@pytest.mark.parametrize("name", ODD_NAMES)
def test_the_pattern_of_an_odd_name_fits_it(name: str) -> None:
    assert fnmatchcase(f"{name}x", pattern_of(name))
    assert not fnmatchcase(f"x{name}", pattern_of(name)) or f"x{name}".startswith(name)


@pytest.mark.parametrize(("prefix", "pattern"), [("wf:", "wf:*"), ("a[1]*?", "a[[]1][*][?]*"), (" a", "[ ]a*")])
def test_the_pattern_is_as_short_as_it_can_be(prefix: str, pattern: str) -> None:
    assert pattern_of(prefix) == pattern

"""Contract: the tree of groups."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from store import Branch, InvalidArgument, Page, Store
from tests.conftest import ManualClock
from tests.store.support import moment, walk


def fill(state: Store, *names: str) -> None:
    for name in names:
        state.set(name, "k", {"n": 1})


def names(page: Page[Branch]) -> list[str]:
    return [branch.name for branch in page.items]


def test_groups_are_gathered_up_to_the_first_separator(state: Store) -> None:
    fill(state, "wf:a:1", "wf:a:2", "wf:b:1", "wf:c", "orders", "http/x", "http/y.z", "app.log", "app.run")
    page = state.branches()
    assert [(branch.name, branch.groups, branch.is_group) for branch in page.items] == [
        ("app.", 2, False),
        ("http/", 2, False),
        ("orders", 1, True),
        ("wf:", 4, False),
    ]
    assert page.next is None
    assert [(branch.name, branch.groups) for branch in state.branches("wf:").items] == [
        ("wf:a:", 2),
        ("wf:b:1", 1),
        ("wf:c", 1),
    ]
    assert names(state.branches("wf:a:")) == ["wf:a:1", "wf:a:2"]


def test_a_prefix_need_not_be_a_branch(state: Store) -> None:
    fill(state, "order-1:x", "order-1:y", "order-2", "orders", "zoo")
    assert names(state.branches("order")) == ["order-1:", "order-2", "orders"]
    assert names(state.branches("order-1:x")) == ["order-1:x"]
    assert names(state.branches("nothing")) == []


def test_a_group_that_is_alone_in_its_branch_is_itself(state: Store) -> None:
    fill(state, "a:b:c", "d:")
    (first, second) = state.branches().items
    assert (first.name, first.is_group, first.group) == ("a:b:c", True, state.group("a:b:c"))
    assert (second.name, second.group) == ("d:", state.group("d:"))
    fill(state, "a:x")
    assert names(state.branches()) == ["a:", "d:"]
    assert state.branches().items[0].group is None


def test_a_group_with_the_name_of_a_branch(state: Store) -> None:
    fill(state, "a", "a:", "a:b", "a:b:", "a:b:c")
    assert [(branch.name, branch.groups) for branch in state.branches().items] == [("a", 1), ("a:", 4)]
    assert [(branch.name, branch.groups) for branch in state.branches("a:").items] == [
        ("a:", 1),
        ("a:b", 1),
        ("a:b:", 2),
    ]
    assert len(walk(lambda after: state.branches("a:", limit=1, after=after))) == 3


def test_other_separators_or_none(state: Store) -> None:
    fill(state, "a-b]c", "a-b]d", "a-x", "b^1", "b^2", "c:1", "c:2")
    assert names(state.branches(separators="-^")) == ["a-", "b^", "c:1", "c:2"]
    assert names(state.branches("a-", separators="]")) == ["a-b]", "a-x"]
    assert names(state.branches(separators="")) == ["a-b]c", "a-b]d", "a-x", "b^1", "b^2", "c:1", "c:2"]


def test_a_branch_sums_up_its_groups(state: Store, clock: ManualClock) -> None:
    state.set_many("w:1", {"a": "xx", "b": "yyyy"}, ttl=100)
    clock.advance(5)
    state.set("w:2", "a", 1, ttl=50)
    state.finish("w:2")
    state.configure("w:3", default_ttl=60)
    state.set("z", "k", 1)
    (branch, _) = state.branches().items
    assert branch == Branch(
        "w:",
        groups=3,
        items=3,
        size=11,
        updated_at=moment(clock.now),
        next_expiry=moment(clock.now + 50_000),
        finished=1,
    )


def test_expired_items_are_left_out_swept_or_not(state: Store, clock: ManualClock) -> None:
    state.set_many("w:1", {"a": 1, "b": 2}, ttl=10)
    state.set("w:1", "c", 3, ttl=30)
    state.set("w:2", "a", 1, ttl=10)
    state.set("w:3", "a", 1, ttl=20)
    state.set("w:3", "b", 1)
    clock.advance(10)
    for _ in range(2):
        (branch,) = state.branches().items
        assert (branch.groups, branch.items, branch.size) == (2, 3, 3)
        assert branch.next_expiry == moment(clock.now + 10_000)
        assert names(state.branches("w:")) == ["w:1", "w:3"]
        state.sweep()
    clock.advance(20)
    (branch,) = state.branches().items
    assert (branch.name, branch.group) == ("w:3", state.group("w:3"))
    assert branch.next_expiry is None


def test_the_next_expiry_is_that_of_the_items_that_are_there(state: Store, clock: ManualClock) -> None:
    """What a group once had no longer counts, though the group may not have been told."""
    state.set_many("w:1", {"a": 1, "b": 2}, ttl=10)
    state.set("w:1", "c", 1, ttl=250)
    state.set("w:2", "a", 1, ttl=20)
    state.set("w:3", "a", 1, ttl=300)
    state.delete("w:1", "a")
    state.persist("w:1", "b")
    state.expire("w:2", "a", 400)
    assert state.branches().items[0].next_expiry == moment(clock.now + 250_000)
    assert [branch.next_expiry for branch in state.branches("w:").items] == [
        moment(clock.now + at) for at in (250_000, 400_000, 300_000)
    ]
    state.persist("w:1", "c")
    assert state.branches().items[0].next_expiry == moment(clock.now + 300_000)


def test_a_cleared_branch_is_gone(state: Store) -> None:
    fill(state, "a:1", "a:2", "b")
    state.clear("a:1")
    assert names(state.branches()) == ["a:2", "b"]
    state.clear("a:2")
    assert names(state.branches()) == ["b"]
    assert names(state.branches("a:")) == []


@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
def test_pages_of_branches_cover_all_exactly_once(state: Store, limit: int) -> None:
    fill(
        state, *(f"{group}{sep}{number}" for group in "abcé🛒" for number in range(3) for sep in ":/"), "a", "zz", "a;"
    )
    for prefix in ("", "a", "a:", "é/"):
        whole = state.branches(prefix)
        assert whole.next is None
        assert walk(lambda after, at=prefix: state.branches(at, limit=limit, after=after)) == whole.items  # type: ignore[misc]
    assert len(state.branches().items) == 13


def test_a_page_goes_on_behind_a_branch_that_has_changed_since(state: Store) -> None:
    fill(state, "a:1", "b:1", "b:2", "c")
    first = state.branches(limit=1)
    assert names(first) == ["a:1"]
    fill(state, "a:2", "a:3")  # the group is a branch now, and was shown
    assert names(state.branches(after=first.next)) == ["b:", "c"]
    second = state.branches(after=first.next, limit=1)
    state.clear("b:1")
    state.clear("b:2")
    assert names(state.branches(after=second.next)) == ["c"]


def forged(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "after", ["", "x", forged("branches", None, "a"), forged(["branches", "", ":/."], None, 5), forged("id", "a", "a")]
)
def test_a_bad_token_is_refused(state: Store, after: str) -> None:
    with pytest.raises(InvalidArgument, match="after"):
        state.branches(after=after)


def test_a_token_of_another_listing_is_refused(state: Store) -> None:
    fill(state, "a:1", "a:2", "b", "c")
    token = state.branches(limit=1).next
    others: list[dict[str, Any]] = [{"prefix": "a:"}, {"separators": ":"}]
    for other in others:
        with pytest.raises(InvalidArgument, match="after was made for"):
            state.branches(after=token, **other)
    with pytest.raises(InvalidArgument, match="after was made for"):
        state.branches(after=state.groups(limit=1).next)
    with pytest.raises(InvalidArgument, match="after was made for"):
        state.groups(after=token)


@pytest.mark.parametrize("limit", [0, 1001, True, "5"], ids=repr)
def test_a_bad_limit_is_refused(state: Store, limit: Any) -> None:
    with pytest.raises(InvalidArgument, match="limit must be an integer from 1 to 1000"):
        state.branches(limit=limit)


@pytest.mark.parametrize("text", [5, None, b"a", "\ud800"], ids=ascii)
def test_what_is_no_text_is_refused(state: Store, text: Any) -> None:
    with pytest.raises(InvalidArgument, match="prefix must be text"):
        state.branches(text)
    with pytest.raises(InvalidArgument, match="separators must be text"):
        state.branches(separators=text)


def test_a_branch_behind_which_there_is_no_name(state: Store) -> None:
    last = "\U0010ffff"
    fill(state, "a", f"{last}1", f"{last}2", f"{last}{last}")
    (first, second) = state.branches(separators=last).items
    assert (first.name, second.name, second.groups) == ("a", last, 3)
    assert names(state.branches(last, separators=last)) == [f"{last}1", f"{last}2", f"{last}{last}"]

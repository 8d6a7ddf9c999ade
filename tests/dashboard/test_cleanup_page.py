from __future__ import annotations

from collections.abc import Sequence

import pytest

from dashboard.urls import Urls, encode_name
from store import Store
from tests.dashboard.pages import Browser, Page
from tests.dashboard.support import DAY, ODD_NAMES, SetBackClock, dump

CLEAR = "Clear the ticked groups"


@pytest.fixture
def runs(state: Store, clock: SetBackClock) -> Store:
    """A store with groups of different age, some finished."""
    groups = (("wf-older", 40, 1), ("wf-old", 30, 2), ("wf-done", 10, 1), ("orders", 8, 3), ("wf-new", 0, 1))
    for name, age, items in groups:
        clock.behind = age * DAY + 2  # a preview vouches for no group that changed just now
        state.set_many(name, {f"k{number}": "x" * 98 for number in range(items)})
    state.configure("bare", default_ttl=3600)
    clock.behind = 0
    state.finish("wf-done")
    return state


def chosen(browser: Browser, **rules: str) -> Page:
    return browser.get("/").click("Cleanup").submit("Preview", **rules)


def ticked(page: Page, names: Sequence[str]) -> list[str]:
    boxes = page.boxes("group")
    return [boxes[f"Clear {name}"] for name in names]


def test_nothing_is_chosen_before_there_is_a_rule(runs: Store, browser: Browser) -> None:
    page = browser.get("/cleanup")

    assert page.status == 200
    assert page.errors == []
    assert not page.has(CLEAR)
    assert not page.tree.all("table")


def test_a_preview_without_a_rule_says_so(runs: Store, browser: Browser) -> None:
    page = chosen(browser)

    assert page.errors == ["Choose at least one rule."]
    assert not page.has(CLEAR)


@pytest.mark.parametrize(
    ("rules", "names"),
    [
        ({"idle": "7d"}, ["orders", "wf-done", "wf-old", "wf-older"]),
        ({"idle": "35d"}, ["wf-older"]),
        ({"finished": "yes"}, ["wf-done"]),
        ({"finished": "no"}, ["orders", "wf-new", "wf-old", "wf-older"]),
        ({"match": "wf-*"}, ["wf-done", "wf-new", "wf-old", "wf-older"]),
        ({"match": "wf-ol?"}, ["wf-old"]),
        ({"match": "wf-old "}, []),
        ({"empty": "yes"}, ["bare"]),
        ({"empty": "no", "idle": "9d"}, ["wf-done", "wf-old", "wf-older"]),
        ({"idle": "7d", "finished": "no", "match": "wf-*"}, ["wf-old", "wf-older"]),
    ],
)
def test_the_preview_lists_the_groups_that_fit_every_rule(
    runs: Store, browser: Browser, rules: dict[str, str], names: list[str]
) -> None:
    before = dump(runs)
    page = chosen(browser, **rules)

    assert page.column(1) == names
    assert {name: page.fields(name)[0] for name in rules} == rules
    assert dump(runs) == before


def test_the_preview_says_how_much_would_go(runs: Store, browser: Browser) -> None:
    page = chosen(browser, idle="9d")

    assert "These rules choose 3 groups with 4 items, 400 B." in page.text
    assert page.rows == [
        ["", "wf-done", "1", "100 B", "10 d", "finished"],
        ["", "wf-old", "2", "200 B", "30 d", "open"],
        ["", "wf-older", "1", "100 B", "40 d", "open"],
    ]


def test_the_preview_says_one_of_one(runs: Store, browser: Browser) -> None:
    assert "1 group with 1 item, 100 B." in chosen(browser, idle="35d").text


def test_a_name_in_the_preview_leads_to_its_group(runs: Store, browser: Browser) -> None:
    assert chosen(browser, idle="35d").click("wf-older").path == "/groups/wf-older"


def test_no_group_that_fits_is_said(runs: Store, browser: Browser) -> None:
    page = chosen(browser, match="nothing-*")

    assert "No group fits these rules." in page.text
    assert page.fields("match")[0] == "nothing-*"
    assert not page.has(CLEAR)


def test_all_chosen_groups_are_ticked_and_cleared(runs: Store, browser: Browser) -> None:
    page = chosen(browser, idle="9d").submit(CLEAR)

    assert page.notice == "Cleared 3 groups: 4 items, 400 B."
    assert sorted(dump(runs)) == ["bare", "orders", "wf-new"]
    assert "No group fits these rules." in page.text
    assert page.fields("idle")[0] == "9d"


def test_only_the_ticked_groups_are_cleared(runs: Store, browser: Browser) -> None:
    preview = chosen(browser, idle="9d")
    page = preview.submit(CLEAR, group=ticked(preview, ["wf-old", "wf-done"]))

    assert page.notice == "Cleared 2 groups: 3 items, 300 B."
    assert page.column(1) == ["wf-older"]
    assert sorted(dump(runs)) == ["bare", "orders", "wf-new", "wf-older"]


def test_one_item_of_one_group_is_said_so(runs: Store, browser: Browser) -> None:
    assert chosen(browser, idle="35d").submit(CLEAR).notice == "Cleared 1 group: 1 item, 100 B."


def test_a_group_that_changed_meanwhile_stays_and_is_reported(runs: Store, browser: Browser) -> None:
    preview = chosen(browser, idle="9d")
    runs.set("wf-old", "fresh", 1)
    page = preview.submit(CLEAR)

    assert page.notice.startswith("Cleared 2 groups: 2 items, 200 B. 1 group stayed: changed since, or outside")
    assert len(runs.list("wf-old")) == 3


def test_nothing_goes_that_the_preview_did_not_show(runs: Store, browser: Browser) -> None:
    preview = chosen(browser, match="wf-old")
    runs.set("wf-old", "fresh", 1)
    page = preview.submit(CLEAR)

    assert page.notice.startswith("Cleared 0 groups: 0 items, 0 B. 1 group stayed: changed since")
    assert runs.get("wf-old", "fresh") == 1


def test_ticks_are_kept_when_nothing_was_cleared(runs: Store, browser: Browser) -> None:
    page = chosen(browser, idle="9d").submit(CLEAR, group=[])

    assert "No group is ticked" in page.text
    assert page.submit(CLEAR).status == 422


def test_a_group_that_is_gone_meanwhile_is_reported(runs: Store, browser: Browser) -> None:
    preview = chosen(browser, finished="yes")
    runs.clear("wf-done")
    page = preview.submit(CLEAR)

    assert page.status == 200
    assert page.notice.startswith("Cleared 0 groups: 0 items, 0 B. 1 group stayed: changed since, or outside")


def test_a_group_that_came_meanwhile_stays(runs: Store, browser: Browser) -> None:
    preview = chosen(browser, match="wf-*")
    runs.set("wf-newest", "k", 1)
    preview.submit(CLEAR)

    assert sorted(dump(runs)) == ["bare", "orders", "wf-newest"]


def test_without_a_tick_nothing_is_cleared(runs: Store, browser: Browser) -> None:
    before = dump(runs)
    page = chosen(browser, idle="9d").submit(CLEAR, group=[])

    assert page.status == 422
    assert page.errors == ["No group is ticked, so nothing was cleared."]
    assert len(page.rows) == 3
    assert dump(runs) == before


@pytest.mark.parametrize("idle", ["soon", "0", "-1", "nan", "never", "<b>", "9" * 30])
def test_a_bad_duration_is_refused_and_kept(runs: Store, browser: Browser, idle: str) -> None:
    before = dump(runs)
    page = chosen(browser, idle=idle)

    assert page.status == 422
    assert len(page.errors) == 1
    assert page.field("idle") == idle
    assert not page.has(CLEAR)
    assert dump(runs) == before


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"group": "wf-old"}, "Choose at least one rule."),
        ({"group": "wf-old", "finished": "perhaps"}, "Choose at least one rule."),
        ({"group": "wf-old", "idle": "soon"}, "'soon' is not a duration"),
        ({"group": "a b", "match": "*"}, "No group is ticked"),
    ],
)
def test_a_form_made_by_hand_is_refused(runs: Store, browser: Browser, fields: dict[str, str], message: str) -> None:
    before = dump(runs)
    page = browser.post("/cleanup", fields)

    assert page.status == 422
    assert message in page.errors[0]
    assert dump(runs) == before


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_group_of_any_name_can_be_cleared(state: Store, browser: Browser, clock: SetBackClock, name: str) -> None:
    clock.behind = 2
    state.set(name, "k", 1)
    state.set("wf", "k", 1)
    clock.behind = 0
    preview = chosen(browser, finished="no")
    (box,) = [value for value in preview.boxes("group").values() if value.startswith(f"{encode_name(name)}@")]
    page = preview.submit(CLEAR, group=[box])

    assert page.notice.startswith("Cleared 1 group: ")
    assert list(dump(state)) == ["wf"]


@pytest.fixture
def many(state: Store, clock: SetBackClock) -> Store:
    """A store with more groups than a page shows."""
    clock.behind = 2
    for number in range(505):
        state.set(f"wf-{number:04}", "k", 1)
    clock.behind = 0
    return state


REST = "and the 5 groups that are not shown"


def test_more_groups_than_are_shown_are_counted(many: Store, browser: Browser) -> None:
    preview = chosen(browser, match="wf-*")

    assert "These rules choose 505 groups with 505 items" in preview.text
    assert "The first 500 are shown." in preview.text
    assert REST in preview.text
    assert len(preview.rows) == 500


def test_all_that_is_chosen_can_be_cleared_at_once(many: Store, browser: Browser) -> None:
    page = chosen(browser, match="wf-*").submit(CLEAR)

    assert page.notice == "Cleared 505 groups: 505 items, 505 B."
    assert many.groups().items == []


def test_what_is_not_shown_stays_if_its_box_is_not_ticked(many: Store, browser: Browser) -> None:
    page = chosen(browser, match="wf-*").submit(CLEAR, rest=[])

    assert page.notice == "Cleared 500 groups: 500 items, 500 B."
    assert page.column(1) == [f"wf-0{number}" for number in range(500, 505)]


def test_what_is_not_shown_can_be_cleared_alone(many: Store, browser: Browser) -> None:
    page = chosen(browser, match="wf-*").submit(CLEAR, group=[])

    assert page.notice == "Cleared 5 groups: 5 items, 5 B."
    assert len(many.groups(limit=1000).items) == 500


def test_of_what_is_not_shown_nothing_goes_that_changed_or_came_since(
    many: Store, browser: Browser, clock: SetBackClock
) -> None:
    preview = chosen(browser, match="wf-*")
    clock.behind = -1
    many.set("wf-0501", "fresh", 1)
    many.set("wf-9999", "fresh", 1)
    clock.behind = -5
    page = preview.submit(CLEAR)

    assert page.notice.startswith("Cleared 504 groups: 504 items, 504 B. 1 group stayed: changed since")
    assert sorted(dump(many)) == ["wf-0501", "wf-9999"]


def test_of_what_is_not_shown_nothing_goes_that_only_fits_since(
    state: Store, browser: Browser, clock: SetBackClock
) -> None:
    clock.behind = 100
    for number in range(505):
        state.set(f"wf-{number:04}", "k", 1)
        if number != 503:
            state.finish(f"wf-{number:04}")
    clock.behind = 0
    preview = chosen(browser, finished="yes")
    state.finish("wf-0503")  # which moves no `updated_at`
    page = preview.submit(CLEAR)

    assert page.notice == "Cleared 504 groups: 504 items, 504 B."
    assert list(dump(state)) == ["wf-0503"]


@pytest.mark.parametrize("seen", ["", "nonsense!", "AAAA", "AAAAAAAA"])
def test_what_is_no_preview_chooses_nothing(runs: Store, browser: Browser, seen: str) -> None:
    before = dump(runs)
    browser.post("/cleanup", {"match": "*", "rest": "yes", "seen": seen})

    assert dump(runs) == before


def test_what_is_cleared_can_be_undone(runs: Store, browser: Browser) -> None:
    before = dump(runs)
    chosen(browser, idle="9d").submit(CLEAR)
    (entry,) = runs.trash().items
    runs.restore(entry.id)

    assert (entry.action, entry.groups, entry.items) == ("cleanup", 3, 4)
    values = {name: [item[:2] for item in items] for name, (_, _, items) in before.items()}
    assert {name: [item[:2] for item in items] for name, (_, _, items) in dump(runs).items()} == values
    assert dump(runs)["wf-done"][1] == before["wf-done"][1]


def test_several_batches_are_one_entry_of_the_trash(many: Store, browser: Browser) -> None:
    chosen(browser, match="wf-*").submit(CLEAR)
    (entry,) = many.trash().items

    assert (entry.groups, entry.items) == (505, 505)


def test_empty_groups_go_wholly_and_that_is_said(runs: Store, browser: Browser) -> None:
    page = chosen(browser, empty="yes")
    assert "These rules choose 1 group with 0 items, 0 B. They go wholly, with their default TTL." in page.text
    assert page.rows[0][-1] == "open TTL 1h"

    assert page.submit(CLEAR).notice == "Cleared 1 group: 0 items, 0 B."
    assert runs.group("bare") is None


def test_a_link_to_a_pattern_shows_its_preview_at_once(runs: Store, browser: Browser) -> None:
    page = browser.get(Urls("").cleanup(match="wf-*", preview="yes"))

    assert page.column(1) == ["wf-done", "wf-new", "wf-old", "wf-older"]

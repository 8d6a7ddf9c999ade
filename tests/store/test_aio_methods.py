"""AsyncStore: every method of Store as a coroutine, over each backend."""

from __future__ import annotations

import asyncio
import inspect
import io
import math
import tempfile
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import assert_type

import pytest

from store import (
    NEVER,
    AsyncStore,
    Branch,
    CacheInfo,
    CleanupReport,
    Count,
    GroupInfo,
    InvalidArgument,
    InvalidName,
    InvalidValue,
    Item,
    LoadReport,
    NotInTrash,
    Page,
    RestoreReport,
    Rule,
    SetResult,
    Stats,
    Store,
    TrashEntry,
    UnsupportedBackend,
    UpdateRejected,
    UpdateResult,
    VersionConflict,
    Where,
    open_async_store,
)

COUNT = [{"type": "increment", "path": "n", "by": 1}]
PUBLIC = {name: member for name, member in inspect.getmembers(Store) if not name.startswith("_")}
METHODS = sorted(name for name, member in PUBLIC.items() if callable(member))


async def check_set(state: AsyncStore) -> None:
    assert_type(await state.set("g", "k", {"n": 1}), SetResult)
    assert await state.set("g", "k", [2], ttl=60, if_version=1) == SetResult([2], {"n": 1})
    with pytest.raises(VersionConflict):
        await state.set("g", "k", 3, if_version=1)
    with pytest.raises(InvalidValue, match=r"\$\.a"):
        await state.set("g", "k", {"a": math.nan})
    assert await state.get("g", "k") == [2]


async def check_get(state: AsyncStore) -> None:
    assert await state.get("g", "k") is None
    assert await state.get("g", "k", "default") == "default"
    await state.set("g", "k", None)
    assert await state.get("g", "k", default="default") is None
    await state.set("g", "k", {"n": 1})
    (await state.get("g", "k"))["n"] = 2
    assert await state.get("g", "k") == {"n": 1}
    with pytest.raises(InvalidName):
        await state.get("", "k")
    with pytest.raises(InvalidName):
        await state.get("g", "")


async def check_item(state: AsyncStore) -> None:
    assert await state.item("g", "k") is None
    await state.set("g", "k", "value", ttl=60)
    item = assert_type(await state.item("g", "k"), Item | None)
    assert item is not None
    assert (item.value, item.size, item.version) == ("value", 7, 1)
    assert item.expires_at is not None


async def check_list(state: AsyncStore) -> None:
    await state.set_many("g", {"b": 2, "a": 1})
    assert await state.list("g") == [1, 2]
    assert await state.list("other") == []


async def check_update(state: AsyncStore) -> None:
    assert_type(await state.update("g", "k", COUNT), UpdateResult)
    assert await state.update("g", "k", iter(COUNT), ttl=60) == UpdateResult({"n": 2}, {"n": 1})
    with pytest.raises(UpdateRejected):
        await state.update("g", "k", [{"type": "merge", "value": 1}])
    skipped = await state.update("g", "k", [*COUNT, {"type": "merge", "value": 1}], on_error="skip")
    assert [error.op_index for error in skipped.errors] == [1]
    assert (await state.update("g", "k", COUNT, dry_run=True)).new_value == {"n": 4}
    assert await state.get("g", "k") == {"n": 3}


async def check_delete(state: AsyncStore) -> None:
    await state.set("g", "k", 1)
    with pytest.raises(VersionConflict):
        await state.delete("g", "k", if_version=2)
    assert await state.delete("g", "k") == 1
    assert await state.delete("g", "k") is None


async def check_many(state: AsyncStore) -> None:
    assert await state.set_many("g", {"a": 1, "b": 2}, ttl=60) == {"a": SetResult(1, None), "b": SetResult(2, None)}
    assert await state.get_many("g", ["b", "missing", "a"]) == {"b": 2, "a": 1}
    assert await state.delete_many("g", ["a", "missing"]) == {"a": 1}
    assert await state.get_many("g", ["a", "b"]) == {"b": 2}


async def check_items(state: AsyncStore) -> None:
    await state.set_many("g", {"a": 1, "ab": 2, "b": 3})
    page = assert_type(await state.items("g", search="A", sort="-key", limit=1), Page[Item])
    assert [item.key for item in page.items] == ["ab"]
    rest = await state.items("g", search="A", sort="-key", after=page.next)
    assert ([item.key for item in rest.items], rest.next) == (["a"], None)


async def check_count(state: AsyncStore) -> None:
    await state.set_many("g", {"a": {"n": 1}, "ab": {"n": 2}, "b": {"n": 3}})
    large = [Where("n", ">", 1)]
    assert [item.key for item in (await state.items("g", where=large, sort="-$.n")).items] == ["b", "ab"]
    assert assert_type(await state.count("g", search="A", where=large), Count) == Count(1, exact=True)


async def check_branches(state: AsyncStore) -> None:
    for group in ("run:1", "run:2", "orders"):
        await state.set(group, "k", 1)
    page = assert_type(await state.branches(), Page[Branch])
    assert [(branch.name, branch.groups) for branch in page.items] == [("orders", 1), ("run:", 2)]


async def check_expire_many(state: AsyncStore) -> None:
    await state.set_many("g", {"a": 1, "b": 2})
    assert assert_type(await state.expire_many("g", ["a", "b"], 60), int) == 2
    assert await state.expire_many("g", {"a": 1, "b": 5}, NEVER) == 1
    assert await state.ttl("g", "a") == math.inf


async def check_ttl(state: AsyncStore) -> None:
    await state.set("g", "k", 1)
    assert await state.ttl("g", "k") == math.inf
    assert await state.expire("g", "k", 60)
    assert 59 < (await state.ttl("g", "k") or 0) <= 60
    assert await state.persist("g", "k")
    assert not await state.persist("g", "k")
    assert await state.ttl("g", "missing") is None


async def check_groups(state: AsyncStore) -> None:
    await state.set("g", "k", 1)
    await state.configure("empty", default_ttl=60)
    page = assert_type(await state.groups(sort="-id"), Page[GroupInfo])
    assert [(group.id, group.items, group.default_ttl) for group in page.items] == [("g", 1, None), ("empty", 0, 60)]
    assert await state.group("g") == page.items[0]
    assert await state.group("missing") is None


async def check_finish(state: AsyncStore) -> None:
    await state.set("g", "k", 1)
    assert not await state.finish("missing")
    assert await state.finish("g", keep_for=60)
    assert [group.id for group in await state.stale(finished=True)] == ["g"]
    assert await state.reopen("g")
    assert await state.stale(finished=True) == []


async def check_cleanup(state: AsyncStore) -> None:
    await state.set_many("g", {"a": 1, "b": 2})
    await state.set("other", "k", 1)
    report = assert_type(await state.cleanup(match="g*", dry_run=True), CleanupReport)
    assert (report.items, await state.list("g")) == (2, [1, 2])
    assert [group.id for group in (await state.cleanup(match="g*")).groups] == ["g"]
    assert (await state.list("g"), await state.list("other")) == ([], [1])
    assert await state.clear("other") == 1
    assert await state.list("other") == []


async def check_rules(state: AsyncStore) -> None:
    rule = Rule("nightly", idle=60, match="wf-*")
    await state.save_rule(rule)
    assert assert_type(await state.rule("nightly"), Rule | None) == rule
    assert assert_type(await state.rules(), list[Rule]) == [rule]
    with pytest.raises(InvalidArgument):
        await state.save_rule(Rule("none"))
    assert await state.drop_rule("nightly") is True
    assert await state.rules() == []


async def check_trash(state: AsyncStore) -> None:
    await state.set_many("g", {"a": 1, "b": 2})
    assert await state.delete("g", "a", undo="x") == 1
    assert await state.clear("g", undo="y") == 1
    page = assert_type(await state.trash(limit=1), Page[TrashEntry])
    assert [entry.id for entry in page.items] == ["y"]
    assert await state.trash_entry("y") == page.items[0]
    assert assert_type(await state.restore("x"), RestoreReport) == RestoreReport(1, 0)
    assert await state.discard("y")
    assert await state.list("g") == [1]
    with pytest.raises(NotInTrash):
        await state.restore("y", on_conflict="skip")


async def check_sweep(state: AsyncStore) -> None:
    await state.set("g", "k", 1, ttl=0.05)
    await asyncio.sleep(0.06)
    assert await state.sweep() == 1
    assert assert_type(await state.stats(), Stats).expired == 1


async def check_transfer(state: AsyncStore) -> None:
    await state.set_many("g", {"b": 2, "a": 1})
    await state.set("other", "k", 3)
    lines = [assert_type(line, bytes) async for line in state.export(["g"])]
    assert len(lines) == 2
    with pytest.raises(InvalidName):
        _ = [line async for line in state.export([""])]
    assert [line async for line in state.export_items("g", ["b"])] == lines[1:]
    file = io.BytesIO(b'{"a": 1}')
    assert [assert_type(line, bytes) async for line in state.importable(file, group="g")] == lines[:1]
    await state.clear("g")
    report = assert_type(await state.load(io.BytesIO(b"".join(lines))), LoadReport)
    assert (report.created, await state.list("g")) == (2, [1, 2])


async def check_backup(state: AsyncStore) -> None:
    await state.set("g", "k", 1)
    with tempfile.TemporaryDirectory() as folder:
        if state.location == "memory":
            with pytest.raises(UnsupportedBackend):
                await state.backup(f"{folder}/copy.db")
            return
        await state.backup(f"{folder}/copy.db")
        async with open_async_store(f"sqlite:///{folder}/copy.db") as copy:
            assert await copy.get("g", "k") == 1


async def check_caching(state: AsyncStore) -> None:
    @state.cached("g", ttl=60)
    async def double(number: int) -> int:
        return 2 * number

    assert assert_type(await double(2), int) == await double(2) == 4
    (info,) = assert_type(await state.cache_stats(), list[CacheInfo])
    assert (info.group_id, info.hits, info.misses) == ("g", 1, 1)
    assert assert_type(await state.cache_clear_stale(), int) == 0
    assert assert_type(await state.cache_clear("g", ["nothing"]), int) == 0
    assert await state.cache_clear("g") == 1


async def check_the_rest(state: AsyncStore) -> None:
    assert assert_type(await state.now(), datetime).tzinfo
    assert assert_type(state.location, str).startswith(("memory", "sqlite"))
    assert assert_type(state.max_value_bytes, int) == 16 * 1024 * 1024
    before = assert_type(await state.revision(), int)
    await state.set("g", "k", 1)
    assert await state.revision() != before
    await state.get("g", "k")
    counted = await state.stats()
    assert (counted.hits, counted.writes, counted.size > 0) == (1, 1, True)
    await state.close()


CHECKS: dict[Callable[[AsyncStore], Awaitable[None]], str] = {
    check_set: "set",
    check_get: "get",
    check_item: "item",
    check_list: "list",
    check_update: "update",
    check_delete: "delete",
    check_many: "set_many get_many delete_many",
    check_items: "items",
    check_count: "count",
    check_branches: "branches",
    check_expire_many: "expire_many",
    check_ttl: "ttl expire persist",
    check_groups: "groups group configure",
    check_finish: "finish reopen stale",
    check_cleanup: "cleanup clear",
    check_rules: "save_rule rule rules drop_rule",
    check_trash: "trash trash_entry restore discard",
    check_sweep: "sweep",
    check_transfer: "export export_items importable load",
    check_backup: "backup",
    check_caching: "cached cache_stats cache_clear cache_clear_stale",
    check_the_rest: "now revision stats close",
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_method_does_what_it_does_in_store(url: str, check: Callable[[AsyncStore], Awaitable[None]]) -> None:
    async def main() -> None:
        async with open_async_store(url, sweep_interval=None) as state:
            await check(state)

    asyncio.run(main())


def test_every_method_is_checked() -> None:
    assert sorted(" ".join(CHECKS.values()).split()) == METHODS


@pytest.mark.parametrize("name", METHODS)
def test_every_method_of_store_is_a_coroutine_with_the_same_arguments(name: str) -> None:
    method, coroutine = PUBLIC[name], getattr(AsyncStore, name)
    iterating = dict.fromkeys(("export", "export_items", "importable"), inspect.isasyncgenfunction)
    kinds: dict[str, Callable[[object], bool]] = {**iterating, "cached": inspect.isfunction}
    assert kinds.get(name, inspect.iscoroutinefunction)(coroutine)
    assert inspect.signature(coroutine) == inspect.signature(method)
    assert (coroutine.__name__, coroutine.__qualname__) == (name, f"AsyncStore.{name}")
    assert coroutine.__doc__
    assert coroutine.__doc__ == method.__doc__ or name == "close"


def test_every_property_of_store_is_one() -> None:
    properties = sorted(PUBLIC.keys() - METHODS)
    assert properties == ["location", "max_value_bytes"]
    for name in properties:
        assert isinstance(getattr(AsyncStore, name), property)
        assert getattr(AsyncStore, name).__doc__ == PUBLIC[name].__doc__

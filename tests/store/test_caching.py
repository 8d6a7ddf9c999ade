"""Store.cached on functions, coroutine functions and methods: what is kept, and for how long."""

from __future__ import annotations

import asyncio
import inspect
import math
import pickle
from collections.abc import Callable
from datetime import timedelta
from typing import Any, assert_type

import pytest

from store import AsyncCached, Cached, InvalidArgument, InvalidName, InvalidTTL, InvalidValue, Store, open_async_store
from tests.conftest import ManualClock
from tests.store.sources import Down, Source


@pytest.fixture
def source() -> Source:
    return Source()


def test_a_result_is_kept_for_its_ttl(state: Store, clock: ManualClock, source: Source) -> None:
    @state.cached("rates", ttl=300)
    def rate(base: str, quote: str = "USD") -> dict[str, int]:
        """The rate."""
        return source(base, quote)

    assert isinstance(rate, Cached)
    assert assert_type(rate("EUR"), dict[str, int]) == {"n": 1}
    assert rate("EUR", "USD") == rate(quote="USD", base="EUR") == {"n": 1}
    assert rate("EUR", "GBP") == {"n": 2}
    clock.advance(299.999)
    assert rate("EUR") == {"n": 1}
    clock.advance(0.001)
    assert rate("EUR") == {"n": 3}


def test_the_item_is_the_plain_value_under_a_readable_key(state: Store, clock: ManualClock, source: Source) -> None:
    cached = state.cached("rates", ttl=timedelta(minutes=5), stale=60)(source)
    assert cached("EUR") == {"n": 1}
    item = state.item("rates", "_args=(EUR)")
    assert item is not None
    assert item.value == {"n": 1}
    assert item.expires_at is not None
    assert (item.expires_at - state.now()).total_seconds() == 360
    assert state.list("stepstate:leases") == []


def test_without_a_ttl_a_result_stays_or_has_that_of_its_group(
    state: Store, clock: ManualClock, source: Source
) -> None:
    state.configure("short", default_ttl=10)
    forever, short = state.cached("forever", ttl=None)(source), state.cached("short", ttl=None)(Source())
    assert (forever(), short()) == ({"n": 1}, {"n": 1})
    clock.advance(10)
    assert short() == {"n": 2}
    clock.advance(10**9)
    assert forever() == {"n": 1}


def test_nobody_shares_a_result(state: Store) -> None:
    for number, near in enumerate([None, 60.0]):
        cached = state.cached(f"g{number}", ttl=300, near=near)(lambda: {"list": [1, [{"a": [2]}]], "tuple": (1, 2)})
        for _ in range(4):
            result: Any = cached()
            expected = {"list": [1, [{"a": [2]}]], "tuple": [1, 2]}
            assert result == expected, "a result is what JSON makes of it, from the first on"
            result["list"][1][0]["a"].append(3)
            result["list"][1].append(3)
            result["list"].append(3)
            result["more"] = 1


@pytest.mark.parametrize("value", [None, False, 0, "", [], {}, [1, 2.5], "text", {"a": {"b": None}}], ids=repr)
@pytest.mark.parametrize("near", [None, 60])
def test_any_json_is_kept(state: Store, value: Any, near: float | None) -> None:
    calls: list[None] = []

    @state.cached("g", ttl=300, near=near)
    def get() -> Any:
        calls.append(None)
        return value

    assert [get(), get(), get()] == [value] * 3
    assert len(calls) == 1
    assert state.list("g") == [value]


def test_none_is_not_kept_if_not_wanted(state: Store) -> None:
    results = iter([None, None, 1, 2])
    cached = state.cached("g", ttl=300, cache_none=False)(lambda: next(results))
    assert [cached() for _ in range(5)] == [None, None, 1, 1, 1]


def test_cache_if_says_which_results_are_kept(state: Store) -> None:
    results = iter([{"ok": False}, {"ok": True}, {"ok": False}])
    cached = state.cached("g", ttl=300, cache_if=lambda result: result["ok"])(lambda: next(results))
    assert [cached()["ok"] for _ in range(4)] == [False, True, True, True]


def test_the_ttl_can_be_computed_from_the_result(state: Store, clock: ManualClock) -> None:
    asked: list[Any] = []

    @state.cached("tokens", ttl=lambda token: token["expires_in"] - 60)
    def token() -> dict[str, int]:
        asked.append(None)
        return {"expires_in": 70 if len(asked) == 1 else 50}

    assert token() == token() == {"expires_in": 70}
    clock.advance(10)
    assert token() == token() == {"expires_in": 50}
    assert len(asked) == 3, "what is over already is not kept"


def test_a_computed_ttl_may_be_none_or_a_timedelta(state: Store, clock: ManualClock) -> None:
    ttls: dict[str, Any] = {"hour": timedelta(hours=1), "for good": None}
    source = Source()

    @state.cached("g", ttl=lambda result: ttls[result["name"]], stale=10)
    def get(name: str) -> dict[str, Any]:
        return {"name": name, **source()}

    for name in ttls:
        get(name)
    clock.advance(3599.999)
    assert [get(name)["n"] for name in ttls] == [1, 2]
    clock.advance(1000)
    assert get("for good")["n"] == 2
    assert get("hour")["n"] == 3


@pytest.mark.parametrize("ttl", ["soon", True, math.nan, math.inf], ids=repr)
def test_a_computed_ttl_that_is_no_time_raises(state: Store, ttl: Any) -> None:
    cached = state.cached("g", ttl=lambda _: ttl)(Source())
    with pytest.raises(InvalidTTL, match="computed"):
        cached()
    assert state.list("g") == state.list("stepstate:leases") == []


def test_what_a_function_raises_is_not_kept(state: Store, source: Source) -> None:
    cached = state.cached("g", ttl=300)(source)
    source.error = Down("first")
    for _ in range(2):
        with pytest.raises(Down, match="first") as caught:
            cached()
        assert caught.value is source.error
    source.error = None
    assert cached() == cached() == {"n": 3}
    assert state.list("stepstate:leases") == []


@pytest.mark.parametrize("error", [StopIteration("over"), KeyError("k"), InvalidValue("mine")], ids=repr)
def test_errors_of_any_kind_come_through(state: Store, source: Source, error: Exception) -> None:
    source.error = error
    with pytest.raises(type(error)) as caught:
        state.cached("g", ttl=300)(source)()
    assert caught.value is error
    assert state.cache_stats()[0].errors == 0, "they are the function's, not the store's"


def test_an_interrupted_function_leaves_nothing_behind(state: Store) -> None:
    interrupts = iter([KeyboardInterrupt(), SystemExit()])

    @state.cached("g", ttl=300)
    def get() -> int:
        error = next(interrupts, None)
        if error is not None:
            raise error
        return 1

    for kind in (KeyboardInterrupt, SystemExit):
        with pytest.raises(kind):
            get()
    assert state.list("stepstate:leases") == []
    assert get() == 1


@pytest.mark.parametrize("value", [{1, 2}, object(), math.nan, {1: 2}], ids=["set", "object", "nan", "field"])
def test_what_is_not_json_raises(state: Store, value: Any) -> None:
    cached = state.cached("g", ttl=300)(lambda: value)
    with pytest.raises(InvalidValue):
        cached()
    assert state.list("stepstate:leases") == []


def test_invalidate_refresh_and_clear(state: Store, source: Source) -> None:
    @state.cached("g", ttl=300)
    def get(name: str, n: int = 1) -> dict[str, int]:
        return source(name, n)

    assert [get("a"), get("b")] == [{"n": 1}, {"n": 2}]
    assert assert_type(get.invalidate("a"), bool) is True
    assert get.invalidate(name="a", n=1) is False
    assert [get("a"), get("b")] == [{"n": 3}, {"n": 2}]
    assert assert_type(get.refresh("b"), dict[str, int]) == get("b") == {"n": 4}
    assert assert_type(get.key("b"), str) == "name=b, n=1"
    assert assert_type(get.clear(), int) == 2
    assert get.clear() == 0
    assert get("b") == {"n": 5}


def test_a_null_can_be_invalidated(state: Store) -> None:
    cached = state.cached("g", ttl=300)(lambda: None)
    cached()
    assert [cached.invalidate(), cached.invalidate()] == [True, False]


def test_a_refresh_that_fails_leaves_the_old_result(state: Store, source: Source) -> None:
    cached = state.cached("g", ttl=300)(source)
    cached()
    source.error = Down()
    with pytest.raises(Down):
        cached.refresh()
    assert cached() == {"n": 1}


def test_coroutine_functions(state: Store, clock: ManualClock, source: Source) -> None:
    @state.cached("g", ttl=300)
    async def get(name: str, n: int = 1) -> dict[str, int]:
        await asyncio.sleep(0)
        return source(name, n)

    async def main() -> None:
        assert assert_type(await get("a"), dict[str, int]) == await get(name="a") == {"n": 1}
        assert assert_type(await get.refresh("a"), dict[str, int]) == await get("a") == {"n": 2}
        assert assert_type(await get.invalidate("a"), bool) is True
        assert assert_type(get.key("a"), str) == "name=a, n=1"
        assert await get("a") == {"n": 3}
        assert assert_type(await get.clear(), int) == 1
        clock.advance(300)
        source.error = StopAsyncIteration("over")
        with pytest.raises((StopAsyncIteration, RuntimeError)):
            await get("a")
        source.error = Down("down")
        with pytest.raises(Down) as caught:
            await get("a")
        assert caught.value is source.error
        assert (await get.stats()).failures == 2

    asyncio.run(main())
    assert isinstance(get, AsyncCached)
    assert state.list("stepstate:leases") == []


def test_async_store(url: str, clock: ManualClock, source: Source) -> None:
    async def main() -> None:
        async with open_async_store(url, clock=clock, sweep_interval=None) as state:

            @state.cached("g", ttl=300)
            async def get(name: str) -> dict[str, int]:
                return source(name)

            assert assert_type(await get("a"), dict[str, int]) == await get("a") == {"n": 1}
            assert await state.get("g", "name=a") == {"n": 1}
            clock.advance(300)
            assert await get("a") == {"n": 2}
            assert [info.group_id for info in await state.cache_stats()] == ["g"]
            with pytest.raises(InvalidArgument, match="would block"):
                state.cached("sync", ttl=300)(source)  # type: ignore[arg-type]
            with pytest.raises(InvalidTTL):
                state.cached("sync", ttl=0)

    asyncio.run(main())


def test_methods(state: Store) -> None:
    class Client:
        def __init__(self, url: str) -> None:
            self.url = url
            self.asked: list[str] = []

        @state.cached("alike", ttl=300, ignore=("self",))
        def alike(self, path: str, *, n: int = 1) -> str:
            self.asked.append(path)
            return f"{path} {n}"

        @state.cached("each", ttl=300, key=lambda self, path: (self.url, path))
        def each(self, path: str) -> str:
            self.asked.append(path)
            return self.url + path

        @state.cached("awaited", ttl=300, ignore=["self"])
        async def awaited(self, path: str) -> str:
            self.asked.append(path)
            return path

    one, two = Client("one:"), Client("two:")
    assert assert_type(one.alike("a"), str) == two.alike(path="a", n=1) == Client.alike(one, "a") == "a 1"
    assert one.alike.key("b", n=2) == Client.alike.key(one, "b", n=2) == "path=b, n=2"
    assert two.alike.invalidate("a") is True
    assert one.alike.refresh("a") == "a 1"
    assert (one.asked, two.asked) == (["a", "a"], [])
    assert [one.each("a"), two.each("a"), one.each("a")] == ["one:a", "two:a", "one:a"]
    assert one.each.key("a") == "(one:, a)"
    assert (one.asked, two.asked) == (["a", "a", "a"], ["a"])

    async def main() -> None:
        assert assert_type(await one.awaited("x"), str) == await two.awaited("x") == "x"
        assert await one.awaited.invalidate("x") is True
        assert await Client.awaited(two, "x") == "x"

    asyncio.run(main())
    assert one.asked[3:] + two.asked[1:] == ["x", "x"]
    assert str(inspect.signature(one.alike)) == "(path: 'str', *, n: 'int' = 1) -> 'str'"


def test_a_method_whose_instance_is_no_key_says_so(state: Store) -> None:
    class Client:
        @state.cached("g", ttl=300)
        def get(self, path: str) -> str:
            return path

    with pytest.raises(InvalidArgument, match=r"argument 'self' holds a .*Client.*ignore=\('self',\)"):
        Client().get("a")


def test_class_methods_and_static_methods(state: Store) -> None:
    class Client:
        @classmethod
        @state.cached("of class", ttl=300, ignore=("cls",))
        def of_class(cls, n: int) -> str:
            return f"{cls.__name__} {n}"

        @staticmethod
        @state.cached("static", ttl=300)
        def static(n: int) -> int:
            return n

    untyped: Any = Client  # the type checker does not see what classmethod and staticmethod do with objects
    assert [untyped.of_class(1), untyped().of_class(n=1), untyped.static(2), untyped().static(2)] == [
        "Client 1"
    ] * 2 + [2] * 2
    assert state.items("of class").items[0].key == state.items("static").items[0].key.replace("2", "1") == "n=1"
    with pytest.raises(InvalidArgument, match="below @classmethod"):
        state.cached("g", ttl=300)(classmethod(lambda _: 1))  # type: ignore[call-overload]


@pytest.fixture
def module_level(state: Store, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], int]:
    cached = state.cached("g", ttl=300)(double)
    monkeypatch.setitem(globals(), "double", cached)
    return cached


def double(number: int) -> int:
    """Twice the number."""
    return 2 * number


def test_a_cached_function_looks_like_the_function(module_level: Callable[[int], int]) -> None:
    assert (module_level.__name__, module_level.__doc__) == ("double", "Twice the number.")
    assert str(inspect.signature(module_level)) == "(number: 'int') -> 'int'"
    assert inspect.unwrap(module_level)(2) == 4
    assert pickle.loads(pickle.dumps(module_level)) is module_level  # noqa: S301
    assert "double" in repr(module_level)


def test_a_coroutine_function_is_known_as_one(state: Store) -> None:
    @state.cached("g", ttl=300)
    async def get() -> int:
        return 1

    assert inspect.iscoroutinefunction(get.__call__)
    assert inspect.iscoroutinefunction(get) or not hasattr(inspect, "markcoroutinefunction")


def test_arguments_that_do_not_fit_raise_as_the_function_does(state: Store) -> None:
    @state.cached("g", ttl=300)
    def get(a: int, b: int = 1) -> int:
        return a + b

    unchecked: Any = get
    calls: list[tuple[tuple[Any, ...], dict[str, int]]] = [
        ((), {}),
        ((1, 2, 3), {}),
        ((1,), {"c": 2}),
        (([1], 1, 1), {}),
    ]
    for args, kwargs in calls:
        with pytest.raises(TypeError):
            unchecked(*args, **kwargs)


def test_one_group_is_one_functions(state: Store) -> None:
    def rate(base: str) -> str:
        return base

    def fee(base: str) -> str:
        return f"fee of {base}"

    state.cached("g", ttl=300)(rate)
    state.cached("g", ttl=10)(rate)
    with pytest.raises(InvalidArgument, match=r"'g' caches .*rate.*fee needs a group of its own"):
        state.cached("g", ttl=300)(fee)
    state.cached("both", ttl=300, key=lambda base: base)(rate)
    state.cached("both", ttl=300, key=lambda base: f"fee {base}")(fee)
    assert state.cached("other", ttl=300)(fee)("a") == "fee of a"


OPTIONS: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"ttl": 0}, InvalidTTL, "ttl must be"),
    ({"ttl": "300"}, InvalidTTL, "ttl must be"),
    ({"ttl": 300, "stale": -1}, InvalidTTL, "stale must be"),
    ({"ttl": None, "stale": 1}, InvalidArgument, "stale= needs a ttl"),
    ({"ttl": 300, "near": math.inf}, InvalidTTL, "near must be"),
    ({"ttl": 300, "lease": 0}, InvalidTTL, "lease must be"),
    ({"ttl": 300, "wait": -1}, InvalidTTL, "wait must be"),
    ({"ttl": 300, "on_timeout": "retry"}, InvalidArgument, "on_timeout must be"),
    ({"ttl": 300, "on_error": "ignore"}, InvalidArgument, "on_error must be"),
    ({"ttl": 300, "early": -0.1}, InvalidArgument, "early must be"),
    ({"ttl": 300, "early": math.nan}, InvalidArgument, "early must be"),
    ({"ttl": 300, "cache_if": True}, InvalidArgument, "cache_if must be"),
    ({"ttl": 300, "ignore": "self"}, InvalidArgument, "ignore takes names in a tuple"),
    ({"ttl": 300, "ignore": ["session"]}, InvalidArgument, "names 'session', which is no parameter"),
]


@pytest.mark.parametrize(("options", "error", "message"), OPTIONS, ids=[str(row[0]) for row in OPTIONS])
def test_an_option_that_is_none_is_refused(
    state: Store, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        state.cached("g", **options)(lambda: 1)


def test_only_functions_with_a_result_in_groups_with_a_name(state: Store) -> None:
    def numbers() -> Any:
        yield 1

    with pytest.raises(InvalidArgument, match="yields"):
        state.cached("g", ttl=300)(numbers)
    with pytest.raises(InvalidArgument, match="goes on functions"):
        state.cached("g", ttl=300)(3)  # type: ignore[call-overload]
    with pytest.raises(InvalidName):
        state.cached("", ttl=300)
    with pytest.raises(InvalidArgument, match="store's own"):
        state.cached("stepstate:cache", ttl=300)

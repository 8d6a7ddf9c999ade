"""Guessing is slow, and does not keep others out."""

from __future__ import annotations

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from dashboard.access import Access, Tokens
from dashboard.door import TokenDoor
from dashboard.throttle import ADDRESSES, BURST, FORGOTTEN, FREE, LONGEST, Throttle


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:  # type: ignore[override,unused-ignore]  # seconds, not the store's milliseconds
    return Clock()


@pytest.fixture
def throttle(clock: Clock) -> Throttle:
    return Throttle(clock)


def wait(throttle: Throttle, address: str) -> int:
    """The seconds that an address is told to wait."""
    try:
        throttle.check(address)
    except HTTPException as error:
        return int((error.headers or {})["Retry-After"])
    return 0


def guess(throttle: Throttle, address: str, times: int = 1) -> int:
    """Wrong tokens, as many as are looked at."""
    looked_at = 0
    for _ in range(times):
        if not wait(throttle, address):
            throttle.wrong(address)
            looked_at += 1
    return looked_at


def test_each_wrong_token_costs_more_time(throttle: Throttle, clock: Clock) -> None:
    assert guess(throttle, "10.0.0.1", 100) == FREE + 1
    waits = []
    for _ in range(7):
        waits.append(wait(throttle, "10.0.0.1"))
        clock.now += waits[-1]
        assert guess(throttle, "10.0.0.1", 100) == 1

    assert waits == [1, 2, 4, 8, 16, LONGEST, LONGEST]


def test_another_address_does_not_wait(throttle: Throttle) -> None:
    guess(throttle, "10.0.0.1", 50)

    assert wait(throttle, "10.0.0.1") > 0
    assert wait(throttle, "10.0.0.2") == 0


def test_it_is_forgotten(throttle: Throttle, clock: Clock) -> None:
    guess(throttle, "10.0.0.1", 50)
    clock.now += FORGOTTEN

    assert guess(throttle, "10.0.0.1", 50) == FREE + 1


def test_a_network_of_ipv6_is_one_address(throttle: Throttle) -> None:
    guess(throttle, "2001:db8:1:2::1", 50)

    assert wait(throttle, "2001:db8:1:2:ffff::9") > 0
    assert wait(throttle, "2001:db8:1:3::1") == 0


def test_all_addresses_together_are_slowed(throttle: Throttle, clock: Clock) -> None:
    guessed = sum(guess(throttle, f"10.0.{n // 250}.{n % 250}") for n in range(1000))
    assert guessed == BURST
    clock.now += 2
    assert sum(guess(throttle, f"10.1.{n // 250}.{n % 250}") for n in range(1000)) == 20


def test_where_the_right_token_came_from_others_guesses_hold_nobody_up(throttle: Throttle, clock: Clock) -> None:
    throttle.right("192.0.2.1")
    for n in range(1000):
        guess(throttle, f"10.0.{n // 250}.{n % 250}")
    assert wait(throttle, "192.0.2.2") == 1
    assert wait(throttle, "192.0.2.1") == 0

    for _ in range(50):  # behind the same address
        guess(throttle, "192.0.2.1", 50)
        assert wait(throttle, "192.0.2.1") <= 1
        clock.now += 1


def test_the_read_only_token_does_not_make_an_address_known(clock: Clock, throttle: Throttle) -> None:
    door = TokenDoor(Tokens("full", "read"), throttle)
    request = Request({"type": "http", "headers": [], "client": ("192.0.2.1", 1)})
    for _ in range(10):
        assert door.try_token(request, b"read") is Access.READ
        guess(throttle, "192.0.2.1")
        clock.now += wait(throttle, "192.0.2.1")
    assert door.try_token(request, b"wrong") is None
    assert wait(throttle, "192.0.2.1") > 1


def test_it_remembers_only_so_many_addresses(throttle: Throttle, clock: Clock) -> None:
    for n in range(ADDRESSES + 100):
        throttle.wrong(f"10.{n // 65536}.{n // 256 % 256}.{n % 256}")
        throttle.right(f"11.{n // 65536}.{n // 256 % 256}.{n % 256}")

    assert len(throttle._wrong) <= ADDRESSES
    assert len(throttle._known) <= ADDRESSES

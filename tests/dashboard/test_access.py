"""Tokens and the sessions that are signed with them."""

from __future__ import annotations

import pytest

from dashboard.access import SESSION_SECONDS, Access, Tokens

FULL, READ = "full-token", "read-token"


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:  # type: ignore[override,unused-ignore]  # seconds, not the store's milliseconds
    return Clock()


@pytest.fixture
def tokens(clock: Clock) -> Tokens:
    return Tokens(FULL, READ, clock)


def test_a_token_gives_its_access_and_nothing_else_does(tokens: Tokens) -> None:
    assert tokens.access(FULL.encode()) is Access.FULL
    assert tokens.access(READ.encode()) is Access.READ
    for wrong in (b"", b"full-toke", b"full-token ", b"FULL-TOKEN", b"\xff", b"x" * 100_000):
        assert tokens.access(wrong) is None


def test_a_token_that_is_not_there_is_no_empty_one() -> None:
    assert Tokens(None, READ).access(b"") is None
    assert Tokens(FULL, None).access(b"") is None


@pytest.mark.parametrize("access", Access)
def test_a_session_holds_no_token_and_gives_the_same_access(tokens: Tokens, access: Access) -> None:
    session = tokens.session(access)

    assert tokens.access_of_session(session) is access
    assert FULL not in session
    assert READ not in session
    assert tokens.session(access) != session


def test_a_session_ends(tokens: Tokens, clock: Clock) -> None:
    session = tokens.session(Access.FULL)
    clock.now += SESSION_SECONDS - 1
    assert tokens.access_of_session(session) is Access.FULL
    clock.now += 1
    assert tokens.access_of_session(session) is None


def test_a_session_is_good_in_every_process_with_the_same_tokens(tokens: Tokens, clock: Clock) -> None:
    assert Tokens(FULL, READ, clock).access_of_session(tokens.session(Access.FULL)) is Access.FULL
    assert Tokens(FULL, READ, clock).cookie == tokens.cookie


def test_another_token_ends_its_own_sessions_only(tokens: Tokens, clock: Clock) -> None:
    full, read = tokens.session(Access.FULL), tokens.session(Access.READ)
    changed = Tokens("another", READ, clock)

    assert changed.access_of_session(full) is None
    assert changed.access_of_session(read) is Access.READ
    assert Tokens(None, FULL, clock).access_of_session(full) is None


def test_a_session_that_was_changed_is_none(tokens: Tokens, clock: Clock) -> None:
    read = tokens.session(Access.READ)
    role, expires, nonce, signature = read.split(".")
    forged = [
        ".".join(("full", expires, nonce, signature)),
        ".".join((role, str(int(expires) + 1), nonce, signature)),
        ".".join((role, expires, nonce + "0", signature)),
        ".".join((role, expires, nonce, signature[:-1])),
        ".".join((role, expires, nonce, "ü" + signature[1:])),
        *("", ".", "...", "full", "\x00", "é" * 5000),
    ]
    assert [tokens.access_of_session(session) for session in forged] == [None] * len(forged)


def test_dashboards_with_other_tokens_use_other_cookies(tokens: Tokens) -> None:
    assert tokens.cookie != Tokens("another", READ).cookie


@pytest.mark.parametrize(("full", "read"), [("", None), (None, ""), ("a b", None), ("a\n", None), ("same", "same")])
def test_what_is_no_token_is_refused(full: str | None, read: str | None) -> None:
    with pytest.raises(ValueError, match="token"):
        Tokens(full, read)

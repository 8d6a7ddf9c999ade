"""What all tests share."""

from __future__ import annotations

import pytest


class ManualClock:
    """A clock that stands still until a test moves it; counts milliseconds since 1970."""

    def __init__(self, now: int = 1_800_000_000_000) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass; negative turns the clock back."""
        self.now += round(seconds * 1000)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()

"""A small order workflow, so that the dashboard has something true to show.

One Step receives orders, one processes payments, a third reports totals now and then; they ask slow APIs for exchange
rates and for the carrier's offers, through caches. They share their state in one store, as Steps of a workflow do: the
orders in `orders`, and what each run leaves behind in a group of its own, which is finished when the run ends.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from store import Store, StoreError, open_store

ORDER_TTL = 20 * 60
RATE_TTL = 60
OFFER_STALE = 5 * 60
KEEP_RUNS_FOR = 5 * 60
TICK = 1.0  # seconds between two rounds of the workflow
FIRST_ROUNDS = 12  # run before anything is shown, so that the first page is not empty
TICKS_PER_REPORT = 5

log = logging.getLogger("stepstate")

_CUSTOMERS = (
    ("Ada", "ada@example.org", "EUR", "DE"),
    ("Grace", "grace@example.org", "USD", "US"),
    ("Lin", "lin@example.org", "CNY", "CN"),
)
_GOODS = (("tea", 4.5), ("coffee", 7.9), ("kettle", 39.0), ("cup", 12.25))
_RATES = {"USD": 0.92, "CNY": 0.127}


class OrderWorkflow:
    """The workflow's Steps over one store."""

    def __init__(self, state: Store, api_seconds: float = 0.2) -> None:
        self._state = state
        self._api_seconds = api_seconds
        self._numbers = itertools.count(1)
        self._waiting: list[str] = []
        self._rate = state.cached("cache:rates", ttl=RATE_TTL)(self.rate)
        # An offer says itself how long it holds; after that it will do for a while, until there is a new one.
        holds = state.cached("cache:offers", ttl=lambda offer: offer["minutes"] * 60, stale=OFFER_STALE)
        self._offer = holds(self.offer)

    def tick(self, count: int) -> None:
        """One round: an order comes in, an older one is paid, and every few rounds the totals are reported."""
        self.receive_order(next(self._numbers))
        if len(self._waiting) > 3:
            self.process_payment(self._waiting.pop(0))
        if count % TICKS_PER_REPORT == 0:
            self.report_totals()

    def receive_order(self, number: int) -> None:
        """Step: store a new order and open its run."""
        order_id = f"order-{number:04}"
        name, email, currency, country = _CUSTOMERS[number % len(_CUSTOMERS)]
        goods = [_GOODS[(number + offset) % len(_GOODS)] for offset in range(1 + number % 3)]
        order = {
            "id": order_id,
            "status": "pending",
            "total": round(sum(price for _, price in goods), 2),
            "currency": currency,
            "shipping": self._offer(goods[0][0], country)["price"],
            "customer": {"name": name, "email": email},
            "items": [{"sku": sku, "price": price} for sku, price in goods],
            "attempts": 0,
            "trace": 9_007_199_254_740_992 + number,
        }
        self._state.set("orders", order_id, order, ttl=ORDER_TTL)
        self._state.set(run_of(order_id), "received", {"order": order_id, "at": _now()})
        self._waiting.append(order_id)

    def process_payment(self, order_id: str) -> None:
        """Step: charge an order; every fourth is declined at first and tried again."""
        order = self._state.get("orders", order_id)
        if not _is_order(order):  # expired, or deleted or changed beyond recognition in the dashboard
            self._state.finish(run_of(order_id), keep_for=KEEP_RUNS_FOR)
            return
        declined = order["attempts"] == 0 and order["trace"] % 4 == 0
        rate = self.exchange_rate(order["currency"])
        self._state.update("orders", order_id, _payment(order, rate, declined=declined))
        if declined:
            self._waiting.append(order_id)
            return
        self._state.set(run_of(order_id), "payment", {"order": order_id, "rate": rate, "at": _now()})
        self._state.finish(run_of(order_id), keep_for=KEEP_RUNS_FOR)

    def report_totals(self) -> None:
        """Step: sum up the orders."""
        orders = [order for order in self._state.list("orders") if _is_order(order)]
        paid = [order for order in orders if order["status"] == "paid"]
        totals = {
            "orders": len(orders),
            "paid": len(paid),
            "eur": round(sum(order.get("total_eur", 0) for order in paid), 2),
        }
        self._state.set("reports", "totals", totals)
        self._state.update("reports", "runs", [{"type": "increment", "path": "", "by": 1}])

    def exchange_rate(self, currency: str) -> float:
        """The rate to EUR."""
        return 1.0 if currency == "EUR" else self._rate(currency, "EUR")

    def rate(self, base: str, quote: str) -> float:
        """What one unit of `base` costs in `quote`; cached, so that the API is asked once a minute at most."""
        return round(self._ask_rates_api(base) / _RATES.get(quote, 1.0), 5)

    def offer(self, sku: str, country: str) -> dict[str, float]:
        """What sending something costs, for how many minutes; cached, so that the carrier is asked once for that."""
        time.sleep(self._api_seconds / 10)
        moment = time.time_ns() // 1000
        return {"price": round(3 + len(sku + country) / 2 + moment % 100 / 100, 2), "minutes": 2 + moment % 53}

    def _ask_rates_api(self, currency: str) -> float:
        """What stands for a call over the network: slow, and a little different each time."""
        time.sleep(self._api_seconds)
        return round(_RATES[currency] * (1 + (time.time_ns() // 1000 % 100 - 50) / 10_000), 5)


def run_of(order_id: str) -> str:
    """The group of the workflow run that handles an order."""
    return f"wf-{order_id}"


@contextlib.contextmanager
def running_demo() -> Iterator[Store]:
    """A store in a temporary folder in which the workflow runs until the block ends."""
    with (
        tempfile.TemporaryDirectory(prefix="stepstate-demo-") as folder,
        open_store(f"sqlite:///{folder}/demo.db", sweep_interval=5) as store,
    ):
        workflow = OrderWorkflow(store)
        for count in range(FIRST_ROUNDS):
            workflow.tick(count)
        stopped = threading.Event()
        thread = threading.Thread(target=_run, args=(workflow, stopped), name="stepstate-demo", daemon=True)
        thread.start()
        try:
            yield store
        finally:
            stopped.set()
            thread.join()


def _run(workflow: OrderWorkflow, stopped: threading.Event) -> None:
    for count in itertools.count(FIRST_ROUNDS):
        if stopped.wait(TICK):
            return
        try:
            workflow.tick(count)
        except (StoreError, KeyError, TypeError) as error:  # someone edited the state into something else
            log.warning("the demo's workflow stumbled: %s", error)


def _is_order(value: Any) -> bool:
    kinds = {"status": str, "currency": str, "total": int | float, "attempts": int, "trace": int}
    return isinstance(value, dict) and all(isinstance(value.get(name), kind) for name, kind in kinds.items())


def _payment(order: dict[str, Any], rate: float, *, declined: bool) -> list[dict[str, Any]]:
    tried = {"type": "increment", "path": "attempts", "by": 1}
    if declined:
        return [tried, {"type": "set", "path": "status", "value": "declined"}]
    return [
        tried,
        {"type": "set", "path": "status", "value": "paid"},
        {"type": "set", "path": "total_eur", "value": round(order["total"] * rate, 2)},
    ]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")

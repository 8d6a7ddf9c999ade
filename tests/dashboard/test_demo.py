from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from dashboard.demo import FIRST_ROUNDS, KEEP_RUNS_FOR, ORDER_TTL, RATE_TTL, OrderWorkflow, run_of, running_demo
from store import Store, open_store
from tests.conftest import ManualClock


class CountingWorkflow(OrderWorkflow):
    """Counts the calls to the rates API."""

    def __init__(self, state: Store) -> None:
        super().__init__(state, api_seconds=0)
        self.asked: Counter[str] = Counter()

    def _ask_rates_api(self, currency: str) -> float:
        self.asked[currency] += 1
        return super()._ask_rates_api(currency)


@pytest.fixture
def state(clock: ManualClock) -> Iterator[Store]:
    """An empty store on a clock that the test moves."""
    with open_store("memory://", clock=clock, sweep_interval=None) as opened:
        yield opened


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still until a test moves it."""
    return ManualClock()


@pytest.fixture
def workflow(state: Store) -> CountingWorkflow:
    """The workflow's Steps over that store."""
    return CountingWorkflow(state)


def test_each_round_receives_an_order_with_a_run_of_its_own(state: Store, workflow: CountingWorkflow) -> None:
    workflow.tick(1)

    (order,) = state.list("orders")
    assert order["status"] == "pending"
    assert order["total"] == round(sum(item["price"] for item in order["items"]), 2)
    assert state.ttl("orders", order["id"]) == ORDER_TTL
    assert state.get(run_of(order["id"]), "received")["order"] == order["id"]


def test_orders_are_paid_and_their_runs_finished(state: Store, workflow: CountingWorkflow) -> None:
    for count in range(20):
        workflow.tick(count)
    paid = [order for order in state.list("orders") if order["status"] == "paid"]

    assert len(paid) >= 12
    for order in paid:
        run = state.group(run_of(order["id"]))
        assert run
        assert run.finished_at
        assert run.clear_at
        assert state.get(run.id, "payment")["order"] == order["id"]
        assert order["attempts"] >= 1
        assert order["total_eur"] > 0
    finished = [group.id for group in state.groups().items if group.finished_at]
    assert len(finished) == len(paid)


def test_some_orders_are_declined_first_and_tried_again(state: Store, workflow: CountingWorkflow) -> None:
    for count in range(40):
        workflow.tick(count)
    attempts = Counter(order["attempts"] for order in state.list("orders") if order["status"] == "paid")

    assert attempts[1] > attempts[2] > 0


def test_totals_are_reported_now_and_then(state: Store, workflow: CountingWorkflow) -> None:
    for count in range(11):
        workflow.tick(count)
    orders = state.list("orders")

    assert state.get("reports", "runs") == 3
    assert state.get("reports", "totals") == {
        "orders": len(orders),
        "paid": sum(order["status"] == "paid" for order in orders),
        "eur": round(sum(order.get("total_eur", 0) for order in orders if order["status"] == "paid"), 2),
    }


def test_a_rate_is_asked_for_once_within_its_ttl(state: Store, workflow: CountingWorkflow, clock: ManualClock) -> None:
    first = [workflow.exchange_rate("USD") for _ in range(5)]
    clock.advance(RATE_TTL - 0.001)
    assert workflow.exchange_rate("USD") == first[0]
    assert workflow.asked == {"USD": 1}

    clock.advance(0.001)
    workflow.exchange_rate("USD")
    assert workflow.asked == {"USD": 2}
    assert len(state.list("cache:rates")) == 1


def test_the_workflow_asks_once_for_each_currency(workflow: CountingWorkflow) -> None:
    for count in range(20):
        workflow.tick(count)

    assert workflow.asked == {"USD": 1, "CNY": 1}


def test_the_rate_of_euros_needs_no_call(workflow: CountingWorkflow) -> None:
    assert workflow.exchange_rate("EUR") == 1.0
    assert not workflow.asked


def test_an_order_that_was_deleted_ends_its_run(state: Store, workflow: CountingWorkflow) -> None:
    workflow.receive_order(1)
    state.delete("orders", "order-0001")
    workflow.process_payment("order-0001")

    run = state.group(run_of("order-0001"))
    assert run
    assert run.finished_at


def test_finished_runs_clear_themselves(state: Store, workflow: CountingWorkflow, clock: ManualClock) -> None:
    for count in range(10):
        workflow.tick(count)
    clock.advance(KEEP_RUNS_FOR)
    state.sweep()

    assert not [group for group in state.groups().items if group.finished_at]
    assert len(state.list("orders")) == 10


def test_the_demo_has_something_to_show_at_once() -> None:
    with running_demo() as store:
        groups = {group.id: group for group in store.groups().items}

        assert groups["orders"].items >= FIRST_ROUNDS
        assert {"orders", "reports", "cache:rates"} <= set(groups)
        assert [group for group in groups.values() if group.finished_at]
        assert store.location.endswith("demo.db")

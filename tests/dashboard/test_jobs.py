"""Background jobs, and the pages that show them."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from typing import ClassVar

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from dashboard import create_app, jobs
from dashboard.jobs import AT_ONCE, REMEMBERED, REMEMBERED_FOR, Job, Jobs
from store import Store, StoreBusy
from tests.dashboard.pages import Browser
from tests.dashboard.streams import page_of, tabs, until

SOON = 5.0


class Gate:
    """Work that goes on step by step: one for each `go`, until it is through or has to stop."""

    made: ClassVar[list[Gate]] = []

    def __init__(self, steps: int = 3) -> None:
        self.made.append(self)
        self.steps = steps
        self.begun = threading.Event()
        self._turns = threading.Semaphore(0)

    def go(self, steps: int | None = None) -> None:
        self._turns.release(self.steps if steps is None else steps)

    def __call__(self, job: Job) -> str:
        self.begun.set()
        for number in range(self.steps):
            job.step(number, self.steps)
            assert self._turns.acquire(timeout=SOON)
            if job.stopped:
                return f"Stopped after {number}."
        job.step(self.steps, self.steps)
        return "All done."


class Clock:
    """Seconds that pass when a test says so."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def ticking() -> Clock:
    return Clock()


@pytest.fixture
def known(ticking: Clock) -> Jobs:
    return Jobs(ticking)


@pytest.fixture(autouse=True)
def _all_go() -> Iterator[None]:
    yield
    while Gate.made:
        Gate.made.pop().go()


def wait_for(holds: Callable[[], object]) -> None:
    asyncio.run(until(holds))


def at_once(_job: Job) -> str:
    return "Done."


def test_a_job_says_how_far_it_is_and_what_came_of_it(known: Jobs, ticking: Clock) -> None:
    gate = Gate()
    job = known.start("Work", gate, "/back")
    gate.go(1)
    wait_for(lambda: job.done == 1)
    ticking.now += 5
    assert (job.state, job.done, job.total, job.said, job.elapsed, job.over) == ("running", 1, 3, "", 5, False)
    gate.go()
    assert job.wait(SOON)
    ticking.now += 5
    assert (job.state, job.done, job.total, job.said, job.elapsed, job.over) == ("done", 3, 3, "All done.", 5, True)
    assert (job.title, job.back_url) == ("Work", "/back")


def test_a_job_that_is_stopped_ends_between_its_steps(known: Jobs) -> None:
    gate = Gate()
    job = known.start("Work", gate, "/")
    gate.go(1)
    wait_for(lambda: job.done == 1)
    job.stop()
    assert (job.stopped, job.state) == (True, "running")
    gate.go()
    assert job.wait(SOON)
    assert (job.state, job.said, job.done) == ("stopped", "Stopped after 1.", 1)


def test_a_job_that_was_through_before_it_could_stop_is_done(known: Jobs) -> None:
    def work(job: Job) -> str:
        job.step(1, 1)
        job.stop()
        return "All done."

    job = known.start("Work", work, "/")
    assert job.wait(SOON)
    assert job.state == "done"


def test_what_the_store_refuses_is_told(known: Jobs) -> None:
    def work(job: Job) -> str:
        job.step(1200, 3000)
        raise StoreBusy("the store was locked")

    job = known.start("Work", work, "/")
    assert job.wait(SOON)
    assert job.state == "failed"
    assert job.said == "The store was locked. Try again in a moment. 1,200 of 3,000 were through by then."


def test_a_defect_is_logged_and_told_without_details(known: Jobs, caplog: pytest.LogCaptureFixture) -> None:
    def work(_job: Job) -> str:
        raise ZeroDivisionError("secret")

    with caplog.at_level(logging.ERROR):
        job = known.start("Work", work, "/")
        assert job.wait(SOON)
    assert (job.state, job.said) == ("failed", "The dashboard failed at this. The server's log has the details.")
    assert "secret" in caplog.text


def test_a_few_run_at_once_and_the_others_wait_their_turn(known: Jobs) -> None:
    gates = [Gate() for _ in range(AT_ONCE + 2)]
    started = [known.start(f"Work {number}", gate, "/") for number, gate in enumerate(gates)]
    for gate in gates[:AT_ONCE]:
        assert gate.begun.wait(SOON)
    assert [job.state for job in started[AT_ONCE:]] == ["waiting", "waiting"]
    assert known.unfinished == AT_ONCE + 2

    gates[0].go()
    assert gates[AT_ONCE].begun.wait(SOON)
    assert [job.state for job in started[AT_ONCE:]] == ["running", "waiting"]
    for gate in gates:
        gate.go()
    assert all(job.wait(SOON) for job in started)
    assert known.unfinished == 0


def test_one_that_waits_can_be_stopped_and_never_begins(known: Jobs) -> None:
    gates = [Gate() for _ in range(AT_ONCE + 1)]
    started = [known.start("Work", gate, "/") for gate in gates]
    started[-1].stop()
    assert (started[-1].state, started[-1].said) == ("stopped", "Stopped before it had begun: nothing was changed.")
    for gate in gates:
        gate.go()
    assert all(job.wait(SOON) for job in started)
    after = known.start("Work", at_once, "/")
    assert after.wait(SOON)
    assert not gates[-1].begun.is_set()
    assert started[-1].elapsed == 0


def test_those_that_run_are_listed_first_and_the_latest_before_the_others(known: Jobs) -> None:
    gates = [Gate(), Gate()]
    first = known.start("first", gates[0], "/")
    for title in ("second", "third"):
        assert known.start(title, at_once, "/").wait(SOON)
    known.start("fourth", gates[1], "/")
    assert [job.title for job in known.all()] == ["fourth", "first", "third", "second"]
    gates[0].go()
    assert first.wait(SOON)
    assert [job.title for job in known.all()] == ["fourth", "third", "second", "first"]


def test_those_that_are_over_are_remembered_for_an_hour(known: Jobs, ticking: Clock) -> None:
    gate = Gate()
    running, over = known.start("Work", gate, "/"), known.start("Work", at_once, "/")
    assert over.wait(SOON)
    ticking.now += REMEMBERED_FOR
    assert known.get(over.id) is over
    ticking.now += 1
    assert known.get(over.id) is None
    assert known.get(running.id) is running


def test_so_many_that_are_over_are_remembered(known: Jobs) -> None:
    started = []
    for _ in range(REMEMBERED + 2):
        started.append(known.start("Work", at_once, "/"))
        assert started[-1].wait(SOON)
    assert known.all() == started[:1:-1]


def test_the_end_of_the_server_stops_them(known: Jobs) -> None:
    def work(job: Job) -> str:
        while not job.stopped:
            threading.Event().wait(0.001)
        job.step(1, 2)
        return "Stopped."

    started = [known.start("Work", work, "/") for _ in range(AT_ONCE + 1)]
    known.end()
    assert [job.state for job in started] == ["stopped"] * (AT_ONCE + 1)


def test_the_end_does_not_wait_for_ever(known: Jobs) -> None:
    gate = Gate()
    job = known.start("Work", gate, "/")
    assert gate.begun.wait(SOON)
    known.end(within=0.01)
    assert job.state == "running"
    gate.go()


def test_ids_cannot_be_guessed(known: Jobs) -> None:
    ids = {known.start("Work", at_once, "/").id for _ in range(20)}
    assert len(ids) == 20
    assert all(len(one) >= 22 for one in ids)


# The pages


@pytest.fixture
def app(client: TestClient) -> Starlette:
    """The dashboard, with no job from another test."""
    app = client.app
    assert isinstance(app, Starlette)
    app.state.jobs = Jobs()
    return app


def start(app: Starlette, work: jobs.Work, title: str = "Clearing <3> groups") -> Job:
    job: Job = app.state.jobs.start(title, work, "/cleanup", "Back to Cleanup")
    return job


def test_a_page_shows_how_far_a_job_is_and_what_came_of_it(app: Starlette, browser: Browser) -> None:
    gate = Gate()
    job = start(app, gate)
    gate.go(1)
    wait_for(lambda: job.done == 1)
    page = browser.get(f"/jobs/{job.id}")
    assert page.title == "Clearing <3> groups · stepstate"
    assert "1 of 3" in page.content.text
    assert {name: page.content.one("progress").attrs[name] for name in ("max", "value")} == {"max": "3", "value": "1"}
    assert page.has("Stop")
    gate.go()
    assert job.wait(SOON)
    page = browser.get(f"/jobs/{job.id}")
    assert page.content.one(role="status").text == "All done."
    assert not page.has("Stop")
    assert page.click("Back to Cleanup").path == "/cleanup"


def test_without_javascript_the_page_comes_anew_while_the_job_runs(app: Starlette, browser: Browser) -> None:
    gate = Gate()
    job = start(app, gate)
    for path in (f"/jobs/{job.id}", "/jobs"):
        assert browser.get(path).tree.one("noscript").one("meta", http_equiv="refresh")
    gate.go()
    assert job.wait(SOON)
    for path in (f"/jobs/{job.id}", "/jobs"):
        assert browser.get(path).tree.all("noscript") == []


def test_stop_stops(app: Starlette, browser: Browser) -> None:
    gate = Gate()
    job = start(app, gate)
    gate.go(1)
    wait_for(lambda: job.done == 1)
    page = browser.get(f"/jobs/{job.id}").submit("Stop")
    assert page.path == f"/jobs/{job.id}"
    assert "Stopping…" in page.content.text
    assert page.redirects == [f"/jobs/{job.id}"]
    gate.go()
    assert job.wait(SOON)
    assert browser.get(page.path).content.one(role="status").text == "Stopped after 1."


def test_looking_does_not_stop(app: Starlette, browser: Browser) -> None:
    gate = Gate()
    job = start(app, gate)
    assert browser.get(f"/jobs/{job.id}/stop").status == 405
    assert not job.stopped


def test_what_went_wrong_is_an_alert(app: Starlette, browser: Browser) -> None:
    def work(_job: Job) -> str:
        raise StoreBusy("the store was locked")

    job = start(app, work)
    assert job.wait(SOON)
    assert browser.get(f"/jobs/{job.id}").errors == ["The store was locked. Try again in a moment."]


@pytest.mark.parametrize("path", ["/jobs/unknown", "/jobs/unknown/stop"])
def test_a_job_that_is_not_known_is_said_so(app: Starlette, browser: Browser, path: str) -> None:
    page = browser.post(path) if path.endswith("stop") else browser.get(path)
    assert page.status == 404
    assert "There is no such job." in page.text
    assert page.click("All jobs").path == "/jobs"


def test_the_list_leads_to_each_job(app: Starlette, browser: Browser) -> None:
    assert "No job is running" in browser.get("/jobs").text
    gate = Gate()
    running, over = start(app, gate, "long"), start(app, at_once, "short")
    assert over.wait(SOON)
    page = browser.get("/jobs")
    assert [(row[0], row[2]) for row in page.rows] == [("long", "running"), ("short", "done")]
    assert page.click("long").path == f"/jobs/{running.id}"
    assert page.click("short").path == f"/jobs/{over.id}"


@pytest.mark.parametrize("path", ["/", "/cleanup", "/cache", "/nothing"])
def test_every_page_says_that_jobs_run(app: Starlette, browser: Browser, path: str) -> None:
    assert not browser.get(path).tree.all(class_="jobs")
    gate = Gate()
    job = start(app, gate)
    assert browser.get(path).click("1 running").path == "/jobs"
    assert browser.client.get("/jobs/running").text == "1 running"
    gate.go()
    assert job.wait(SOON)
    assert not browser.get(path).tree.all(class_="jobs")
    assert browser.client.get("/jobs/running").text == ""


def test_the_page_follows_the_job_and_then_rests(app: Starlette) -> None:
    async def work() -> None:
        gate = Gate()
        job = start(app, gate)
        html = await page_of(app, f"/jobs/{job.id}")
        assert 'data-again="1"' in html
        async with tabs(app, f"/jobs/{job.id}", due="0") as [tab]:
            gate.go(2)
            await until(lambda: tab.events and "2 of 3" in tab.events[-1][1]["job"][1])
            gate.go()
            await until(lambda: "All done." in tab.events[-1][1]["job"][1])
        assert 'data-again="0"' in await page_of(app, f"/jobs/{job.id}")

    asyncio.run(work())


# Doing it in an answer


@pytest.fixture
def doing(app: Starlette, state: Store) -> tuple[Callable[[jobs.Work], Response], Jobs]:
    """Calls `jobs.run` for a request to an application that is mounted."""

    def run(work: jobs.Work) -> Response:
        request = Request({"type": "http", "root_path": "/under", "headers": [], "app": app})
        return jobs.run(request, "Work", work, "/under/back")

    return run, app.state.jobs


def test_a_short_job_is_waited_for(doing: tuple[Callable[[jobs.Work], Response], Jobs]) -> None:
    response = doing[0](at_once)
    assert (response.status_code, response.headers["location"]) == (303, "/under/back")
    assert "stepstate_notice=Done." in response.headers["set-cookie"]


def test_a_long_one_leads_to_its_page(doing: tuple[Callable[[jobs.Work], Response], Jobs]) -> None:
    run, known = doing
    gate = Gate()
    response = run(gate)
    (job,) = known.all()
    assert (response.status_code, response.headers["location"]) == (303, f"/under/jobs/{job.id}")
    gate.go()


def test_one_that_fails_at_once_does_too(doing: tuple[Callable[[jobs.Work], Response], Jobs]) -> None:
    def work(_job: Job) -> str:
        raise StoreBusy("locked")

    run, known = doing
    response = run(work)
    (job,) = known.all()
    assert (job.state, response.headers["location"]) == ("failed", f"/under/jobs/{job.id}")


def test_jobs_end_with_the_server(state: Store) -> None:
    gate = Gate(steps=1)
    with TestClient(create_app(state)) as client:
        assert isinstance(client.app, Starlette)
        job = start(client.app, gate)
        assert gate.begun.wait(SOON)
        threading.Timer(0.05, gate.go).start()
    assert job.over
    assert job.said == "Stopped after 0."


def test_where_nothing_tells_of_the_end_jobs_work_too(state: Store) -> None:
    def work(_job: Job) -> str:
        return f"A daemon: {threading.current_thread().daemon}."

    inner = create_app(state)
    outside = Starlette(routes=[Mount("/under", inner), Route("/", lambda _: Response())])
    with TestClient(outside) as client:
        job: Job = inner.state.jobs.start("Work", work, "/under/")
        assert job.wait(SOON)
        assert "A daemon: True." in Browser(client, "/under").get(f"/under/jobs/{job.id}").text

"""Background jobs: work that may take longer than anybody waits for a page. They end with this process."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from dashboard.formats import number
from dashboard.forms import FieldError
from dashboard.rendering import redirect
from dashboard.urls import Urls
from store import StoreError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

AT_ONCE: Final = 3
PATIENCE: Final = 0.3  # seconds that a page waits for a job, before it shows how far that is
REMEMBERED: Final = 50
REMEMBERED_FOR: Final = 3600.0  # seconds
TIME_TO_STOP: Final = 5.0  # seconds that jobs get to end with the server

State: TypeAlias = Literal["waiting", "running", "done", "stopped", "failed"]

log = logging.getLogger("stepstate")


class Job:
    """One piece of work, how far it is, and what came of it.

    `done` of `total` steps are through (0 of 0 before that is known). Once it is over, `said` is a sentence about what
    was done or what was wrong. `trash_id` is where it keeps what it removes.
    """

    def __init__(self, title: str, back_url: str, back_label: str, clock: Callable[[], float]) -> None:
        self.id = secrets.token_urlsafe(16)
        self.title = title
        self.back_url = back_url
        self.back_label = back_label
        self.state: State = "waiting"
        self.done = self.total = 0
        self.said = ""
        self.trash_id: str | None = None
        self._clock = clock
        self._began = self._ended = 0.0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._over = threading.Event()

    def step(self, done: int, total: int) -> None:
        """Report how far it is."""
        self.done, self.total = done, total

    @property
    def stopped(self) -> bool:
        """Whether it is to stop: the work looks at this between its steps."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Have it stop after the step that it is at, or not begin at all."""
        with self._lock:
            self._stop.set()
            if self.state == "waiting":
                self._close("stopped", "Stopped before it had begun: nothing was changed.")

    @property
    def over(self) -> bool:
        """Whether it has ended, in whatever way."""
        return self._over.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait until it is over; False if it is not within that time."""
        return self._over.wait(seconds)

    @property
    def elapsed(self) -> float:
        """Seconds that it took, or takes so far; 0 before it begins."""
        return (self._ended if self.over else self._clock()) - self._began if self._began else 0.0

    def ended_before(self, moment: float) -> bool:
        """Whether it was over before this time of the clock."""
        return self.over and self._ended < moment

    def run(self, work: Work) -> None:
        """Do the work, in the thread that calls this."""
        with self._lock:
            if self.over:
                return
            self._began, self.state = self._clock(), "running"
        try:
            said = work(self)
        except StoreError as error:
            self._fail(FieldError.of(error).message)
        except Exception:
            log.exception("the job %r failed", self.title)
            self._fail("The dashboard failed at this. The server's log has the details.")
        else:
            self._close("stopped" if self.stopped and self.done < self.total else "done", said)

    def _fail(self, message: str) -> None:
        far = f" {number(self.done)} of {number(self.total)} were through by then." if self.done else ""
        self._close("failed", message + far)

    def _close(self, state: State, said: str) -> None:
        self.said, self.state, self._ended = said, state, self._clock()
        self._over.set()


Work: TypeAlias = Callable[[Job], str]
"""What a job does: it calls `job.step(done, total)`, ends early if `job.stopped`, and returns the closing sentence."""


class Jobs:
    """The jobs of one process: a few run at once, the others wait; those that are over are remembered for a while."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._waiting: deque[tuple[Job, Work]] = deque()
        self._threads = 0

    def start(self, title: str, work: Work, back_url: str, back_label: str = "Go on") -> Job:
        """Have work done in a thread. `back_url` is where its page leads when it is over."""
        job = Job(title, back_url, back_label, self._clock)
        with self._lock:
            self._forget()
            self._jobs[job.id] = job
            self._waiting.append((job, work))
            if self._threads < AT_ONCE:
                self._threads += 1
                # A daemon: where no lifespan tells that the server ends, it must not keep the process.
                threading.Thread(target=self._run, name="stepstate-job", daemon=True).start()
        return job

    def get(self, id: str) -> Job | None:
        """The job with this id; None if it is not known (any more)."""
        with self._lock:
            self._forget()
            return self._jobs.get(id)

    def all(self) -> list[Job]:
        """Those that are not over, then those that are; the latest first."""
        with self._lock:
            self._forget()
            latest_first = list(reversed(self._jobs.values()))
        return sorted(latest_first, key=lambda job: job.over)

    @property
    def unfinished(self) -> int:
        """How many are not over."""
        with self._lock:
            return sum(not job.over for job in self._jobs.values())

    def end(self, within: float = TIME_TO_STOP) -> None:
        """Stop all of them, and wait so many seconds for that."""
        until = time.monotonic() + within
        jobs = self.all()
        for job in jobs:
            job.stop()
        for job in jobs:
            job.wait(max(0.0, until - time.monotonic()))

    def _run(self) -> None:
        while (taken := self._next()) is not None:
            job, work = taken
            job.run(work)

    def _next(self) -> tuple[Job, Work] | None:
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            self._threads -= 1
            return None

    def _forget(self) -> None:
        over = [job for job in self._jobs.values() if job.over]
        too_old = [job for job in over if job.ended_before(self._clock() - REMEMBERED_FOR)]
        for job in {*over[:-REMEMBERED], *too_old}:
            del self._jobs[job.id]


def run(request: Request, title: str, work: Work, back_url: str, back_label: str = "Go on") -> Response:
    """Do work as a job, and answer: with the page that follows if it was done at once, else with the job's page."""
    jobs: Jobs = request.app.state.jobs
    job = jobs.start(title, work, back_url, back_label)
    if job.wait(PATIENCE) and job.state == "done":
        return redirect(request, job.back_url, job.said, job.trash_id or "")
    return redirect(request, Urls.of(request).job(job.id))

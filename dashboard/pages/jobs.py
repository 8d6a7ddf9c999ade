"""Background jobs: how far they are, and stopping them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from starlette.responses import PlainTextResponse

from dashboard.formats import number
from dashboard.pages.errors import NotFound
from dashboard.rendering import redirect, render
from dashboard.urls import Urls

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

    from dashboard.jobs import Job, Jobs


@dataclass(frozen=True, slots=True)
class JobPage:
    """One job."""

    job: Job
    section: Literal["jobs"] = "jobs"

    @property
    def title(self) -> str:
        """What the job does."""
        return self.job.title


@dataclass(frozen=True, slots=True)
class JobsPage:
    """All jobs that are known."""

    jobs: list[Job]
    title: str = "Background jobs"
    section: Literal["jobs"] = "jobs"

    @property
    def running(self) -> bool:
        """Whether any of them is not over."""
        return any(not job.over for job in self.jobs)


def show_all(request: Request) -> Response:
    """GET: the jobs that are not over, and those of the last hour."""
    return render(request, "jobs.html", JobsPage(_jobs(request).all()))


def show(request: Request) -> Response:
    """GET: one job."""
    return render(request, "job.html", JobPage(_job_in(request)))


def stop(request: Request, _form: FormData) -> Response:
    """POST: have a job stop."""
    job = _job_in(request)
    job.stop()
    return redirect(request, Urls.of(request).job(job.id))


async def unfinished(request: Request) -> Response:
    """GET: what the bar says of the jobs; nothing if all are over."""
    count = _jobs(request).unfinished
    return PlainTextResponse(f"{number(count)} running" if count else "")


def _job_in(request: Request) -> Job:
    job = _jobs(request).get(request.path_params["job"])
    if job is None:
        message = "There is no such job. A job ends with the server, and is remembered for an hour."
        raise NotFound(message, Urls.of(request).jobs(), "All jobs")
    return job


def _jobs(request: Request) -> Jobs:
    jobs: Jobs = request.app.state.jobs
    return jobs

"""Putting the application together: routes, middleware, error pages."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from dashboard import live
from dashboard.forms import read_form
from dashboard.jobs import Jobs
from dashboard.pages import (
    add,
    cache,
    cache_clearing,
    checking,
    chosen_columns,
    cleanup,
    edit,
    errors,
    gone,
    group,
    groups,
    item,
    jobs,
    operations,
    operations_call,
    saved_rules,
    value,
)
from dashboard.rendering import environment, resources
from dashboard.security import SecurityHeaders, check_origin
from store import StoreError

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

    from store import Store


_STATIC = StaticFiles(directory=resources("static"))


def create_app(store: Store) -> Starlette:
    """The dashboard over an open store, as an ASGI application that can be mounted under any path of another one.

    The store stays the caller's to close.
    """
    app = Starlette(
        routes=_routes(),
        middleware=[Middleware(SecurityHeaders)],
        exception_handlers={
            errors.NoItem: gone.show,
            HTTPException: errors.refused,
            StoreError: errors.store_failed,
            Exception: errors.broken,
        },
        lifespan=_lifespan,
    )
    app.router.redirect_slashes = False  # its redirects name the Host that the request claims
    app.state.store = store
    app.state.templates = environment()
    app.state.live = live.Live(app)
    app.state.jobs = Jobs()
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    """Jobs end before the store is closed. A mounted application has no lifespan: there the store ends them."""
    yield
    await run_in_threadpool(app.state.jobs.end)


def _routes() -> list[Route]:
    a_group, an_item = "/groups/{group}", "/groups/{group}/items/{key}"
    a_rule = "/cleanup/rules/{rule}"
    a_function, an_entry = "/cache/groups/{group}", "/cache/groups/{group}/entries/{key}"
    return [
        Route("/", groups.show),
        Route("/add", add.show),
        _post("/add", add.submit),
        _post("/check", checking.check),
        Route("/cleanup", cleanup.show),
        _post("/cleanup", cleanup.clear),
        _post("/cleanup/rules", saved_rules.save),
        Route(f"{a_rule}/count", saved_rules.count_chosen, name=live.FILE),
        Route(f"{a_rule}/run", saved_rules.run_form),
        _post(f"{a_rule}/delete", saved_rules.delete),
        Route(a_group, group.show),
        Route(f"{a_group}/add", add.show),
        _post(f"{a_group}/add", add.submit),
        _post(f"{a_group}/columns", chosen_columns.choose),
        _post(f"{a_group}/delete", group.delete_items),
        Route(f"{a_group}/clear", group.clear_form),
        _post(f"{a_group}/clear", group.clear),
        _post(f"{a_group}/finish", group.finish),
        _post(f"{a_group}/reopen", group.reopen),
        Route(f"{a_group}/settings", group.settings_form),
        _post(f"{a_group}/settings", group.settings),
        Route(an_item, item.show),
        Route(f"{an_item}/raw", value.raw, name=live.FILE),
        Route(f"{an_item}/json", item.show_text),
        Route(f"{an_item}/json/part", value.text_part, name=live.FILE),
        Route(f"{an_item}/part", value.part, name=live.FILE),
        Route(f"{an_item}/found", value.found, name=live.FILE),
        Route(f"{an_item}/edit", edit.show),
        _post(f"{an_item}/edit", edit.submit),
        _post(f"{an_item}/ttl", item.ttl),
        Route(f"{an_item}/operations", operations.show),
        _post(f"{an_item}/operations", operations.submit, operations_call.answer),
        Route("/cache", cache.show),
        Route("/cache/stale", cache_clearing.stale_form),
        _post("/cache/stale", cache_clearing.drop_stale),
        Route(a_function, cache.show_function),
        Route(f"{a_function}/clear", cache_clearing.clear_form),
        _post(f"{a_function}/clear", cache_clearing.clear),
        Route(f"{an_entry}/drop", cache_clearing.drop_form),
        _post(f"{an_entry}/drop", cache_clearing.drop),
        Route("/jobs", jobs.show_all),
        Route("/jobs/running", jobs.unfinished),
        Route("/jobs/{job}", jobs.show),
        _post("/jobs/{job}/stop", jobs.stop),
        Route("/live", live.stream),
        Route("/static/{path:path}", static_file),
    ]


async def static_file(request: Request) -> Response:
    """GET: a file under static/. No Mount: that would change the root that an error page's links start from."""
    return await _STATIC.get_response(request.path_params["path"], request.scope)


def _post(
    path: str,
    handler: Callable[[Request, FormData], Response],
    for_json: Callable[[Request], Awaitable[Response]] | None = None,
) -> Route:
    """A route that changes something. The form is read on the event loop, the handler runs in the thread pool.

    `for_json` answers requests with a JSON body instead.
    """

    async def endpoint(request: Request) -> Response:
        if for_json is not None and operations_call.sends_json(request):
            return await for_json(request)
        check_origin(request)
        form = await read_form(request, request.app.state.store.max_value_bytes)
        return await run_in_threadpool(handler, request, form)

    return Route(path, endpoint, methods=["POST"])

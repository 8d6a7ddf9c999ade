"""Putting the application together: routes, middleware, error pages."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Route

from dashboard import live, statics
from dashboard.access import Tokens
from dashboard.door import Authorize, Door, HostDoor, Open, TokenDoor
from dashboard.forms import read_form, read_upload
from dashboard.guard import Guard, changing
from dashboard.jobs import Jobs
from dashboard.json_answers import sends_json
from dashboard.pages import (
    add,
    cache,
    cache_clearing,
    checking,
    chosen_columns,
    cleanup,
    comfort,
    edit,
    errors,
    gone,
    group,
    groups,
    importing,
    item,
    jobs,
    login,
    operations,
    operations_call,
    saved_rules,
    selected,
    transfer,
    trash,
    value,
)
from dashboard.rendering import environment
from dashboard.security import SecurityHeaders
from dashboard.staging import Staging
from dashboard.throttle import Throttle
from store import StoreError

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

    from store import Store


def create_app(
    store: Store,
    *,
    token: str | None = None,
    read_only_token: str | None = None,
    read_only: bool = False,
    authorize: Authorize | None = None,
    allowed_hosts: Collection[str] | None = None,
) -> Starlette:
    """The dashboard over an open store, as an ASGI application that can be mounted under any path of another one.

    The store stays the caller's to close. Without tokens and without `authorize`, whoever reaches it may do everything.

    Args:
        store: what it shows.
        token: who has it may do everything. It is sent as `Authorization: Bearer`, or typed on the login page.
        read_only_token: who has it may look at everything.
        read_only: nobody may change anything.
        authorize: says of a request whether it has Access.FULL, Access.READ or None, instead of the tokens. It may be a
            coroutine function, and may raise Starlette's HTTPException, with a redirection too.
        allowed_hosts: the host names that it answers to, besides addresses and localhost; "*" for all. By default these
            are all, but with neither tokens nor `authorize`, none on connections to a loopback address: there, another
            site's name could lead a browser to it.

    Raises:
        ValueError: for a token that cannot be one, the same one twice, and tokens beside `authorize`.
    """
    app = Starlette(
        middleware=[Middleware(SecurityHeaders)],
        exception_handlers={
            errors.NoItem: gone.show,
            HTTPException: errors.refused,
            StoreError: errors.store_failed,
            Exception: errors.broken,
        },
        lifespan=_lifespan,
    )
    door = _door(token, read_only_token, authorize)
    app.router.routes.extend([*_routes(), *(_login_routes() if isinstance(door, TokenDoor) else [])])
    app.router.redirect_slashes = False  # its redirects name the Host that the request claims
    # Inside of the error pages, which say what it refuses.
    app.router.middleware_stack = Guard(app.router.app, door, read_only=read_only, allowed_hosts=allowed_hosts)
    app.state.store = store
    app.state.door = door
    app.state.templates = environment()
    app.state.live = live.Live(app)
    app.state.jobs = Jobs()
    app.state.staging = Staging()
    return app


def _door(token: str | None, read_only_token: str | None, authorize: Authorize | None) -> Door:
    if token is None and read_only_token is None:
        return Open() if authorize is None else HostDoor(authorize)
    if authorize is not None:
        raise ValueError("give tokens or authorize, not both")
    return TokenDoor(Tokens(token, read_only_token), Throttle())


@contextlib.asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    """Jobs end before the store is closed. A mounted application has no lifespan: there the store ends them."""
    yield
    await run_in_threadpool(app.state.jobs.end)
    await run_in_threadpool(app.state.staging.end)


def _routes() -> list[Route]:
    a_group, an_item = "/groups/{group}", "/groups/{group}/items/{key}"
    a_rule, kept = "/cleanup/rules/{rule}", "/trash/{entry}"
    a_function, an_entry = "/cache/groups/{group}", "/cache/groups/{group}/entries/{key}"
    return [
        Route("/", groups.show),
        Route("/add", changing(add.show)),
        _post("/add", add.submit),
        _post("/check", checking.check),
        Route("/cleanup", cleanup.show),
        _post("/cleanup", cleanup.clear),
        _post("/cleanup/rules", saved_rules.save),
        Route(f"{a_rule}/count", saved_rules.count_chosen, name=live.FILE),
        Route(f"{a_rule}/run", changing(saved_rules.run_form)),
        _post(f"{a_rule}/delete", saved_rules.delete),
        Route(a_group, group.show),
        Route(f"{a_group}/add", changing(add.show)),
        _post(f"{a_group}/add", add.submit),
        _post(f"{a_group}/columns", chosen_columns.choose),
        _post(f"{a_group}/delete", group.delete_item),
        _post(f"{a_group}/selected", selected.submit),
        Route(f"{a_group}/clear", changing(group.clear_form)),
        _post(f"{a_group}/clear", group.clear),
        _post(f"{a_group}/finish", group.finish),
        _post(f"{a_group}/reopen", group.reopen),
        Route(f"{a_group}/settings", changing(group.settings_form)),
        _post(f"{a_group}/settings", group.settings),
        Route(an_item, item.show),
        Route(f"{an_item}/raw", value.raw, name=live.FILE),
        Route(f"{an_item}/json", item.show_text),
        Route(f"{an_item}/json/part", value.text_part, name=live.FILE),
        Route(f"{an_item}/part", value.part, name=live.FILE),
        Route(f"{an_item}/found", value.found, name=live.FILE),
        Route(f"{an_item}/edit", changing(edit.show)),
        _post(f"{an_item}/edit", edit.submit),
        _post(f"{an_item}/ttl", item.ttl),
        Route(f"{an_item}/operations", changing(operations.show)),
        _post(f"{an_item}/operations", operations.submit, operations_call.answer),
        Route("/cache", cache.show),
        Route("/cache/stale", changing(cache_clearing.stale_form)),
        _post("/cache/stale", cache_clearing.drop_stale),
        Route(a_function, cache.show_function),
        Route(f"{a_function}/clear", changing(cache_clearing.clear_form)),
        _post(f"{a_function}/clear", cache_clearing.clear),
        Route(f"{an_entry}/drop", changing(cache_clearing.drop_form)),
        _post(f"{an_entry}/drop", cache_clearing.drop),
        Route("/export", transfer.export_store, name=live.FILE),
        Route(f"{a_group}/export", transfer.export_group, name=live.FILE),
        _post(f"{a_group}/export", transfer.export_selection),
        Route(f"{an_item}/export", transfer.export_item, name=live.FILE),
        Route("/import", changing(importing.show)),
        _post("/import", importing.submit, read=read_upload),
        Route(f"{a_group}/import", changing(importing.show)),
        _post(f"{a_group}/import", importing.submit, read=read_upload),
        Route("/import/{import}", changing(importing.show_preview)),
        _post("/import/{import}", importing.confirm),
        Route("/trash", trash.show),
        Route(f"{kept}/restore", changing(trash.restore_form)),
        _post(f"{kept}/restore", trash.restore),
        Route(f"{kept}/discard", changing(trash.discard_form)),
        _post(f"{kept}/discard", trash.discard),
        _post(f"{kept}/dismiss", trash.dismiss),
        Route("/jobs", jobs.show_all),
        Route("/jobs/running", jobs.unfinished),
        Route("/jobs/{job}", jobs.show),
        _post("/jobs/{job}/stop", jobs.stop),
        Route("/keys", comfort.keys),
        _post("/theme", comfort.choose_theme),
        Route("/live", live.stream),
        Route("/static/{path:path}", statics.serve, name=live.FILE),
    ]


def _login_routes() -> list[Route]:
    return [
        Route("/login", login.show),
        Route("/login", login.submit, methods=["POST"]),
        Route("/logout", login.logout, methods=["POST"]),
    ]


def _post(
    path: str,
    handler: Callable[[Request, FormData], Response],
    for_json: Callable[[Request], Awaitable[Response]] | None = None,
    read: Callable[[Request, int], Awaitable[FormData]] = read_form,
) -> Route:
    """A route that changes something. The form is read on the event loop, the handler runs in the thread pool.

    `for_json` answers requests with a JSON body instead; `read` reads the form.
    """

    async def endpoint(request: Request) -> Response:
        if for_json is not None and sends_json(request):
            return await for_json(request)
        form = await read(request, request.app.state.store.max_value_bytes)
        try:
            return await run_in_threadpool(handler, request, form)
        finally:
            await form.close()

    return Route(path, endpoint, methods=["POST"])

"""Putting the application together: routes, middleware, error pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from dashboard.forms import read_form
from dashboard.pages import add, cache, cache_clearing, cleanup, errors, group, groups, item, operations
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
        exception_handlers={HTTPException: errors.refused, StoreError: errors.store_failed, Exception: errors.broken},
    )
    app.router.redirect_slashes = False  # its redirects name the Host that the request claims
    app.state.store = store
    app.state.templates = environment()
    return app


def _routes() -> list[Route]:
    a_group, an_item = "/groups/{group}", "/groups/{group}/items/{key}"
    a_function, an_entry = "/cache/groups/{group}", "/cache/groups/{group}/entries/{key}"
    return [
        Route("/", groups.show),
        Route("/add", add.show),
        _post("/add", add.submit),
        Route("/cleanup", cleanup.show),
        _post("/cleanup", cleanup.clear),
        Route(a_group, group.show),
        Route(f"{a_group}/add", add.show),
        _post(f"{a_group}/add", add.submit),
        _post(f"{a_group}/delete", group.delete_items),
        Route(f"{a_group}/clear", group.clear_form),
        _post(f"{a_group}/clear", group.clear),
        _post(f"{a_group}/finish", group.finish),
        _post(f"{a_group}/reopen", group.reopen),
        Route(f"{a_group}/settings", group.settings_form),
        _post(f"{a_group}/settings", group.settings),
        Route(an_item, item.show),
        Route(f"{an_item}/raw", item.raw),
        Route(f"{an_item}/edit", item.edit_form),
        _post(f"{an_item}/edit", item.edit),
        _post(f"{an_item}/ttl", item.ttl),
        Route(f"{an_item}/operations", operations.show),
        _post(f"{an_item}/operations", operations.submit),
        Route("/cache", cache.show),
        Route("/cache/stale", cache_clearing.stale_form),
        _post("/cache/stale", cache_clearing.drop_stale),
        Route(a_function, cache.show_function),
        Route(f"{a_function}/clear", cache_clearing.clear_form),
        _post(f"{a_function}/clear", cache_clearing.clear),
        Route(f"{an_entry}/drop", cache_clearing.drop_form),
        _post(f"{an_entry}/drop", cache_clearing.drop),
        Route("/static/{path:path}", static_file),
    ]


async def static_file(request: Request) -> Response:
    """GET: a file under static/. No Mount: that would change the root that an error page's links start from."""
    return await _STATIC.get_response(request.path_params["path"], request.scope)


def _post(path: str, handler: Callable[[Request, FormData], Response]) -> Route:
    """A route that changes something. The form is read on the event loop, the handler runs in the thread pool."""

    async def endpoint(request: Request) -> Response:
        check_origin(request)
        form = await read_form(request, request.app.state.store.max_value_bytes)
        return await run_in_threadpool(handler, request, form)

    return Route(path, endpoint, methods=["POST"])

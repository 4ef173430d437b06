"""Addresses inside the gateway: where to go after sign-in, where to go for a service."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from flask import current_app, request, url_for

from gateway.access.canonical import return_path

PORTAL = "/"
_ASKED_ONCE = frozenset({"entry.enter"})


def inside(path: str | None, *, otherwise: str = PORTAL) -> str:
    """`path` if it leads to this same host and nowhere else, else `otherwise`."""
    return (return_path(path) if path else None) or otherwise


def here() -> str:
    """The path and query of this request, for coming back to it.

    A ticket is spent by its first use, so an address with one is neither asked for again nor
    written on a page. What was sent to an address that shows no page of its own, such as
    `…/publish`, leads to the nearest page above it.
    """
    if request.endpoint in _ASKED_ONCE:
        return PORTAL
    return own_address() if request.method == "GET" else _page_above(request.path)


def _page_above(path: str) -> str:
    routes = current_app.create_url_adapter(request)
    while routes and path and not routes.test(path, "GET"):
        path = path.rpartition("/")[0]
    return inside(quote(path))


def own_address() -> str:
    """The path and query of this request, whatever its method."""
    query = request.query_string.decode("latin-1")
    path = quote(request.path)
    return inside(f"{path}?{query}" if query else path)


def sign_in_address() -> str:
    """The sign-in page, and back here afterwards if here can be visited."""
    return sign_in_to(here() if request.method == "GET" else PORTAL)


def sign_in_to(back: str) -> str:
    """The sign-in page, and on to `back` afterwards."""
    address = url_for("sign_in.show")
    return address if back == PORTAL else f"{address}?{urlencode({'next': back})}"

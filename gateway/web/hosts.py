"""Which host name was asked, and whether the route answers there."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from flask import Flask, abort, g, request

from gateway.refusals import Refused
from gateway.web.access import Place, declarations
from gateway.web.desk import Desk, WebSettings


class WrongHost(Refused):
    """Neither the gateway's own host name nor that of a service in the catalogue."""

    code: ClassVar[str] = "wrong_host"


def own_origin() -> str:
    """The origin of the host that was asked, as a browser writes it. After the guard has run."""
    origin: str = g.origin
    return origin


def locate(desk: Desk, settings: WebSettings) -> Callable[[], None]:
    """Guard: note whose host was asked, as `g.service`, `g.origin` and `g.is_known_host`.

    It refuses nothing, so that a refusal of the door keeps its own words.
    """
    gateway, _, port = settings.host.partition(":")

    def note() -> None:
        name, _, asked_port = request.environ.get("HTTP_HOST", "").lower().partition(":")
        is_gateway = name == gateway
        g.service = None if is_gateway else desk.service_at(name)
        g.is_known_host = asked_port == port and (is_gateway or g.service is not None)
        g.origin = f"{settings.scheme}://{name}:{port}" if port else f"{settings.scheme}://{name}"

    return note


def guard(app: Flask) -> Callable[[], None]:
    """The check that a known host was asked, and for a route that answers there.

    Flask's TRUSTED_HOSTS is a list fixed at the start; services come and go, so the
    catalogue is asked instead. Nothing of the gateway's own pages answers on a service's host,
    and on an unknown one nothing but the style of the page that says so.
    """
    rules = declarations(app)

    def enforce() -> None:
        place = None if request.endpoint is None else rules[request.endpoint].place
        if place is Place.ANYWHERE:
            return
        if not g.is_known_host:
            raise WrongHost(request.environ.get("HTTP_HOST", ""))
        here = Place.GATEWAY if g.service is None else Place.SERVICE
        if place not in {None, here, Place.BOTH}:
            abort(404)

    return enforce

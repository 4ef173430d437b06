"""Who may come to which route: declared at the route, enforced in one place, denied by default."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, TypeVar

from flask import Flask, request

from gateway.refusals import Refused
from policies.permissions import Permission

MARK = "__access__"
SAFE_METHODS = frozenset({"GET", "HEAD"})
View = TypeVar("View", bound=Callable[..., Any])


class Place(StrEnum):
    """On which hosts a route answers. A service's host shows none of the gateway's pages."""

    GATEWAY = "gateway"
    SERVICE = "service"
    BOTH = "both"
    ANYWHERE = "anywhere"
    """On hosts that the gateway does not know as well: what its page there is made of."""


class UndeclaredRouteError(RuntimeError):
    """A route says neither which permission it needs nor why it needs none."""


class NotPermitted(Refused):
    """The person is known, but no rule grants this page."""

    code: ClassVar[str] = "not_permitted"


class SignInRequired(Refused):
    """Nobody is signed in, and the route is not public."""

    code: ClassVar[str] = "sign_in_required"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a route declared: a permission, or the reason why it is public."""

    permission: Permission | None
    why: str = ""
    place: Place = Place.GATEWAY
    fresh: bool = False
    """An unsafe method wants the act confirmed with a code."""
    by_sign_in: bool = False
    """A sign-in of the last minute is that proof: the act is about having signed in anew."""


def requires(
    permission: Permission,
    *,
    place: Place = Place.GATEWAY,
    fresh: bool = False,
    by_sign_in: bool = False,
) -> Callable[[View], View]:
    """Mark a view: only for people whom the policy grants `permission`.

    `fresh`: what it changes weighs so heavily that it is confirmed with a fresh code;
    `by_sign_in`: or by a sign-in of the last minute.
    """
    access = Access(permission=permission, place=place, fresh=fresh, by_sign_in=by_sign_in)
    return _marker(access)


def public(why: str, *, place: Place = Place.GATEWAY) -> Callable[[View], View]:
    """Mark a view as open to strangers, with the reason that review will read."""
    return _marker(Access(permission=None, why=why, place=place))


def _marker(access: Access) -> Callable[[View], View]:
    def mark(view: View) -> View:
        setattr(view, MARK, access)
        return view

    return mark


def declarations(app: Flask) -> Mapping[str, Access]:
    """Every endpoint's declaration. UndeclaredRouteError names the endpoints without one."""
    views = app.view_functions
    rules = {name: getattr(view, MARK) for name, view in views.items() if hasattr(view, MARK)}
    if undeclared := sorted(views.keys() - rules.keys()):
        raise UndeclaredRouteError(", ".join(undeclared))
    return rules


def guard(
    app: Flask,
    *,
    signed_in: Callable[[], bool],
    is_allowed: Callable[[Permission], bool],
    confirm: Callable[[Access], None],
) -> Callable[[], None]:
    """The check to run before every view; refuses to be built over an undeclared route.

    `confirm` raises unless the act has its fresh proof.

    A route added after the start is missing from `rules`: a KeyError, hence 500, never open.
    """
    rules = declarations(app)

    def enforce() -> None:
        if request.endpoint is None:  # no such route: 404 or 405 follows, no view runs
            return
        rule = rules[request.endpoint]
        permission = rule.permission
        if permission is None:
            return
        if not signed_in():
            raise SignInRequired(request.endpoint)
        if not is_allowed(permission):
            raise NotPermitted(f"{request.endpoint} needs {permission}")
        if rule.fresh and request.method not in SAFE_METHODS:
            confirm(rule)

    return enforce

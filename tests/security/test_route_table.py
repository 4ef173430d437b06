"""Every route in an explicit table; what the table says is what HTTP does (classes 30 and 36)."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.typing import ResponseReturnValue
from route_table import FILE, access_of, address, asked, roles_of, table
from web_fixtures import app, clerk, compiled_catalogues, office, office_template, stranger
from web_office import Browser

from gateway.web.access import Place, UndeclaredRouteError, declarations, guard, public, requires
from policies.permissions import Permission

__all__ = ["app", "clerk", "compiled_catalogues", "office", "office_template", "stranger"]


def test_table_of_routes_is_the_one_that_was_reviewed(app: Flask) -> None:
    """To renew it: PYTHONPATH=tests/support:. python tests/support/route_table.py."""
    assert table(app) == FILE.read_text("utf-8")


@pytest.mark.asvs("V6.3.4", "V7.2.1")
def test_class_30_every_route_refuses_a_stranger(app: Flask, stranger: Browser) -> None:
    """Or says in the table why it is public."""
    guarded = 0
    for rule, method in asked(app):
        if access_of(app, rule).permission is None:
            continue
        guarded += 1
        headers = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
        form = {"csrf_token": stranger.token("/sign-in")} if method == "POST" else None
        page = stranger.client.open(
            address(rule), method=method, base_url=stranger.base, headers=headers, data=form
        )
        assert page.status_code == 303, (rule, method)
        assert str(page.location).startswith("/sign-in"), (rule, method)
        script = stranger.client.open(
            address(rule),
            method=method,
            base_url=stranger.base,
            headers=headers | {"Sec-Fetch-Mode": "cors"},
            data=form,
        )
        assert script.status_code == 401, (rule, method)
        assert "Location" not in script.headers
    assert guarded >= 8


@pytest.mark.parametrize("agent", ["kube-probe/1.30", "GoogleHC/1.0", "ELB-HealthChecker/2.0"])
def test_class_12_health_checkers_are_strangers(stranger: Browser, agent: str) -> None:
    """A User-Agent opens nothing."""
    assert stranger.get("/", {"User-Agent": agent}).status_code == 303


def test_undeclared_route_stops_the_application() -> None:
    """The refusal to start names every such route."""
    bare = Flask("bare", static_folder=None)

    def declared() -> str:
        return ""

    def forgotten() -> str:
        return ""

    bare.add_url_rule("/a", "declared", public("for the test")(declared))
    bare.add_url_rule("/b", "forgotten", forgotten)
    bare.add_url_rule("/c", "another", lambda: "")
    with pytest.raises(UndeclaredRouteError, match=r"^another, forgotten$"):
        declarations(bare)


def test_route_added_after_the_start_is_not_open() -> None:
    """It breaks instead: what the guard does not know it does not let pass."""
    late = Flask("late", static_folder=None)
    late.before_request(
        guard(
            late,
            signed_in=lambda: True,
            is_allowed=lambda _permission: True,
            confirm=lambda _access: None,
        )
    )

    def forgotten() -> ResponseReturnValue:
        return "open"

    late.add_url_rule("/late", "late", forgotten)
    assert late.test_client().get("/late").status_code == 500


@pytest.mark.parametrize("place", list(Place))
def test_declaration_keeps_what_it_was_given(place: Place) -> None:
    """The mark is read back as it was made, and the view is untouched."""

    def view() -> str:
        return "same"

    marked = requires(Permission.PORTAL_VIEW, place=place)(view)
    app = Flask("x", static_folder=None)
    app.add_url_rule("/", "view", marked)
    found = declarations(app)["view"]
    assert (found.permission, found.place, marked()) == (Permission.PORTAL_VIEW, place, "same")


def test_every_permission_is_granted_to_some_role() -> None:
    """A page that nobody may open is a mistake in the baseline."""
    assert all(roles_of(permission) for permission in Permission)

"""The matrix of roles and routes, as `tests/security/roles.txt` keeps it for review.

Each cell is what the running pages answered to a real request of somebody in that role:
`allowed`; `refused` (403); `hidden` (404 for a page that the role may not know of).

make it anew:  PYTHONPATH=tests/support:. python tests/support/role_matrix.py
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from flask import Flask
from route_table import access_of, address
from web_office import HOST, PEOPLE, SYSTEM, Browser, Office, build_office, open_office
from werkzeug.routing import Rule

from gateway.identity import people
from gateway.store import migrate
from gateway.web.access import Place

FILE = Path(__file__).parent.parent / "security" / "roles.txt"
HEAD = """\
# What each role is answered at each route of the gateway's own pages, by a real request.
# Made by tests/support/role_matrix.py. A change here is a change of rights: review it as one.
# allowed: the page answers (or asks for a fresh code, a form, an id); refused: 403; hidden: 404
# where others are answered.
"""
OWNER = "service_owner"
NOBODY = UUID(int=0)
ENDS_ITSELF = frozenset({"account.end_all"})
"""Routes by which a session ends itself."""
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def guarded(app: Flask) -> list[tuple[Rule, str]]:
    """Every route of the gateway's host that wants a permission, with each of its methods."""
    return [
        (rule, method)
        for rule in sorted(app.url_map.iter_rules(), key=lambda each: (each.rule, each.endpoint))
        for method in _METHODS
        if method in (rule.methods or ())
        and access_of(app, rule).permission is not None
        and access_of(app, rule).place in {Place.GATEWAY, Place.BOTH}
    ]


class Visitor:
    """Somebody of one role, asking for every route in turn."""

    def __init__(self, app: Flask, office: Office, login: str, *, minutes: int) -> None:
        self._app, self._office, self._login = app, office, login
        self._browser = Browser(app, office)
        self._minutes = minutes
        self._sign_in()

    def answers(self) -> Iterator[tuple[Rule, str, int]]:
        """Each route and method with the status of the answer."""
        for rule, method in guarded(self._app):
            form = {"csrf_token": self._token} if method != "GET" else None
            answer = self._browser.client.open(
                address(rule),
                method=method,
                base_url=self._browser.base,
                headers={"Sec-Fetch-Site": "same-origin", "Accept": "text/html"},
                data=form,
            )
            yield rule, method, answer.status_code
            if rule.endpoint in ENDS_ITSELF:
                self._sign_in()

    def _sign_in(self) -> None:
        """A minute later than last time: each code counts once."""
        token = self._office.session(self._login, ago=timedelta(minutes=self._minutes))
        self._minutes -= 1
        self._browser.client.set_cookie("__Host-hangu-intranet", token, domain=HOST)
        self._token = self._browser.token("/")


def word(status: int, others: frozenset[int]) -> str:
    """What a status says, beside what the other roles were answered."""
    if status == 403:
        return "refused"
    return "hidden" if status == 404 and others - {403, 404} else "allowed"


def matrix(app: Flask, office: Office) -> str:
    """The whole file."""
    columns = {PEOPLE[login][2]: Visitor(app, office, login, minutes=12) for login in PEOPLE}
    found: dict[tuple[str, str], dict[str, int]] = {}
    for role, visitor in columns.items():
        _ask(found, role, visitor)
    _ask(found, OWNER, _owner(app, office))
    widths = {role: max(len(role), len("allowed")) for role in (*columns, OWNER)}
    head = f"{'':<62}" + "  ".join(f"{role:<{width}}" for role, width in widths.items())
    return HEAD + "\n".join([head.rstrip(), *_lines(found, widths)]) + "\n"


def _ask(found: dict[tuple[str, str], dict[str, int]], role: str, visitor: Visitor) -> None:
    for rule, method, status in visitor.answers():
        found.setdefault((rule.rule, method), {})[role] = status


def _owner(app: Flask, office: Office) -> Visitor:
    """Service owners hold their role beside another: here beside that of staff."""
    person = people.by_login(office.registry, "liwen")
    assert person is not None
    roles, now = ["staff", "service_owner"], datetime.now(UTC)
    people.set_roles(office.registry, person.id, roles, actor=SYSTEM, now=now)
    return Visitor(app, office, "liwen", minutes=8)


def _lines(
    found: Mapping[tuple[str, str], Mapping[str, int]], widths: Mapping[str, int]
) -> Iterator[str]:
    for (path, method), answers in sorted(found.items()):
        seen = frozenset(answers.values())
        cells = "  ".join(f"{word(answers[role], seen):<{width}}" for role, width in widths.items())
        yield f"{method:<5} {path:<55} {cells}".rstrip()


def main() -> None:
    """Write the file anew."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        schema = directory / "schema.db"
        migrate.upgrade(f"sqlite:///{schema}")
        home = directory / "office"
        home.mkdir(mode=0o700)
        secrets = build_office(home, schema)
        office = open_office(home)
        office.secrets = dict(secrets)
        FILE.write_text(matrix(office.app(), office), "utf-8")
        office.store.close()


if __name__ == "__main__":
    main()

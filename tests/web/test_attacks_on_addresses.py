"""Attacks on what addresses, queries and forms say: no value at any route is a fault of ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import pytest
from flask import Flask
from route_table import access_of, asked, roles_of
from web_office import PEOPLE, Browser, Office, furnish, officer, open_office
from werkzeug.routing import IntegerConverter, Rule

NUMBERS = [str(each) for each in (2**31, 2**63 - 1, 2**63, 2**70, 10**40)] + ["9" * 5000, "２"]
WORDS = ["\x00", "a\x00b", "\x1b", "\ud800", "9" * 5000, "%"]
PART = re.compile(r"<(?:(\w+)(?:\([^)]*\))?:)?(\w+)>")
PLAIN = {None: "x", "path": "x", "int": "0", "uuid": str(UUID(int=0))}


@pytest.fixture
def there(database_url: str, tmp_path: Path) -> Iterator[Office]:
    """An office on each kind of database: one minds long numbers, the other zero bytes."""
    secrets = furnish(tmp_path, database=database_url)
    office = open_office(tmp_path, database=database_url)
    office.secrets = secrets
    yield office
    office.store.close()


def addresses(rule: Rule) -> Iterator[str]:
    """Addresses of a route, with each of its parts made into each of the values."""
    for part in sorted(rule.arguments):
        is_number = isinstance(rule._converters[part], IntegerConverter)
        for value in NUMBERS if is_number else WORDS:
            said = quote(value, safe="", errors="surrogatepass")
            yield PART.sub(lambda each, at=part, as_=said: as_ if each[2] == at else PLAIN[each[1]],
                           rule.rule)  # fmt: skip


def test_attack_no_value_in_any_address_is_a_fault(there: Office) -> None:
    """2**70 as the number of an entry was one, and a zero byte as the name of anything.

    Each route is asked by somebody to whom it is open.
    """
    app: Flask = there.app()
    browsers = {PEOPLE[each][2]: officer(app, there, each) for each in PEOPLE}
    tokens = {role: each.token("/") for role, each in browsers.items()}
    asks, faults = 0, []
    for rule, method in asked(app):
        if not rule.arguments or method == "HEAD":
            continue
        permission = access_of(app, rule).permission
        may = [] if permission is None else roles_of(permission)
        role = next((each for each in browsers if each in may), "staff")
        for path in addresses(rule):
            assert "<" not in path, path
            asks += 1
            status = answer_of(browsers[role], method, path, tokens[role])
            faults += [f"{status} {method} {path[:80]}"] if status >= 500 else []
    assert asks > 500
    assert faults == []


def answer_of(browser: Browser, method: str, path: str, token: str) -> int:
    """The status of an answer to what one of our own pages would send."""
    answer = browser.client.open(
        path,
        method=method,
        base_url=browser.base,
        headers={"Sec-Fetch-Site": "same-origin", "Accept": "text/html"},
        data={"csrf_token": token} if method != "GET" else None,
    )
    return answer.status_code


@pytest.mark.parametrize("role", ["", "zhaomin"])
def test_attack_zero_bytes_in_queries_and_forms_are_no_fault(there: Office, role: str) -> None:
    """Before the sign-in as well: one `%00` as a name was an error of the database."""
    app: Flask = there.app()
    browser = officer(app, there, role) if role else Browser(app, there)
    page = "/policy/changes/new" if role else "/sign-in"
    forms = {
        "/sign-in": {"login": "li\0wen", "password": "x"},
        "/policy/changes/new": {"title": "a\0b", "why": "c", "most_people": "3", "\0": "x"},
    }
    answer = browser.post(page, forms[page], page=page)
    assert (answer.status_code, "text/html" in answer.content_type) == (400, True)
    assert browser.get(f"{page}?next=%00").status_code == 400

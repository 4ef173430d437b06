"""Class 28: a whole way through the gateway, and every secret of it looked for in all that is said.

Each secret has one place where it must stand, and stands nowhere else.
"""

from __future__ import annotations

import logging
import re
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from flask.testing import FlaskClient
from web_office import HOST, PASSWORD, Browser, Office
from werkzeug.test import TestResponse

KEY = re.compile(r'<code class="key"[^>]*>([A-Z2-7 ]+)</code>')


class Listening(FlaskClient):
    """A test client that keeps every answer."""

    heard: ClassVar[list[TestResponse]] = []

    def open(self, *args: Any, **values: Any) -> TestResponse:  # noqa: ANN401
        """Ask and remember."""
        answer = super().open(*args, **values)
        self.heard.append(answer)
        return answer


def enrol(browser: Browser, token: str) -> dict[str, str]:
    """The three steps with every mistake on the way; the secrets by name."""
    link = f"/enrol/{token}"
    browser.get(link)
    browser.get(f"{link}/nix")
    browser.post(link, {"password": "kurz-7391"}, page=link)
    page = browser.post(link, {"password": PASSWORD}, page=link).text
    found = KEY.search(page)
    assert found is not None
    key = found[1].replace(" ", "")
    browser.post(f"{link}/code", {"code": "000000"}, page=f"{link}/code")
    browser.post(f"{link}/code", {"code": pyotp.TOTP(key).now()}, page=f"{link}/code")
    browser.get(link)
    browser.get(f"{link}/code")
    return {"link": token, "key": key, "short password": "kurz-7391"}


def sign_in(browser: Browser) -> dict[str, str]:
    """Both steps, each wrong and right; the secrets by name."""
    browser.password("liwen", "canary-7391-wrong")
    browser.password("liwen")
    step = browser.cookie("-step")
    browser.post("/sign-in/code", {"code": "000000"}, page="/sign-in/code")
    browser.post("/sign-in/code", {"code": browser.office.code("liwen")}, page="/sign-in/code")
    return {
        "wrong password": "canary-7391-wrong",
        "password": PASSWORD,
        "step": str(step),
        "session": str(browser.cookie()),
    }


def enter(browser: Browser, at_service: Browser) -> dict[str, str]:
    """Into a service, and with the same ticket once more; the secrets by name."""
    begun = _path(browser.get("/open/ledger?to=/books"))
    marked = _path(at_service.get(begun))
    mark = at_service.cookie("-entering")
    ticketed = _path(browser.get(marked))
    assert at_service.get(ticketed).status_code == 303
    assert at_service.get(ticketed).status_code == 403
    query = parse_qs(urlsplit(ticketed).query)
    return {
        "ticket": query["ticket"][0],
        "proof": query["proof"][0],
        "mark": str(mark),
        "service session": str(at_service.cookie("-svc")),
    }


def _path(answer: TestResponse) -> str:
    parts = urlsplit(answer.location or "")
    return f"{parts.path}?{parts.query}"


PLACES = {
    "link": re.compile(r"/enrol/"),
    "key": re.compile(r"<code class=\"key\""),
    "ticket": re.compile(r"Location: [^\n]*/\.hangu/enter"),
    "proof": re.compile(r"Location: [^\n]*/\.hangu/enter"),
}
"""What must stand in an answer that has the secret. All others may stand in Set-Cookie alone."""


def without_cookies(answer: TestResponse) -> str:
    """Head and body of an answer, less the cookies that it sets."""
    head = [f"{name}: {value}" for name, value in answer.headers if name != "Set-Cookie"]
    return "\n".join([*head, answer.get_data(as_text=True)])


def test_class_28_no_secret_is_logged_or_said_in_another_place(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    """Enrolment, sign-in and entry, each with its mistakes."""
    caplog.set_level(logging.DEBUG)
    app = office.app()
    app.test_client_class = Listening
    browser = Browser(app, office)
    at_service = Browser(app, office, host=f"ledger.{HOST}")
    at_service.client = browser.client
    secrets = enrol(browser, office.invite()) | sign_in(browser) | enter(browser, at_service)
    report = f'{{"document-uri": "http://{HOST}:8100/enrol/{secrets["link"]}/code"}}'
    browser.client.post("/csp-report", base_url=browser.base, data=report)
    assert all(len(secret) >= 9 for secret in secrets.values())
    logged = caplog.text
    assert "/enrol/***" in logged
    for name, secret in secrets.items():
        assert secret not in logged, name
        for answer in Listening.heard:
            if secret in (said := without_cookies(answer)):
                assert name in PLACES, (name, answer.request.path)
                assert PLACES[name].search(said), (name, answer.request.path)


def test_class_28_trace_of_a_bug_has_no_token(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    """The path of a request that broke is masked as well."""
    app = office.app()
    token = office.invite()
    view = app.view_functions["enrol.welcome"]

    def breaks(token: str) -> str:
        raise ZeroDivisionError(len(token))

    breaks.__dict__.update(view.__dict__)
    app.view_functions["enrol.welcome"] = breaks
    assert Browser(app, office).get(f"/enrol/{token}").status_code == 500
    assert "/enrol/***" in caplog.text
    assert token not in caplog.text

"""The way into a service: decided, logged, one ticket, one browser."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from web_office import HOST, Browser, Office
from werkzeug.test import TestResponse


@pytest.fixture
def at_service(app: Flask, office: Office, clerk: Browser) -> Browser:
    """The clerk's browser on the ledger's host: the same jar, another address."""
    other = Browser(app, office, host=f"ledger.{HOST}")
    other.client = clerk.client
    return other


def path_of(answer: TestResponse) -> str:
    """Path and query of a redirect."""
    parts = urlsplit(answer.location or "")
    return f"{parts.path}?{parts.query}"


def ticket_address(clerk: Browser, at_service: Browser, to: str = "/books?year=2026") -> str:
    """Walk as far as the ticket; return the address that spends it."""
    first = clerk.get(f"/open/ledger?to={to}")
    assert first.location.startswith(f"http://ledger.{HOST}:8100/.hangu/begin")
    marked = at_service.get(path_of(first))
    assert marked.location.startswith(f"http://{HOST}:8100/open/ledger?")
    ticketed = clerk.get(path_of(marked))
    assert ticketed.location.startswith(f"http://ledger.{HOST}:8100/.hangu/enter?")
    return path_of(ticketed)


def test_way_into_a_service_ends_on_the_page_that_was_wanted(
    clerk: Browser, at_service: Browser
) -> None:
    """Three hops, and the service's own cookie is set on the service's host alone."""
    entered = at_service.get(ticket_address(clerk, at_service))
    assert (entered.status_code, entered.location) == (303, "/books?year=2026")
    cookies = [c for c in entered.headers.getlist("Set-Cookie") if "-svc=" in c]
    assert "SameSite=Lax" in cookies[0]
    assert "HttpOnly" in cookies[0]
    assert "Domain" not in cookies[0]
    assert at_service.cookie("-svc") is not None
    assert clerk.cookie("-svc") is None


def test_language_chosen_at_the_gateway_is_that_of_the_service_host(
    clerk: Browser, at_service: Browser
) -> None:
    """Its error pages match; a reader who has chosen nothing is not chosen for."""
    assert "language" not in path_of(clerk.get("/open/ledger"))
    clerk.post("/.hangu/language", {"language": "en", "back": "/"}, page="/")
    at_service.get(ticket_address(clerk, at_service))
    assert '<html lang="en"' in at_service.get("/.hangu/nix").text


def test_invented_language_sets_no_cookie(at_service: Browser) -> None:
    """Only the two there are."""
    answer = at_service.get("/.hangu/begin?language=de")
    assert not [c for c in answer.headers.getlist("Set-Cookie") if "-lang=" in c]


def test_class_22_ticket_of_somebody_else_opens_nothing(
    app: Flask, office: Office, clerk: Browser, at_service: Browser
) -> None:
    """A link with the attacker's ticket does not put a stranger into the attacker's session."""
    address = ticket_address(clerk, at_service)
    victim = Browser(app, office, host=f"ledger.{HOST}")
    refused = victim.get(address)
    assert refused.status_code == 403
    assert victim.cookie("-svc") is None
    victim.get("/.hangu/begin")  # a mark of the victim's own does not help either
    assert victim.get(address).status_code == 403
    assert victim.cookie("-svc") is None


def test_class_32_ticket_is_spent_by_its_first_use(clerk: Browser, at_service: Browser) -> None:
    """Asked for again, the same address opens nothing."""
    mark = None
    address = ticket_address(clerk, at_service)
    mark = at_service.cookie("-entering")
    assert at_service.get(address).status_code == 303
    at_service.client.set_cookie(
        "__Host-hangu-intranet-entering", str(mark), domain=f"ledger.{HOST}"
    )
    assert at_service.get(address).status_code == 403


def test_class_27_ticket_for_one_service_opens_no_other(
    app: Flask, office: Office, clerk: Browser, at_service: Browser
) -> None:
    """The same ticket, proof and mark on another service's host are refused."""
    address = ticket_address(clerk, at_service)
    mark = at_service.cookie("-entering")
    elsewhere = Browser(app, office, host=f"archive.{HOST}")
    elsewhere.client.set_cookie(
        "__Host-hangu-intranet-entering", str(mark), domain=f"archive.{HOST}"
    )
    assert elsewhere.get(address).status_code == 403


@pytest.mark.parametrize("changed", ["ticket", "proof"])
def test_changed_ticket_or_proof_is_refused(
    clerk: Browser, at_service: Browser, changed: str
) -> None:
    """One character is enough; odd characters are no error."""
    address = ticket_address(clerk, at_service)
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    for wrong in ("", "x", query[changed][:-1] + "_", "%C3%A9", "%00"):
        tried = "&".join(f"{k}={wrong if k == changed else v}" for k, v in query.items())
        assert at_service.get(f"/.hangu/enter?{tried}").status_code in {400, 403}
    assert at_service.cookie("-svc") is None


def test_class_21_service_sends_nobody_elsewhere(clerk: Browser, at_service: Browser) -> None:
    """A hostile `to` becomes the service's first page."""
    entered = at_service.get(ticket_address(clerk, at_service, to="//evil.example"))
    assert entered.location == "/"


def test_denial_is_explained(clerk: Browser) -> None:
    """Why in words, whom to ask, and what the officer needs to find the case."""
    answer = clerk.get(f"/open/council?state={'a' * 64}")
    assert answer.status_code == 403
    for words in ("重大事项会商", "高于您的可处理级别", "财务处", "判定编号", "策略版本"):
        assert words in answer.text


def test_denial_is_a_problem_document_for_scripts(clerk: Browser) -> None:
    """RFC 9457, with the decision's number."""
    sent = {"Sec-Fetch-Mode": "cors", "Accept": "application/json"}
    answer = clerk.get(f"/open/payroll?state={'a' * 64}", sent)
    assert answer.status_code == 403
    assert answer.content_type == "application/problem+json"
    problem = answer.get_json(force=True)
    assert problem["reason"] == "no_rule"
    assert len(problem["decision"]) == 32


def test_expired_evaluation_shuts_the_service_for_everybody(clerk: Browser) -> None:
    """It is listed with the reason, has no button, and does not open by its address."""
    page = clerk.get("/").text
    assert "安全评估已过有效期" in page
    assert 'href="/open/seal"' not in page
    answer = clerk.get(f"/open/seal?state={'a' * 64}")
    assert answer.status_code == 403
    assert "安全评估已过有效期" in answer.text


def test_service_that_one_may_not_use_is_not_described(clerk: Browser) -> None:
    """Its page reads like that of a service that does not exist."""
    for slug in ("payroll", "nix"):
        assert clerk.get(f"/services/{slug}").status_code == 404
    assert "工资发放" not in clerk.get("/").text


def test_service_page_says_who_answers_for_it(clerk: Browser) -> None:
    """In charge, operator, users, label, evaluation, approval and its end."""
    page = clerk.get("/services/ledger").text
    for words in ("主管单位", "财务处", "信息中心", "审计处", "敏感", "测评中心", "有效期至"):
        assert words in page


def test_class_23_signing_out_on_a_services_host_ends_the_whole_sign_in(
    clerk: Browser, at_service: Browser
) -> None:
    """Gateway and service cookies are both dead afterwards, replayed or not."""
    at_service.get(ticket_address(clerk, at_service))
    child, parent = at_service.cookie("-svc"), clerk.cookie()
    left = at_service.post("/.hangu/sign-out", page="/.hangu/sign-out")
    assert left.status_code == 200
    assert left.headers["Clear-Site-Data"] == '"cache", "storage"'
    desk, now = clerk.office.desk, datetime.now(UTC)
    assert desk.session(str(child), service="ledger", now=now) is None
    assert desk.session(str(parent), service=None, now=now) is None


def test_class_27_cookie_of_a_service_opens_no_page_of_the_gateway(
    clerk: Browser, at_service: Browser
) -> None:
    """And the gateway's cookie is nobody on the service's host."""
    at_service.get(ticket_address(clerk, at_service))
    desk, now = clerk.office.desk, datetime.now(UTC) + timedelta(seconds=1)
    child, parent = str(at_service.cookie("-svc")), str(clerk.cookie())
    assert desk.session(child, service=None, now=now) is None
    assert desk.session(child, service="archive", now=now) is None
    assert desk.session(parent, service="ledger", now=now) is None


def test_services_host_shows_nothing_of_the_gateway(app: Flask, at_service: Browser) -> None:
    """Every page but the few under /.hangu is not found there, and those not on the gateway."""
    for path in ("/", "/sign-in", "/account/", "/health", "/.well-known/jwks.json", "/open/ledger"):
        assert at_service.get(path).status_code == 404, path


def test_entry_pages_are_not_on_the_gateways_host(clerk: Browser) -> None:
    """They mean nothing there."""
    for path in ("/.hangu/begin", "/.hangu/enter", "/.hangu/sign-out"):
        assert clerk.get(path).status_code == 404


@pytest.mark.parametrize(
    "host", ["evil.example", "intranet.localhost.evil", "x.intranet.localhost"]
)
def test_unknown_host_is_misdirected(app: Flask, office: Office, host: str) -> None:
    """421, in the house's own words and headers."""
    assert Browser(app, office, host=host).get("/sign-in").status_code == 421


@pytest.mark.parametrize(
    "authority", [f"{HOST}:1", HOST, f"{HOST}:8100:8100", f"u@{HOST}:8100", ""]
)
def test_class_17_host_with_tricks_is_misdirected(app: Flask, authority: str) -> None:
    """Another port, none, or user information is another authority."""
    answer = app.test_client().get(
        "/sign-in", environ_overrides={"HTTP_HOST": authority}, headers={"Accept": "text/html"}
    )
    assert answer.status_code in {400, 421}

"""Own password, sign-ins under my name, reports and lanes, through the pages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from flask import Flask
from sqlalchemy import select
from web_office import PASSWORD, PHONE, Browser, Office, furnish, officer, open_office

from audit.tables import audit_event
from gateway.identity import attempts, people, reports, sign_in, tokens
from gateway.identity.paces import CLOSED_AFTER
from gateway.web import create_web

NEW = "春眠不觉晓处处闻啼鸟夜来风雨声花落"


def at(browser: Browser, address: str) -> Browser:
    """The same browser, at another network address."""
    browser.client.environ_base = {**browser.client.environ_base, "REMOTE_ADDR": address}
    return browser


def guess(browser: Browser, login: str, token: str) -> int:
    """One wrong guess with a form token that stays good; the status of the answer."""
    answer = browser.client.post(
        "/sign-in",
        base_url=browser.base,
        headers={"Accept": "text/html", "Sec-Fetch-Site": "same-origin"},
        data={"csrf_token": token, "login": login, "password": "wrong"},
    )
    return int(answer.status_code)


def known_browser(app: Flask, office: Office, login: str) -> Browser:
    """A browser in which the person signed in two minutes ago, and signed out again."""
    then = datetime.now(UTC) - timedelta(minutes=2)
    step = sign_in.check_password(
        office.registry, login=login, password=PASSWORD, address="10.12.8.44", now=then
    )
    opened = sign_in.check_code(
        office.registry,
        pending_token=step.token,
        code=office.code(login, then),
        address="10.12.8.44",
        user_agent=PHONE,
        now=then,
    )
    browser = Browser(app, office)
    name = "__Host-hangu-intranet-device"
    browser.client.set_cookie(name, opened.device, domain="intranet.localhost")
    return browser


@pytest.fixture
def either_office(database_url: str, tmp_path: Path) -> Iterator[Office]:
    """The office on each kind of database."""
    directory = tmp_path / "either"
    directory.mkdir(mode=0o700)
    secrets = furnish(directory, database=database_url)
    opened = open_office(directory, database=database_url)
    opened.secrets = secrets
    yield opened
    opened.store.close()


@pytest.mark.asvs("V6.3.1")
def test_sprayed_and_hammered_owner_signs_in_from_the_known_browser_at_the_first_try(
    either_office: Office,
) -> None:
    """1,000 names and one name a hundred times, from one address; the owner sits behind it too."""
    office = either_office
    app = office.app()
    owner = at(known_browser(app, office, "liwen"), "203.0.113.66")
    mob = at(Browser(app, office), "203.0.113.66")
    token = mob.token("/sign-in")
    statuses = [guess(mob, f"name{number}", token) for number in range(1000)]
    statuses += [guess(mob, "liwen", token) for _ in range(CLOSED_AFTER)]
    assert set(statuses) == {403, 429}
    assert statuses.count(429) > 900
    strange = at(Browser(app, office), "203.0.113.66")
    assert strange.password("liwen").status_code == 429
    assert owner.password("liwen").status_code == 303
    done = owner.post("/sign-in/code", {"code": office.code("liwen")}, page="/sign-in/code")
    assert done.status_code == 303
    assert owner.get("/account/").status_code == 200
    with office.registry.store.reading() as session:
        events = [json.loads(body)["ev"] for (body,) in session.execute(select(audit_event.c.body))]
    assert events.count("sign_in.throttled") < 10


@pytest.mark.asvs("V7.2.4")
def test_device_cookie_is_set_at_full_success_only_and_renewed_each_time(
    app: Flask, office: Office, stranger: Browser
) -> None:
    stranger.password("liwen")
    assert stranger.cookie("-device") is None
    answer = stranger.post("/sign-in/code", {"code": office.code("liwen")}, page="/sign-in/code")
    line = next(each for each in answer.headers.getlist("Set-Cookie") if "-device=" in each)
    for part in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=15552000"):
        assert part in line
    assert "Domain" not in line
    assert stranger.cookie("-device")


def test_next_page_says_when_and_where_one_was_here_last(
    app: Flask, office: Office, stranger: Browser
) -> None:
    office.session("liwen", ago=timedelta(hours=3))
    stranger.password("liwen", "wrong")
    stranger.sign_in("liwen", next="/account/sign-ins")
    told = re.compile(r'class="told"[^>]*>[^<]*10\.12\.8\.44[^<]*1 次')
    assert told.search(stranger.get("/account/sign-ins").text)
    assert not told.search(stranger.get("/account/sign-ins").text)


@pytest.mark.asvs("V6.2.2", "V6.2.3", "V6.2.6", "V6.2.7")
def test_change_of_the_password_through_the_page(clerk: Browser, office: Office) -> None:
    page = clerk.get("/account/password").text
    for name, hint in (("current", "current-password"), ("new", "new-password")):
        field = re.search(rf'<input [^>]*id="{name}"[^>]*>', page)
        assert field is not None
        assert 'type="password"' in field[0]
        assert f'autocomplete="{hint}"' in field[0]
        assert "onpaste" not in field[0]
        assert f'data-shows="{name}"' in page
    wrong = clerk.post(
        "/account/password", {"current": "not mine", "new": NEW}, page="/account/password"
    )
    assert wrong.status_code == 422
    assert "aria-invalid" in wrong.text
    assert NEW not in wrong.text
    done = clerk.post(
        "/account/password", {"current": PASSWORD, "new": NEW}, page="/account/password"
    )
    assert done.status_code == 303
    assert clerk.get("/account/").status_code == 200
    assert Browser(clerk.client.application, office).password("liwen").status_code == 403


@pytest.mark.parametrize("missing", ["current", "new"])
def test_change_wants_both_passwords(clerk: Browser, missing: str) -> None:
    form = {"current": PASSWORD, "new": NEW}
    form.pop(missing)
    assert clerk.post("/account/password", form, page="/account/password").status_code == 422


def test_password_that_is_too_old_is_changed_first_and_the_way_goes_on(office: Office) -> None:
    """`dengbao3`: whoever signs in on the 91st day comes to the page they meant afterwards."""
    limits = replace(office.registry.limits, password_profile="dengbao3")
    registry = replace(office.registry, limits=limits)
    with registry.ledger.begin(unaudited_because="a test") as tx:
        tx.session.connection().exec_driver_sql(
            "UPDATE password SET changed_at = '2026-01-01 00:00:00.000000'"
        )
    app = create_web(replace(office.desk, registry=registry), office.settings)
    clerk = Browser(app, office)
    clerk.sign_in("liwen")
    sent = clerk.get("/account/sign-ins")
    assert sent.status_code == 303
    assert sent.location == "/account/password?next=%2Faccount%2Fsign-ins"
    entry = clerk.get("/open/ledger?to=/")
    assert str(entry.location).startswith("/account/password")
    form = {"current": PASSWORD, "new": "Neu-Hafen 4711 Tor", "next": "/account/sign-ins"}
    done = clerk.post("/account/password", form, page="/account/password")
    assert done.location == "/account/sign-ins"
    assert clerk.get("/account/sign-ins").status_code == 200


@pytest.mark.asvs("V7.5.2")
def test_not_me_locks_reports_and_a_security_admin_brings_the_person_back(
    app: Flask, office: Office, stranger: Browser
) -> None:
    """One click and a confirmation; then sign-in is refused with the text it always has."""
    office.session("liwen", ago=timedelta(hours=5), user_agent=PHONE)
    clerk = stranger
    clerk.sign_in("liwen")
    page = clerk.get("/account/sign-ins")
    links = re.findall(r'href="(/account/sign-ins/[0-9a-f-]+/not-me)"', page.text)
    assert links
    assert clerk.get(links[-1]).status_code == 200
    done = clerk.post(links[-1], page=links[-1])
    assert done.status_code == 200
    assert clerk.get("/account/").status_code == 303
    again = Browser(app, office).password("liwen")
    wrong = Browser(app, office).password("liwen", "wrong")
    assert (again.status_code, wrong.status_code) == (403, 403)

    zhao = officer(app, office, "zhaomin")
    queue = zhao.get("/reports/").text
    report = re.search(r'href="(/reports/[0-9a-f-]+)"', queue)
    assert report is not None
    bad = zhao.post(report[1], {"decision": "unlocked"}, page=report[1])
    assert bad.status_code == 422
    closed = zhao.post(report[1], {"decision": "enrolment", "reason": "面谈核实"}, page=report[1])
    assert "/enrol/" in closed.text
    assert "/enrol/" not in zhao.get(report[1]).text
    twice = zhao.post(report[1], {"decision": "kept", "reason": "x"}, page="/reports/")
    assert twice.status_code == 409


def test_attempt_of_another_person_is_not_found(app: Flask, office: Office, clerk: Browser) -> None:
    office.session("wangqiang", ago=timedelta(hours=2))
    wang = people.by_login(office.registry, "wangqiang")
    assert wang is not None
    foreign = attempts.of_person(office.registry, wang.id)[0].id
    for answer in (
        clerk.get(f"/account/sign-ins/{foreign}/not-me"),
        clerk.post(f"/account/sign-ins/{foreign}/not-me", page="/account/"),
    ):
        assert answer.status_code == 404
    assert reports.waiting(office.registry) == []


def test_security_admin_sees_a_hammered_name_and_opens_its_lane(app: Flask, office: Office) -> None:
    mob = at(Browser(app, office), "203.0.113.66")
    for _ in range(5):
        mob.password("liwen", "wrong")
        mob.password("nobody-here", "wrong")
    zhao = officer(app, office, "zhaomin")
    page = zhao.get("/lanes/").text
    assert "李雯" in page
    assert "nobody-here" not in page
    opened = re.search(r'action="(/lanes/[0-9a-f]+/open)"', page)
    assert opened is not None
    assert zhao.post(opened[1], page="/lanes/").status_code == 303
    assert zhao.post(opened[1], page="/lanes/").status_code == 404


@pytest.mark.asvs("V7.4.5")
@pytest.mark.parametrize("login", ["wangqiang", "zhaomin"])
def test_officer_ends_another_persons_sessions(
    app: Flask, office: Office, clerk: Browser, login: str
) -> None:
    liwen = people.by_login(office.registry, "liwen")
    assert liwen is not None
    admin = officer(app, office, login)
    address = f"/people/{liwen.id}/sessions/end"
    ended = admin.post(address, {"back": "https://elsewhere.example/"}, page="/account/")
    assert (ended.status_code, ended.location) == (303, "/")
    assert clerk.get("/account/").status_code == 303


@pytest.mark.asvs("V7.4.5")
@pytest.mark.parametrize("login", ["wangqiang", "zhaomin"])
def test_officer_ends_everybodys_sessions_and_stays(
    app: Flask, office: Office, clerk: Browser, login: str
) -> None:
    auditor = officer(app, office, "chenjing", ago=3)
    admin = officer(app, office, login)
    address = "/sessions/everybodys"
    assert "3 人" in admin.get(address).text
    assert admin.post(address, page=address, confirm=False).status_code == 401
    assert clerk.get("/account/").status_code == 200
    assert admin.post(address, page=address).status_code == 303
    assert "已结束会话：2 个" in admin.get(address).text
    assert admin.get("/account/").status_code == 200
    assert {each.get("/account/").status_code for each in (clerk, auditor)} == {303}


@pytest.mark.asvs("V7.2.1")
@pytest.mark.parametrize("kind", ["edited", "made up", "empty", "of another cookie"])
def test_attack_a_cookie_that_the_server_did_not_make_is_nobodys(
    app: Flask, office: Office, kind: str
) -> None:
    """What it says is asked of the database each time; nothing in it is believed."""
    good = office.session("liwen", ago=timedelta(minutes=1))
    cookie = {
        "edited": good[:-2] + ("A" if good[-2] != "A" else "B") + good[-1],
        "made up": tokens.new(),
        "empty": "",
        "of another cookie": known_browser(app, office, "zhaomin").cookie("-device") or "",
    }
    browser = Browser(app, office)
    name = "__Host-hangu-intranet"
    browser.client.set_cookie(name, cookie[kind], domain="intranet.localhost")
    refused = browser.get("/account/")
    assert (refused.status_code, str(refused.location)[:8]) == (303, "/sign-in")
    browser.client.set_cookie(name, good, domain="intranet.localhost")
    assert browser.get("/account/").status_code == 200


def test_all_of_my_sessions_end_this_one_as_well(
    app: Flask, office: Office, stranger: Browser
) -> None:
    phone = officer(app, office, "liwen", ago=20)
    clerk = stranger
    clerk.sign_in("liwen")
    clerk.post("/account/sessions/end-all", page="/account/")
    assert clerk.get("/account/").status_code == 303
    assert phone.get("/account/").status_code == 303


def test_reports_of_browsers_are_limited_in_size_and_number(
    app: Flask, office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    """A flood of complaints fills no log."""
    mob = at(Browser(app, office), "203.0.113.99")

    def complain(body: bytes) -> int:
        answer = mob.client.post("/csp-report", base_url=mob.base, data=body)
        return cast("int", answer.status_code)

    assert complain(b"x" * 8193) == 413
    statuses = [complain(b"{}") for _ in range(60)]
    assert 15 <= statuses.count(204) <= 40
    assert set(statuses) == {204, 429}
    assert len([each for each in caplog.records if each.name == "hangu.csp"]) == statuses.count(204)

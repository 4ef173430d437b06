"""Asking for a service from its closed door, and deciding on it, through the pages."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from web_office import PEOPLE, SYSTEM, Browser, Office

from gateway.identity import people, staff

REASON = "核对三月份工资发放与预算执行是否一致"
STATE = "a" * 64
LINK = re.compile(r'href="(/requests/inbox/[0-9a-f-]{36})"')
FORM = re.compile(r'action="(/requests/[0-9a-f-]{36}/withdraw)"')


def day(days: int) -> str:
    """A day from today, as a date field sends it."""
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


@pytest.fixture
def owner(app: Flask, office: Office) -> Browser:
    """The browser of zhouhang, who is made service owner of the finance division."""
    found = people.by_login(office.registry, "zhouhang")
    assert found is not None
    now = datetime.now(UTC)
    roles = ["responder", "service_owner"]
    people.set_roles(office.registry, found.id, roles, actor=SYSTEM, now=now)
    staff.change(office.registry, found.id, unit="caiwu", actor=SYSTEM, now=now)
    browser = Browser(app, office)
    assert browser.sign_in("zhouhang").status_code == 303
    return browser


def ask(browser: Browser, slug: str = "payroll", **form: str) -> int:
    """Send the form."""
    page = f"/requests/new/{slug}"
    typed = {"reason": REASON, "what": "read", "until": day(14), **form}
    return browser.post(page, typed, page=page).status_code


def test_the_closed_door_offers_to_ask(clerk: Browser) -> None:
    """Where a request could help, and not at a door that a label keeps shut."""
    shut = clerk.get(f"/open/payroll?state={STATE}")
    assert shut.status_code == 403
    assert "/requests/new/payroll" in shut.text
    assert "/requests/new/" not in clerk.get(f"/open/council?state={STATE}").text


def test_from_the_closed_door_to_the_open_one(clerk: Browser, owner: Browser) -> None:
    """Ask, see it wait, approve, go in; take it back, and stand outside again."""
    assert ask(clerk) == 303
    waiting = clerk.get("/requests/").text
    assert "待审批" in waiting
    assert "由财务处审批" in waiting
    assert ask(clerk) == 409
    inbox = owner.get("/requests/inbox").text
    assert "李雯" in inbox
    assert REASON in inbox
    sheet = LINK.search(inbox)
    assert sheet is not None
    assert "不得修改" in owner.get(sheet[1]).text
    sent = owner.post(f"{sheet[1]}/approve", {"until": day(7)}, page=sheet[1])
    assert sent.status_code == 303
    assert clerk.get(f"/open/payroll?state={STATE}").status_code == 302
    assert "李雯" in owner.get("/requests/granted/").text
    taken = re.search(r'action="(/requests/granted/[^"]+)"', owner.get("/requests/granted/").text)
    assert taken is not None
    short = owner.post(taken[1], {"reason": "不"}, page="/requests/granted/")
    assert short.status_code == 422
    owner.post(taken[1], {"reason": "审计已经结束，不再需要"}, page="/requests/granted/")
    assert clerk.get(f"/open/payroll?state={STATE}").status_code == 403
    assert "已提前收回" in clerk.get("/requests/").text


def test_a_refusal_reaches_the_person_with_its_reason(clerk: Browser, owner: Browser) -> None:
    """On the list of one's own requests."""
    ask(clerk)
    sheet = LINK.search(owner.get("/requests/inbox").text)
    assert sheet is not None
    empty = owner.post(f"{sheet[1]}/refuse", {"reason": ""}, page=sheet[1])
    assert empty.status_code == 422
    owner.post(f"{sheet[1]}/refuse", {"reason": "请先由本处室处长在线下签字"}, page=sheet[1])
    assert "请先由本处室处长在线下签字" in clerk.get("/requests/").text
    assert owner.get(sheet[1]).status_code == 404


@pytest.mark.parametrize(
    "form",
    [{"reason": "要用"}, {"until": day(-1)}, {"until": day(120)}, {"until": "nonsense"}],
)
def test_what_was_typed_is_kept_beside_the_problem(clerk: Browser, form: dict[str, str]) -> None:
    """And nothing is sent."""
    page = "/requests/new/payroll"
    typed = {"reason": REASON, "what": "write", "until": day(14), **form}
    answer = clerk.post(page, typed, page=page)
    assert answer.status_code == 422
    assert typed["reason"] in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert "您还没有申请" in clerk.get("/requests/").text


def test_one_withdraws_ones_own_and_nobody_elses(clerk: Browser, owner: Browser) -> None:
    """A stranger's attempt finds nothing (insecure direct object reference)."""
    ask(clerk)
    mine = FORM.search(clerk.get("/requests/").text)
    assert mine is not None
    assert owner.post(mine[1], page="/requests/").status_code == 404
    assert clerk.post(mine[1], page="/requests/").status_code == 303
    assert "已撤回" in clerk.get("/requests/").text


@pytest.mark.parametrize("login", sorted(PEOPLE))
def test_only_owners_see_the_inbox(stranger: Browser, login: str) -> None:
    """None of the baseline's other roles does."""
    stranger.sign_in(login)
    assert stranger.get("/requests/inbox").status_code == 403


def test_a_service_without_an_owner_is_told_to_the_security_administrator(
    app: Flask, office: Office, clerk: Browser
) -> None:
    """The person hears that nobody may decide yet; the officer sees the request, and may not."""
    ask(clerk)
    officer = Browser(app, office)
    officer.sign_in("zhaomin")
    page = officer.get("/requests/granted/").text
    assert "无人可审批的申请" in page
    assert "李雯" in page
    assert officer.get("/requests/inbox").status_code == 403

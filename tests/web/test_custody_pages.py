"""Keeping the log through the pages: the sheet, two officers, receipts."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from web_office import SYSTEM, ZONE, Browser, Office
from werkzeug.test import TestResponse

from audit import verify
from audit.keep import Keep
from audit.sealer import Sealer
from audit.tables import audit_event
from gateway.identity import people

REASON = "年度清理，已按留存期限核对"
REQUEST = re.compile(r'action="/audit/retention/([0-9a-f]{32})/approve"')


@pytest.fixture
def sealer(office: Office, tmp_path: Path) -> Sealer:
    """The office's sealer, which has sealed all that there was."""
    now = datetime.now(UTC)
    keep = Keep.create(tmp_path / "sealer", origin="intranet.localhost/audit", now=now)
    made = Sealer(
        keep, zone="intranet", begin=office.registry.ledger.for_sealer, read=office.store.read
    )
    while made.round(now):
        pass
    return made


def browser(app: Flask, office: Office, login: str) -> Browser:
    """Somebody who signed in some minutes ago: the code of this moment is still to be used."""
    made = Browser(app, office)
    token = office.session(login, ago=timedelta(minutes=5))
    host = made.base.removeprefix("http://").partition(":")[0]
    made.client.set_cookie(f"__Host-hangu-{ZONE}", token, domain=host, secure=True)
    return made


def test_the_sheet_shows_exactly_what_is_signed(app: Flask, office: Office, sealer: Sealer) -> None:
    auditor = browser(app, office, "chenjing")
    page = auditor.get("/audit/checkpoint")
    assert page.status_code == 200
    sheet = office.desk.paper()
    assert sheet is not None
    for line in (*sheet.lines, *sheet.root_groups, f"{sheet.check[:4]} {sheet.check[4:]}"):
        assert line.replace("+", "&#43;") in page.text or line in page.text
    assert "<svg" in page.text
    assert "签字" in page.text


def test_without_a_seal_there_is_no_sheet_and_it_says_so(app: Flask, office: Office) -> None:
    page = browser(app, office, "chenjing").get("/audit/checkpoint")
    assert "尚无封存的记录" in page.text


def test_who_is_no_keeper_sees_nothing_of_it(app: Flask, office: Office) -> None:
    for login in ("liwen", "wangqiang"):
        made = browser(app, office, login)
        for path in ("/audit/retention", "/audit/retention/hold", "/audit/checkpoint"):
            assert made.get(path).status_code == 403, (login, path)


def test_a_hold_counts_at_once_and_is_lifted_by_two(app: Flask, office: Office) -> None:
    auditor, security = (browser(app, office, login) for login in ("chenjing", "zhaomin"))
    form = {"case": "案〔2026〕12号", "since": "2026-01-05", "reason": "办案需要，保留全部记录"}
    late = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    for wrong in ({"case": ""}, {"since": "never"}, {"since": late}, {"reason": "短"}):
        page = auditor.post(
            "/audit/retention/hold", {**form, **wrong}, page="/audit/retention/hold"
        )
        assert page.status_code == 422, wrong
        assert "案〔2026〕12号" in page.text or "case" in wrong  # nothing typed is lost
    assert (
        auditor.post("/audit/retention/hold", form, page="/audit/retention/hold").status_code == 303
    )
    told = auditor.get("/audit/retention").text
    assert '<a href="/receipts/">凭证</a>' in told
    assert "未配置接收方" in told
    page = security.get("/audit/retention")
    assert "案〔2026〕12号" in page.text
    lift = re.search(r'action="(/audit/retention/lift/[0-9a-f]{32})"', page.text)
    assert lift is not None
    reason = {"reason": "案件已办结，可以解除"}
    assert security.post(lift[1], reason, page="/audit/retention").status_code == 303
    assert REQUEST.search(security.get("/audit/retention").text) is None  # not by herself
    request = REQUEST.search(auditor.get("/audit/retention").text)
    assert request is not None
    done = approve(auditor, office, "chenjing", request[1])
    assert done.status_code == 303
    assert "已解除" in auditor.get("/audit/retention").text


def approve(who: Browser, office: Office, login: str, request: str) -> TestResponse:
    """Approve with a fresh code."""
    form = {"confirm_code": office.code(login)}
    path = f"/audit/retention/{request}/approve"
    return who.post(path, form, page="/audit/retention")


def test_approving_asks_for_a_fresh_code(app: Flask, office: Office) -> None:
    auditor, security = (browser(app, office, login) for login in ("chenjing", "zhaomin"))
    form = {"login": "liwen", "entry": "", "reason": "本人申请，依据个人信息保护法"}
    page = security.post("/audit/retention/erase", form, page="/audit/retention/erase")
    assert page.status_code in {303, 422}
    if page.status_code == 422:  # the test office keeps no personal value of this person
        pytest.fail(page.text)
    request = REQUEST.search(auditor.get("/audit/retention").text)
    assert request is not None
    asked = auditor.post(f"/audit/retention/{request[1]}/approve", page="/audit/retention")
    assert asked.status_code == 401
    assert approve(auditor, office, "chenjing", request[1]).status_code == 303


def test_an_erasure_names_a_person_or_an_entry_and_not_both(app: Flask, office: Office) -> None:
    security = browser(app, office, "zhaomin")
    form = {"login": "liwen", "entry": "7", "reason": "本人申请，依据个人信息保护法"}
    for wrong, status in (
        ({}, 422),
        ({"login": "", "entry": ""}, 422),
        ({"login": "nobody", "entry": ""}, 404),
    ):
        page = security.post(
            "/audit/retention/erase", {**form, **wrong}, page="/audit/retention/erase"
        )
        assert page.status_code == status


def test_what_is_younger_than_six_months_cannot_even_be_proposed(
    app: Flask, office: Office, sealer: Sealer
) -> None:
    auditor = browser(app, office, "chenjing")
    assert "提请清除" not in auditor.get("/audit/retention").text
    page = auditor.post("/audit/retention/prune", {"reason": REASON}, page="/audit/retention/hold")
    assert page.status_code == 422


def test_a_receipt_is_handed_to_whoever_acted_and_verifies_alone(
    app: Flask, office: Office, sealer: Sealer
) -> None:
    security, auditor = (browser(app, office, login) for login in ("zhaomin", "chenjing"))
    found = people.by_login(office.registry, "zhaomin")
    assert found is not None
    form = {"case": "案1", "since": "2026-01-05", "reason": "办案需要，保留全部记录"}
    security.post("/audit/retention/hold", form, page="/audit/retention/hold")
    assert "正在封存" in security.get("/receipts/").text
    while sealer.round(datetime.now(UTC)):
        pass
    page = security.get("/receipts/")
    link = re.search(r'href="(/receipts/(\d+)\.tlog-proof)"', page.text)
    assert link is not None, page.text
    file = security.get(link[1])
    assert file.headers["Content-Disposition"] == f'attachment; filename="{link[2]}.tlog-proof"'
    key = sealer._keep.memory.first_key
    report = verify.verify_receipt("mine", file.data, key=key)
    assert report.code == verify.INTACT, report.lines()
    lines = file.data.split(b"\n")
    carried = json.loads(verify._base64(lines[1].removeprefix(b"extra ").decode()))
    assert json.loads(carried["entry"])["sub"] == found.subject
    assert auditor.get(link[1]).status_code == 404  # somebody else's
    assert security.get("/receipts/999999.tlog-proof").status_code == 404
    assert security.get("/receipts/0.tlog-proof").status_code == 404
    assert SYSTEM.subject not in page.text


@pytest.mark.parametrize("how", ["disabled", "of another role"])
def test_no_pruning_for_a_proposer_who_has_left_the_office_since(
    app: Flask, office: Office, sealer: Sealer, how: str
) -> None:
    """Refused with the reason, on record; the request waits to be refused."""
    registry, now = office.registry, datetime.now(UTC)
    auditor, security = (browser(app, office, login) for login in ("chenjing", "zhaomin"))
    target = {"login": "liwen", "entry": "", "reason": REASON}
    asked = auditor.post("/audit/retention/erase", target, page="/audit/retention/erase")
    assert asked.status_code == 303, asked.text
    found = REQUEST.search(security.get("/audit/retention").text)
    assert found is not None
    former, other = (people.by_login(registry, login) for login in ("chenjing", "liwen"))
    assert former is not None
    assert other is not None
    people.set_roles(registry, other.id, ["auditor"], actor=SYSTEM, now=now)
    if how == "disabled":
        people.disable(registry, former.id, actor=SYSTEM, now=now)
    else:
        people.set_roles(registry, former.id, ["staff"], actor=SYSTEM, now=now)
    answer = approve(security, office, "zhaomin", found[1])
    assert answer.status_code == 409
    assert "已不在" in answer.text
    with registry.store.reading() as session:
        bodies = session.scalars(select(audit_event.c.body).order_by(audit_event.c.id.desc()))
        entry = next(each for each in map(json.loads, bodies) if each["ev"] == "agreement.refused")
    assert (entry["why"], entry["obj"]) == ("opener_left", f"keeping:{found[1]}")
    assert REQUEST.search(security.get("/audit/retention").text) is not None

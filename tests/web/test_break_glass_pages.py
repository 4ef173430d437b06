"""Break-glass through the pages: two officers, a third person, the banner, the review."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from flask import Flask
from web_office import SYSTEM, Browser, Office

from gateway.identity import break_glass

REASON = "系统管理员失联，值班室无人可登录"
CODE = re.compile(r"<strong>([A-Za-z0-9_-]{43})</strong>")
LINK = re.compile(r'href="(/break-glass/[0-9a-f-]{36})"')


@pytest.fixture
def account(office: Office) -> str:
    """A sealed account."""
    made = break_glass.prepare(
        office.registry, login="glass-1", unit="baomi", actor=SYSTEM, now=datetime.now(UTC)
    )
    return str(made)


def browser(app: Flask, office: Office, login: str) -> Browser:
    """Somebody, signed in."""
    made = Browser(app, office)
    assert made.sign_in(login).status_code == 303
    return made


def test_from_proposal_to_use_to_the_end(app: Flask, office: Office, account: str) -> None:
    """The banner stands on every page of it, and nothing else opens to the account."""
    system, security, user = (
        browser(app, office, login) for login in ("wangqiang", "zhaomin", "liwen")
    )
    form = {"account": account, "login": "liwen", "minutes": "30", "reason": REASON}
    short = system.post("/break-glass/propose", {**form, "reason": "急"}, page="/break-glass/")
    assert short.status_code == 422
    assert system.post("/break-glass/propose", form, page="/break-glass/").status_code == 303
    found = LINK.search(security.get("/break-glass/").text)
    assert found is not None
    own = system.post(f"{found[1]}/confirm", page=found[1])
    assert own.status_code == 403
    shown = security.post(f"{found[1]}/confirm", page=found[1])
    code = CODE.search(shown.text)
    assert code is not None
    wrong = user.post("/break-glass/enter", {"code": "x" * 43}, page="/break-glass/enter")
    assert wrong.status_code == 403
    entered = user.post("/break-glass/enter", {"code": code[1]}, page="/break-glass/enter")
    assert entered.status_code == 303
    desk = user.get("/break-glass/desk/")
    assert "应急状态" in desk.text
    for path in ("/", "/account/", "/requests/", "/break-glass/", "/open/ledger"):
        assert user.get(path).status_code == 403, path
    made = user.post(
        "/break-glass/desk/", {"what": "invite", "login": "zhouhang"}, page="/break-glass/desk/"
    )
    assert "/enrol/" in made.text
    shut = {"what": "shut", "service": "ledger"}
    assert user.post("/break-glass/desk/", shut, page="/break-glass/desk/").status_code == 303
    done = security.get(found[1]).text
    assert "签发新的注册链接" in done
    assert "关闭服务" in done
    assert security.post(f"{found[1]}/close", page=found[1]).status_code == 303
    assert user.get("/break-glass/desk/").status_code == 303  # to the sign-in
    mine = security.post(f"{found[1]}/review", {"finding": REASON}, page=found[1])
    assert mine.status_code == 403
    auditor = browser(app, office, "chenjing")
    assert "待复核" in auditor.get(found[1]).text

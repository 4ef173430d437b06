"""The officers' screens: rights with a preview, cases of two officers, acts in words."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from flask import Flask
from office_log import settle
from web_office import HOST, Browser, Office

from gateway.identity import people

WHY = "手机在出差途中遗失，已当面核对身份证。"
LINK = re.compile(r"/enrol/([A-Za-z0-9_-]{43})")
CASE = re.compile(r"/officers/cases/([0-9a-f-]{36})")


class Desk:
    """A browser of a signed-in officer, who confirms each act with a code not used yet."""

    def __init__(self, app: Flask, office: Office, login: str) -> None:
        self.browser, self.office, self.login = Browser(app, office), office, login
        token = office.session(login, ago=timedelta(minutes=2))
        self.browser.client.set_cookie("__Host-hangu-intranet", token, domain=HOST)

    def post(self, path: str, form: dict[str, str], *, page: str) -> object:
        """Send a form with a code."""
        code = self.office.next_code(self.login)
        return self.browser.post(path, form | {"confirm_code": code}, page=page)


def person_id(office: Office, login: str) -> str:
    found = people.by_login(office.registry, login)
    assert found is not None
    return str(found.id)


@pytest.fixture
def system(app: Flask, office: Office) -> Desk:
    return Desk(app, office, "wangqiang")


@pytest.fixture
def security(app: Flask, office: Office) -> Desk:
    return Desk(app, office, "zhaomin")


@pytest.fixture
def auditor(app: Flask, office: Office) -> Desk:
    return Desk(app, office, "chenjing")


RESET = {"login": "liwen", "document": "id_card", "present": "1", "reason": WHY}


@pytest.mark.asvs("V6.4.3", "V6.4.4", "V6.4.6")
def test_a_lost_device_is_replaced_in_person_with_two_officers(
    system: Desk, security: Desk, auditor: Desk, stranger: Browser, office: Office
) -> None:
    """Opened by one, confirmed by another, used by the person; the password stays."""
    opened = system.post("/officers/cases/reset", RESET, page="/officers/cases/reset")
    assert opened.status_code == 303
    case = str(opened.location)
    for desk in (system, security, auditor):
        assert WHY in desk.browser.get(case).text
    assert "由您确认" not in system.browser.get(case).text
    assert "由您确认" in security.browser.get(case).text
    own = system.post(f"{case}/confirm", {}, page=case)
    assert own.status_code == 403
    slip = security.post(f"{case}/confirm", {}, page=case)
    assert slip.status_code == 200
    assert "<svg" in slip.text
    link = LINK.search(slip.text)
    assert link is not None
    assert LINK.search(security.browser.get(case).text) is None, "shown once"
    welcome = stranger.get(f"/enrol/{link[1]}").text
    assert 'type="password"' not in welcome
    offer = stranger.post(f"/enrol/{link[1]}", {"password": "x"}, page=f"/enrol/{link[1]}").text
    key = re.search(r'class="key"[^>]*>([A-Z2-7 ]+)<', offer)
    assert key is not None
    office.secrets["liwen"] = key[1].replace(" ", "")
    code = {"code": pyotp.TOTP(office.secrets["liwen"]).now()}
    done = stranger.post(f"/enrol/{link[1]}/code", code, page=f"/enrol/{link[1]}/code")
    assert done.status_code == 200
    assert stranger.get(f"/enrol/{link[1]}").status_code == 410


def test_the_form_of_a_reset_keeps_what_was_typed_and_says_what_is_wrong(system: Desk) -> None:
    page = "/officers/cases/reset"
    absent = system.post(page, RESET | {"present": ""}, page=page)
    assert (absent.status_code, WHY in absent.text) == (422, True)
    unknown = system.browser.post(page, RESET | {"login": "nobody"}, page=page)
    assert unknown.status_code == 422
    assert 'id="problem-login"' in unknown.text
    assert WHY in unknown.text


def test_a_case_is_withdrawn_by_who_opened_it(system: Desk, security: Desk) -> None:
    opened = system.post("/officers/cases/reset", RESET, page="/officers/cases/reset")
    case = str(opened.location)
    assert system.browser.post(f"{case}/end", page=case).status_code == 303
    assert security.post(f"{case}/confirm", {}, page="/officers/cases/reset").status_code == 409
    assert "撤回" in security.browser.get("/officers/cases").text


def test_rights_are_previewed_then_changed_and_the_person_is_told(
    security: Desk, office: Office, stranger: Browser
) -> None:
    page = f"/rights/{person_id(office, 'liwen')}"
    form = {"role": "responder", "clearance": "1", "reason": WHY}
    seen = security.browser.post(f"{page}/preview", form, page=page)
    assert seen.status_code == 200
    assert "预算执行台账" in seen.text, "above the new clearance"
    assert "应急值守人员" in seen.text
    found = people.by_login(office.registry, "liwen")
    assert found is not None
    assert found.roles == {"staff"}, "nothing has changed yet"
    asked = security.browser.post(page, form, page=page)
    assert asked.status_code == 401, "it weighs heavily: a fresh code"
    assert security.post(page, form, page=page).status_code == 303
    found = people.by_login(office.registry, "liwen")
    assert found is not None
    assert (found.roles, found.clearance) == ({"responder"}, 1)
    stranger.sign_in("liwen")
    assert "您的权限已变更" in stranger.get("/").text


@pytest.mark.parametrize(
    ("login", "form", "status"),
    [
        ("zhaomin", {"role": "security_admin", "clearance": "4", "reason": WHY}, 403),
        ("liwen", {"role": "auditor", "clearance": "1", "reason": WHY}, 403),
        ("liwen", {"role": "Staff!", "clearance": "1", "reason": WHY}, 422),
        ("liwen", {"role": "staff", "clearance": "1", "reason": "kurz"}, 422),
        ("chenjing", {"clearance": "0", "reason": WHY}, 422),
    ],
)
def test_rights_that_may_not_be_given_are_refused_at_the_form(
    security: Desk, office: Office, login: str, form: dict[str, str], status: int
) -> None:
    """Oneself, an office, no such role, no reason, the last of an office."""
    page = f"/rights/{person_id(office, login)}"
    answer = security.post(page, form, page="/rights/" + person_id(office, "liwen"))
    assert answer.status_code == status
    assert people.by_login(office.registry, login) is not None


def test_an_office_is_proposed_by_one_and_confirmed_by_another(
    security: Desk, system: Desk, office: Office
) -> None:
    who = person_id(office, "zhouhang")
    form = {"office": "auditor", "office_reason": WHY}
    unnumbered = security.post(f"/rights/{who}/office", form, page=f"/rights/{who}")
    assert unnumbered.status_code == 409
    assert 'id="problem-office"' in unnumbered.text
    change = {"name": "周航", "unit": "zhiban", "staff_number": "ZB-9"}
    system.browser.login = system.login  # it answers for the code by itself
    system.browser.post(f"/people/{who}/change", change, page=f"/people/{who}/change")
    proposed = security.browser.post(f"/rights/{who}/office", form, page=f"/rights/{who}")
    assert proposed.status_code == 303, "the act was confirmed a moment ago"
    case = str(proposed.location)
    assert "安全审计员" in system.browser.get(case).text
    assert system.post(f"{case}/confirm", {}, page=case).status_code == 303
    found = people.by_login(office.registry, "zhouhang")
    assert found is not None
    assert found.roles == {"auditor"}


def test_each_office_reads_the_acts_of_those_it_watches_over(
    system: Desk, security: Desk, auditor: Desk, office: Office, tmp_path: Path
) -> None:
    """The auditor those of the two others, the security administrator the auditor's; in words."""
    system.browser.get("/rights/")
    auditor.browser.get("/people/")
    settle(office, tmp_path / "sealer")
    seen = auditor.browser.get("/officers/acts").text
    assert re.search(r'href="/audit/entries/(\d+)">\1</a>', seen)
    assert "王强" in seen
    assert "赵敏" in seen
    assert "陈静 请求了无权访问的页面" not in seen
    assert "王强 请求了无权访问的页面：rights.view" in seen
    other = security.browser.get("/officers/acts").text
    assert "陈静 请求了无权访问的页面：person.view" in other
    assert "王强 " not in other
    assert system.browser.get("/officers/acts").status_code == 403


def test_acts_are_filtered_by_officer_and_day_and_paged_by_position(
    auditor: Desk, office: Office, system: Desk, tmp_path: Path
) -> None:
    for _ in range(60):
        system.browser.get("/rights/")
    settle(office, tmp_path / "sealer")
    first = auditor.browser.get("/officers/acts").text
    older = re.search(r"/officers/acts\?before=(\d+)", first)
    assert older is not None
    assert first.count('<tr role="row">') == 51
    second = auditor.browser.get(f"/officers/acts?before={older[1]}").text
    positions = [
        [int(n) for n in re.findall(r'日志序号"><a [^>]+>(\d+)<', page)] for page in (first, second)
    ]
    assert positions[0] == sorted(positions[0], reverse=True)
    assert positions[0][-1] > positions[1][0]
    who = person_id(office, "zhaomin")
    assert "王强 请求" not in auditor.browser.get(f"/officers/acts?who={who}").text
    stranger = person_id(office, "liwen")
    assert "没有操作记录" in auditor.browser.get(f"/officers/acts?who={stranger}").text
    long_ago = (datetime.now(UTC) - timedelta(days=400)).date()
    assert "没有操作记录" in auditor.browser.get(f"/officers/acts?day={long_ago}").text
    for odd in ("before=x", "before=" + "9" * 40, "day=9999-12-31", "day=0001-01-01"):
        assert auditor.browser.get(f"/officers/acts?{odd}").status_code == 200, odd
    assert auditor.browser.get("/officers/acts?who=%00").status_code == 400

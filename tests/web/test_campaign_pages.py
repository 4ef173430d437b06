"""Reviews of the rules, uses and duties through the pages, each office with its own rights."""

from __future__ import annotations

import html
import re
import time
from datetime import UTC, datetime, timedelta

import pytest
from change_world import with_new_unit, with_service_owner
from flask import Flask
from web_office import Browser, Office, officer

from gateway.changes import campaigns as room_campaigns
from gateway.identity import people
from policies import versions
from policies.campaigns import campaigns
from policies.dossier.dossiers import find

CAMPAIGN = "/policy/campaigns"
DAY = (datetime.now(UTC) + timedelta(days=20)).date().isoformat()


@pytest.fixture
def busy(office: Office) -> Office:
    """A second security administrator, a new unit, and a service owner of the finance division."""
    with_new_unit(office)
    with_service_owner(office)
    return office


@pytest.fixture
def chief(app: Flask, busy: Office) -> Browser:
    """The security administrator."""
    return officer(app, busy, "zhaomin")


@pytest.fixture
def owner(app: Flask, busy: Office) -> Browser:
    """The owner of the finance division's services."""
    return officer(app, busy, "qianhui")


def begin(browser: Browser, **terms: str) -> str:
    form = {
        "title": "2026 年度复核",
        "scope": "*",
        "reviewers": "service",
        "due_at": DAY,
        "days": "1",
    }
    answer = browser.post(f"{CAMPAIGN}/new", form | terms, page=f"{CAMPAIGN}/new")
    assert answer.status_code == 303, answer.text
    ref = answer.location.rpartition("/")[2]
    for _ in range(400):
        if "Refresh" not in browser.get(f"{CAMPAIGN}/{ref}").headers:
            return ref
        time.sleep(0.05)
    raise AssertionError("the gathering does not end")


def numbers(text: str) -> list[str]:
    return re.findall(r'name="number" value="(\d+)"', text)


def decide(browser: Browser, ref: str, ticked: list[str], **values: str):  # noqa: ANN201 - a response
    form = {"number": ticked, "verdict": "remove", "reason": "一年无人使用"} | values
    return browser.post(f"{CAMPAIGN}/{ref}/decide", form, page=f"{CAMPAIGN}/{ref}")


def test_a_review_ends_in_a_draft_for_two_officers(
    busy: Office, chief: Browser, owner: Browser
) -> None:
    ref = begin(chief)
    text = owner.get(f"{CAMPAIGN}/{ref}").text
    assert len(numbers(text)) == 5
    assert "1 天内使用 0 次" in text
    told = owner.get("/account/").text
    assert "请您确认哪些规则仍有需要" in told

    assert decide(owner, ref, numbers(text)[:2]).status_code == 303
    assert decide(owner, ref, numbers(text)[2:], verdict="keep").status_code == 303
    page = chief.get(f"{CAMPAIGN}/{ref}").text
    assert "已决定 5/5 条" in page
    assert "有 2 条规则应移除" in page
    answer = chief.post(f"{CAMPAIGN}/{ref}/close", {}, page=f"{CAMPAIGN}/{ref}")
    assert answer.status_code == 303
    change = answer.location.rpartition("/")[2]
    with busy.store.reading() as session:
        draft = find(session, change)
        rules = versions.current(session)
        assert campaigns.find(session, ref).dossier == change
    assert rules is not None
    assert len(rules.text().splitlines()) - 2 == len(
        [each for each in draft.text.splitlines() if not each.startswith("#")]
    )


def test_the_log_of_these_days_proves_what_nobody_would_miss(busy: Office, chief: Browser) -> None:
    ref = begin(chief, reviewers="security_admin")
    page = html.unescape(chief.get(f"{CAMPAIGN}/{ref}").text)
    assert "不能据此证明" in page or "没有一次会被拒绝" in page
    ticked = chief.get(f"{CAMPAIGN}/{ref}?show=unused&tick=unused").text
    assert ticked.count(" checked>") == len(numbers(ticked)) > 0


def test_what_was_typed_stays_when_an_answer_is_refused(chief: Browser, busy: Office) -> None:
    ref = begin(chief, reviewers="security_admin")
    wanted = numbers(chief.get(f"{CAMPAIGN}/{ref}").text)
    answer = decide(
        chief, ref, wanted[:1], verdict="shorten", reason="到期即止", until="2001-01-01"
    )
    assert answer.status_code == 422
    assert "到期即止" in answer.text
    assert 'value="2001-01-01"' in answer.text
    assert f'value="{wanted[0]}" aria-labelledby="rule-{wanted[0]}" checked' in answer.text
    for form in ({"number": []}, {"verdict": ""}, {"verdict": "burn"}, {"reason": ""}):
        given = {"number": wanted, "verdict": "keep", "reason": "仍需要"} | form
        answer = chief.post(f"{CAMPAIGN}/{ref}/decide", given, page=f"{CAMPAIGN}/{ref}")
        assert answer.status_code == 422, form
        assert "有一处问题" in answer.text or "summary" in answer.text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("scope", "role:staff"),
        ("scope", "svc:nowhere"),
        ("reviewers", "nobody"),
        ("due_at", "2001-01-01"),
        ("due_at", "soon"),
        ("days", "x"),
        ("days", "99999"),
    ],
)
def test_terms_of_a_review_are_named_at_their_field(
    chief: Browser, busy: Office, field: str, value: str
) -> None:
    form = {"title": "复核", "scope": "*", "reviewers": "service", "due_at": DAY, "days": "90"}
    answer = chief.post(f"{CAMPAIGN}/new", form | {field: value}, page=f"{CAMPAIGN}/new")
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert busy.store is not None


def test_every_wrong_field_of_a_review_is_named_at_once_and_nothing_typed_is_lost(
    chief: Browser,
) -> None:
    form = {"title": "  ", "scope": "x", "reviewers": "", "due_at": "明天", "days": "九十"}
    answer = chief.post(f"{CAMPAIGN}/new", form, page=f"{CAMPAIGN}/new")
    assert answer.status_code == 422
    summary = answer.text.partition('class="summary"')[2].partition("</ul>")[0]
    assert re.findall(r'href="#(\w+)"', summary) == list(form)
    for field in form:
        assert f'id="problem-{field}"' in answer.text
    assert 'value="九十"' in answer.text
    only = form | {"title": "复核", "scope": "*", "reviewers": "service", "days": "90"}
    answer = chief.post(f"{CAMPAIGN}/new", only, page=f"{CAMPAIGN}/new")
    assert re.findall(r'id="problem-(\w+)"', answer.text) == ["due_at"]


def test_no_tick_and_no_verdict_are_both_named(chief: Browser) -> None:
    ref = begin(chief)
    answer = chief.post(f"{CAMPAIGN}/{ref}/decide", {}, page=f"{CAMPAIGN}/{ref}")
    assert answer.status_code == 422
    summary = answer.text.partition('class="summary"')[2].partition("</ul>")[0]
    assert re.findall(r'href="#(\w+)"', summary) == ["verdict", "number"]


def test_an_owner_sees_and_decides_what_is_asked_and_nothing_else(
    app: Flask, busy: Office, chief: Browser, owner: Browser
) -> None:
    """Not the rules that others answer for, not their end, and no officer's pages."""
    ref = begin(chief, reviewers="security_admin")
    assert owner.get(f"{CAMPAIGN}/{ref}").status_code == 404
    assert "2026 年度复核" not in owner.get(CAMPAIGN).text
    mine = begin(chief)
    assert "2026 年度复核" in owner.get(CAMPAIGN).text
    refused = owner.post(f"{CAMPAIGN}/{mine}/close", {}, page=f"{CAMPAIGN}/{mine}")
    assert refused.status_code == 403
    for page in ("/policy/uses", "/policy/duties", f"{CAMPAIGN}/new"):
        assert owner.get(page).status_code == 403
    clerk = officer(app, busy, "liwen")
    assert clerk.get(CAMPAIGN).status_code == 403
    taken = decide(chief, mine, ["1"])
    assert taken.status_code == 422
    assert "应由所属服务或单位的负责人决定" in taken.text


def test_an_auditor_reads_and_decides_nothing(app: Flask, busy: Office, chief: Browser) -> None:
    ref = begin(chief)
    auditor = officer(app, busy, "chenjing")
    page = auditor.get(f"{CAMPAIGN}/{ref}")
    assert page.status_code == 200
    assert numbers(page.text) == []
    assert auditor.get("/policy/uses").status_code == 200
    assert auditor.get("/policy/duties").status_code == 200
    answer = auditor.post(f"{CAMPAIGN}/{ref}/decide", {"number": ["1"]}, page=f"{CAMPAIGN}/{ref}")
    assert answer.status_code == 403


def test_an_overdue_review_is_told_once_and_falls_to_the_officers(
    busy: Office, chief: Browser, owner: Browser
) -> None:
    ref = begin(chief)
    room = busy.room
    late = datetime.now(UTC) + timedelta(days=30)
    assert room_campaigns.sweep(room, now=late) == 1
    assert room_campaigns.sweep(room, now=late) == 0
    assert "已过期限，仍有规则未决定" in chief.get("/account/").text
    assert "已过期限，仍有规则未决定" in owner.get("/account/").text
    with busy.store.reading() as session:
        found = campaigns.find(session, ref)
        subject = people.by_login(busy.registry, "zhaomin")
        assert subject is not None
        now = datetime.now(UTC)
        lines = campaigns.lines(session, ref)
        before = room_campaigns.decides(session, found, subject.subject, now)
        after = room_campaigns.decides(session, found, subject.subject, late)
        assert not any(map(before, lines))
        assert all(map(after, lines))


def test_a_review_is_withdrawn_with_a_reason(chief: Browser, busy: Office) -> None:
    ref = begin(chief)
    page = f"{CAMPAIGN}/{ref}"
    assert chief.post(f"{page}/withdraw", {"why": ""}, page=page).status_code == 422
    assert chief.post(f"{page}/withdraw", {"why": "重复发起"}, page=page).status_code == 303
    with busy.store.reading() as session:
        assert campaigns.find(session, ref).state == "withdrawn"


def test_uses_are_sorted_searched_and_filtered(chief: Browser, busy: Office) -> None:
    text = chief.get("/policy/uses?by=rule").text
    assert text.count('role="rowheader"') == 5
    found = chief.get("/policy/uses?q=archive").text
    assert found.count('role="rowheader"') == 1
    assert "1/5" in found
    unused = chief.get("/policy/uses?only=unused&by=nonsense&page=99").text
    assert "生效时间不足" in unused
    assert busy.port


def test_duties_are_written_into_a_draft_and_taken_out_again(chief: Browser, busy: Office) -> None:
    form = {"title": "职责分离", "why": "内控要求", "most_people": "0", "confirm_minutes": "10"}
    opened = chief.post("/policy/changes/new", form, page="/policy/changes/new")
    ref = opened.location.split("/")[-2]
    page = f"/policy/changes/{ref}/duties"

    def edit() -> str:
        found = re.search(r'name="edit" value="(\d+)"', chief.get(page).text)
        assert found is not None
        return found[1]

    good = {
        "way": "record",
        "one": "create，edit",
        "other": "approve",
        "scope": "svc:ledger/docs/**",
    }
    assert chief.post(page, good | {"edit": edit()}, page=page).status_code == 303
    with busy.store.reading() as session:
        assert "s, record, svc:ledger/docs/**, approve, create|edit" in find(session, ref).text
    for field, value in (
        ("way", ""),
        ("one", ""),
        ("one", "approve"),
        ("other", "Grün"),
        ("scope", "ledger"),
    ):
        answer = chief.post(page, good | {field: value, "edit": edit()}, page=page)
        assert answer.status_code == 422, field
    held = {"way": "held", "one": "role:staff", "other": "unit:caiwu"}
    assert chief.post(page, held | {"edit": edit()}, page=page).status_code == 303
    assert "李雯" in chief.get(page).text, "who would unite it is named at once"
    text = chief.get(page).text
    for duty in set(re.findall(r'name="duty" value="(s-[0-9a-f]+)"', text)):
        answer = chief.post(f"{page}/drop", {"duty": duty, "edit": edit()}, page=page)
        assert answer.status_code == 303
    with busy.store.reading() as session:
        assert "\ns, " not in find(session, ref).text

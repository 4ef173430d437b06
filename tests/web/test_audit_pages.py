"""The log's pages: what an auditor finds, what is kept from others, and that every look is kept."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from office_log import ask_often, settle
from sqlalchemy import select, text
from web_office import GRANTS, SYSTEM, Browser, Office, officer

from audit import index_check
from audit.note import Checkpoint, Note
from audit.proof import Receipt
from audit.record import leaf_hash
from audit.tables import audit_event
from audit.tree import verify_inclusion
from audit.verify import Report
from audit.vocabulary import EVENTS
from gateway.identity import epoch
from gateway.web import labels_audit
from policies import baseline, versions
from policies.rules import RuleSet

BURST = 23


@pytest.fixture
def burst(office: Office, tmp_path: Path) -> Office:
    """Return the office after a clerk was refused a service many times within a minute."""
    ask_often(office, {("ledger", "/2026"): 5, ("payroll", "/staff"): BURST})
    settle(office, tmp_path / "sealer")
    return office


@pytest.fixture
def auditor(app: Flask, burst: Office, tmp_path: Path) -> Browser:
    """Return the auditor's browser."""
    browser = officer(app, burst, "chenjing", ago=7)
    settle(burst, tmp_path / "sealer")
    return browser


def entries(office: Office, event: str) -> list[dict[str, object]]:
    with office.store.reading() as session:
        bodies = session.execute(select(audit_event.c.body).order_by(audit_event.c.id)).scalars()
        return [found for body in bodies if (found := json.loads(body))["ev"] == event]


def lines(page: str) -> list[str]:
    """The numbers of the entries that a page lists, as it lists them."""
    return re.findall(r'<th role="rowheader"[^>]*><a href="/audit/entries/(\d+)"', page)


def test_what_is_typed_becomes_an_address_that_shows_the_same_again(auditor: Browser) -> None:
    typed = {
        "actor": "李雯",
        "outcome": "denied",
        "words": "payroll",
        "plain_address": "10.12.8.44",
    }
    sent = auditor.post("/audit/", typed, page="/audit/")
    assert sent.status_code == 303
    where = sent.headers["Location"]
    assert "10.12.8.44" not in where
    page = auditor.get(where).text
    assert len(lines(page)) == BURST
    assert f"共 {BURST} 条" in page
    assert lines(auditor.get(where).text) == lines(page)
    assert page.count("李雯") > BURST


def test_a_filter_can_be_turned_into_its_opposite_and_taken_away(auditor: Browser) -> None:
    page = auditor.get("/audit/?outcome=denied&service=payroll").text
    turned = re.search(r'href="(/audit/\?[^"]*not-outcome=denied[^"]*)"', page)
    assert turned is not None
    rest = auditor.get(turned[1].replace("&amp;", "&")).text
    assert len(lines(rest)) == len(("added", "approved"))
    assert "拒绝访问服务</td>" not in rest
    assert '"/audit/?service=payroll"' in page


def test_who_cannot_be_found_is_said_at_the_field_and_nothing_typed_is_lost(
    auditor: Browser,
) -> None:
    typed = {"actor": "无此人", "words": "payroll", "plain_address": "不是地址"}
    page = auditor.post("/audit/", typed, page="/audit/")
    assert page.status_code == 422
    assert 'id="problem-actor"' in page.text or 'id="problem-plain_address"' in page.text
    for value in typed.values():
        assert f'value="{value}"' in page.text
    assert auditor.get("/audit/?since=yesterday").status_code == 422


def test_an_auditor_without_services_begins_at_what_is_to_be_decided(
    app: Flask, office: Office
) -> None:
    def landing(login: str, **form: str) -> str:
        return Browser(app, office).sign_in(login, **form).headers["Location"]

    assert landing("chenjing") == "/audit/now"
    assert landing("liwen") == "/"
    assert landing("zhaomin") == "/"


def test_a_time_can_be_taken_away_like_any_filter_and_the_results_are_one_step_away(
    auditor: Browser,
) -> None:
    page = auditor.get("/audit/?since=2020-01-01T00:00:00Z&service=payroll").text
    chips = re.search(r'<ul class="chips".*?</ul>', page, re.DOTALL)
    assert chips is not None
    assert 'href="/audit/?service=payroll" aria-label="去除：起始时间' in chips[0]
    assert 'href="#results"' in page
    assert 'id="results"' in page


def test_a_name_in_the_address_means_the_person_and_what_is_unknown_is_said(
    auditor: Browser,
) -> None:
    page = auditor.get("/audit/?actor=李雯&outcome=denied&service=payroll").text
    assert len(lines(page)) == BURST
    for address, nearest in (
        ("actor=李文雯", "李雯"),
        ("event=decision.denyed", "decision.denied"),
        ("not-event=decisions.*", ""),
        ("evnt=decision.denied", "event"),
        ("plain_address=10.12.8.44", ""),
    ):
        page = auditor.get(f"/audit/?{address}", {"Accept-Language": "en"})
        assert page.status_code == 422, address
        assert nearest in page.text
        assert not lines(page.text)
    assert "您要找的是否为 decision.denied？" in auditor.get("/audit/?event=decision.denyed").text
    assert auditor.get("/audit/?lang=en&before=9&outcome=denied").status_code == 200


def test_an_entry_says_who_did_what_with_what_result_and_leads_on(
    auditor: Browser, burst: Office
) -> None:
    first = lines(auditor.get("/audit/?service=payroll").text)[0]
    page = auditor.get(f"/audit/entries/{first}").text
    assert "李雯：拒绝访问服务" in page
    assert "没有规则准许" in page
    assert "已重新计算" in page
    for way in ("since=", "actor=person", "object=svc", "session="):
        assert f'href="/audit/?{way}' in page
    assert "10.12.8.44" not in page
    assert auditor.get("/audit/entries/999999").status_code == 404
    assert len(entries(burst, "audit.read")) == 1


def test_an_entry_and_its_receipt_are_handed_out_and_prove_each_other(
    auditor: Browser, burst: Office
) -> None:
    first = lines(auditor.get("/audit/?service=payroll").text)[0]
    made = Receipt.parse(auditor.get(f"/audit/entries/{first}.tlog-proof").data)
    body = auditor.get(f"/audit/entries/{first}.json").data
    checkpoint = Checkpoint.parse(Note.parse(made.checkpoint).text)
    verify_inclusion(
        leaf_hash(body),
        index=int(first),
        size=checkpoint.size,
        path=made.path,
        root=checkpoint.root,
    )
    assert auditor.get("/audit/entries/999999.tlog-proof").status_code == 404
    assert [each["obj"] for each in entries(burst, "audit.proved")] == [f"audit:{first}"]


def test_the_rule_that_decided_is_shown_with_who_published_it(auditor: Browser) -> None:
    first = lines(auditor.get("/audit/?event=decision.allowed").text)[0]
    page = auditor.get(f"/audit/entries/{first}").text
    rule = re.search(r'href="(/audit/rules/[^"]+)"', page)
    assert rule is not None
    shown = auditor.get(rule[1]).text
    assert "unit:caiwu" in shown
    assert '<p class="lead">财务处' in shown
    assert "<dt>发布人</dt><dd>system:test" in shown
    assert re.search(r"<dd[^>]*>\s*\*", shown) is None
    assert not re.search(r"<dd[^>]*>\s*intranet", shown)
    published = re.search(r'href="(/audit/entries/\d+)"', shown)
    assert published is not None
    assert "policy.published" in auditor.get(published[1]).text


@pytest.fixture
def hours(office: Office) -> None:
    """The staff of the finance division use the ledger on any day of the week."""
    rule = next(each for each in RuleSet.parse(GRANTS).rules if each.obj == "svc:ledger/**")
    days = "week:1-5@00:00-24:00+08:00|week:6-7@00:00-24:00+08:00"
    both = replace(rule, sub="unit:caiwu&role:staff", win=days)
    rules = RuleSet.parse(baseline.load().text() + GRANTS.replace(rule.line, both.line))
    with office.registry.ledger.begin() as tx:
        versions.publish(tx, rules, actor=SYSTEM, now=datetime.now(UTC), note="test")
        epoch.bump(tx)


@pytest.mark.usefixtures("hours")
def test_the_rule_of_who_is_both_and_its_hours_are_told_in_words(auditor: Browser) -> None:
    first = lines(auditor.get("/audit/?event=decision.allowed").text)[0]
    rule = re.search(r'href="(/audit/rules/[^"]+)"', auditor.get(f"/audit/entries/{first}").text)
    assert rule is not None
    shown = auditor.get(rule[1]).text
    assert "unit:caiwu&amp;role:staff" in shown
    assert "财务处的工作人员" in shown
    assert "周一至周五 00:00-24:00、周六至周日 00:00-24:00" in shown


def test_personal_values_are_opened_for_the_auditor_only_and_each_opening_is_kept(
    auditor: Browser, app: Flask, burst: Office
) -> None:
    first = lines(auditor.get("/audit/?service=payroll").text)[0]
    for _ in range(2):
        page = auditor.get(f"/audit/entries/{first}/values")
        assert "10.12.8.44" in page.text
    kept = entries(burst, "audit.value_opened")
    assert [each["obj"] for each in kept] == [f"audit:{first}"] * 2
    other = officer(app, burst, "zhaomin", ago=5)
    assert other.get(f"/audit/entries/{first}/values").status_code == 403
    assert len(entries(burst, "audit.value_opened")) == 2


def test_a_personal_value_that_was_exchanged_does_not_fit_and_says_so(
    auditor: Browser, burst: Office
) -> None:
    first = lines(auditor.get("/audit/?service=payroll").text)[0]
    with burst.registry.ledger.begin(unaudited_because="an attack") as tx:
        tx.session.execute(text("UPDATE audit_secret SET value = X'382e382e382e38'"))
    page = auditor.get(f"/audit/entries/{first}/values").text
    assert "8.8.8.8" in page
    assert "与封存的承诺值不符" in page


def test_every_look_is_on_record_and_the_same_within_a_minute_is_counted(
    auditor: Browser, burst: Office
) -> None:
    for _ in range(4):
        auditor.get("/audit/?service=payroll")
    auditor.get("/audit/?service=ledger")
    kept = entries(burst, "audit.searched")
    assert [each["d"] for each in kept] == [
        {"filter": "service=payroll"},
        {"filter": "service=ledger"},
    ]
    burst.registry.tally.flush(burst.registry.ledger, now=datetime.now(UTC), everything=True)
    counted = entries(burst, "audit.searched")[-1]
    assert (counted["d"]["repeated"], counted["out"]) == (3, "success")  # type: ignore[index]


def test_the_security_administrator_watches_the_auditor(
    auditor: Browser, app: Flask, burst: Office, tmp_path: Path
) -> None:
    auditor.get("/audit/?service=payroll&not-event=page.denied")
    auditor.get("/audit/entries/3")
    settle(burst, tmp_path / "sealer")
    page = officer(app, burst, "zhaomin", ago=5).get("/officers/acts").text
    assert "陈静 检索了日志：服务：工资发放；事项不为" in page
    assert "陈静 查阅了日志第 3 号记录" in page


@pytest.mark.parametrize("login", ["liwen", "wangqiang", "zhaomin"])
@pytest.mark.parametrize("path", ["/audit/", "/audit/now", "/audit/activity", "/audit/entries/1"])
def test_the_log_is_nobody_elses_to_read(app: Flask, office: Office, login: str, path: str) -> None:
    assert officer(app, office, login, ago=3).get(path).status_code == 403


def test_searches_are_kept_shared_and_removed_by_their_owner(
    auditor: Browser, burst: Office
) -> None:
    form = {"query": "service=payroll&outcome=denied", "name": " 工资  拒绝 ", "shared": "y"}
    kept = auditor.post("/audit/searches", form, page="/audit/")
    assert kept.headers["Location"].endswith("/audit/?outcome=denied&service=payroll")
    page = auditor.get("/audit/").text
    assert "工资 拒绝</a>" in page
    remove = re.search(r'action="(/audit/searches/[^"]+/remove)"', page)
    assert remove is not None
    assert auditor.post(remove[1], page="/audit/").status_code == 303
    assert auditor.post(remove[1], page="/audit/").status_code == 404
    assert auditor.post("/audit/searches", {"name": ""}, page="/audit/").status_code == 422
    assert len(entries(burst, "audit.search_saved")) == 1
    assert len(entries(burst, "audit.search_removed")) == 1


def test_the_first_page_calls_for_the_burst_and_leads_to_it(auditor: Browser) -> None:
    page = auditor.get("/audit/now").text
    calling, quiet = page.split("正常事项")
    assert f"拒绝 {BURST} 次" in calling
    assert "日志尚未校验过" in calling
    assert "日志封存" in quiet
    assert re.search(r">最近封存：<time", quiet)
    assert re.search(r">统计自：<time", calling)
    assert re.search(r">\s*<time", page) is None  # each time says what it is the time of
    burst = re.search(r'href="(/audit/\?outcome=denied[^"]*)"', calling)
    assert burst is not None
    assert len(lines(auditor.get(burst[1].replace("&amp;", "&")).text)) == BURST


@pytest.mark.parametrize("name", ["hours", "days", "services", "units"])
def test_each_chart_is_a_picture_without_script_beside_its_table(
    auditor: Browser, name: str
) -> None:
    drawn = auditor.get(f"/audit/activity/{name}.svg")
    assert drawn.content_type.startswith("image/svg+xml")
    assert drawn.text.startswith("<?xml")
    assert "<script" not in drawn.text
    assert "http://www.w3.org/2000/svg" in drawn.text
    page = auditor.get("/audit/activity").text
    assert f'src="/audit/activity/{name}.svg"' in page
    assert "<td" in page
    assert auditor.get("/audit/activity/x.svg").status_code == 404


@pytest.mark.parametrize("said", ["<script>alert(1)</script>", "' OR 1=1 --", "%_\\", "\u202e"])
def test_markup_and_injection_in_an_address_are_shown_as_text(auditor: Browser, said: str) -> None:
    page = auditor.client.get(
        "/audit/", base_url=auditor.base, query_string={"words": f"a {said}", "object": said}
    )
    assert page.status_code == 200
    nobody = auditor.client.get("/audit/", base_url=auditor.base, query_string={"actor": said})
    assert nobody.status_code == 422
    for shown in (page.text, nobody.text):
        assert "<script>alert" not in shown
        assert lines(shown) == []


def test_every_event_of_the_vocabulary_has_words() -> None:
    assert sorted(EVENTS.keys() - labels_audit.EVENTS.keys()) == []
    assert sorted({name.partition(".")[0] for name in EVENTS} - labels_audit.FAMILIES.keys()) == []


def test_looking_and_indexing_leave_an_index_that_fits(
    auditor: Browser, burst: Office, tmp_path: Path
) -> None:
    auditor.get("/audit/?service=payroll")
    indexer = settle(burst, tmp_path / "sealer")
    report = Report()
    index_check.inspect(burst.store.read, report, indexer)
    assert report.code == 0, report.lines()

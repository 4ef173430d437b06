"""Tests of the rules, questions to them, and why a decision fell so: through the pages."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from change_world import begin, decided, edit_of, look, ready, rules, step, write
from flask import Flask
from sqlalchemy import select
from web_office import Browser, Office, officer
from werkzeug.test import TestResponse

from audit.tables import audit_event
from gateway.identity import people
from policies import versions
from policies.cases import Case
from policies.change.texts import read
from policies.dossier.dossiers import State, find
from policies.rules import RuleSet

SENTENCE = "旅游处可读取 svc:ledger/**，需双因素"
DENIED = {
    "expect": "deny",
    "who": "旅游处、工作人员",
    "place": "公文档案检索/a",
    "action": "GET",
    "network": "lan",
    "strength": "2",
}


@pytest.fixture
def auditor(app: Flask, busy: Office) -> Browser:
    """The auditor."""
    return officer(app, busy, "chenjing")


def add_test(browser: Browser, ref: str, **changed: str) -> TestResponse:
    page = f"/policy/changes/{ref}/tests"
    return browser.post(page, {**DENIED, "edit": edit_of(browser, ref), **changed}, page=page)


def draft_of(office: Office, ref: str) -> RuleSet:
    with office.store.reading() as session:
        return read(find(session, ref).text).required().rules


def cases_of(office: Office, ref: str) -> tuple[Case, ...]:
    return draft_of(office, ref).tests


def test_a_test_is_written_in_words_and_shown_with_its_result(
    busy: Office, author: Browser
) -> None:
    ref = begin(author)
    assert add_test(author, ref).status_code == 303
    (case,) = cases_of(busy, ref)
    assert case.line == (
        "t, deny, role:staff|unit:lvyou, intranet, svc:archive/a, cat:none, GET, 1, 1, lan, 2, *"
    )
    text = author.get(f"/policy/changes/{ref}/tests").text
    assert "工作人员、旅游处<strong>必须拒绝</strong>：查看 公文档案检索/a" in text
    assert text.count("通过</td>") == 1


def test_a_test_is_changed_in_its_place_and_taken_out(busy: Office, author: Browser) -> None:
    ref = begin(author)
    add_test(author, ref)
    (case,) = cases_of(busy, ref)
    page = f"/policy/changes/{ref}/tests"
    assert 'value="公文档案检索/a"' in author.get(f"{page}?case={case.id}").text
    assert add_test(author, ref, instead=case.id, action="POST").status_code == 303
    (changed,) = cases_of(busy, ref)
    assert (changed.act, changed.expect) == ("POST", "deny")
    form = {"case": changed.id, "edit": edit_of(author, ref)}
    assert author.post(f"{page}/drop", form, page=page).status_code == 303
    assert cases_of(busy, ref) == ()


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("who", "月球人", "不是规则用语"),
        ("who", "", "请填写此项"),
        ("who", "所有人", "测试须指明对象"),
        ("who", "赵敏、财务处", "只填一个人"),
        ("place", "公文档案检索/**", "填写一个具体位置"),
        ("place", "svc:moon/a", "服务目录中没有此服务"),
        ("action", "LOOK", "请选择或填写有效的值"),
        ("strength", "9", "请选择或填写有效的值"),
        ("at", "明天", "请选择或填写有效的值"),
    ],
)
def test_what_cannot_be_a_test_is_named_at_its_field_and_kept(
    busy: Office, author: Browser, field: str, typed: str, said: str
) -> None:
    ref = begin(author)
    answer = add_test(author, ref, **{field: typed})
    assert answer.status_code == 422
    found = re.search(rf'id="problem-{field}">([^<]*)<', answer.text)
    assert found is not None
    assert said in found[1]
    assert cases_of(busy, ref) == ()
    for name in {"who", "place"} - {field}:
        assert f'value="{DENIED[name]}"' in answer.text


def test_a_failing_test_blocks_the_approval_and_says_which(author: Browser) -> None:
    ref = begin(author)
    write(author, ref, SENTENCE)
    add_test(author, ref, place="预算执行台账/a", clearance="2")
    page = look(author, ref)
    assert "1 项测试未通过。" in page
    assert "工作人员、旅游处<strong>必须拒绝</strong>：查看 预算执行台账/a；实际：准许" in page
    assert f"/policy/changes/{ref}/submit" not in page
    assert step(author, ref, "submit").status_code == 409


def test_the_effect_says_which_new_rule_no_test_would_miss(author: Browser) -> None:
    ref = begin(author)
    write(author, ref, SENTENCE)
    assert "删除" in look(author, ref).partition("测试察觉不到的改动")[2][:900]
    add_test(author, ref, expect="allow", place="预算执行台账/a", clearance="2")
    weak = look(author, ref).partition("测试察觉不到的改动")[2][:900]
    assert "删除" not in weak


def test_a_published_version_shows_its_tests_and_what_they_would_notice(
    app: Flask, busy: Office, author: Browser, second: Browser
) -> None:
    ref = begin(author)
    write(author, ref, SENTENCE)
    add_test(author, ref, expect="allow", place="预算执行台账/a", clearance="2")
    look(author, ref)
    step(author, ref, "submit")
    step(second, ref, "approve")
    assert step(author, ref, "publish").status_code == 303
    with busy.store.reading() as session:
        newest = versions.newest(session)
    assert newest is not None
    text = author.get(f"/policy/changes/versions/{newest.seq}/tests").text
    assert "<strong>必须准许</strong>：查看 预算执行台账/a" in text
    assert re.search(r"其中 1 条被删时有测试能够察觉", text)
    assert author.get("/policy/changes/versions/99/tests").status_code == 404


def test_the_rules_say_why_somebody_may_not_and_what_would_help(author: Browser) -> None:
    text = author.get(
        "/policy/ask?who=高飞&place=预算执行台账/a&action=GET&network=lan&strength=2"
    ).text
    assert "没有规则准许。" in text
    assert "最便捷的准许途径" in text
    assert "列入“财务处”" in text
    assert "不属于“财务处”" in text


def test_the_rules_say_who_may(author: Browser) -> None:
    text = author.get("/policy/ask?place=预算执行台账/a&action=GET&network=lan&strength=1").text
    answer = text.partition('id="answer"')[2].partition("</section>")[0]
    assert "李雯" in answer
    assert "高飞" not in answer


def test_the_rules_answer_by_a_draft(author: Browser) -> None:
    ref = begin(author)
    write(author, ref, SENTENCE)
    asked = "/policy/ask?who=高飞&place=预算执行台账/a&action=GET&network=lan&strength=2"
    assert "没有规则准许。" in author.get(asked).text
    assert "有规则准许，且无规则拒绝。" in author.get(f"{asked}&draft={ref}").text


def test_an_answer_becomes_a_test_of_a_draft(busy: Office, author: Browser) -> None:
    ref = begin(author)
    asked = "/policy/ask?who=高飞&place=预算执行台账/a&action=GET&network=lan&strength=2"
    found = re.search(r'name="line" value="([^"]+)"', author.get(asked).text)
    assert found is not None
    form = {"line": html.unescape(found[1]), "expect": "deny", "draft": ref}
    answer = author.post("/policy/tests", form, page="/policy/ask")
    assert answer.location.endswith(f"/policy/changes/{ref}/tests")
    (case,) = cases_of(busy, ref)
    gaofei = people.by_login(busy.registry, "gaofei")
    assert gaofei is not None
    assert (case.expect, case.sub, case.obj) == ("deny", gaofei.subject, "svc:ledger/a")


def test_attack_a_rule_is_smuggled_into_a_draft_as_a_test(busy: Office, author: Browser) -> None:
    ref = begin(author)
    rule = "p, unit:lvyou, *, svc:ledger/**, *, *, *, *, *, allow"
    for line in (rule, f"t, deny, unit:lvyou\n{rule}", f"{rule}\n{rule}", "", "t"):
        form = {"line": line, "expect": "deny", "draft": ref}
        assert author.post("/policy/tests", form, page="/policy/ask").status_code == 422
    assert edit_of(author, ref) == "1"


def test_attack_a_test_is_added_to_what_is_no_longer_a_draft(
    busy: Office, author: Browser, second: Browser
) -> None:
    ref = ready(author, second)
    step(author, ref, "publish")
    line = "t, deny, unit:lvyou, intranet, svc:ledger/a, cat:none, GET, 2, 2, lan, 2, *"
    form = {"line": line, "expect": "deny", "draft": ref}
    assert author.post("/policy/tests", form, page="/policy/ask").status_code == 409
    assert "t, deny" not in rules(busy)


def test_a_past_decision_is_explained_and_becomes_a_test(
    busy: Office, author: Browser, tmp_path: Path
) -> None:
    number = decided(busy, "gaofei", "ledger", tmp_path / "sealer")
    ref = begin(author)
    text = author.get(f"/policy/decisions/{number}").text
    assert "没有规则准许。" in text
    assert "高飞" in text
    assert "列入“财务处”" in text
    lines = [html.unescape(each) for each in re.findall(r'name="line" value="([^"]+)"', text)]
    assert len(lines) == 2
    form = {"line": lines[1], "expect": "deny", "draft": ref}
    assert author.post("/policy/tests", form, page=f"/policy/decisions/{number}").status_code == 303
    (case,) = cases_of(busy, ref)
    assert (case.expect, case.sub, case.act) == ("deny", "role:staff|unit:lvyou", "GET")


def test_a_replayed_row_opens_its_records_and_each_says_why(
    busy: Office, author: Browser, tmp_path: Path
) -> None:
    number = decided(busy, "gaofei", "ledger", tmp_path / "sealer")
    ref = begin(author)
    write(author, ref, SENTENCE)
    page = look(author, ref)
    assert "1 人获得 1 项服务" in page
    row = f"/policy/changes/{ref}/effect/people/0"
    assert row in page
    records = author.get(row).text
    assert "高飞：获得" in records
    assert f"/policy/decisions/{number}?draft={ref}" in records
    why = author.get(f"/policy/decisions/{number}?draft={ref}").text
    assert "依草案“台账给旅游处”" in why
    assert "有规则准许，且无规则拒绝。" in why
    assert author.get(f"/policy/changes/{ref}/effect/people/9").status_code == 404
    assert author.get(f"/policy/changes/{ref}/effect/moon/0").status_code == 404


def test_charts_draw_who_gains_by_unit_and_service(author: Browser) -> None:
    ref = begin(author)
    assert author.get(f"/policy/changes/{ref}/effect/units.svg").status_code == 404
    write(author, ref, SENTENCE)
    look(author, ref)
    units = author.get(f"/policy/changes/{ref}/effect/units.svg")
    assert units.content_type == "image/svg+xml; charset=utf-8"
    assert "旅游处" in units.text
    assert "<script" not in units.text
    assert "预算执行台账" in author.get(f"/policy/changes/{ref}/effect/services.svg").text
    assert author.get(f"/policy/changes/{ref}/effect/moon.svg").status_code == 404


def test_every_look_at_a_decision_is_on_record(
    busy: Office, author: Browser, tmp_path: Path
) -> None:
    number = decided(busy, "gaofei", "ledger", tmp_path / "sealer")
    author.get(f"/policy/decisions/{number}")
    with busy.store.reading() as session:
        bodies = session.scalars(select(audit_event.c.body)).all()
    looks = [json.loads(each) for each in bodies if b'"ev":"audit.read"' in each]
    zhaomin = people.by_login(busy.registry, "zhaomin")
    assert zhaomin is not None
    assert [(each["sub"], each["d"]) for each in looks] == [(zhaomin.subject, {"rule_work": True})]


def test_an_auditor_suggests_a_test_and_writes_none(
    busy: Office, author: Browser, auditor: Browser, tmp_path: Path
) -> None:
    number = decided(busy, "gaofei", "ledger", tmp_path / "sealer")
    ref = begin(author)
    page = f"/policy/decisions/{number}"
    text = auditor.get(page).text
    assert "建议设为测试" in text
    assert 'name="draft"' not in text
    form = {"line": "t", "expect": "deny", "draft": ref}
    assert auditor.post("/policy/tests", form, page=page).status_code == 403
    assert auditor.post(f"{page}/suggest", {}, page=page).status_code == 303
    notices = author.get("/").text
    assert "有人建议将日志中的一条判定设为规则测试。" in notices
    assert f'href="{page}"' in notices
    assert author.post(f"{page}/suggest", {}, page=page).status_code == 403


def test_an_entry_of_the_log_leads_to_its_explanation(
    busy: Office, auditor: Browser, tmp_path: Path
) -> None:
    number = decided(busy, "gaofei", "ledger", tmp_path / "sealer")
    page = auditor.get(f"/policy/decisions/{number}").text
    found = re.search(r'href="(/audit/entries/\d+)"', page)
    assert found is not None
    assert f'href="/policy/decisions/{number}"' in auditor.get(found[1]).text


@pytest.mark.parametrize("number", ["0" * 32, "moon", "%2e%2e", "a" * 300])
def test_a_decision_that_is_not_there_is_not_found(author: Browser, number: str) -> None:
    assert author.get(f"/policy/decisions/{number}").status_code == 404


@pytest.mark.parametrize("login", ["wangqiang", "liwen", "zhouhang"])
def test_nobody_else_asks_the_rules_or_reads_their_tests(
    app: Flask, busy: Office, author: Browser, login: str
) -> None:
    """The system administrator runs the gateway; what the rules say is not part of it."""
    ref = begin(author)
    other = officer(app, busy, login)
    for page in (
        "/policy/ask",
        "/policy/changes",
        f"/policy/changes/{ref}",
        f"/policy/changes/{ref}/rules",
        f"/policy/changes/{ref}/tests",
        "/policy/changes/versions/1",
        "/policy/changes/versions/1/tests",
        "/policy/decisions/" + "0" * 32,
    ):
        assert other.get(page).status_code == 403, page


def test_the_second_administrator_finds_a_notice_and_a_count(
    author: Browser, second: Browser
) -> None:
    assert "待您审批" not in second.get("/").text
    ref = begin(author)
    write(author, ref, SENTENCE)
    look(author, ref)
    step(author, ref, "submit")
    page = second.get("/").text
    assert "1 项规则变更待您审批" in page
    assert "有规则变更待您审批：台账给旅游处。" in page
    assert f'href="/policy/changes/{ref}"' in page
    assert 'class="waiting figures"' in page
    assert "待您审批" not in author.get("/").text
    step(second, ref, "approve")
    assert "项规则变更待您审批" not in second.get("/").text
    assert "您起草的规则变更已获批准：台账给旅游处。" in author.get("/").text


def test_who_sends_a_change_back_tells_its_author(author: Browser, second: Browser) -> None:
    ref = begin(author)
    write(author, ref, SENTENCE)
    look(author, ref)
    step(author, ref, "submit")
    assert step(second, ref, "refuse", reason="期限不明").status_code == 303
    assert "您起草的规则变更被退回：台账给旅游处。" in author.get("/").text


def test_a_sign_in_of_the_last_minute_confirms_without_another_code(
    app: Flask, busy: Office, author: Browser, second: Browser
) -> None:
    ref = ready(author, second)
    step(author, ref, "publish")
    busy.next_code("linxia")
    fresh = officer(app, busy, "linxia", ago=0)
    page = f"/policy/changes/{ref}"
    answer = fresh.post(f"{page}/confirm", {}, page=page, confirm=False)
    assert answer.status_code == 303
    with busy.store.reading() as session:
        assert find(session, ref).state is State.CONFIRMED


def test_attack_a_fresh_sign_in_stands_for_the_code_of_another_act(
    app: Flask, busy: Office, author: Browser, second: Browser
) -> None:
    """Confirming is about signing in anew; approving and publishing are not."""
    ref = ready(author, second)
    busy.next_code("zhaomin")
    fresh = officer(app, busy, "zhaomin", ago=0)
    page = f"/policy/changes/{ref}"
    assert fresh.post(f"{page}/publish", {}, page=page, confirm=False).status_code == 401
    assert "unit:lvyou" not in rules(busy)


def test_attack_an_older_sign_in_confirms_without_a_code(
    app: Flask, busy: Office, author: Browser, second: Browser
) -> None:
    ref = ready(author, second)
    step(author, ref, "publish")
    busy.next_code("linxia")
    older = officer(app, busy, "linxia", ago=2)
    page = f"/policy/changes/{ref}"
    assert older.post(f"{page}/confirm", {}, page=page, confirm=False).status_code == 401


ENDING = "旅游处今天可读取 svc:ledger/**，需双因素"


def test_a_test_of_a_rule_that_ends_gets_a_time_inside_its_window(
    busy: Office, author: Browser
) -> None:
    """By the form of tests, and by one click from a question."""
    ref = begin(author)
    assert write(author, ref, ENDING).status_code == 303
    add_test(author, ref, expect="allow", place="预算执行台账/a", clearance="2")
    (case,) = cases_of(busy, ref)
    (rule,) = (each for each in draft_of(busy, ref).rules if "lvyou" in each.sub)
    begins, ends = map(int, rule.win.split("~"))
    assert begins <= int(case.now) < ends
    line = ", ".join(("t", *replace(case, auth="3", now="*").columns))
    form = {"line": line, "expect": "allow", "draft": ref}
    assert author.post("/policy/tests", form, page="/policy/ask").status_code == 303
    assert all(begins <= int(each.now) < ends for each in cases_of(busy, ref))
    assert len(cases_of(busy, ref)) == 2
    assert "起将不通过" not in author.get(f"/policy/changes/{ref}/tests").text


def test_a_test_without_a_time_warns_of_the_day_it_starts_to_fail(
    busy: Office, author: Browser
) -> None:
    ref = begin(author)
    write(author, ref, ENDING)
    add_test(author, ref, expect="allow", place="预算执行台账/a", clearance="2")
    (case,) = cases_of(busy, ref)
    untimed = draft_of(busy, ref).text().replace(case.line, replace(case, now="*").line)
    page = f"/policy/changes/{ref}/rules/text"
    author.post(page, {"text": untimed, "form": "csv", "edit": edit_of(author, ref)}, page=page)
    (kept,) = cases_of(busy, ref)
    assert kept.now == "*"
    said = r"自 \d{4}-\d\d-\d\d 00:00 起将不通过：所依据的规则届时失效。"
    assert re.search(said, author.get(f"/policy/changes/{ref}/tests").text)
    assert re.search(said, look(author, ref))


def test_a_failing_test_says_that_the_rule_it_stood_on_was_taken_out(
    app: Flask, busy: Office, author: Browser, second: Browser
) -> None:
    first = begin(author)
    write(author, first, SENTENCE)
    add_test(author, first, expect="allow", place="预算执行台账/a", clearance="2")
    look(author, first)
    step(author, first, "submit")
    step(second, first, "approve")
    step(author, first, "publish")
    (rule,) = (each for each in draft_of(busy, first).rules if "lvyou" in each.sub)
    ref = begin(author)
    page = f"/policy/changes/{ref}/rules"
    form = {"rule": rule.id, "edit": edit_of(author, ref)}
    assert author.post(f"{page}/drop", form, page=page).status_code == 303
    shown = html.unescape(author.get(f"/policy/changes/{ref}/tests").text)
    assert "所依据的规则已删去：旅游处" in shown
    assert f"/policy/changes/{ref}/tests/drop" in shown
    assert "所依据的规则已删去：旅游处" in look(author, ref)

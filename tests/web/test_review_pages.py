"""The review's pages: rules tested and kept, findings handed on, second reviews, refusals."""

from __future__ import annotations

import html
import io
import json
import re
import zipfile
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from office_log import refuse_often, run_rules, settle
from sqlalchemy import select
from web_office import Browser, Office, officer

from audit.review.rulebook import shipped
from audit.tables import audit_event

BURST = 17


@pytest.fixture
def reviewed(office: Office, tmp_path: Path) -> Office:
    """Return the office with a burst of refusals that a rule found."""
    refuse_often(office, BURST)
    run_rules(office, tmp_path / "sealer")
    return office


@pytest.fixture
def auditor(app: Flask, reviewed: Office) -> Browser:
    """Return the auditor's browser."""
    return officer(app, reviewed, "chenjing", ago=7)


def said(office: Office, event: str) -> list[dict[str, object]]:
    with office.store.reading() as session:
        bodies = session.execute(select(audit_event.c.body).order_by(audit_event.c.id)).scalars()
        return [found for body in bodies if (found := json.loads(body))["ev"] == event]


def finding_of(browser: Browser) -> str:
    """Of the burst; at night other rules find what the office's people did to get there."""
    listed = browser.get("/audit/findings?rule=denied_burst").text
    found = re.search(r'href="(/audit/findings/[0-9a-f-]{36})"', listed)
    assert found is not None
    return found[1]


def test_a_rule_is_tested_against_the_past_and_kept_as_a_version(
    auditor: Browser, reviewed: Office
) -> None:
    page, rule = "/audit/review-rules/denied_burst", shipped()["denied_burst"].text
    assert auditor.get(page).status_code == 200
    form = {"name": "denied_burst", "over": "0", "is_on": "y", "text": rule}
    tested = auditor.post("/audit/review-rules/test", form, page=page)
    assert tested.status_code == 200
    assert tested.text.count('href="/audit/entries/') == BURST
    wrong = auditor.post(
        "/audit/review-rules/save", {**form, "text": rule.replace("gte", "lte")}, page=page
    )
    assert wrong.status_code == 422
    assert "lte: 15" in wrong.text
    broken = {**form, "text": "title: [拒绝"}
    said_so = auditor.post("/audit/review-rules/test", broken, page=page).text
    assert "第 1 行第 11 列：读到此处无法按 YAML 解析" in said_so
    assert "expected" not in said_so  # the words of the library
    listed = auditor.post("/audit/review-rules/test", {**form, "text": "- a"}, page=page).text
    assert "此处应为其他类型的值：成对的名称和值" in listed
    assert "<h1>审核规则</h1>" in auditor.get("/audit/review-rules").text
    assert auditor.post("/audit/review-rules/save", form, page=page).status_code == 422
    why = {"why": "fifteen is too few"}
    text = {"text": rule.replace("gte: 15", "gte: 30")}
    kept = auditor.post("/audit/review-rules/save", {**form, **text, **why}, page=page)
    assert kept.status_code == 303
    assert said(reviewed, "review.rule_changed")[0]["obj"] == "rule:denied_burst"
    again = auditor.post("/audit/review-rules/save", {**form, **why}, page=page)
    assert again.status_code == 409


def test_a_rule_that_is_switched_off_is_seen_by_the_security_administrator(
    app: Flask, auditor: Browser, reviewed: Office
) -> None:
    page = "/audit/review-rules/spraying"
    form = {"name": "spraying", "over": "0", "text": shipped()["spraying"].text, "why": "too loud"}
    assert auditor.post("/audit/review-rules/save", form, page=page).status_code == 303
    watcher = officer(app, reviewed, "zhaomin", ago=5)
    listed = watcher.get("/audit/review-rules").text
    assert listed.index("too loud") < listed.index("brute_force")
    assert watcher.get(page).status_code == 200
    assert said(reviewed, "review.rule_off")[0]["d"]["why"] == "too loud"  # type: ignore[index]


def test_a_finding_is_suppressed_noted_and_handed_over(auditor: Browser, reviewed: Office) -> None:
    page = finding_of(auditor)
    until = (datetime.now(UTC) + timedelta(days=5)).date().isoformat()
    bad = auditor.post(f"{page}/suppress", {"until": until, "suppress_reason": "x" * 9}, page=page)
    assert bad.status_code == 422
    fold = re.search(r"<details open>(.*?)</details>", bad.text, re.DOTALL)
    assert fold is not None, "the form that was sent stands open"
    assert 'name="suppress_reason"' in fold[1]
    assert "x" * 9 in fold[1]
    assert until in fold[1]
    assert re.findall(r'id="problem-([^"]+)"', bad.text) == ["field-actor"]
    assert '<a href="#field-actor">' in bad.text
    worse = {"fields": "actor", "until": "2099-01-01", "suppress_reason": "x"}
    text = auditor.post(f"{page}/suppress", worse, page=page).text
    assert re.findall(r'id="problem-([^"]+)"', text) == ["until", "suppress_reason"]
    assert re.search(r'value="actor" checked', text)
    text = auditor.post(f"{page}/decide", {"version": "1", "state": "resolved"}, page=page).text
    assert re.findall(r'id="problem-([^"]+)"', text) == ["disposition", "reason"]
    good = {"fields": "actor", "until": until, "suppress_reason": "a known test"}
    assert auditor.post(f"{page}/suppress", good, page=page).status_code == 303
    suppressed = auditor.get("/audit/findings/suppressions").text
    assert "a known test" in suppressed
    assert f'<time datetime="{until}">' in suppressed, "the last day itself, not the midnight after"
    assert auditor.post(f"{page}/note", {"note": "asked"}, page=page).status_code == 303
    file = auditor.post(f"{page}/handover", page=page)
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert len(json.loads(file.data)["numbers"]) == BURST
    assert said(reviewed, "review.handed_over")
    figures = auditor.get("/audit/findings/figures")
    assert figures.status_code == 200
    assert auditor.get("/audit/findings/figures.svg").mimetype == "image/svg+xml"


def test_attack_looking_for_somebody_by_trying_a_rule_out_is_on_record(
    auditor: Browser, reviewed: Office
) -> None:
    """Under one rule's name any text can be tried: each text is a look of its own."""
    page, rule = "/audit/review-rules/denied_burst", shipped()["denied_burst"].text
    for text in (rule, rule.replace("person:*", "person:7")):
        tried = auditor.post("/audit/review-rules/test", {"text": text, "days": "7"}, page=page)
        assert tried.status_code == 200
    looks = [each for each in said(reviewed, "review.looked") if each["obj"] == "rule:denied_burst"]
    assert len(looks) == 2
    assert looks[0]["d"] != looks[1]["d"]


def test_all_that_a_filter_shows_is_resolved_at_once(auditor: Browser, reviewed: Office) -> None:
    page = "/audit/findings?rule=denied_burst"
    form = {"expected": "1", "disposition": "drill", "reason": "a drill"}
    stale = auditor.post(
        "/audit/findings/decide?rule=denied_burst", {**form, "expected": "9"}, page=page
    )
    assert stale.status_code == 409
    done = auditor.post("/audit/findings/decide?rule=denied_burst", form, page=page)
    assert done.status_code == 303
    assert said(reviewed, "review.decided")[0]["d"]["disposition"] == "drill"  # type: ignore[index]


def test_own_acts_are_signed_for_by_the_security_administrator_alone_if_one_auditor(
    app: Flask, auditor: Browser, reviewed: Office, tmp_path: Path
) -> None:
    page = "/audit/review"
    auditor.post("/audit/searches", {"name": "mine", "query": ""}, page="/audit/")
    settle(reviewed, tmp_path / "sealer")
    shown = auditor.get(page).text
    hidden = dict(
        re.findall(r'type="hidden" name="(low|high|size|root|filter)" value="([^"]*)"', shown)
    )
    hidden["filter"] = hidden["filter"].replace("&amp;", "&")
    forged = auditor.post("/audit/review/sign", {**hidden, "root": "00" * 32}, page=page)
    assert forged.status_code == 409
    signed = auditor.post("/audit/review/sign", hidden, page=page)
    assert signed.status_code == 303
    leaf = said(reviewed, "review.signoff")[0]["d"]
    assert leaf["own"] >= 1  # type: ignore[index]
    assert leaf["shown"] == leaf["total"]  # type: ignore[index]
    watcher = officer(app, reviewed, "zhaomin", ago=5)
    second = re.search(r"/audit/coverage/second/[0-9a-f-]{36}", watcher.get("/audit/coverage").text)
    assert second is not None
    assert auditor.post(second[0], page=page).status_code == 403
    assert watcher.post(second[0], page=second[0]).status_code == 303
    assert said(reviewed, "review.second")[0]["d"]["office"] == "security_admin"  # type: ignore[index]
    assert watcher.get("/audit/coverage/map.svg").mimetype == "image/svg+xml"


def test_attack_a_page_from_before_its_stretch_shows_nothing_of_what_lies_before(
    auditor: Browser, reviewed: Office, tmp_path: Path
) -> None:
    """The address may name any entry to begin at; only what was rendered counts as shown."""
    settle(reviewed, tmp_path / "sealer")
    assert auditor.get("/audit/review?low=5&from=0").status_code == 200
    assert auditor.get("/audit/review?low=5").status_code == 200
    looks = [each["obj"] for each in said(reviewed, "review.looked")]
    assert [str(each).startswith("range:5-") for each in looks] == [True, True]


def test_a_package_needs_a_purpose_and_is_on_record_with_its_hash(
    auditor: Browser, reviewed: Office
) -> None:
    page = "/audit/evidence?filter=outcome%3Ddenied"
    form = {"filter": "outcome=denied", "to": "inspection", "why": "x"}
    assert auditor.post("/audit/evidence", form, page=page).status_code == 422
    made = auditor.post("/audit/evidence", {**form, "why": "case seven"}, page=page)
    assert made.mimetype == "application/zip"

    pages = {}
    with zipfile.ZipFile(io.BytesIO(made.data)) as package:
        for language in ("zh", "en"):
            text = package.read(f"page.{language}.html").decode()
            assert "decision.denied" in text  # what was sealed can be found
            pages[language] = re.sub(r"<code>.*?</code>", "", text)
    for page in pages.values():
        assert not re.search(r"decision\.denied|person:|no_rule|has_query|\{&quot;|\+00:00", page)
        assert "Asia/Shanghai, UTC+08:00" in page
    assert "拒绝访问服务" in pages["zh"]
    assert "Entry to a service denied" in pages["en"]

    leaf = said(reviewed, "audit.evidence")[0]
    assert leaf["d"]["sha256"] == sha256(made.data).hexdigest()  # type: ignore[index]
    assert (leaf["cls"], leaf["act"]) == (1008, 3)


def test_a_finding_leads_to_its_rule_its_person_and_what_was_around_it(auditor: Browser) -> None:
    page = auditor.get(finding_of(auditor)).text
    rule = re.search(r'href="/audit/review-rules/denied_burst">([^<]+)</a>', page)
    assert rule is not None
    assert rule[1] == "同一账号频繁被拒"
    assert "十分钟内同一账号被拒绝访问十五次以上" in page
    assert "出厂版本" in page
    person = re.search(r'href="(/audit/\?actor=person[^"]+)"', page)
    around = re.search(r'href="(/audit/\?since=[^"]+until=[^"]+)"', page)
    for found in (person, around):
        assert found is not None
        assert auditor.get(html.unescape(found[1])).text.count("工资发放 /staff/") >= BURST


def test_the_entry_one_came_from_is_marked_among_those_around_it(auditor: Browser) -> None:
    entry = re.search(r'href="(/audit/entries/(\d+))"', auditor.get(finding_of(auditor)).text)
    assert entry is not None
    around = re.search(r'href="(/audit/\?since=[^"]+)#entry-(\d+)"', auditor.get(entry[1]).text)
    assert around is not None
    assert around[2] == entry[2]
    assert f'id="entry-{entry[2]}"' in auditor.get(html.unescape(around[1])).text


def test_a_decided_finding_folds_its_form_and_its_refusals_ask_for_nothing_more(
    auditor: Browser,
) -> None:
    refusals = "近两小时的拒绝"
    now = auditor.get("/audit/now").text
    assert "不计在内" not in now
    page = finding_of(auditor)
    open_page = auditor.get(page).text
    assert "重新处理" not in open_page
    version = re.search(r'name="version" value="(\d+)"', open_page)
    assert version is not None
    form = {"state": "resolved", "disposition": "justified", "version": version[1]}
    short = auditor.post(f"{page}/decide", {**form, "reason": "x"}, page=page)
    assert short.status_code == 422
    done = auditor.post(f"{page}/decide", {**form, "reason": "季度例行演练"}, page=page)
    assert done.status_code == 303
    assert re.search(r"<details>\s*<summary>重新处理", auditor.get(page).text)
    now = auditor.get("/audit/now").text
    assert refusals in now
    assert f"另有 {BURST} 次属于已处理的审计发现，不计在内" in now


def test_the_facts_of_a_decision_are_words_on_the_page_and_in_the_package(
    auditor: Browser,
) -> None:
    entry = re.search(r'href="(/audit/entries/\d+)"', auditor.get(finding_of(auditor)).text)
    assert entry is not None
    shown, _, raw = auditor.get(entry[1]).text.partition('<pre class="sample"')
    sealed = json.loads(html.unescape(raw.partition(">")[2].partition("</pre>")[0]))
    moment = datetime.fromtimestamp(sealed["d"]["q"]["now"], ZoneInfo("Asia/Shanghai"))
    form = {"filter": "outcome=denied", "to": "inspection", "why": "case seven"}
    made = auditor.post("/audit/evidence", form, page="/audit/evidence?filter=outcome%3Ddenied")
    with zipfile.ZipFile(io.BytesIO(made.data)) as package:
        packed = re.sub(r"<code>.*?</code>", "", package.read("page.zh.html").decode())
        english = package.read("page.en.html").decode()
    for page in (shown, packed):
        assert "role:staff" not in page
        for words in ("所属角色与单位：", "工作人员", "知悉等级：", "UTC+08:00"):
            assert words in page
        assert f"{moment:%Y-%m-%d %H:%M:%S} UTC+08:00" in page
    assert "Counted as: " in english


def test_the_records_stand_above_the_button_that_signs_them(auditor: Browser) -> None:
    page = auditor.get("/audit/review").text
    assert page.index('id="rows"') < page.rindex("entry-") < page.index('id="sign"')
    assert 'href="#sign"' in page
    assert re.search(r"共 (\d+) 条，已列出 \1 条", page)


def test_a_wrong_code_leaves_the_evidence_form_as_it_was_typed(
    app: Flask, reviewed: Office
) -> None:
    """The finding, the words and the place in the menu stay; the mistake stands at its field."""
    auditor = officer(app, reviewed, "chenjing", ago=7)
    finding = finding_of(auditor).rpartition("/")[2]
    page = f"/audit/evidence?finding={finding}"
    form = {"finding": finding, "to": "检查组", "why": "case seven", "confirm_code": "000000"}
    refused = auditor.post("/audit/evidence", form, page=page, confirm=False)
    assert refused.status_code == 401
    for words in (
        'value="检查组"',
        ">case seven<",
        f'value="{finding}"',
        'id="problem-confirm_code"',
    ):
        assert words in refused.text
    assert re.search(r'href="/audit/findings"[^>]*aria-current="page"', refused.text)
    short = {**form, "why": "x", "confirm_code": reviewed.next_code("chenjing")}
    refused = auditor.post("/audit/evidence", short, page=page)
    assert refused.status_code == 422
    assert 'id="problem-why"' in refused.text
    assert 'id="problem-to"' not in refused.text
    made = auditor.post("/audit/evidence", {**form, "confirm_code": ""}, page=page)
    assert made.mimetype == "application/zip"
    with zipfile.ZipFile(io.BytesIO(made.data)) as package:
        assert json.loads(package.read("manifest.json"))["finding"]["id"] == finding


@pytest.mark.parametrize("login", ["liwen", "wangqiang", "zhaomin", "zhouhang"])
def test_attack_nobody_but_an_auditor_decides_signs_or_exports(
    app: Flask, reviewed: Office, login: str
) -> None:
    browser = officer(app, reviewed, login, ago=4)
    home = "/account/"
    for path in (
        "/audit/findings/decide",
        "/audit/review/sign",
        "/audit/review-rules/save",
        "/audit/evidence",
    ):
        assert browser.post(path, {}, page=home).status_code in {403, 404}, path
    assert browser.get("/audit/review").status_code == 403


def test_every_look_at_the_review_is_on_record(auditor: Browser, reviewed: Office) -> None:
    auditor.get("/audit/findings")
    auditor.get(finding_of(auditor))
    auditor.get("/audit/review")
    looked = {str(each["obj"]).partition(":")[0] for each in said(reviewed, "review.looked")}
    assert looked == {"findings", "finding", "range"}

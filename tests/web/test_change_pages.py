"""A change of the rules through the pages: written, seen, approved, published, rolled back."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from change_world import begin, edit_of, enrol, look, ready, rules, step, write
from flask import Flask
from quicker import quicker
from sqlalchemy.exc import IntegrityError
from web_office import SYSTEM, Browser, Office, officer

from audit.record import Actor
from gateway.changes import acts, sweep
from gateway.identity import people, staff
from gateway.identity.tables import Totp
from policies import versions
from policies.dossier.dossiers import State, find
from policies.functions import LATEST
from policies.rules import RuleProblems, RuleSet

ROW = "p, unit:lvyou, intranet, svc:ledger/**, GET|HEAD, *, *, 2, *, allow"


def test_a_change_is_written_seen_approved_published_and_rolled_back(
    busy: Office, author: Browser, second: Browser
) -> None:
    ref = ready(author, second)
    before = rules(busy)
    assert step(author, ref, "publish").status_code == 303
    assert "unit:lvyou" in rules(busy)
    assert step(author, ref, "roll-back").status_code == 303
    assert rules(busy) == before
    page = author.get(f"/policy/changes/{ref}").text
    assert "<strong>已退回原版本</strong> 人工退回。" in page
    with busy.store.reading() as session:
        assert find(session, ref).state is State.ROLLED_BACK


def test_the_effect_names_the_person_who_gains(author: Browser, busy: Office) -> None:
    ref = begin(author)
    write(author, ref, "旅游处可读取 svc:ledger/**，需双因素")
    page = look(author, ref)
    assert "高飞" in page
    assert "预算执行台账/**" in page
    assert "svc:ledger" not in page


def test_hours_of_a_day_that_say_no_time_are_told_what_they_lack(author: Browser) -> None:
    """They are no unknown words, and the form shows how hours are written."""
    ref = begin(author)
    for hours, told in (
        ("18:00-09:00", "的止点不晚于起点"),
        ("25:00-26:00", "不是一天之内的时刻"),
        ("周一 22:00-06:00", "的止点不晚于起点"),
        ("09:00-18:00", "未写明星期几"),
    ):
        answer = write(author, ref, f"旅游处可在 {hours} 读取 svc:ledger/**")
        assert answer.status_code == 422
        assert f"“{hours}”{told}" in answer.text
        assert "不是规则用语" not in answer.text
        assert "周一至周五 08:30-17:30" in answer.text


def test_only_a_sign_in_under_the_new_version_confirms_it(
    app: Flask, busy: Office, author: Browser, second: Browser
) -> None:
    ref = ready(author, second)
    step(author, ref, "publish")
    assert step(author, ref, "confirm").status_code == 409
    fresh = officer(app, busy, "linxia", ago=-1)
    assert step(fresh, ref, "confirm").status_code == 303
    with busy.store.reading() as session:
        assert find(session, ref).state is State.CONFIRMED


def test_attack_the_author_approves_by_the_address(busy: Office, author: Browser) -> None:
    ref = begin(author)
    write(author, ref, "旅游处可读取 svc:ledger/**，需双因素")
    look(author, ref)
    step(author, ref, "submit")
    assert step(author, ref, "approve").status_code == 403
    with busy.store.reading() as session:
        assert find(session, ref).state is State.SUBMITTED


def test_attack_the_author_approves_through_a_second_account_of_the_same_name(
    app: Flask, busy: Office, author: Browser
) -> None:
    enrol(busy, "zhaomin2", "赵 敏", "baomi", "security_admin")
    double = officer(app, busy, "zhaomin2")
    ref = begin(author)
    write(author, ref, "旅游处可读取 svc:ledger/**，需双因素")
    look(author, ref)
    step(author, ref, "submit")
    assert step(double, ref, "approve").status_code == 403


def test_attack_the_approver_writes_the_rules_into_another_ones_draft(
    busy: Office, author: Browser, second: Browser
) -> None:
    """One person alone would have written and approved it; the other only opened a draft."""
    ref = begin(author)
    assert write(second, ref, "旅游处可读取 svc:ledger/**，需双因素").status_code == 303
    look(second, ref)
    assert step(second, ref, "submit").status_code == 303
    assert f"/policy/changes/{ref}/approve" not in second.get(f"/policy/changes/{ref}").text
    assert step(second, ref, "approve").status_code == 403
    with busy.store.reading() as session:
        assert find(session, ref).state is State.SUBMITTED


def test_attack_the_second_who_could_go_back_has_no_factor_that_opens(
    busy: Office, author: Browser
) -> None:
    """Too many wrong codes disabled it, or the second account is the first one's."""
    found = people.by_login(busy.registry, "linxia")
    assert found is not None
    with busy.registry.ledger.begin(unaudited_because="as a hundred wrong codes leave it") as tx:
        factor = tx.session.get(Totp, found.id)
        assert factor is not None
        factor.disabled_at = datetime.now(UTC)
    enrol(busy, "zhaomin2", "赵 敏", "baomi", "security_admin")
    ref = begin(author)
    write(author, ref, "旅游处可读取 svc:ledger/**，需双因素")
    assert "将导致某类管理员无法恢复" in look(author, ref)
    assert step(author, ref, "submit").status_code == 409


def test_attack_duties_and_tests_are_taken_out_unseen(author: Browser, second: Browser) -> None:
    """Nobody gains at once, so no difference of permissions tells it."""
    ref = begin(author)
    duty = "s, record, svc:ledger/**, approve, create"
    page = f"/policy/changes/{ref}/rules/text"
    text = author.get(f"/policy/changes/{ref}/rules/download").text
    form = {"text": f"{text}{duty}\n", "form": "csv", "edit": edit_of(author, ref)}
    assert author.post(page, form, page=page).status_code == 303
    look(author, ref)
    step(author, ref, "submit")
    said = "对同一记录，任何人不得既审批又创建（范围：预算执行台账/**）"
    assert f"{said}</li>" in second.get(f"/policy/changes/{ref}").text
    assert step(second, ref, "approve").status_code == 303
    assert step(author, ref, "publish").status_code == 303

    again = begin(author)
    page = f"/policy/changes/{again}/rules/text"
    form = {"text": text, "form": "csv", "edit": edit_of(author, again)}
    assert author.post(page, form, page=page).status_code == 303
    look(author, again)
    shown = second.get(f"/policy/changes/{again}").text
    assert f"<del>{said}</del></li>" in shown
    assert "新增 0 条，删去 1 条" in shown


def test_the_approver_reads_what_is_approved_in_words_above_the_button(
    author: Browser, second: Browser
) -> None:
    """Sentences of rules and tests; of very many the first twenty, and the way to all."""
    ref = begin(author)
    write(author, ref, "旅游处可读取 svc:ledger/**，需双因素")
    page = f"/policy/changes/{ref}/rules/text"
    text = author.get(f"/policy/changes/{ref}/rules/download").text
    tests = [
        f"t, deny, unit:lvyou, intranet, svc:archive/{n}, cat:none, GET, 1, 1, lan, 2, *"
        for n in range(21)
    ]
    form = {"text": "\n".join([text, *tests]), "form": "csv", "edit": edit_of(author, ref)}
    assert author.post(page, form, page=page).status_code == 303
    look(author, ref)
    assert step(author, ref, "submit").status_code == 303
    shown = second.get(f"/policy/changes/{ref}").text
    says, _found, below = shown.partition('id="says"')[2].partition("按所示内容批准")
    assert below
    assert "<li>旅游处 可 读取 预算执行台账/**，需双因素</li>" in says
    assert "旅游处必须拒绝：查看 公文档案检索/0（" in says
    assert "1795" not in says
    assert says.count("<li>") == 20
    assert "另有 2 条：" in says
    assert f'href="/policy/changes/{ref}/tests"' in says


def test_a_version_and_a_rule_in_it_lead_to_the_hands_it_went_through(
    busy: Office, author: Browser, second: Browser
) -> None:
    ref = ready(author, second)
    step(author, ref, "publish")
    with busy.store.reading() as session:
        newest = versions.newest(session)
        rules_now = versions.current(session)
    assert newest is not None
    assert rules_now is not None
    (rule,) = (each for each in rules_now.rules if each.sub == "unit:lvyou")
    page = f"/policy/changes/versions/{newest.seq}"
    for shown in (second.get(page).text, second.get(f"{page}/rules/{rule.id}").text):
        assert f'<dd><a href="/policy/changes/{ref}">台账给旅游处</a>' in shown
        for head, name in (("起草人", "赵敏"), ("批准人", "林夏"), ("发布人", "赵敏")):
            assert f"<dt>{head}</dt><dd>{name} " in shown.replace("</dd>", " </dd>")
    assert f'href="{page}"' in author.get(f"/policy/changes/{ref}").text
    assert second.get(f"{page}/rules/p-000000000000").status_code == 404
    step(author, ref, "roll-back")
    back = second.get(f"/policy/changes/versions/{newest.seq + 1}").text
    assert "无：此前的试运行已终止" in back
    assert "无：未经变更程序直接发布，没有批准人" in second.get("/policy/changes/versions/1").text


def test_an_edit_that_voids_an_approval_says_so_wherever_somebody_looks(
    author: Browser, second: Browser
) -> None:
    ref = ready(author, second)
    told = "您起草的规则变更已获批准：台账给旅游处。"
    assert told in author.get("/").text
    again = write(second, ref, "旅游处可读取 svc:archive/**，需双因素")
    assert "已保存，原批准因修改失效，须重新提请批准。" in second.get(again.location).text
    page = author.get(f"/policy/changes/{ref}").text
    assert "批准因修改失效</th>" in page.partition('id="story"')[2]
    shown = author.get("/").text
    assert told not in shown
    assert "批准因他人修改失效：台账给旅游处。" in shown
    answer = step(author, ref, "publish")
    assert answer.status_code == 409
    assert "变更未获批准；批准后修改的，批准即失效。" in answer.text
    assert write(second, ref, "旅游处可写入 svc:archive/**").status_code == 303
    page = author.get(f"/policy/changes/{ref}").text
    assert page.count("批准因修改失效</th>") == 1


def test_a_second_publication_says_that_it_was_published(author: Browser, second: Browser) -> None:
    ref = ready(author, second)
    step(author, ref, "publish")
    answer = step(second, ref, "publish")
    assert answer.status_code == 409
    assert "变更此前已发布" in answer.text


def test_the_start_page_of_who_may_confirm_shows_the_trial_and_its_end(
    app: Flask, busy: Office, author: Browser, second: Browser
) -> None:
    ref = ready(author, second)
    band = "试运行中：台账给旅游处"
    assert band not in author.get("/").text
    step(author, ref, "publish")
    for each in (author, second):
        shown = each.get("/").text.partition(band)[2].partition("</section>")[0]
        assert "<time" in shown
        assert f'href="/policy/changes/{ref}"' in shown
    assert band not in officer(app, busy, "gaofei").get("/").text
    step(author, ref, "roll-back")
    assert band not in author.get("/").text


def test_a_rule_written_by_the_day_is_shown_by_its_dates_ever_after(author: Browser) -> None:
    ref = begin(author)
    assert (
        write(author, ref, "旅游处可在今天至星期五读取 svc:ledger/**，需双因素").status_code == 303
    )
    for page in ("rules", "rules?part=all", ""):
        shown = author.get(f"/policy/changes/{ref}/{page}".rstrip("/")).text
        said = shown.partition("旅游处 可 在 ")[2][:40]
        assert re.match(r"\d{4}-\d\d-\d\d 至 \d{4}-\d\d-\d\d", said), page
        assert "可 在 今天" not in shown


def test_every_field_of_a_new_change_that_is_wrong_is_named_at_once(author: Browser) -> None:
    page = "/policy/changes/new"
    bad = {"title": "", "why": "x", "most_people": "many", "publish_at": "the day after"}
    answer = author.post(page, bad | {"confirm_minutes": "0"}, page=page)
    assert answer.status_code == 422
    fields = ["title", "why", "most_people", "publish_at", "confirm_minutes"]
    assert re.findall(r'<li><a href="#(\w+)">', answer.text) == fields
    assert all(f'id="problem-{field}"' in answer.text for field in fields)
    assert answer.text.count('aria-invalid="true"') == len(fields)
    one = author.post(page, bad | {"title": "台账", "why": "新单位", "most_people": "3"}, page=page)
    assert re.findall(r'<li><a href="#(\w+)">', one.text) == ["publish_at", "confirm_minutes"]


def test_attack_numbers_longer_than_any_are_no_crash(author: Browser) -> None:
    ref, long = begin(author), "9" * 5000
    page = f"/policy/changes/{ref}"
    answers = (
        author.post(f"{page}/submit", {"edit": long}, page=page),
        author.post(f"{page}/examine", {"days": long}, page=page),
        author.post(f"{page}/terms", {"most_people": long}, page=f"{page}/terms"),
        author.get(f"{page}/rules?page={long}"),
        author.get(f"{page}/effect/people/{long}"),
        author.get(f"/policy/changes/versions/{long}"),
        author.get(f"/policy/changes/versions/{2**70}"),
    )
    assert [each.status_code // 100 for each in answers] == [4, 3, 4, 2, 4, 4, 4]


def test_attack_times_beyond_every_calendar_shut_no_page(author: Browser, busy: Office) -> None:
    ref, far = begin(author), LATEST
    case = f"t, deny, unit:lvyou, intranet, svc:ledger/a, cat:none, GET, 0, 0, lan, 2, {far}"
    rows = f"p, unit:lvyou, intranet, svc:ledger/**, GET, *, *, 2, 1~{far}, allow\n{case}\n"
    page = f"/policy/changes/{ref}/rules/text"
    form = {"text": rules(busy) + rows, "form": "csv", "edit": edit_of(author, ref)}
    assert author.post(page, form, page=page).status_code == 303
    assert "高飞" in look(author, ref)
    for end in ("", "/rules", "/tests", "/duties", "/rules/text?form=toml"):
        assert author.get(f"/policy/changes/{ref}{end}").status_code == 200
    with pytest.raises(RuleProblems):
        RuleSet.parse(f"p, unit:lvyou, *, svc:ledger/**, GET, *, *, 2, 1~{far + 1}, allow\n")
    with pytest.raises(RuleProblems):
        RuleSet.parse(case.replace(str(far), str(far + 1)))


def test_attack_an_edit_after_the_approval_makes_it_void(
    busy: Office, author: Browser, second: Browser
) -> None:
    ref = ready(author, second)
    assert write(author, ref, "旅游处可写入 svc:ledger/**，需双因素").status_code == 303
    assert step(author, ref, "publish").status_code == 409
    assert "unit:lvyou" not in rules(busy)


def test_attack_moving_the_author_into_the_unit_after_the_approval_stops_the_publication(
    busy: Office, author: Browser, second: Browser
) -> None:
    ref = ready(author, second, most_people="10")
    found = people.by_login(busy.registry, "zhaomin")
    assert found is not None
    staff.change(busy.registry, found.id, actor=SYSTEM, now=datetime.now(UTC), unit="lvyou")
    assert step(author, ref, "publish").status_code == 403
    assert "unit:lvyou" not in rules(busy)


def test_approval_and_publication_ask_for_a_fresh_proof(
    busy: Office, author: Browser, second: Browser
) -> None:
    ref = begin(author)
    write(author, ref, "旅游处可读取 svc:ledger/**，需双因素")
    look(author, ref)
    step(author, ref, "submit")
    page = f"/policy/changes/{ref}"
    assert second.post(f"{page}/approve", {}, page=page, confirm=False).status_code == 401


def test_a_sentence_that_cannot_be_read_is_kept_with_what_is_wrong(author: Browser) -> None:
    ref = begin(author)
    answer = write(author, ref, "旅游处可读取月球")
    assert answer.status_code == 422
    assert "旅游处可读取月球" in answer.text


def test_both_forms_of_a_draft_say_the_same(author: Browser) -> None:
    ref = begin(author)
    page = f"/policy/changes/{ref}/rules"
    toml = author.get(f"{page}/download?form=toml").text
    form = {"text": toml, "form": "toml", "edit": edit_of(author, ref)}
    assert author.post(f"{page}/text", form, page=f"{page}/text").status_code == 303
    assert author.get(f"{page}/download?form=toml").text == toml


def test_text_that_is_no_rules_is_kept_and_named_by_line_and_column(author: Browser) -> None:
    ref = begin(author)
    page = f"/policy/changes/{ref}/rules/text"
    edit = edit_of(author, ref)
    bad = "p, unit:lvyou, intranet, svc:ledger/**, LOOK, *, *, 2, *, allow\n"
    assert author.post(page, {"text": bad, "edit": edit}, page=page).status_code == 303
    text = author.get(page).text
    assert "LOOK" in text
    assert 'class="figures" data-name="行号">1</th>' in text


def test_a_look_alike_unit_is_mended_with_one_click(author: Browser) -> None:
    ref = begin(author)
    page = f"/policy/changes/{ref}/rules"
    write(author, ref, ROW.replace("lvyou", "lvyuo"))
    text = author.get(page).text
    found = re.search(
        r'name="rule" value="([^"]+)"><input type="hidden" name="word" value="([^"]+)">'
        r'<input type="hidden" name="near" value="([^"]+)"',
        text,
    )
    assert found is not None
    form = {"rule": found[1], "word": found[2], "near": found[3], "edit": edit_of(author, ref)}
    assert author.post(f"{page}/mend", form, page=page).status_code == 303
    assert "lvyuo" not in author.get(f"{page}/download").text


def test_who_saves_over_a_newer_draft_gets_what_was_typed_back(
    author: Browser, second: Browser
) -> None:
    ref = begin(author)
    old = edit_of(author, ref)
    write(author, ref, "旅游处可读取 svc:ledger/**，需双因素")
    page = f"/policy/changes/{ref}/rules"
    typed = "财务处可读取 svc:ledger/a，需双因素"
    answer = second.post(page, {"sentence": typed, "edit": old}, page=page)
    assert answer.status_code == 409
    assert typed in answer.text


def test_an_older_version_comes_back_as_a_change_of_its_own(
    app: Flask, busy: Office, author: Browser, second: Browser
) -> None:
    ref = ready(author, second)
    step(author, ref, "publish")
    step(officer(app, busy, "linxia", ago=-1), ref, "confirm")
    page = "/policy/changes/versions/1"
    answer = author.post(page, {"why": "不再需要"}, page=page)
    assert answer.status_code == 303
    back = answer.location.rsplit("/", 1)[-1]
    assert "unit:lvyou" not in author.get(f"/policy/changes/{back}/rules/download").text


def test_a_trial_that_nobody_confirms_is_ended_by_whoever_sweeps(
    busy: Office, author: Browser, second: Browser
) -> None:
    """Nothing but the database knows of the trial: whoever sweeps later ends it."""
    ref = ready(author, second)
    before = rules(busy)
    step(author, ref, "publish")
    room = busy.room
    now = datetime.now(UTC)
    assert sweep.sweep(room, now=now + timedelta(minutes=9)) == 0
    assert sweep.sweep(room, now=now + timedelta(minutes=11)) == 1
    assert rules(busy) == before


def test_attack_a_clock_set_back_does_not_lengthen_a_trial(
    busy: Office, author: Browser, second: Browser
) -> None:
    ref = ready(author, second)
    step(author, ref, "publish")
    room = busy.room
    now = datetime.now(UTC)
    sweep.sweep(room, now=now + timedelta(minutes=8))
    assert sweep.sweep(room, now=now + timedelta(minutes=1)) == 1
    with busy.store.reading() as session:
        assert find(session, ref).ended_why == "clock_went_back"


def test_a_canary_that_deviates_ends_the_trial_at_once(
    busy: Office, author: Browser, second: Browser
) -> None:
    ref = begin(author)
    gaofei = people.by_login(busy.registry, "gaofei")
    assert gaofei is not None
    case = f"t, allow, {gaofei.subject}, intranet, svc:ledger/a, cat:none, GET, 2, 2, lan, 2, *\n"
    page = f"/policy/changes/{ref}/rules"
    text = author.get(f"{page}/download").text + ROW + "\n" + case
    form = {"text": text, "edit": edit_of(author, ref)}
    author.post(f"{page}/text", form, page=f"{page}/text")
    assert "预算执行台账/" in look(author, ref)
    step(author, ref, "submit")
    step(second, ref, "approve")
    assert step(author, ref, "publish").status_code == 303
    busy.disable("gaofei")
    room = busy.room
    assert sweep.sweep(room, now=datetime.now(UTC)) == 1
    with busy.store.reading() as session:
        assert find(session, ref).ended_why == "canary_deviates"


def test_a_timed_publication_happens_by_itself(
    busy: Office, author: Browser, second: Browser
) -> None:
    ref = ready(author, second, publish_at="2099-01-01T08:00")
    room = busy.room
    sweep.sweep(room, now=datetime.now(UTC))
    assert "unit:lvyou" not in rules(busy)
    sweep.sweep(room, now=datetime(2099, 1, 1, 0, 1, tzinfo=UTC))
    assert "unit:lvyou" in rules(busy)
    with busy.store.reading() as session:
        assert find(session, ref).state is State.TRIAL


def test_a_notice_that_cannot_be_written_is_a_fault_and_no_call_to_rebase(
    busy: Office, author: Browser
) -> None:
    ref = begin(author)
    write(author, ref, "旅游处可读取 svc:ledger/**，需双因素")
    look(author, ref)
    who = people.by_login(busy.registry, "zhaomin")
    assert who is not None
    edit = int(edit_of(author, ref))
    with quicker(busy.store.write, "notice"), pytest.raises(IntegrityError):
        acts.submit(
            busy.room,
            ref,
            edit=edit,
            actor=Actor(subject=f"person:{who.id}"),
            now=datetime.now(UTC),
        )
    with busy.store.reading() as session:
        assert find(session, ref).state is State.DRAFT


def test_the_rate_of_denials_jumps_only_when_it_is_the_changes_doing() -> None:
    rate = sweep.Rate
    assert sweep.has_jumped(rate(100, 5), rate(50, 25))
    assert not sweep.has_jumped(rate(100, 5), rate(10, 10))
    assert not sweep.has_jumped(rate(100, 50), rate(50, 25))


@pytest.mark.parametrize("login", ["liwen", "zhouhang"])
def test_nobody_else_sees_changes_of_the_rules(app: Flask, busy: Office, login: str) -> None:
    assert officer(app, busy, login).get("/policy/changes").status_code == 403


def test_an_auditor_looks_and_changes_nothing(app: Flask, busy: Office, author: Browser) -> None:
    ref = begin(author)
    auditor = officer(app, busy, "chenjing")
    assert auditor.get(f"/policy/changes/{ref}").status_code == 200
    assert auditor.get("/policy/changes/new").status_code == 403

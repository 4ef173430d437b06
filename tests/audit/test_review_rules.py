"""Rules read strictly, kept in versions, run behind the index; attacks on each."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from searched_log import PEOPLE, SearchedLog
from sqlalchemy import func, select, update

from audit.record import Actor
from audit.review import finding, rulebook
from audit.review.engine import fire
from audit.review.matching import Surroundings, happenings
from audit.review.past import Past
from audit.review.rule import Type
from audit.review.rule_node import MAX_CHARACTERS, BadRule
from audit.review.rule_text import read
from audit.review.rulebook import ReasonNeeded, RuleMoved, change, current, shipped, versions
from audit.review.runner import rehearse
from audit.review.tables import review_finding, review_link
from audit.tables import audit_event

HEAD = """name: look
detection:
  selection:
    event: decision.denied
  condition: selection
---
"""
RULE = (
    HEAD
    + """title: Refusals
name: refusals
level: low
correlation:
  type: event_count
  rules: look
  group-by: actor
  timespan: 10m
  condition:
    gte: 3
"""
)
OFFICER = Actor(subject="person:00000000-0000-4000-8000-0000000000aa")


@pytest.fixture
def log(database_url: str, tmp_path: Path, now: datetime) -> Iterator[SearchedLog]:
    """Return an empty log with its index, on each kind of database."""
    log = SearchedLog(database_url, tmp_path / "sealer", now)
    yield log
    log.close()


def deny(log: SearchedLog, at: datetime, *, who: str = PEOPLE[0], event: str = "") -> None:
    log.ledger.append(
        event or "decision.denied", actor=Actor(subject=who), now=at, outcome="denied"
    )


def only(log: SearchedLog, text: str = RULE) -> None:
    """Have this rule alone switched on."""
    with log.ledger.begin() as tx:
        for kept in current(tx.session.connection()):
            change(
                tx,
                kept.text,
                name=kept.name,
                is_on=False,
                over=kept.version,
                why="only one is tested",
                actor=OFFICER,
                now=log.now,
            )
        change(tx, text, name=None, is_on=True, over=None, why="tested", actor=OFFICER, now=log.now)


def found(log: SearchedLog) -> list[Any]:
    with log.store.read.connect() as connection:
        query = select(review_finding).order_by(review_finding.c.opened_at, review_finding.c.id)
        return list(connection.execute(query))


def linked(log: SearchedLog, finding_id: object) -> set[int]:
    with log.store.read.connect() as connection:
        query = select(review_link.c.seq).where(review_link.c.finding == finding_id)
        return set(connection.execute(query).scalars())


def entries(log: SearchedLog, event: str) -> list[dict[str, Any]]:
    with log.store.reading() as session:
        bodies = session.execute(select(audit_event.c.body).order_by(audit_event.c.id)).scalars()
        return [said for body in bodies if (said := json.loads(body))["ev"] == event]


def test_every_shipped_rule_can_be_read_and_has_words_in_both_languages() -> None:
    rules = [kept.rule for kept in shipped().values()]
    assert len(rules) >= 14
    assert {rule.type for rule in rules if rule} >= {
        Type.EVENT_COUNT,
        Type.VALUE_COUNT,
        Type.TEMPORAL_ORDERED,
    }
    for rule in rules:
        assert rule is not None
        assert rule.title
        assert rule.title_zh
        assert rule.description_zh


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("", "documents", 1),
        ("a: [1, 2", "yaml", 1),
        ("a: &x [1]\nb: *x\n", "alias", 1),
        ("a: !!python/object/apply:os.system ['id']\n", "alias", 1),
        (RULE.replace("gte: 3", "gte: 0"), "number", 16),
        (RULE.replace("gte: 3", "lte: 3"), "unknown_key", 16),
        (RULE.replace("gte: 3", "gte: 3\n    gt: 2"), "compared", 16),
        (RULE.replace("10m", "99999d"), "timespan", 14),
        (RULE.replace("10m", "10"), "timespan", 14),
        (RULE.replace("group-by: actor", "group-by: colour"), "field", 13),
        (RULE.replace("event_count", "event_sum"), "choice", 11),
        (RULE.replace("rules: look", "rules: other"), "reference", 12),
        (RULE.replace("decision.denied", "decision.dreamt"), "event", 4),
        (RULE.replace("decision.denied", "review.found"), "own", 4),
        (RULE.replace("decision.denied", "'*'"), "own", 4),
        (RULE.replace("condition: selection", "condition: other"), "condition", 5),
        (RULE.replace("condition: selection", "condition: not selection"), "event_needed", 5),
        (RULE.replace("level: low", "level: low\nlevel: high"), "duplicate", 10),
        (RULE.replace("level: low", "levle: low"), "unknown_key", 9),
        (RULE.replace("event: decision", "event|regex: decision"), "modifier", 4),
        (RULE.replace("title: Refusals\n", ""), "missing", 7),
    ],
)
def test_a_wrong_rule_is_refused_with_its_place(text: str, code: str, line: int) -> None:
    with pytest.raises(BadRule) as bad:
        read(text)
    assert (bad.value.code, bad.value.line) == (code, line), bad.value


@pytest.mark.parametrize(
    "bomb",
    [
        "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n",
        "[" * 8000,
        "{a: " * 4000,
        "- " * 8000,
        "x" * (MAX_CHARACTERS + 1),
        "---\n" * 4000,
        "? " * 5000,
        "\x00",
        "a: \ud800",
    ],
)
def test_a_yaml_bomb_is_refused(bomb: str) -> None:
    with pytest.raises(BadRule):
        read(bomb)


@given(st.text(max_size=300) | st.text("abc:-{}[]&*!|>\n #'\"", max_size=200))
@settings(max_examples=300, deadline=None)
def test_whatever_is_no_rule_is_refused_and_nothing_else_happens(text: str) -> None:
    with pytest.raises(BadRule):
        read(text)


@given(st.integers(0, len(RULE) - 1), st.characters(codec="utf-8"))
@settings(max_examples=300, deadline=None)
def test_a_rule_with_one_character_changed_is_read_or_refused_with_a_place(
    at: int, character: str
) -> None:
    text = RULE[:at] + character + RULE[at + 1 :]
    refused = None
    try:
        read(text)
    except BadRule as bad:
        refused = bad
    lines = len(text.splitlines()) + 2
    assert refused is None or (1 <= refused.line <= lines and refused.column >= 1)


def test_an_edit_is_a_version_recorded_with_before_and_after(log: SearchedLog) -> None:
    with log.ledger.begin() as tx:
        first = shipped()["brute_force"]
        text = first.text.replace("gte: 10", "gte: 5")
        change(
            tx, text, name="brute_force", is_on=True, over=0, why="too slow",
            actor=OFFICER, now=log.now,
        )  # fmt: skip
    with log.store.read.connect() as connection:
        kept = versions(connection, "brute_force")
    assert [each.version for each in kept] == [1, 0]
    (said,) = entries(log, "review.rule_changed")
    assert said["d"]["why"] == "too slow"
    assert said["d"]["before"] != said["d"]["after"]
    with pytest.raises(RuleMoved), log.ledger.begin() as tx:
        change(
            tx, text, name="brute_force", is_on=True, over=0, why="again",
            actor=OFFICER, now=log.now,
        )  # fmt: skip
    with pytest.raises(ReasonNeeded), log.ledger.begin() as tx:
        change(
            tx, text, name="brute_force", is_on=True, over=1, why=" ", actor=OFFICER, now=log.now
        )


def test_three_refusals_within_the_span_are_one_finding_that_grows(log: SearchedLog) -> None:
    only(log)
    for minute in (0, 1, 2):
        deny(log, log.now + timedelta(minutes=minute))
    deny(log, log.now, who=PEOPLE[1])
    log.settle()
    assert log.rules().catch_up(now=log.now)
    (one,) = found(log)
    assert (one.rule, one.entries, one.key) == ("refusals", 3, {"actor": PEOPLE[0]})
    deny(log, log.now + timedelta(minutes=3))
    log.settle()
    log.rules().catch_up(now=log.now)
    (one,) = found(log)
    assert one.entries == len(linked(log, one.id)) == 4
    assert len(entries(log, "review.found")) == 1


def test_an_entry_that_arrives_late_is_judged_among_those_of_its_time(log: SearchedLog) -> None:
    only(log)
    deny(log, log.now)
    deny(log, log.now + timedelta(minutes=9))
    for minute in range(30):
        deny(log, log.now + timedelta(hours=1, minutes=11 * minute))
    log.settle()
    log.rules().catch_up(now=log.now)
    assert not found(log)
    deny(log, log.now + timedelta(minutes=5))
    log.settle()
    log.rules().catch_up(now=log.now)
    (one,) = found(log)
    assert one.entries == 3


def test_the_past_rehearsed_is_what_running_finds(log: SearchedLog) -> None:
    only(log)
    chance = random.Random(7)
    for _ in range(200):
        deny(log, log.now + timedelta(minutes=chance.uniform(0, 900)), who=chance.choice(PEOPLE))
        if chance.random() < 0.1:
            log.settle()
            log.rules().catch_up(now=log.now)
    log.settle()
    log.rules().catch_up(now=log.now)
    rehearsed = rehearse(
        log.store.read,
        Surroundings(zone=UTC, roles=dict),
        read(RULE),
        since=log.now - timedelta(days=1),
        until=log.now + timedelta(days=1),
    )
    assert rehearsed.whole
    assert {seq for each in rehearsed.firings for seq in each.seqs} == {
        seq for each in found(log) for seq in linked(log, each.id)
    }


def test_a_round_that_is_done_twice_at_once_finds_once(log: SearchedLog) -> None:
    only(log)
    for minute in (0, 1, 2):
        deny(log, log.now + timedelta(minutes=minute))
    log.settle()
    first, second = log.rules(), log.rules()
    inner = second._begin
    second._begin = lambda: (first.round(now=log.now), inner())[1]  # type: ignore[assignment]
    assert second.round(now=log.now) == 0
    assert len(found(log)) == 1


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("at", range(6))
def test_killed_at_any_statement_the_rules_find_the_same_once(log: SearchedLog, at: int) -> None:
    only(log)
    for minute in (0, 1, 2):
        deny(log, log.now + timedelta(minutes=minute))
    log.settle()
    calls = 0

    def dies(original: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **kwargs: object) -> object:
            nonlocal calls
            calls += 1
            if calls == at:
                raise Killed
            return original(*args, **kwargs)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for module, name in ((finding, "_open"), (finding, "_link"), (finding, "_known")):
            patch.setattr(module, name, dies(getattr(module, name)))
        try:
            log.rules().catch_up(now=log.now)
        except Killed:
            assert not found(log)
    log.rules().catch_up(now=log.now)
    assert len(found(log)) == len(entries(log, "review.found")) == 1


def test_the_shipped_rules_find_what_they_are_for(log: SearchedLog) -> None:
    """Each attack is written as it happens, and its rule names it."""
    start, boss = log.now, PEOPLE[3]
    say = log.ledger.append
    stranger = Actor(subject="system:sign_in", address="10.9.9.9")
    for number in range(12):
        moment = start + timedelta(seconds=number)
        name = {"login": f"clerk{number}"}
        say("sign_in.refused", actor=stranger, now=moment, personal=name, outcome="failure")
        say(
            "sign_in.refused", actor=stranger, now=moment, personal={"login": "root"},
            outcome="failure",
        )  # fmt: skip
    own = Actor(subject=PEOPLE[1], address="10.0.0.1")
    for second in (1, 2, 3):
        say(
            "sign_in.refused", actor=own, now=start + timedelta(seconds=second), reason="code",
            outcome="failure",
        )  # fmt: skip
    say("sign_in.accepted", actor=own, now=start + timedelta(seconds=9))
    night = start.replace(hour=23)
    say("person.disabled", actor=Actor(subject=boss), now=night, object=PEOPLE[2])
    for name, who, obj, second in (
        ("grant.given", boss, PEOPLE[2], 0),
        ("decision.allowed", PEOPLE[2], None, 20),
        ("grant.ended", boss, PEOPLE[2], 40),
        ("person.roles_changed", boss, boss, 50),
        ("audit.searched", PEOPLE[2], None, 60),
        ("audit.missing", "system:sealer", None, 61),
        ("clock.stepped", "system:sealer", None, 62),
        ("break_glass.entered", PEOPLE[2], "person:x", 63),
    ):
        say(name, actor=Actor(subject=who), now=start + timedelta(seconds=second), object=obj)
    for second in range(16):
        deny(log, start + timedelta(seconds=100 + second))
    say("audit.exported", actor=Actor(subject="operator:root"), now=start)
    look_up(log, boss, 30)
    later = start + timedelta(days=1)
    say("sign_in.accepted", actor=Actor(subject=boss, address="10.0.0.7"), now=start)
    say("sign_in.accepted", actor=Actor(subject=boss, address="10.0.0.8"), now=later)
    for number in range(301):
        moment = later + timedelta(seconds=number)
        say("decision.allowed", actor=Actor(subject=PEOPLE[1]), now=moment)
    back = start + timedelta(days=70)
    say("sign_in.accepted", actor=Actor(subject=PEOPLE[1], address="10.0.0.1"), now=back)
    log.settle()
    roles = {boss: frozenset({"system_admin"})}
    log.rules(roles).catch_up(now=log.now)
    names = {each.rule for each in found(log)}
    assert shipped().keys() - names == {"brief_office"}, names


def look_up(log: SearchedLog, who: str, times: int) -> None:
    for number in range(times):
        log.ledger.append(
            "audit.read", actor=Actor(subject=who), now=log.now + timedelta(minutes=number),
            object=f"audit:{number}", details={"rule_work": True},
        )  # fmt: skip


def test_rule_work_and_commands_of_the_operator_are_no_high_finding(log: SearchedLog) -> None:
    look_up(log, PEOPLE[1], 29)
    operator = Actor(subject="operator:root")
    for event in ("audit.searched", "audit.exported", "audit.evidence"):
        log.ledger.append(event, actor=operator, now=log.now)
    log.settle()
    log.rules().catch_up(now=log.now)
    assert {(each.rule, each.level) for each in found(log)} == {("log_read_at_terminal", "low")}


def test_attack_nobody_hides_a_look_behind_rule_work_or_a_terminal(log: SearchedLog) -> None:
    """Many look-ups, a value opened, the mark on what no rule page does: each is asked about."""
    look_up(log, PEOPLE[1], 30)
    for who, event in (
        (PEOPLE[0], "audit.value_opened"),
        (PEOPLE[3], "audit.exported"),
        ("operator:root", "audit.value_opened"),
    ):
        actor = Actor(subject=who)
        log.ledger.append(event, actor=actor, now=log.now, details={"rule_work": True})
    log.settle()
    log.rules().catch_up(now=log.now)
    asked = {(each.rule, each.key["actor"]) for each in found(log)}
    others = {("log_read_by_others", who) for who in (PEOPLE[0], PEOPLE[3], "operator:root")}
    assert others | {("rule_work_in_bulk", PEOPLE[1])} <= asked


@pytest.mark.parametrize(
    ("used_at", "taken_at", "fires"), [(60, 300, True), (60, 700, False), (400, 300, False)]
)
def test_roles_given_used_and_taken_back_at_once_are_a_finding(
    log: SearchedLog, used_at: int, taken_at: int, *, fires: bool
) -> None:
    """`brief_office`: in this order and within ten minutes, or not at all."""
    officer, holder, start = Actor(subject=PEOPLE[0]), PEOPLE[2], log.now
    acts = (
        (0, "person.roles_changed", officer, holder),
        (used_at, "person.disabled", Actor(subject=holder), PEOPLE[1]),
        (taken_at, "person.roles_changed", officer, holder),
    )
    for second, name, actor, about in sorted(acts, key=lambda act: act[0]):
        moment = start + timedelta(seconds=second)
        log.ledger.append(name, actor=actor, now=moment, object=about)
    log.settle()
    log.rules().catch_up(now=log.now)
    assert ("brief_office" in {each.rule for each in found(log)}) is fires


def test_rules_never_feed_on_their_own_findings(log: SearchedLog) -> None:
    for minute in range(20):
        deny(log, log.now + timedelta(seconds=minute))
    for _ in range(4):
        log.settle()
        log.rules().catch_up(now=log.now)
    with log.store.read.connect() as connection:
        count = connection.execute(select(func.count()).select_from(review_finding)).scalar()
    assert count == 1


def test_a_rule_off_finds_nothing_and_that_is_on_record(log: SearchedLog) -> None:
    only(log)
    with log.ledger.begin() as tx:
        change(
            tx, RULE, name="refusals", is_on=False, over=1, why="noise", actor=OFFICER, now=log.now
        )
    for minute in (0, 1, 2):
        deny(log, log.now + timedelta(minutes=minute))
    log.settle()
    log.rules().catch_up(now=log.now)
    assert not found(log)
    assert entries(log, "review.rule_off")[-1]["obj"] == "rule:refusals"


def test_a_rule_kept_under_a_broken_text_does_not_stop_the_others(log: SearchedLog) -> None:
    only(log)
    with log.ledger.begin(unaudited_because="an attack") as tx:
        tx.session.execute(
            update(rulebook.review_rule)
            .where(rulebook.review_rule.c.name == "brute_force")
            .values(text="broken: [", is_on=True)
        )
    for minute in (0, 1, 2):
        deny(log, log.now + timedelta(minutes=minute))
    log.settle()
    log.rules().catch_up(now=log.now)
    assert [each.rule for each in found(log)] == ["refusals"]


def test_details_and_aliases_join_entries_of_different_form(log: SearchedLog) -> None:
    say = log.ledger.append
    say("person.roles_changed", actor=Actor(subject=PEOPLE[0]), now=log.now, object=PEOPLE[1],
        details={"gained": ["auditor"], "lost": []})  # fmt: skip
    log.settle()
    text = RULE.replace(
        "decision.denied", "person.roles_changed\n    details.gained|contains: auditor"
    )
    rule = read(text.replace("gte: 3", "gte: 1"))
    with log.store.read.connect() as connection:
        past = Past(connection)
        rows = past.rows([])
        around = Surroundings(zone=UTC, roles=dict)
        assert len(fire(rule, happenings(rule, rows, around, past))) == 1
        other = read(text.replace("auditor", "staff"))
        assert not list(happenings(other, rows, around, past))

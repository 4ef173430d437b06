"""Reviews of the rules: what leans on each, who decides, and what comes of the answers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_worlds import CATEGORIES, PEOPLE, people, request, rule
from sqlalchemy import delete, insert, text

from audit.ledger import Ledger
from audit.record import Actor
from gateway.store.engines import Store
from policies import versions
from policies.campaigns import campaigns, deciding, gathering
from policies.campaigns.campaigns import Reviewers, State, Stopped, Terms, Verdict, Why
from policies.campaigns.deciding import Answer
from policies.campaigns.leaning import Leaning, leaning
from policies.campaigns.shortening import end_of, shortened
from policies.change import campaign
from policies.change.replay import replay as replayed
from policies.change.texts import read
from policies.decision import Request
from policies.dossier.dossiers import find
from policies.engine import CompiledEngine, build
from policies.memberships import Memberships
from policies.recorded import EVENTS, question
from policies.rules import Rule, RuleSet
from policies.tables_running import rule_use
from policies.uses import uses
from policies.vocabulary import ZONES

OFFICER = Actor(subject=PEOPLE[0])
READ = Rule("unit:x", "*", "svc:s/**", "GET", "*", "*", "2", "*", "allow")
IDLE = Rule("unit:y", "*", "svc:s/**", "GET", "*", "*", "2", "*", "allow")
WEEKLY = Rule(
    "unit:z", "*", "svc:t/**", "GET", "*", "*", "2", "week:1-5@08:30-17:30+08:00", "allow"
)
OWN = Rule(PEOPLE[0], "*", "svc:s/own", "GET", "*", "*", "2", "*", "allow")
PAGE = Rule("role:staff", "*", "app:portal.view", "use", "*", "*", "2", "*", "allow")
DENY = Rule("unit:x", "*", "svc:s/p/**", "*", "*", "*", "*", "*", "deny")
RULES = RuleSet((READ, IDLE, WEEKLY, OWN, PAGE, DENY))
NAMES = {outcome: name for name, outcome in EVENTS.items()}


def body(engine: Any, asked: Any, number: int) -> bytes:  # noqa: ANN401 - as the worlds draw them
    """A decision as the log keeps it."""
    decision = engine.decide(asked)
    return json.dumps(
        {
            "ev": NAMES[decision.outcome], "did": f"{number:032x}", "sub": asked.subject,
            "zone": asked.zone, "obj": asked.object, "ts": f"2026-11-2{number % 8}T08:00:00+00:00",
            "svc": "s", "pv": decision.version, "why": str(decision.reason),
            "rules": list(decision.rules), "d": {"q": question(engine, asked)},
        },
        separators=(",", ":"),
    ).encode()  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.randoms(use_true_random=False))
def test_what_would_be_missed_is_what_a_replay_without_the_rules_misses(luck: Random) -> None:
    """The one pass over the log and the replay by a second engine are two ways to one number."""
    before = RuleSet(tuple({rule(luck) for _ in range(9)}), CATEGORIES)
    members = people(luck)
    engine = build(before, members)
    asked = [replace_zone(request(luck), luck) for _ in range(12)]
    found = [body(engine, each, number) for number, each in enumerate(asked)]
    allows = [each for each in before.rules if each.allows]
    gone = [each for each in allows if luck.randrange(2)]
    after = build(campaign.without(before, gone), members)

    leans = leaning(found, engine)
    missed = campaign.proof(gone, replayed(found, engine, after)).missed

    assert leans.missed(each.id for each in gone) == otherwise(asked, engine, after)
    # The replay of a change passes over who needs one stronger sign-in instead of another.
    assert sum(each.count for each in missed) <= otherwise(asked, engine, after)
    for each in gone[:1]:
        alone = build(campaign.without(before, [each]), members)
        counted = leans.rules[each.id].alone if each.id in leans.rules else 0
        assert counted == otherwise(asked, engine, alone)


def otherwise(asked: list[Request], before: CompiledEngine, after: CompiledEngine) -> int:
    """How many questions are answered otherwise, or want another sign-in."""
    answers = [(before.decide(each), after.decide(each)) for each in asked]
    return sum(
        (was.outcome, was.strength_needed) != (will.outcome, will.strength_needed)
        for was, will in answers
    )


def replace_zone(asked: Request, luck: Random) -> Request:
    """The same in a zone that there is, of somebody whom the log can name."""
    return replace(asked, zone=luck.choice(sorted(ZONES)), subject=luck.choice(PEOPLE))


@pytest.fixture
def published(ledger: Ledger, now: datetime) -> datetime:
    """Rules in force for a hundred days."""
    with ledger.begin() as tx:
        at = now - timedelta(days=100)
        versions.publish(tx, RULES, actor=OFFICER, now=at, note="test")
    return now


def terms(now: datetime, **values: Any) -> Terms:  # noqa: ANN401 - any of its fields
    usual = {"title": "年度复核", "scope": "*", "reviewers": Reviewers.SERVICE}
    return Terms(**{**usual, "due_at": now + timedelta(days=30), **values})


def opened(ledger: Ledger, now: datetime, **values: Any) -> str:  # noqa: ANN401 - of its terms
    engine = build(RULES, Memberships())
    with ledger.begin() as tx:
        ref = gathering.begin(tx, terms(now, **values), actor=OFFICER, now=now, total=3)
    with ledger.begin() as tx:
        gathering.fill(
            tx, ref, Leaning(3, leaning([], engine).rules, {}), uses=uses(tx.session),
            in_charge=lambda slug: {"s": "unit:finance"}.get(slug, ""), actor=OFFICER, now=now,
        )  # fmt: skip
    return ref


def answered(ledger: Ledger, ref: str, now: datetime, numbers: set[int], verdict: Verdict,
             **values: Any) -> None:  # fmt: skip  # noqa: ANN401
    may = values.pop("may", lambda _line: True)
    actor = values.pop("actor", Actor(subject=PEOPLE[1]))
    answer = Answer(
        numbers=frozenset(numbers), verdict=verdict, reason=values.pop("reason", "不再需要"),
        **values,
    )  # fmt: skip
    with ledger.begin() as tx:
        deciding.decide(tx, ref, answer, actor=actor, now=now, may=may)


def events(store: Store) -> list[dict[str, Any]]:
    with store.read.connect() as connection:
        rows = connection.execute(text("SELECT body FROM audit_event ORDER BY id"))
        return [json.loads(bytes(row.body)) for row in rows]


def test_a_campaign_asks_about_allows_of_its_scope_and_knows_who_decides(
    store: Store, ledger: Ledger, published: datetime
) -> None:
    ref = opened(ledger, published)
    with store.reading() as session:
        lines = campaigns.lines(session, ref)
        found = campaigns.find(session, ref)
    assert {each.line for each in lines} == {each.line for each in (READ, IDLE, WEEKLY, OWN)}
    assert {each.parsed.obj[:5]: each.unit for each in lines} == {
        "svc:s": "unit:finance",
        "svc:t": "",
    }
    assert all(each.is_unused(found) for each in lines)
    assert found.state is State.OPEN
    unit = opened(ledger, published, scope="unit:y", reviewers=Reviewers.UNIT)
    with store.reading() as session:
        assert [each.unit for each in campaigns.lines(session, unit)] == ["unit:y"]
        assert campaigns.progress(session) == {ref: (0, 4), unit: (0, 1)}


def test_a_young_rule_is_not_called_unused(
    store: Store, ledger: Ledger, published: datetime
) -> None:
    young = Rule("unit:new", "*", "svc:s/**", "GET", "*", "*", "2", "*", "allow")
    with ledger.begin() as tx:
        versions.publish(
            tx, RULES.plus(RuleSet((young,))), actor=OFFICER, now=published, note="test"
        )
    ref = opened(ledger, published)
    with store.reading() as session:
        found = campaigns.find(session, ref)
        unused = {each.line for each in campaigns.lines(session, ref) if each.is_unused(found)}
    assert young.line not in unused
    assert IDLE.line in unused


def test_answers_become_a_draft_that_two_people_make(
    store: Store, ledger: Ledger, published: datetime
) -> None:
    ref = opened(ledger, published)
    with store.reading() as session:
        by_line = {each.line: each.number for each in campaigns.lines(session, ref)}
    until = published + timedelta(days=10)
    answered(ledger, ref, published, {by_line[IDLE.line]}, Verdict.REMOVE)
    answered(ledger, ref, published, {by_line[READ.line]}, Verdict.SHORTEN, until=until)
    answered(ledger, ref, published, {by_line[OWN.line], by_line[WEEKLY.line]}, Verdict.KEEP)

    with ledger.begin() as tx:
        change = deciding.close(tx, ref, actor=OFFICER, now=published)

    with store.reading() as session:
        draft = find(session, change)
        assert campaigns.find(session, ref).dossier == change
        assert versions.current(session) == RULES, "nothing is in force before two people say so"
    document = read(draft.text).document
    assert document is not None
    after = set(document.rules.rules)
    assert (IDLE in after, READ in after, WEEKLY in after) == (False, False, True)
    ended = next(each for each in after if each.sub == "unit:x" and each.allows)
    assert end_of(ended.win) == int(until.timestamp())
    assert (draft.author, draft.most_people) == (OFFICER.subject, 0)
    told = [each for each in events(store) if each["ev"].startswith("policy.campaign_")]
    assert [each["ev"].partition("_")[2] for each in told] == [
        "opened", "filled", "decided", "decided", "decided", "closed",
    ]  # fmt: skip
    assert told[-1]["d"]["change"] == change
    assert told[2]["why"] == "不再需要"


def test_a_campaign_without_removals_makes_no_change(
    store: Store, ledger: Ledger, published: datetime
) -> None:
    ref = opened(ledger, published)
    answered(ledger, ref, published, {1, 2, 3, 4}, Verdict.KEEP)
    with ledger.begin() as tx:
        assert deciding.close(tx, ref, actor=OFFICER, now=published) == ""
    with store.reading() as session:
        assert campaigns.find(session, ref).state is State.CLOSED


def test_a_rule_that_was_taken_out_meanwhile_is_passed_over(
    ledger: Ledger, published: datetime
) -> None:
    ref = opened(ledger, published)
    answered(ledger, ref, published, {1, 2, 3, 4}, Verdict.REMOVE)
    with ledger.begin() as tx:
        versions.publish(tx, RuleSet((PAGE,)), actor=OFFICER, now=published, note="test")
    with ledger.begin() as tx:
        assert deciding.close(tx, ref, actor=OFFICER, now=published) == ""


def used(ledger: Ledger, ref: str, number: int, at: datetime) -> None:
    """Count a use of a rule of a campaign, as the counting of the log does."""
    with ledger.begin(unaudited_because="counts of what the log holds already") as tx:
        (line,) = (each for each in campaigns.lines(tx.session, ref) if each.number == number)
        tx.session.execute(delete(rule_use).where(rule_use.c.rule == line.rule))
        tx.session.execute(
            insert(rule_use).values(rule=line.rule, uses=1, first_used=at, last_used=at)
        )


def test_attack_a_rule_goes_as_unused_that_was_used_after_the_log_was_asked(
    store: Store, ledger: Ledger, published: datetime
) -> None:
    ref = opened(ledger, published)
    decided, later = published + timedelta(days=2), published + timedelta(days=9)
    answered(ledger, ref, decided, {1, 2, 3, 4}, Verdict.REMOVE)
    used(ledger, ref, 2, published + timedelta(days=5))
    with store.reading() as session:
        found = campaigns.find(session, ref)
        now_ = campaigns.up_to_date(session, campaigns.lines(session, ref))
    assert [each.number for each in now_ if not each.is_unused(found)] == [2]
    with pytest.raises(Stopped) as stopped, ledger.begin() as tx:
        deciding.close(tx, ref, actor=OFFICER, now=later)
    assert (stopped.value.why, stopped.value.said) == (Why.USED_SINCE, "2")
    # Whoever decides again has seen it; that it goes on being used keeps no review open.
    answered(ledger, ref, later, {2}, Verdict.REMOVE)
    used(ledger, ref, 2, later + timedelta(days=1))
    with ledger.begin() as tx:
        assert deciding.close(tx, ref, actor=OFFICER, now=later + timedelta(days=2))


def test_undecided_rules_stay_only_if_somebody_says_so(ledger: Ledger, published: datetime) -> None:
    ref = opened(ledger, published)
    with pytest.raises(Stopped) as stopped, ledger.begin() as tx:
        deciding.close(tx, ref, actor=OFFICER, now=published)
    assert (stopped.value.why, stopped.value.said) == (Why.UNDECIDED, "4")
    with ledger.begin() as tx:
        assert deciding.close(tx, ref, actor=OFFICER, now=published, leaves_undecided=True) == ""
    with pytest.raises(Stopped) as stopped:
        answered(ledger, ref, published, {1}, Verdict.KEEP)
    assert stopped.value.why is Why.WRONG_STATE


@pytest.mark.parametrize(
    ("why", "values"),
    [
        (Why.NO_REASON, {"reason": " x "}),
        (Why.UNKNOWN, {"numbers": {1, 99}}),
        (Why.UNKNOWN, {"numbers": set()}),
        (Why.NOT_YOURS, {"may": lambda _line: False}),
        (Why.UNTIL, {"verdict": Verdict.SHORTEN}),
        (Why.UNTIL, {"verdict": Verdict.SHORTEN, "until": datetime(2020, 1, 1, tzinfo=UTC)}),
        (Why.UNTIL, {"verdict": Verdict.SHORTEN, "until": datetime(2027, 1, 1, tzinfo=UTC)}),
        (Why.OWN, {"actor": OFFICER}),
    ],
)
def test_a_wrong_answer_changes_no_row(
    store: Store, ledger: Ledger, published: datetime, why: Why, values: dict[str, Any]
) -> None:
    """All rows or none; among the four is one with weekly hours and one about the officer."""
    ref = opened(ledger, published)
    given_ = {"numbers": {1, 2, 3, 4}, "verdict": Verdict.KEEP, **values}
    with pytest.raises(Stopped) as stopped:
        answered(ledger, ref, published, given_.pop("numbers"), given_.pop("verdict"), **given_)
    assert stopped.value.why is why
    with store.reading() as session:
        assert not any(each.verdict for each in campaigns.lines(session, ref))


def test_nobody_decides_before_the_log_was_asked(ledger: Ledger, published: datetime) -> None:
    with ledger.begin() as tx:
        ref = gathering.begin(tx, terms(published), actor=OFFICER, now=published, total=3)
    with pytest.raises(Stopped) as stopped:
        answered(ledger, ref, published, {1}, Verdict.KEEP)
    assert stopped.value.why is Why.GATHERING
    with ledger.begin() as tx:
        gathering.advance(tx.session, ref, done=1, now=published)
        tx.record("policy.campaign_overdue", actor=OFFICER, now=published)
    with pytest.raises(Stopped) as stopped, ledger.begin() as tx:
        deciding.close(tx, ref, actor=OFFICER, now=published)
    assert stopped.value.why is Why.GATHERING


def test_a_gathering_that_does_not_move_is_dead(
    store: Store, ledger: Ledger, published: datetime
) -> None:
    with ledger.begin() as tx:
        ref = gathering.begin(tx, terms(published), actor=OFFICER, now=published, total=3)
    with store.reading() as session:
        found = campaigns.find(session, ref)
    assert not found.is_dead(published + timedelta(seconds=29))
    assert found.is_dead(published + timedelta(seconds=31))


def test_it_is_said_once_that_a_campaign_is_overdue(
    store: Store, ledger: Ledger, published: datetime
) -> None:
    ref = opened(ledger, published)
    late = published + timedelta(days=31)
    with store.reading() as session:
        assert deciding.overdue(session, published) == []
        assert deciding.overdue(session, late) == [ref]
    with ledger.begin() as tx:
        assert deciding.warn(tx, ref, actor=OFFICER, now=late) is not None
    with ledger.begin(unaudited_because="nothing is written") as tx:
        assert deciding.warn(tx, ref, actor=OFFICER, now=late) is None
    with store.reading() as session:
        assert deciding.overdue(session, late) == []


@pytest.mark.parametrize(
    ("said", "values"),
    [
        ("title", {"title": " "}),
        ("title", {"title": "x" * 201}),
        ("scope", {"scope": "role:staff"}),
        ("scope", {"scope": "svc:s/a/**"}),
        ("due_at", {"due_at": datetime(2020, 1, 1, tzinfo=UTC)}),
        ("days", {"days": 0}),
        ("days", {"days": 3661}),
    ],
)
def test_terms_that_cannot_be_are_named(
    ledger: Ledger, published: datetime, said: str, values: dict[str, Any]
) -> None:
    with pytest.raises(Stopped) as stopped, ledger.begin() as tx:
        gathering.begin(tx, terms(published, **values), actor=OFFICER, now=published, total=0)
    assert (stopped.value.why, stopped.value.said) == (Why.TERMS, said)


def test_a_scope_without_rules_begins_nothing(ledger: Ledger, published: datetime) -> None:
    with pytest.raises(Stopped) as stopped, ledger.begin() as tx:
        gathering.begin(
            tx, terms(published, scope="svc:nowhere"), actor=OFFICER, now=published, total=0
        )
    assert stopped.value.why is Why.NOTHING


SPANS = st.lists(st.tuples(st.integers(0, 400), st.integers(1, 100)), min_size=1, max_size=3)


@given(SPANS, st.integers(1, 600), st.integers(0, 700))
def test_a_shortened_rule_is_open_when_it_was_and_not_after_its_end(
    spans: list[tuple[int, int]], end: int, second: int
) -> None:
    win = "|".join(f"{start}~{start + length}" for start, length in spans)
    until = datetime.fromtimestamp(end, UTC)
    try:
        cut = shortened(win, until, until)
    except ValueError:
        opened_ = [start for start, _ in spans if start < end]
        assert not opened_ or all(start + length <= end for start, length in spans)
        return

    def is_open(text_: str) -> bool:
        pairs = (tuple(map(int, each.split("~"))) for each in text_.split("|"))
        return any(start <= second < stop for start, stop in pairs)

    assert is_open(cut) == (is_open(win) and second < end)
    assert (end_of(cut) or 0) <= end

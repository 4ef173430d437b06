"""Uses of rules: counted from the log once, whatever happens meanwhile."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, insert, select, update
from sqlalchemy.exc import OperationalError

from audit.ledger import Ledger
from audit.record import Actor
from audit.tables import audit_event
from gateway.store.engines import Store
from policies import uses
from policies.rules import Rule
from policies.uses import Use

ACTOR = Actor(subject="person:00000000-0000-4000-8000-000000000001")
A, B = "r-aaaaaaaaaaaa", "r-bbbbbbbbbbbb"


def decided(ledger: Ledger, now: datetime, *rules: str, name: str = "decision.allowed") -> None:
    ledger.append(name, actor=ACTOR, now=now, decision="0" * 32, policy="0" * 16, rules=rules)


def seal(store: Store, ledger: Ledger) -> None:
    """Number the entries that have no number, as the sealer does."""
    with ledger.begin(unaudited_because="the test is the sealer") as tx:
        first = uses.sealed(tx.session)
        waiting = select(audit_event.c.id).where(audit_event.c.seq.is_(None))
        for place, (name,) in enumerate(tx.session.execute(waiting.order_by(audit_event.c.id))):
            row = update(audit_event).where(audit_event.c.id == name)
            tx.session.execute(row.values(seq=first + place))


def counts(store: Store) -> dict[str, Use]:
    with store.reading() as session:
        return dict(uses.uses(session))


def test_each_decision_counts_once_for_each_rule_it_names(
    store: Store, ledger: Ledger, now: datetime
) -> None:
    later = now + timedelta(hours=1)
    decided(ledger, now, A)
    decided(ledger, later, A, B, name="decision.denied")
    ledger.append("policy.published", actor=ACTOR, now=later, rules=[B])
    seal(store, ledger)
    assert uses.count(ledger) == 3
    assert counts(store) == {A: Use(2, now, later), B: Use(1, later, later)}
    assert uses.count(ledger) == 0
    assert counts(store)[A].uses == 2


def test_what_has_no_number_yet_is_counted_when_it_has(
    store: Store, ledger: Ledger, now: datetime
) -> None:
    """Numbers have no gaps: an entry that commits late is not passed over."""
    decided(ledger, now, A)
    assert uses.count(ledger) == 0
    seal(store, ledger)
    decided(ledger, now, A)
    assert (uses.count(ledger), counts(store)[A].uses) == (1, 1)
    seal(store, ledger)
    assert (uses.count(ledger), counts(store)[A].uses) == (1, 2)


def test_counting_goes_on_over_many_portions_and_says_how_far_it_is(
    store: Store, ledger: Ledger, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uses, "AT_ONCE", 3)
    for _ in range(8):
        decided(ledger, now, A)
    seal(store, ledger)
    told: list[int] = []
    assert (uses.count(ledger, told=told.append), told) == (8, [3, 3, 2])
    assert counts(store)[A].uses == 8


def test_thrown_away_the_counts_are_made_anew(store: Store, ledger: Ledger, now: datetime) -> None:
    for name in (A, A, B):
        decided(ledger, now, name)
    seal(store, ledger)
    uses.count(ledger)
    before = counts(store)
    assert uses.recount(ledger) == 3
    assert counts(store) == before


@pytest.mark.parametrize("failing", range(1, 8))
def test_a_count_that_breaks_off_anywhere_counts_nothing_twice(
    store: Store, ledger: Ledger, now: datetime, failing: int
) -> None:
    """Counts and cursor commit together or not at all."""
    for name in (A, B):
        decided(ledger, now, name)
    seal(store, ledger)
    calls = [0]

    def fail(*_: object) -> None:
        calls[0] += 1
        if calls[0] == failing:
            raise OperationalError("the test", {}, Exception("cut"))

    event.listen(store.write, "before_cursor_execute", fail)
    try:
        uses.count(ledger)
    except OperationalError:
        pass
    finally:
        event.remove(store.write, "before_cursor_execute", fail)
    uses.count(ledger)
    assert {name: use.uses for name, use in counts(store).items()} == {A: 1, B: 1}


def test_rules_of_pages_are_not_judged_by_a_log_that_does_not_show_them() -> None:
    page = Rule("role:staff", "*", "app:portal.view", "use", "*", "*", "2", "*", "allow")
    service = Rule("role:staff", "*", "svc:s/**", "GET", "*", "*", "2", "*", "allow")
    assert (uses.is_counted(page), uses.is_counted(service)) == (False, True)


@pytest.mark.parametrize(
    "body",
    [
        b'"ev":"decision.',
        b'["ev":"decision.',
        b"[" * 99_999,
        b"[1]",
        b'{"ev":"decision.allowed","rules":[1,{},["x"]]}',
    ],
)
def test_attack_an_entry_that_nobody_can_read_does_not_stop_the_count(
    store: Store, ledger: Ledger, now: datetime, body: bytes
) -> None:
    marked = body + b' "ev":"decision.allowed" ' if not body.endswith(b"}") else body
    with ledger.begin(unaudited_because="the test is an attacker with a database client") as tx:
        row = {"eid": "f" * 32, "body": marked, "leaf": bytes(32), "created": now}
        tx.session.execute(insert(audit_event).values(**row))
    decided(ledger, now, A)
    seal(store, ledger)
    assert uses.count(ledger) == 2
    assert counts(store)[A].uses == 1

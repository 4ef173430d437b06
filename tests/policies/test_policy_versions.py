"""Published versions: immutable, recorded, and refused when a stored row was changed."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from audit.ledger import Ledger, UnauditedWriteError
from audit.record import Actor
from audit.tables import audit_event
from gateway.store.engines import Store
from policies import baseline
from policies.rules import RuleSet
from policies.tables import policy_category, policy_rule, policy_version
from policies.versions import (
    AlreadyInForce,
    StoredRulesDifferError,
    at,
    current,
    history,
    publish,
)

ACTOR = Actor(subject="operator:root")
LINES = [
    f"p, role:{role}, *, svc:{service}/**, GET, *, *, *, *, allow"
    for role in ("alice", "bob")
    for service in ("d1", "d2")
]
CATEGORY = "g3, cat:health, cat:personal"
SMALL = RuleSet.parse("\n".join([CATEGORY, *LINES]))


def put(ledger: Ledger, rules: RuleSet, now: datetime, note: str = "for the test") -> str:
    with ledger.begin() as tx:
        return publish(tx, rules, actor=ACTOR, now=now, note=note)


def in_force(store: Store) -> RuleSet | None:
    with store.reading() as session:
        return current(session)


def entries(store: Store) -> list[dict[str, Any]]:
    with store.reading() as session:
        bodies = session.scalars(select(audit_event.c.body).order_by(audit_event.c.id))
        return [json.loads(body) for body in bodies]


def tamper(ledger: Ledger, statement: Any) -> None:  # noqa: ANN401 - any statement
    with ledger.begin(unaudited_because="an attacker behind the program's back") as tx:
        tx.session.execute(statement)


def test_before_the_first_publication_there_are_no_rules(store: Store) -> None:
    """None, from which no engine can be built by accident."""
    assert in_force(store) is None
    with store.reading() as session:
        assert history(session) == ()
        assert at(session, 1) is None


def test_what_is_published_is_in_force_and_recorded(
    store: Store, ledger: Ledger, now: datetime
) -> None:
    """Rules and evidence commit together."""
    rules = baseline.load().plus(SMALL)
    assert put(ledger, rules, now, note="first") == rules.hash
    assert in_force(store) == rules
    (entry,) = entries(store)
    assert entry["ev"] == "policy.published"
    assert entry["pv"] == rules.hash[:16]
    assert entry["d"] == {
        "seq": 1,
        "new": rules.hash,
        "old": None,
        "rules": len(rules.rules),
        "categories": 1,
        "added": len(rules.rules),
        "removed": 0,
        "note": "first",
    }


def test_history_lists_every_publication_and_old_rules_can_return(
    store: Store, ledger: Ledger, now: datetime
) -> None:
    """A return to older rules is a publication of its own."""
    empty = RuleSet()
    put(ledger, SMALL, now, "one")
    put(ledger, empty, now + timedelta(hours=1), "two")
    with store.reading() as session:
        first = at(session, 1)
    assert first == SMALL
    put(ledger, first, now + timedelta(hours=2), "back")
    assert in_force(store) == SMALL
    with store.reading() as session:
        found = history(session)
    assert [(v.seq, v.hash, v.note, v.rules, v.author) for v in found] == [
        (3, SMALL.hash, "back", 4, "operator:root"),
        (2, empty.hash, "two", 0, "operator:root"),
        (1, SMALL.hash, "one", 4, "operator:root"),
    ]
    assert [v.created_at for v in found] == [now + timedelta(hours=h) for h in (2, 1, 0)]
    assert [(e["d"]["added"], e["d"]["removed"]) for e in entries(store)] == [
        (4, 0),
        (0, 4),
        (4, 0),
    ]


def test_the_rules_in_force_cannot_be_published_again(
    store: Store, ledger: Ledger, now: datetime
) -> None:
    """A publication without a change would only blur the history."""
    put(ledger, SMALL, now)
    with pytest.raises(AlreadyInForce):
        put(ledger, RuleSet.parse(SMALL.text()), now)
    assert len(entries(store)) == 1


def test_a_note_has_an_end(ledger: Ledger, now: datetime) -> None:
    """The database would cut or refuse it later, in its own words."""
    with pytest.raises(ValueError, match="note"):
        put(ledger, SMALL, now, "x" * 2001)


def test_an_interrupted_publication_leaves_nothing(
    store: Store, ledger: Ledger, now: datetime
) -> None:
    """No version without its rules, no rules without their record."""
    put(ledger, SMALL, now)

    def interrupted() -> None:
        with ledger.begin() as tx:
            publish(tx, RuleSet(), actor=ACTOR, now=now, note="never")
            raise InterruptedError

    with pytest.raises(InterruptedError):
        interrupted()
    assert in_force(store) == SMALL
    assert len(entries(store)) == 1


def test_rules_cannot_be_written_without_a_record(ledger: Ledger) -> None:
    """The transaction refuses to commit."""

    def write() -> None:
        with ledger.begin() as tx:
            tx.session.execute(delete(policy_rule))

    with pytest.raises(UnauditedWriteError):
        write()


EXTRA = {
    "seq": 1,
    "position": 99,
    "sub": "*",
    "zone": "*",
    "obj": "svc:d1/**",
    "act": "*",
    "cls": "*",
    "net": "*",
    "auth": "*",
    "win": "*",
    "eft": "allow",
}


@pytest.mark.parametrize(
    "statement",
    [
        delete(policy_rule).where(policy_rule.c.position == 0),
        update(policy_rule).where(policy_rule.c.position == 0).values(act="*"),
        update(policy_rule).where(policy_rule.c.position == 0).values(eft="Deny"),
        update(policy_rule).where(policy_rule.c.position == 0).values(sub="role:x, role:y"),
        update(policy_rule).where(policy_rule.c.position == 0).values(sub="role:bob"),
        insert(policy_rule).values(EXTRA),
        delete(policy_category),
        update(policy_category).values(parent="cat:health"),
        update(policy_version).values(hash="0" * 64),
    ],
    ids=str,
)
def test_a_row_changed_behind_the_programs_back_stops_all_decisions(
    store: Store, ledger: Ledger, now: datetime, statement: object
) -> None:
    """The version's name is the hash of its rules; what does not match decides nothing."""
    put(ledger, SMALL, now)
    tamper(ledger, statement)
    with pytest.raises(StoredRulesDifferError):
        in_force(store)
    with pytest.raises(StoredRulesDifferError):
        put(ledger, RuleSet(), now)


def test_defect_03_removing_two_rules_of_four_leaves_the_other_two(
    store: Store, ledger: Ledger, now: datetime
) -> None:
    """The upstream adapter combined the columns of both and emptied the table."""
    put(ledger, SMALL, now)
    left = RuleSet.parse("\n".join([LINES[1], LINES[2]]))
    put(ledger, left, now)
    assert in_force(store) == left
    with store.reading() as session:
        stored = session.execute(
            select(policy_rule.c.sub, policy_rule.c.obj)
            .where(policy_rule.c.seq == 2)
            .order_by(policy_rule.c.position)
        ).all()
    assert [tuple(row) for row in stored] == [
        ("role:alice", "svc:d2/**"),
        ("role:bob", "svc:d1/**"),
    ]

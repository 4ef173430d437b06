"""Published versions: immutable, recorded, and refused when a stored row was changed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from audit.ledger import Ledger, UnauditedWriteError
from audit.record import Actor
from audit.tables import audit_event
from gateway.store.engines import Store, open_store
from policies import baseline
from policies.rows import RULE_COLUMNS
from policies.rules import RuleSet
from policies.signature import KeyMissingError, Statement, VersionKey
from policies.tables import policy_category, policy_rule, policy_version
from policies.version_rows import StoredRulesDifferError
from policies.versions import (
    AlreadyInForce,
    at,
    current,
    history,
    named,
    publish,
    sign_older,
)

ACTOR = Actor(subject="operator:root")
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
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


FORGED = RuleSet.parse("p, *, *, svc:d1/**, *, *, *, *, *, allow")


def forge(ledger: Ledger, now: datetime, signature: bytes | None, *, seq: int = 2) -> None:
    """Add a version as somebody would who can write the database: whole, and with a right hash."""
    row = {"seq": seq, "hash": FORGED.hash, "created_at": now, "author": "operator:root"}
    tamper(ledger, insert(policy_version).values(**row, note="", signature=signature))
    columns = dict(zip(RULE_COLUMNS, FORGED.rules[0].columns, strict=True))
    tamper(ledger, insert(policy_rule).values(seq=seq, position=0, **columns))


@pytest.mark.parametrize("signature", [None, b"", b"\0" * 64], ids=["none", "empty", "zeros"])
def test_attack_a_version_added_in_the_database_decides_nothing(
    store: Store, ledger: Ledger, now: datetime, signature: bytes | None
) -> None:
    """Whoever can write rows can hash rules, but has not the zone's key."""
    put(ledger, SMALL, now)
    forge(ledger, now, signature)
    with pytest.raises(StoredRulesDifferError, match="signed"):
        in_force(store)
    with store.reading() as session:
        assert [each.is_ours for each in history(session)] == [False, True]


def test_attack_a_signature_of_another_version_does_not_fit(
    store: Store, ledger: Ledger, now: datetime
) -> None:
    """The number, the rules, the time, the author and the note are signed together."""
    put(ledger, SMALL, now)
    with store.reading() as session:
        signature = session.scalar(select(policy_version.c.signature))
    forge(ledger, now, signature)
    with pytest.raises(StoredRulesDifferError, match="signed"):
        in_force(store)


def test_attack_an_old_version_under_a_new_number_does_not_return(
    store: Store, ledger: Ledger, now: datetime
) -> None:
    """A return to older rules is a publication; it cannot be had by renumbering a row."""
    put(ledger, FORGED, now)
    put(ledger, SMALL, now)
    with store.reading() as session:
        row = session.execute(select(policy_version).where(policy_version.c.seq == 1)).one()
    tamper(ledger, insert(policy_version).values({**row._mapping, "seq": 3}))
    columns = dict(zip(RULE_COLUMNS, FORGED.rules[0].columns, strict=True))
    tamper(ledger, insert(policy_rule).values(seq=3, position=0, **columns))
    with pytest.raises(StoredRulesDifferError, match="signed"):
        in_force(store)


@pytest.mark.parametrize(
    "changes",
    [
        {"author": "person:00000000-0000-4000-8000-000000000001"},
        {"note": "another reason"},
        {"created_at": datetime(2020, 1, 1, tzinfo=UTC)},
    ],
    ids=["author", "note", "time"],
)
def test_attack_who_published_when_and_why_cannot_be_rewritten(
    store: Store, ledger: Ledger, now: datetime, changes: dict[str, object]
) -> None:
    put(ledger, SMALL, now)
    tamper(ledger, update(policy_version).values(changes))
    with pytest.raises(StoredRulesDifferError, match="signed"):
        in_force(store)


def test_attack_the_key_of_another_zone_signs_nothing_here() -> None:
    """A zone's statement names it, and its key is its own."""
    stated = Statement(seq=1, hash="0" * 64, created_at=NOON, author="operator:root", note="")
    ours, theirs = (VersionKey(b"k" * 32, zone=zone) for zone in ("intranet", "extranet"))
    assert ours.verifies(stated, ours.sign(stated))
    assert not ours.verifies(stated, theirs.sign(stated))
    assert not VersionKey(b"l" * 32, zone="intranet").verifies(stated, ours.sign(stated))
    with pytest.raises(ValueError, match="32"):
        VersionKey(b"short", zone="intranet")


def test_without_the_zones_keys_nothing_is_published_or_trusted(
    database_url: str, now: datetime
) -> None:
    """There is no default key, and no unsigned mode."""
    bare = open_store(database_url)
    ledger = Ledger(bare.write, zone="intranet", seal=lambda _eid, _field, value: value)
    with pytest.raises(KeyMissingError):
        put(ledger, SMALL, now)
    bare.close()


def test_versions_from_before_signatures_are_signed_once_when_the_schema_learns_of_them(
    store: Store, ledger: Ledger, now: datetime
) -> None:
    """And only if their rows are whole."""
    put(ledger, SMALL, now)
    put(ledger, RuleSet(), now)
    tamper(ledger, update(policy_version).values(signature=None))
    with ledger.begin(unaudited_because="the test is the migration") as tx:
        assert sign_older(tx) == 2
        assert sign_older(tx) == 0
    assert in_force(store) == RuleSet()
    tamper(ledger, update(policy_version).values(signature=None))
    tamper(ledger, delete(policy_rule))
    with pytest.raises(StoredRulesDifferError), ledger.begin(unaudited_because="again") as tx:
        sign_older(tx)


def test_a_version_is_found_by_the_name_that_decisions_bear(
    store: Store, ledger: Ledger, now: datetime
) -> None:
    """However long ago it was in force."""
    put(ledger, SMALL, now)
    put(ledger, RuleSet(), now)
    with store.reading() as session:
        assert named(session, SMALL.version) == SMALL
        assert named(session, "0" * 16) is None


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

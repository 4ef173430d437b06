"""Erasing personal values: the value goes, the entry and every proof stay, theft is told apart."""

from __future__ import annotations

import pytest
from kept_log import AUDITOR, REASON, SECURITY, custody_of, indexer_of
from sealed_log import SealedLog
from sqlalchemy import func, select

from audit import erasure, receipting
from audit import verify as standalone
from audit.index_check import inspect
from audit.index_tables import audit_index
from audit.record import Actor
from audit.tables import audit_secret
from audit.tables_anchors import log_request
from gateway.custody import agreeing, carrying
from gateway.custody.asked import State
from gateway.custody.refusals import KeepingOver, KeepingSame, KeepingTerms, NothingDue

PERSON = "person:11111111-1111-4111-8111-111111111111"
OTHER = "person:22222222-2222-4222-8222-222222222222"


def filled(log: SealedLog) -> None:
    """Entries by the person, about the person, and by somebody else."""
    with log.ledger.begin() as tx:
        for number in range(30):
            who = PERSON if number % 3 == 0 else OTHER
            about = PERSON if number % 3 == 1 else "unit:u"
            tx.record(
                "unit.created",
                actor=Actor(subject=who, address=f"10.0.0.{number}"),
                now=log.now,
                object=about,
                personal={"login": f"name-{number}"},
            )
    log.seal()


def values(log: SealedLog) -> int:
    with log.store.reading() as session:
        return int(session.scalar(select(func.count()).select_from(audit_secret)) or 0)


def agreed(log: SealedLog, target: str) -> str:
    custody = custody_of(log)
    request = agreeing.propose_erasure(custody, target, REASON, by=SECURITY, now=log.now)
    agreeing.approve(custody, request, by=AUDITOR, now=log.now)
    return request


def test_all_of_a_person_is_erased_and_the_log_still_verifies(sealed: SealedLog) -> None:
    filled(sealed)
    indexer = indexer_of(sealed)
    while indexer.round():
        pass
    receipt = receipting.prove(sealed.store.read, 0).receipt.encode()
    assert values(sealed) == 60
    agreed(sealed, PERSON)
    assert values(sealed) == 60
    assert carrying.erase(custody_of(sealed), indexer, now=sealed.now) == 20
    assert values(sealed) == 20
    sealed.seal(after=70)
    while indexer.round():
        pass
    report = sealed.verify(anchors=(receipt,))
    inspect(sealed.store.read, report, indexer)
    assert report.code == standalone.INTACT, report.lines()
    assert "40 personal values: erased" in "\n".join(report.uncovered)
    with sealed.store.reading() as session:
        digests = session.scalars(
            select(audit_index.c.address).where(audit_index.c.actor == PERSON)
        ).all()
    assert digests
    assert not any(digests)


def test_one_entry_is_erased_by_its_number_or_its_id(sealed_file: SealedLog) -> None:
    filled(sealed_file)
    agreed(sealed_file, "entry:4")
    carrying.erase(custody_of(sealed_file), indexer_of(sealed_file), now=sealed_file.now)
    assert values(sealed_file) == 58
    with sealed_file.store.reading() as session:
        eid = session.scalar(select(audit_secret.c.eid).limit(1))
    agreed(sealed_file, f"entry:{eid}")
    carrying.erase(custody_of(sealed_file), indexer_of(sealed_file), now=sealed_file.now)
    assert values(sealed_file) == 56
    sealed_file.seal()
    assert sealed_file.verify().code == standalone.INTACT


def test_attack_values_stolen_away_without_a_record_are_missed(sealed: SealedLog) -> None:
    filled(sealed)
    sealed.attack("DELETE FROM audit_secret WHERE field = 'login'")
    report = sealed.verify()
    assert (report.code, report.first_bad) == (standalone.TAMPERED, 0)


def test_attack_a_record_of_another_erasure_covers_no_theft(sealed_file: SealedLog) -> None:
    filled(sealed_file)
    agreed(sealed_file, "entry:4")
    carrying.erase(custody_of(sealed_file), indexer_of(sealed_file), now=sealed_file.now)
    sealed_file.seal()
    with sealed_file.store.reading() as session:
        before = session.scalars(select(audit_secret.c.eid).distinct()).all()
    sealed_file.attack("DELETE FROM audit_secret WHERE eid = :eid", eid=before[0])
    assert sealed_file.verify().code == standalone.TAMPERED


def test_two_people_of_two_offices_must_agree(sealed_file: SealedLog) -> None:
    filled(sealed_file)
    custody, now = custody_of(sealed_file), sealed_file.now
    request = agreeing.propose_erasure(custody, PERSON, REASON, by=AUDITOR, now=now)
    colleague = type(AUDITOR)(Actor(subject=OTHER), "auditor")
    both = type(AUDITOR)(AUDITOR.actor, "security_admin")
    stranger = type(AUDITOR)(Actor(subject=OTHER), "system_admin")
    for who in (AUDITOR, colleague, both, stranger):
        with pytest.raises(KeepingSame):
            agreeing.approve(custody, request, by=who, now=now)
    assert carrying.erase(custody, indexer_of(sealed_file), now=now) == 0
    assert values(sealed_file) == 60
    agreeing.refuse(custody, request, by=SECURITY, now=now)
    with pytest.raises(KeepingOver):
        agreeing.approve(custody, request, by=SECURITY, now=now)


@pytest.mark.parametrize("target", ["", "person:", "entry:", "entry:-1", "unit:u", "person:x; --"])
def test_a_target_that_is_none_is_refused(sealed_file: SealedLog, target: str) -> None:
    with pytest.raises(KeepingTerms):
        agreeing.propose_erasure(
            custody_of(sealed_file), target, REASON, by=AUDITOR, now=sealed_file.now
        )


@pytest.mark.parametrize("reason", ["", "short", "x" * 501, "ten chars\x00 and a NUL"])
def test_a_reason_must_be_there(sealed_file: SealedLog, reason: str) -> None:
    filled(sealed_file)
    with pytest.raises(KeepingTerms):
        agreeing.propose_erasure(
            custody_of(sealed_file), PERSON, reason, by=AUDITOR, now=sealed_file.now
        )


def test_nothing_to_erase_is_said(sealed_file: SealedLog) -> None:
    filled(sealed_file)
    with pytest.raises(NothingDue):
        agreeing.propose_erasure(
            custody_of(sealed_file), "entry:9999", REASON, by=AUDITOR, now=sealed_file.now
        )


def test_an_erasure_that_was_killed_half_way_is_finished(
    sealed_file: SealedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each transaction erases and says so; the next call finds what is left."""
    filled(sealed_file)
    agreed(sealed_file, PERSON)
    monkeypatch.setattr(erasure, "AT_ONCE", 7)
    told: list[int] = []

    def die(done: int) -> None:
        told.append(done)
        if len(told) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        carrying.erase(
            custody_of(sealed_file), indexer_of(sealed_file), now=sealed_file.now, tell=die
        )
    assert values(sealed_file) == 60 - 28
    carrying.erase(custody_of(sealed_file), indexer_of(sealed_file), now=sealed_file.now)
    assert values(sealed_file) == 20
    sealed_file.seal()
    assert sealed_file.verify().code == standalone.INTACT
    with sealed_file.store.reading() as session:
        assert session.scalar(select(log_request.c.state)) == State.DONE

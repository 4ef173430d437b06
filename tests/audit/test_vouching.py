"""Who only writes the database cannot speak for the gateway: neither entries nor agreements."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from forged_log import bodies, found, inserted
from hypothesis import given
from hypothesis import strategies as st
from kept_log import (
    AUDITOR,
    REASON,
    SECURITY,
    aged,
    agree,
    custody_of,
    prune,
)
from sealed_log import VOUCHER, SealedLog, ledger_of
from sqlalchemy import event, insert, select, text

from audit import alarms
from audit import verify as standalone
from audit.announcements import Book
from audit.health import look
from audit.keep import Disagreement
from audit.leaves import SEALER
from audit.ledger import Ledger
from audit.note import vkey_of
from audit.sealing import Sealing
from audit.tables import audit_event
from audit.tables_anchors import log_pruned
from audit.vouching import FILE, Vouched, Voucher, pin, pinned
from gateway.custody import agreeing

OTHER = Voucher(bytes([7]) * 32, zone="intranet")


@given(st.integers(1, 70), st.data())
def test_each_entry_of_a_commit_has_a_word_of_its_own_and_nothing_else_has_it(
    count: int, data: st.DataObject
) -> None:
    leaves = [bytes([number, 1]) * 16 for number in range(count)]
    words, vouched = VOUCHER.words(leaves), Vouched(VOUCHER.vkey)
    assert all(vouched.holds(leaf, word) for leaf, word in zip(leaves, words, strict=True))
    one, other = data.draw(st.integers(0, count - 1)), data.draw(st.integers(0, count - 1))
    assert vouched.holds(leaves[one], words[other]) is (one == other)
    at, bit = data.draw(st.integers(0, len(words[one]) - 1)), data.draw(st.integers(0, 7))
    changed = bytearray(words[one])
    changed[at] ^= 1 << bit
    assert not vouched.holds(leaves[one], bytes(changed))
    assert not Vouched(OTHER.vkey).holds(leaves[one], words[one])


@given(st.binary(max_size=200) | st.text() | st.integers() | st.none())
def test_whatever_stands_in_the_column_it_is_a_word_or_it_is_none(noise: object) -> None:
    assert not Vouched(VOUCHER.vkey).holds(bytes(32), noise)


def test_the_word_of_one_zone_says_nothing_in_the_other() -> None:
    leaf = bytes(32)
    extranet = Voucher(bytes(32), zone="extranet")
    assert not Vouched(VOUCHER.vkey).holds(leaf, extranet.words([leaf])[0])


@pytest.mark.parametrize("word", ["none", "noise", "of another entry", "of another key"])
def test_attack_an_entry_written_past_the_gateway_is_sealed_and_called_out(
    sealed: SealedLog, word: str
) -> None:
    sealed.write(3)
    sealed.seal()
    with sealed.store.reading() as session:
        other = session.scalar(select(audit_event.c.vouch).where(audit_event.c.vouch.is_not(None)))
    leaf = bytes(32)
    given_word = {
        "none": None,
        "noise": b"x" * 72,
        "of another entry": other,
        "of another key": OTHER.words([leaf])[0],
    }[word]
    eid = inserted(sealed, vouch=given_word)
    sealed.write(2)
    sealed.seal()
    alarm = found(sealed, "unannounced")
    assert [(each.eid, each.count) for each in alarm] == [(eid, 1)]
    (said,) = bodies(sealed, "audit.unannounced")
    assert said["sub"] == SEALER.subject
    assert said["d"]["eids"] == [eid]
    health = look(sealed.store.read, now=sealed.now)
    assert (health.well, health.alarms) == (False, {"unannounced": 1})
    assert "not written by the gateway" in health.problem
    assert sealed.verify().code == standalone.INTACT  # it is sealed, hence never lost
    sealed.write(1)
    sealed.seal(after=61)
    assert len(found(sealed, "unannounced")) == 1
    assert alarms.own_up(sealed.ledger, actor=AUDITOR.actor, now=sealed.now, note="case 7") == 1
    sealed.seal()
    assert look(sealed.store.read, now=sealed.now).well


def test_attack_a_flood_of_entries_past_the_gateway_is_one_alarm_a_round(
    sealed_file: SealedLog,
) -> None:
    sealed_file.write(1)
    sealed_file.seal()
    eids = [inserted(sealed_file) for _ in range(120)]
    sealed_file.seal()
    (alarm,) = found(sealed_file, "unannounced")
    assert (alarm.eid, alarm.count) == (eids[0], 120)
    (said,) = bodies(sealed_file, "audit.unannounced")
    assert said["d"]["count"] == 120


def test_attack_a_genuine_entry_that_was_pruned_comes_anew(sealed_file: SealedLog) -> None:
    """It still has the gateway's word; but nothing as old as what was pruned is new."""
    aged(sealed_file)
    with sealed_file.store.reading() as session:
        query = select(audit_event).where(audit_event.c.seq == 3)
        old = dict(session.execute(query).one()._mapping)
    agree(sealed_file)
    prune(sealed_file)
    old |= {"seq": None, "id": None}
    with sealed_file.as_root() as connection:
        connection.execute(insert(audit_event).values({k: v for k, v in old.items() if k != "id"}))
    sealed_file.seal()
    assert [each.eid for each in found(sealed_file, "unannounced")] == [old["eid"]]


def test_entries_of_an_older_release_that_wait_at_the_upgrade_are_no_alarm(
    sealed: SealedLog,
) -> None:
    older = Ledger(sealed.store.write, zone="intranet", seal=lambda _e, _f, v: v)
    for _ in range(3):
        older.append("unit.created", actor=AUDITOR.actor, now=sealed.now)
    sealed.write(2)
    sealed.seal()
    assert alarms.every(sealed.store.read) == []
    assert pinned(sealed.directory) == VOUCHER.vkey
    older.append("unit.created", actor=AUDITOR.actor, now=sealed.now)
    sealed.seal()
    assert len(found(sealed, "unannounced")) == 1  # from now on it must have the word


def test_a_key_that_is_heard_of_while_nothing_waits_is_pinned_before_the_next_entry(
    sealed_file: SealedLog,
) -> None:
    sealed_file.book = Book()
    sealed_file.restart()
    sealed_file.write(1)
    sealed_file.seal()
    assert pinned(sealed_file.directory) is None
    sealed_file.book.hear("the gateway", f"voucher {VOUCHER.vkey}")
    sealed_file.seal()
    assert pinned(sealed_file.directory) == VOUCHER.vkey
    eid = inserted(sealed_file)
    sealed_file.seal()
    assert [each.eid for each in found(sealed_file, "unannounced")] == [eid]


def test_without_any_key_nothing_is_judged_and_nothing_is_pruned(sealed_file: SealedLog) -> None:
    sealed_file.book = Book()
    sealed_file.restart()
    aged(sealed_file)
    agree(sealed_file)
    assert alarms.every(sealed_file.store.read) == []
    assert pinned(sealed_file.directory) is None
    with sealed_file.store.reading() as session:
        assert session.scalar(select(log_pruned.c.upto)) == 0


def test_attack_another_key_is_announced_to_the_sealer_and_counts_for_nothing(
    sealed_file: SealedLog,
) -> None:
    sealed_file.write(1)
    sealed_file.seal()
    sealed_file.book.hear("somebody", f"voucher {OTHER.vkey}")
    ledger = Ledger(
        sealed_file.store.write, zone="intranet", seal=lambda _e, _f, v: v, voucher=OTHER
    )
    eid = ledger.append("unit.created", actor=AUDITOR.actor, now=sealed_file.now)
    sealed_file.seal()
    assert [each.eid for each in found(sealed_file, "unannounced")] == [eid]
    pin(sealed_file.directory, OTHER.vkey)  # what `hangu audit voucher DIR --pin` does
    ledger.append("unit.created", actor=AUDITOR.actor, now=sealed_file.now)
    sealed_file.seal(after=61)
    assert len(found(sealed_file, "unannounced")) == 1
    assert bodies(sealed_file, "log.heartbeat")[-1]["d"]["voucher"] == str(OTHER.vkey)


def test_a_pinned_key_that_cannot_be_read_seals_nothing(sealed_file: SealedLog) -> None:
    sealed_file.write(1)
    sealed_file.seal()
    (sealed_file.directory / FILE).write_text("garbage", encoding="ascii")
    sealed_file.write(1)
    with pytest.raises(Disagreement, match="voucher"):
        sealed_file.seal()


@given(seed=st.integers(0, 2**32))
def test_no_order_of_writers_restarts_and_failures_raises_a_false_alarm(
    seed: int, tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path
) -> None:
    """Several ledgers, commits that fail, rounds that fail at every statement, restarts."""
    chance, directory = random.Random(seed), tmp_path_factory.mktemp("storm")
    file = directory / "log.db"
    file.write_bytes(sqlite_template.read_bytes())
    log = SealedLog(
        f"sqlite:///{file}", directory / "sealer", datetime(2026, 11, 1, tzinfo=UTC), every=4
    )
    ledgers = [log.ledger, ledger_of(log.store), ledger_of(log.store)]
    for _ in range(25):
        act = chance.choice(
            ["write", "write", "many", "undone", "seal", "restart", "broken", "officers"]
        )
        if act == "write":
            chance.choice(ledgers).append("unit.created", actor=AUDITOR.actor, now=log.now)
        elif act == "many":
            log.write(chance.randrange(1, 9))
        elif act == "undone":
            _undone(log)
        elif act == "seal":
            log.sealer.round(log.now)
        elif act == "restart":
            log.restart()
        elif act == "broken":
            _broken_round(log, chance.randrange(1, 14))
        else:
            _officers(log, chance)
        log.now += timedelta(seconds=chance.choice([0, 0, 1, 70]))
    log.seal()
    assert alarms.every(log.store.read) == []
    assert log.verify().code == standalone.INTACT
    log.close()


def _undone(log: SealedLog) -> None:
    with suppress(ZeroDivisionError), log.ledger.begin() as tx:
        tx.record("unit.created", actor=AUDITOR.actor, now=log.now)
        raise ZeroDivisionError


def _broken_round(log: SealedLog, failing: int) -> None:
    """A round whose n-th statement fails, as it would with the disk full; begun anew after it."""
    seen = iter(range(failing))

    def fail(*_arguments: object) -> None:
        if next(seen, None) is None:
            raise OSError("no space")

    event.listen(log.engine, "before_cursor_execute", fail)
    try:
        log.sealer.round(log.now)
    except OSError:
        log.restart()
    finally:
        event.remove(log.engine, "before_cursor_execute", fail)


def _officers(log: SealedLog, chance: random.Random) -> None:
    custody, now = custody_of(log), log.now
    hold = agreeing.place_hold(custody, "案1", now, REASON, by=AUDITOR, now=now)
    if chance.random() < 0.7:
        request = agreeing.propose_lift(custody, hold, REASON, by=AUDITOR, now=now)
        if chance.random() < 0.5:
            agreeing.approve(custody, request, by=SECURITY, now=now)
        elif chance.random() < 0.5:
            agreeing.refuse(custody, request, by=SECURITY, now=now)


@pytest.fixture
def embedded(sealed: SealedLog, tmp_path: Path) -> Iterator[Callable[[], Sealing]]:
    """Sealers of the same log one after the other, each told the key from the beginning."""
    made: list[Sealing] = []

    def another() -> Sealing:
        for each in made:
            each.release()
        made.append(
            Sealing(
                tmp_path / "embedded",
                origin="gate.example/audit",
                zone="intranet",
                begin=sealed.engine.begin,
                read=sealed.store.read,
                clock=lambda: sealed.now,
                voucher=VOUCHER.vkey,
            )
        )
        return made[-1]

    yield another
    for each in made:
        each.release()


def test_a_zone_that_was_never_sealed_catches_up_without_an_alarm(
    sealed: SealedLog, embedded: Callable[[], Sealing]
) -> None:
    for _ in range(5):
        sealed.write(700)
    for _ in range(8):
        embedded().once()
    assert alarms.every(sealed.store.read) == []
    assert pinned(sealed.directory.parent / "embedded") == VOUCHER.vkey
    text_ = text("SELECT count(*) FROM audit_event WHERE seq IS NULL")
    with sealed.store.reading() as session:
        assert session.scalar(text_) == 0


def test_the_key_of_the_gateway_is_named_for_its_zone() -> None:
    assert VOUCHER.vkey.name == "intranet/gateway"
    assert vkey_of(VOUCHER._key, name="intranet/gateway") == VOUCHER.vkey

"""Retention with provable pruning: what went in its time is told from what was torn out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from kept_log import (
    AUDITOR,
    HALF_A_YEAR,
    REASON,
    SECURITY,
    aged,
    agree,
    custody_of,
    exported,
    indexer_of,
    prune,
    rows,
)
from sealed_log import SealedLog, bodies_of, forge
from sqlalchemy import select, text, update
from sqlalchemy.exc import DatabaseError

from audit import pruning, receipting, removal
from audit import verify as standalone
from audit.index_check import inspect
from audit.record import canonical
from audit.tables import audit_event
from audit.tables_anchors import log_pruned, log_request
from gateway.custody import agreeing, carrying
from gateway.custody.refusals import KeepingOver, NothingDue

ROOT = Path(__file__).parents[2]


def test_what_two_officers_agreed_on_goes_and_the_log_still_proves_itself(
    sealed: SealedLog, tmp_path: Path
) -> None:
    aged(sealed)
    paper = sealed.note
    receipt = receipting.prove(sealed.store.read, 5).receipt.encode()
    before = rows(sealed)
    agree(sealed)
    assert rows(sealed) == before + 3  # proposed, approved, and the sealer's word
    assert prune(sealed) == 0
    assert rows(sealed) == before + 3 - 512
    sealed.seal(after=70)
    report = sealed.verify(anchors=(paper, receipt))
    assert report.code == standalone.INTACT, report.lines()
    assert "0..511: pruned" in "\n".join(report.uncovered)
    folder = exported(sealed, tmp_path / "export")
    assert not (folder / "tile/entries/000").exists()
    assert (folder / "tile/0/000").exists()
    whole = standalone.verify(standalone.Folder(folder), key=sealed.key, anchors=[("p", paper)])
    assert whole.code == standalone.INTACT, whole.lines()


def test_keys_that_were_handed_over_stay_when_their_bundle_goes(sealed_file: SealedLog) -> None:
    sealed_file.fill(600, rounds=6)  # over two key epochs
    sealed_file.now += HALF_A_YEAR
    sealed_file.seal()
    agree(sealed_file)
    prune(sealed_file)
    assert sum(b'"ev":"key.rotate"' in body for body in bodies_of(sealed_file)) >= 2
    report = sealed_file.verify()
    assert report.code == standalone.INTACT, report.lines()
    sealed_file.attack("DELETE FROM audit_event WHERE seq = (SELECT min(seq) FROM audit_event)")
    assert sealed_file.verify().code == standalone.TAMPERED


def test_attack_what_stays_of_a_pruned_bundle_is_changed_in_an_export(
    sealed_file: SealedLog, tmp_path: Path
) -> None:
    sealed_file.fill(600, rounds=6)
    sealed_file.now += HALF_A_YEAR
    sealed_file.seal()
    agree(sealed_file)
    prune(sealed_file)
    folder = exported(sealed_file, tmp_path / "export")
    kept = (folder / "kept").read_bytes()

    def judged() -> standalone.Report:
        return standalone.verify(standalone.Folder(folder), key=sealed_file.key)

    assert judged().code == standalone.INTACT
    changed = (
        kept.replace(b'"epoch":1', b'"epoch":2'),
        b"",
        kept.split(b"\n", 1)[1],
        b"garbage\n",
        kept.replace(kept[:3], b"999", 1),
    )
    for each in changed:
        (folder / "kept").write_bytes(each)
        assert judged().code == standalone.TAMPERED, each[:80]
    (folder / "kept").write_bytes(kept)
    (folder / "cosigned").write_bytes(b"garbage")
    assert judged().code == standalone.TAMPERED


def test_a_second_pruning_follows_the_first(sealed_file: SealedLog) -> None:
    aged(sealed_file)
    agree(sealed_file)
    prune(sealed_file)
    aged(sealed_file)
    agree(sealed_file)
    assert prune(sealed_file) == 0
    report = sealed_file.verify()
    assert report.code == standalone.INTACT, report.lines()


def test_nothing_younger_than_six_months_goes_whatever_the_office_sets(
    sealed_file: SealedLog,
) -> None:
    sealed_file.write(700)
    sealed_file.seal()
    sealed_file.now += timedelta(days=183)
    sealed_file.seal()
    custody = custody_of(sealed_file, days=1)
    with pytest.raises(NothingDue, match="younger"):
        agreeing.propose_pruning(custody, REASON, by=AUDITOR, now=sealed_file.now)
    sealed_file.now += timedelta(days=2)
    assert agreeing.propose_pruning(custody, REASON, by=AUDITOR, now=sealed_file.now)


def test_a_hold_keeps_everything_since_its_day(sealed_file: SealedLog) -> None:
    start = sealed_file.now
    aged(sealed_file)
    custody, now = custody_of(sealed_file), sealed_file.now
    hold = agreeing.place_hold(
        custody, "案〔2026〕12号", start - timedelta(days=1), REASON, by=AUDITOR, now=now
    )
    with pytest.raises(NothingDue, match="hold"):
        agreeing.propose_pruning(custody, REASON, by=AUDITOR, now=now)
    request = agreeing.propose_lift(custody, hold, REASON, by=AUDITOR, now=now)
    agreeing.approve(custody, request, by=SECURITY, now=now)
    assert agreeing.propose_pruning(custody, REASON, by=AUDITOR, now=now)
    with pytest.raises(KeepingOver):
        agreeing.propose_pruning(custody, REASON, by=SECURITY, now=now)


def test_a_hold_placed_after_the_approval_is_honoured_by_the_sealer(sealed_file: SealedLog) -> None:
    start = sealed_file.now
    aged(sealed_file)
    custody, now = custody_of(sealed_file), sealed_file.now
    request = agreeing.propose_pruning(custody, REASON, by=AUDITOR, now=now)
    agreeing.approve(custody, request, by=SECURITY, now=now)
    agreeing.place_hold(custody, "案1", start - timedelta(days=1), REASON, by=AUDITOR, now=now)
    sealed_file.seal()
    assert prune(sealed_file) == 0
    with sealed_file.store.reading() as session:
        row = session.execute(select(log_request).where(log_request.c.id == request)).one()
        assert (row.state, session.scalar(select(log_pruned.c.upto))) == ("failed", 0)
        assert "hold" in row.outcome


def test_attack_a_hold_placed_after_the_sealers_word_keeps_what_has_not_gone_yet(
    sealed: SealedLog,
) -> None:
    """It counts at once: the evidence of a case is not removed after somebody asked to keep it."""
    sealed.write(300)
    sealed.seal()
    sealed.now += timedelta(days=2)
    since = sealed.now
    aged(sealed)
    agree(sealed)
    with sealed.store.reading() as session:
        assert session.scalar(select(log_pruned.c.upto)) == 768
    custody, now = custody_of(sealed), sealed.now
    hold = agreeing.place_hold(custody, "案1", since, REASON, by=AUDITOR, now=now)
    assert prune(sealed) == 512
    report = sealed.verify()
    assert report.code == standalone.INTACT, report.lines()
    request = agreeing.propose_lift(custody, hold, REASON, by=AUDITOR, now=now)
    agreeing.approve(custody, request, by=SECURITY, now=now)
    assert prune(sealed) == 0


def test_nothing_goes_before_the_sealers_word_is_published(sealed_file: SealedLog) -> None:
    aged(sealed_file)
    custody = custody_of(sealed_file)
    request = agreeing.propose_pruning(custody, REASON, by=AUDITOR, now=sealed_file.now)
    agreeing.approve(custody, request, by=SECURITY, now=sealed_file.now)
    before = rows(sealed_file)
    assert prune(sealed_file) == 0
    assert rows(sealed_file) == before


def test_the_database_lets_nothing_go_that_the_sealer_has_not_entered(sealed: SealedLog) -> None:
    aged(sealed)
    refused = "DELETE FROM audit_event WHERE seq = 0", "DELETE FROM log_pruned"
    for statement in (*refused, "DELETE FROM log_request", "DELETE FROM log_hold"):
        if "hold" in statement:
            agreeing.place_hold(
                custody_of(sealed), "案1", sealed.now, REASON, by=AUDITOR, now=sealed.now
            )
        if "request" in statement:
            agree(sealed)
        with pytest.raises(DatabaseError), sealed.engine.begin() as connection:
            connection.execute(text(statement))
    with pytest.raises(DatabaseError), sealed.engine.begin() as connection:
        connection.execute(text("UPDATE log_pruned SET upto = 0"))
    with sealed.engine.begin() as connection:
        connection.execute(text("DELETE FROM audit_event WHERE seq = 0"))


@pytest.mark.parametrize("index", [0, 255, 300, 600, 700])
def test_attack_an_entry_torn_out_is_not_taken_for_pruned(
    sealed_file: SealedLog, index: int
) -> None:
    aged(sealed_file)
    agree(sealed_file)
    prune(sealed_file)
    sealed_file.attack("DELETE FROM audit_event WHERE seq = :seq", seq=index)
    report = sealed_file.verify()
    if index < 512:  # it was gone already
        assert report.code == standalone.INTACT
    else:
        assert (report.code, report.first_bad) == (standalone.TAMPERED, index), report.lines()


def test_attack_more_is_removed_than_was_agreed_on(sealed_file: SealedLog) -> None:
    aged(sealed_file, 1000)
    agree(sealed_file)
    prune(sealed_file)
    sealed_file.attack(
        "UPDATE log_pruned SET upto = 1024, done = 1024", "DELETE FROM audit_event WHERE seq < 1000"
    )
    report = sealed_file.verify()
    assert (report.code, report.first_bad) == (standalone.TAMPERED, 768), report.lines()


def test_attack_the_beginning_removed_as_if_by_pruning_that_nobody_agreed_on(
    sealed_file: SealedLog,
) -> None:
    """PgEdge #502: a deleted head that looks like retention."""
    aged(sealed_file)
    sealed_file.attack(
        "UPDATE log_pruned SET upto = 512, done = 512", "DELETE FROM audit_event WHERE seq < 512"
    )
    report = sealed_file.verify()
    assert (report.code, report.first_bad) == (standalone.TAMPERED, 0)


def test_attack_a_pruning_entered_by_somebody_else_than_the_sealer(sealed_file: SealedLog) -> None:
    """The database's owner inserts it before it is sealed; it is sealed, and not believed."""
    aged(sealed_file)
    said = {
        "from": 0, "to": 512, "count": 512, "newest": "2026-11-22T06:00:00.000Z",
        "policy": "184 days", "approvers": ["person:a", "person:b"], "request": "x",
        "root_before": "", "sig": "",
    }  # fmt: skip
    body = {
        "v": 1, "eid": "0" * 32, "ev": "retention.prune", "cls": 1008, "act": 2, "out": "success",
        "ts": "2027-05-26T06:00:00.000Z", "zone": "intranet", "sub": "system:sealer", "d": said,
    }  # fmt: skip
    entry = canonical(body)
    with sealed_file.as_root() as connection:
        connection.execute(
            audit_event.insert().values(
                eid="0" * 32,
                body=entry,
                leaf=standalone.sha256(b"\x00" + entry).digest(),
                created=sealed_file.now,
            )
        )
        connection.execute(update(log_pruned).values(upto=512, done=512))
    sealed_file.seal()
    sealed_file.attack("DELETE FROM audit_event WHERE seq < 512")
    report = sealed_file.verify()
    assert (report.code, report.first_bad) == (standalone.TAMPERED, 0), report.lines()


@pytest.mark.parametrize(
    "change",
    [
        {"to": 256, "count": 256},
        {"count": 500},
        {"from": 256, "count": 256},
        {"approvers": ["person:a", "person:a"]},
        {"approvers": ["person:a"]},
        {"approvers": ["person:a", "person:c"]},
        {"newest": "2027-05-01T00:00:00.000Z"},
        {"newest": "2026-01-01T00:00:00.000Z"},
        {"policy": "1 day"},
        {"root_before": "AAAA"},
    ],
)
def test_attack_the_sealers_word_changed_in_any_part(
    sealed_file: SealedLog, change: dict[str, object]
) -> None:
    """With the stolen present key everything around it fits again; its signature does not."""
    aged(sealed_file)
    agree(sealed_file)
    bodies = bodies_of(sealed_file)
    at = next(n for n, body in enumerate(bodies) if b'"ev":"retention.prune"' in body)
    body = json.loads(bodies[at])
    body["d"] |= change
    bodies[at] = canonical(body)
    forge(sealed_file, bodies)
    report = sealed_file.verify()
    assert (report.code, report.first_bad) == (standalone.TAMPERED, at), report.lines()


def test_attack_an_entry_made_to_look_old_is_not_pruned(sealed_file: SealedLog) -> None:
    """The database's owner ages young entries; the sealer looks at what it signed."""
    sealed_file.write(300)
    sealed_file.seal()
    sealed_file.now += timedelta(days=10)
    with sealed_file.as_root() as connection:
        old = sealed_file.now - timedelta(days=400)
        connection.execute(update(audit_event).values(created=old))
    custody = custody_of(sealed_file)
    request = agreeing.propose_pruning(custody, REASON, by=AUDITOR, now=sealed_file.now)
    agreeing.approve(custody, request, by=SECURITY, now=sealed_file.now)
    sealed_file.seal()
    with sealed_file.store.reading() as session:
        row = session.execute(select(log_request).where(log_request.c.id == request)).one()
        assert row.state == "failed"
    with sealed_file.as_root() as connection:  # and the bodies, too: they are not in the tree then
        for row in connection.execute(select(audit_event).where(audit_event.c.seq < 256)).all():
            body = json.loads(row.body) | {"ts": "2025-01-01T00:00:00.000Z"}
            connection.execute(
                update(audit_event)
                .where(audit_event.c.id == row.id)
                .values(body=canonical(body), created=old.replace(year=2025, month=1, day=1))
            )
    request = agreeing.propose_pruning(custody, REASON, by=AUDITOR, now=sealed_file.now)
    agreeing.approve(custody, request, by=SECURITY, now=sealed_file.now)
    sealed_file.seal()
    with sealed_file.store.reading() as session:
        row = session.execute(select(log_request).where(log_request.c.id == request)).one()
        assert row.state == "failed", row.outcome


def set_back(log: SealedLog) -> datetime:
    """Write 1,200 entries, those in the middle under a clock of last year; return the present."""
    log.write(300)
    log.seal()
    present, log.now = log.now, log.now - timedelta(days=400)
    log.write(700)
    log.seal()
    log.now = present + timedelta(minutes=1)
    log.write(200)
    log.seal()
    return log.now


def test_attack_a_clock_set_back_ages_nothing_that_was_written_before(sealed: SealedLog) -> None:
    """A bundle of last year in the midst of today's: halving takes all before it for older."""
    now = set_back(sealed)
    custody = custody_of(sealed)
    with pytest.raises(NothingDue, match="younger"):
        agreeing.propose_pruning(custody, REASON, by=AUDITOR, now=now)
    sealed.now += HALF_A_YEAR
    sealed.seal()
    agree(sealed)
    assert prune(sealed) == 0
    assert sealed.verify().code == standalone.INTACT


def test_attack_a_clock_set_back_gets_nothing_out_of_a_hold(sealed_file: SealedLog) -> None:
    now = set_back(sealed_file)
    custody = custody_of(sealed_file)
    agreeing.place_hold(custody, "案1", now - timedelta(days=3), REASON, by=AUDITOR, now=now)
    sealed_file.now += HALF_A_YEAR
    sealed_file.seal()
    with pytest.raises(NothingDue, match="hold"):
        agreeing.propose_pruning(custody, REASON, by=AUDITOR, now=sealed_file.now)


def test_attack_the_sealer_believes_no_terms_of_a_last_entry_that_is_old(
    sealed_file: SealedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has the gateway's process lets two officers agree on what halving says."""
    set_back(sealed_file)
    monkeypatch.setattr(pruning, "terms", pruning.due)
    request = agree(sealed_file)
    with sealed_file.store.reading() as session:
        row = session.execute(select(log_request).where(log_request.c.id == request)).one()
        assert (row.state, session.scalar(select(log_pruned.c.upto))) == ("failed", 0)
        assert "youngest entry" in row.outcome


def test_attack_a_sealer_that_prunes_by_a_set_clock_is_told_on_by_what_stays(
    sealed_file: SealedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed_file.fill(60, rounds=6)  # over two key epochs
    set_back(sealed_file)
    monkeypatch.setattr(pruning, "terms", pruning.due)
    last_alone = pruning._newest
    monkeypatch.setattr(pruning, "_newest", lambda at, _first, end: last_alone(at, end - 256, end))
    agree(sealed_file)
    prune(sealed_file)
    report = sealed_file.verify()
    assert report.code == standalone.TAMPERED
    assert any("fewer than 184 days ago" in each.words for each in report.findings)


def test_attack_a_pruning_under_a_clock_that_ran_ahead_shows_when_it_is_right_again(
    sealed_file: SealedLog,
) -> None:
    aged(sealed_file)
    agree(sealed_file)
    prune(sealed_file)
    sealed_file.now -= timedelta(days=184)
    sealed_file.seal()
    report = sealed_file.verify()
    assert report.code == standalone.TAMPERED
    assert any("a clock was set" in each.words for each in report.findings)
    assert any("set back" in each for each in report.uncovered)


def test_no_transaction_takes_more_than_five_thousand_rows() -> None:
    assert removal.BATCH <= 5000
    assert removal.BATCH % 256 == 0


def test_the_index_forgets_what_was_pruned_and_still_checks(sealed_file: SealedLog) -> None:
    aged(sealed_file)
    indexer = indexer_of(sealed_file)
    while indexer.round():
        pass
    agree(sealed_file)
    carrying.prune(custody_of(sealed_file))
    while indexer.round():
        pass
    report = sealed_file.verify()
    inspect(sealed_file.store.read, report, indexer)
    assert report.code == standalone.INTACT, report.lines()
    indexer.rebuild()
    report = sealed_file.verify()
    inspect(sealed_file.store.read, report, indexer)
    assert report.code == standalone.INTACT, report.lines()


def test_kill_9_while_pruning_goes_on_where_it_was(sealed: SealedLog) -> None:
    aged(sealed, 26_000)
    agree(sealed)
    before = rows(sealed)
    program = (
        "import sys; sys.path[:0] = sys.argv[2:]\n"
        "from datetime import timedelta; from audit.ledger import Ledger\n"
        "from audit.vouching import Voucher\n"
        "from gateway.custody import carrying; from gateway.custody.room import Custody\n"
        "from gateway.store.engines import open_store\n"
        "store = open_store(sys.argv[1])\n"
        "voucher = Voucher(bytes(32), zone='intranet')\n"
        "ledger = Ledger(store.write, zone='intranet', seal=lambda e, f, v: v, voucher=voucher)\n"
        "custody = Custody(ledger=ledger, read=store.read, keep=timedelta(days=184),\n"
        "                  voucher=voucher.vkey, in_office=lambda *_: False)\n"
        "carrying.prune(custody, tell=lambda done: print(done, flush=True))\n"
    )
    killed = 0
    while killed < 3:
        process = subprocess.Popen(
            [sys.executable, "-c", program, sealed.url, str(ROOT)],
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.02 * killed)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        killed += 1
        report = sealed.verify()
        assert report.code == standalone.INTACT, report.lines()
    assert rows(sealed) < before
    assert prune(sealed) == 0
    report = sealed.verify()
    assert report.code == standalone.INTACT, report.lines()
    assert rows(sealed) <= before - 25_856 + 3


TORN = {
    "the tile is gone": "DELETE FROM log_tile WHERE level = 0 AND number = 1",
    "the tile is short": "UPDATE log_tile SET hashes = X'00' WHERE level = 0 AND number = 1",
    "the tile is a text": "UPDATE log_tile SET hashes = 'torn' WHERE level = 0 AND number = 1",
    "the last entry is a text": "UPDATE audit_event SET body = 'torn' WHERE seq = 511",
    "the last entry is gone": "DELETE FROM audit_event WHERE seq = 511",
}


@pytest.mark.parametrize("way", TORN)
def test_attack_what_is_torn_fails_the_pruning_and_not_the_sealing(
    sealed_file: SealedLog, way: str
) -> None:
    """Else nothing would be sealed any more as long as officers agree on a pruning."""
    aged(sealed_file)
    custody = custody_of(sealed_file)
    request = agreeing.propose_pruning(custody, REASON, by=AUDITOR, now=sealed_file.now)
    agreeing.approve(custody, request, by=SECURITY, now=sealed_file.now)
    sealed_file.attack(TORN[way])
    sealed_file.seal()
    sealed_file.write(1)
    sealed_file.seal(after=70)
    with sealed_file.store.read.connect() as connection:
        row = connection.execute(select(log_request).where(log_request.c.id == request)).one()
        assert pruning.done(connection).upto == 0
    assert row.state == "failed"
    assert sealed_file.verify().code == standalone.TAMPERED

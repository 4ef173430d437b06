"""The attacks that beat other logs (reference, section 3.11), as root on the database."""

from __future__ import annotations

import json
import os
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sealed_log import ORIGIN, POLICY, SealedLog, bodies_of, forge
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from audit import verify as standalone
from audit.export import write
from audit.keep import Disagreement, Keep
from audit.note import Checkpoint, sign, vkey_of
from audit.record import canonical
from audit.tables import audit_event, log_checkpoint

VERIFICATIONS = int(os.environ.get("HANGU_VERIFICATIONS", "25"))
"""How often the log is verified while it is written; 1000 for the full measure."""


@pytest.fixture
def filled(sealed: SealedLog) -> SealedLog:
    """A log of about 800 entries over two key epochs."""
    sealed.fill(800, rounds=4)
    return sealed


def finals(log: SealedLog) -> list[tuple[int, bytes]]:
    with log.store.reading() as session:
        query = select(log_checkpoint.c.size, log_checkpoint.c.note)
        return [tuple(row) for row in session.execute(query.order_by(log_checkpoint.c.size))]


def caught(log: SealedLog, first_bad: int | None = None, *anchors: bytes) -> None:
    report = log.verify(anchors=anchors)
    assert report.code == standalone.TAMPERED, report.lines()
    assert report.first_bad is not None
    if first_bad is not None:
        assert report.first_bad == first_bad, report.lines()


def test_cve_2023_31439_an_early_checkpoint_signed_by_a_later_key(filled: SealedLog) -> None:
    size, _ = finals(filled)[0]
    key = filled.keep.key(filled.keep.memory.signed.next_epoch)
    top = filled.verify().root
    text = Checkpoint(ORIGIN, size, bytes.fromhex(top)).text()
    note = sign(text, name=ORIGIN, key=key).encode()
    filled.attack("UPDATE log_checkpoint SET note = :note WHERE size = :size", note=note, size=size)
    caught(filled, 0)


def test_old_entries_rewritten_with_the_stolen_present_key(filled: SealedLog) -> None:
    """Everything fits, and the newest signature is genuine; the ended epoch's is not to be had."""
    bodies = bodies_of(filled)
    body = json.loads(bodies[100])
    bodies[100] = canonical(body | {"out": "failure"})
    forge(filled, bodies)
    caught(filled)
    filled.attack("DELETE FROM log_checkpoint")
    caught(filled)


def test_a_thief_of_the_present_key_cannot_hand_over_in_the_past(filled: SealedLog) -> None:
    """His own chain of keys from an early entry on: the old key did not sign the handing over."""
    bodies = bodies_of(filled)
    index = next(n for n, body in enumerate(bodies) if b'"ev":"key.rotate"' in body)
    body = json.loads(bodies[index])
    body["d"]["next_vkey"] = str(vkey_of(Ed25519PrivateKey.generate(), name=ORIGIN))
    bodies[index] = canonical(body)
    forge(filled, bodies)
    caught(filled)


def test_cve_2023_31438_cut_off_and_continued(filled: SealedLog) -> None:
    """Within the present epoch, with its key: a heartbeat is missing, so the cut shows."""
    bodies = bodies_of(filled)
    last = max(n for n, body in enumerate(bodies) if b'"ev":"log.heartbeat"' in body)
    before = max(n for n, b in enumerate(bodies[:last]) if b'"ev":"log.heartbeat"' in b)
    assert before >= finals(filled)[-1][0]
    forge(filled, bodies[:before] + bodies[before + 1 :])
    caught(filled)


def test_cut_back_to_an_earlier_epoch(filled: SealedLog) -> None:
    """Genuine in itself; it is stale, and any later checkpoint or receipt convicts it."""
    anchor = filled.note
    size, note = finals(filled)[0]
    bodies = bodies_of(filled)[:size]
    forge(filled, bodies, epoch_key=False)
    filled.attack(
        "UPDATE log_state SET note = :note", "DELETE FROM log_checkpoint WHERE size > :size",
        note=note, size=size,
    )  # fmt: skip
    caught(filled, size, anchor)
    stale = standalone.verify(
        filled.source(), key=filled.key, fresh_at=filled.now + timedelta(seconds=30)
    )
    assert stale.code == standalone.INCOMPLETE


def test_systemd_15425_an_unsealed_log_in_place_of_the_sealed_one(filled: SealedLog) -> None:
    filled.attack("UPDATE log_state SET note = NULL", "UPDATE audit_event SET seq = NULL")
    caught(filled, 0)


def test_another_log_with_another_key_in_its_place(filled: SealedLog, tmp_path: Path) -> None:
    other = Keep.create(tmp_path / "other", origin=ORIGIN, now=filled.now)
    note = sign(
        Checkpoint(ORIGIN, filled.size, bytes.fromhex(filled.verify().root)).text(),
        name=ORIGIN, key=other.key(0),
    )  # fmt: skip
    filled.attack("UPDATE log_state SET note = :note", note=note.encode())
    caught(filled)


@pytest.mark.parametrize(
    ("attack", "first_bad"),
    [
        ("DELETE FROM audit_event WHERE seq >= (SELECT size - 1 FROM log_state)", None),
        ("DELETE FROM audit_event WHERE seq >= 300", 300),
        ("DELETE FROM audit_event WHERE seq = 0", 0),
        ("DELETE FROM audit_event WHERE seq < 256", 0),
        ("DELETE FROM audit_event WHERE seq < 300", 0),
        ("DELETE FROM audit_event WHERE seq = 417", 417),
        ("DELETE FROM audit_event", 0),
        ("DELETE FROM log_tile", 0),
        ("DELETE FROM log_tile WHERE level = 1", 0),
        ("DELETE FROM log_checkpoint", None),
        ("DELETE FROM log_state", 0),
        ("UPDATE audit_event SET seq = 100000 WHERE seq = 417", 417),
        ("UPDATE audit_event SET seq = -1 WHERE seq = 417", 417),
        ("UPDATE audit_event SET seq = NULL WHERE seq = 417", 417),
    ],
)
def test_deleted_tail_head_middle_or_all(
    filled: SealedLog, attack: str, first_bad: int | None
) -> None:
    """Agenticos #1648, agent-bom #3697, pgEdge #502: deletion is neither unseen nor retention."""
    filled.attack(attack)
    caught(filled, first_bad, filled.note)


@pytest.mark.parametrize(
    "attack",
    [
        "body = (SELECT body FROM audit_event WHERE seq = 418)",
        "leaf = (SELECT leaf FROM audit_event WHERE seq = 418)",
        "eid = 'ffffffffffffffffffffffffffffffff'",
        "created = '2020-01-01 00:00:00'",
    ],
)
def test_immudb_2063_every_copy_of_a_value_is_checked(filled: SealedLog, attack: str) -> None:
    """A body, its leaf, and the columns that searches use (section 3.8's trap)."""
    filled.attack(f"UPDATE audit_event SET {attack} WHERE seq = 417")
    caught(filled, 417)


@pytest.mark.parametrize("what", ["value = salt", "salt = value"])
def test_a_personal_value_exchanged_is_noticed(filled: SealedLog, what: str) -> None:
    filled.attack(f"UPDATE audit_secret SET {what}")
    caught(filled)


def test_personal_values_torn_out_break_no_proof_and_are_missed(filled: SealedLog) -> None:
    """Erasing them rightly leaves a record (test_erasure); this leaves none."""
    filled.attack("DELETE FROM audit_secret")
    assert standalone.verify(filled.source(), key=filled.key).code == standalone.INTACT
    caught(filled, 0)


def test_an_entry_that_pretends_to_be_the_sealers_is_not_believed(sealed: SealedLog) -> None:
    """Somebody who may only add entries hands the log over to his own key."""
    sealed.write(5)
    sealed.seal()
    thief = sealed.keep.vkey(1)
    body = canonical({"ev": "key.rotate", "sub": "system:sealer", "eid": "0" * 32, "ts": "x",
                      "d": {"epoch": 1, "next_vkey": str(thief), "sig": "AAAA"}})  # fmt: skip
    with sealed.ledger.begin(unaudited_because="an attack") as tx:
        from_body = standalone.sha256(b"\x00" + body).digest()
        tx.session.execute(
            insert(audit_event).values(eid="0" * 32, body=body, leaf=from_body, created=sealed.now)
        )
    sealed.seal()
    caught(sealed, 6)


def test_teleport_40126_an_entrys_id_is_taken_once(sealed: SealedLog) -> None:
    sealed.write(1)
    with sealed.store.reading() as session:
        row = session.execute(select(audit_event)).one()
    again = {"eid": row.eid, "body": b"x", "leaf": row.leaf, "created": sealed.now}
    with (
        pytest.raises(IntegrityError),
        sealed.ledger.begin(unaudited_because="an attack") as tx,
    ):
        tx.session.execute(insert(audit_event).values(**again))


def test_systemd_27532_no_false_alarm_while_the_log_is_written(sealed: SealedLog) -> None:
    stopped = threading.Event()
    # A long measure must not outgrow its own log: each look reads all of it, key by key.
    pause = VERIFICATIONS / 1250

    def work() -> None:
        while not stopped.is_set():
            sealed.write(5)
            sealed.seal(after=61)
            stopped.wait(pause)

    sealed.fill(200, rounds=2)
    worker = threading.Thread(target=work)
    worker.start()
    try:
        reports = [sealed.verify() for _ in range(VERIFICATIONS)]
    finally:
        stopped.set()
        worker.join()
    assert [report.code for report in reports] == [standalone.INTACT] * VERIFICATIONS
    assert reports[-1].size > reports[0].size


def test_pymerkle_two_forged_entries_before_two_honest_ones(filled: SealedLog) -> None:
    """Everything after them moves; with the present key, but not that of the first epoch."""
    bodies = bodies_of(filled)
    forged = [canonical(json.loads(bodies[5]) | {"eid": f"{n:032x}"}) for n in (1, 2)]
    forge(filled, [*forged, *bodies])
    caught(filled, None, filled.note)


@pytest.mark.parametrize(("first", "second"), [(3, 4), (255, 256), (0, 500)])
def test_two_entries_exchanged_with_all_their_columns(
    filled: SealedLog, first: int, second: int
) -> None:
    filled.attack(
        "UPDATE audit_event SET seq = -1 WHERE seq = :first",
        "UPDATE audit_event SET seq = :first WHERE seq = :second",
        "UPDATE audit_event SET seq = :second WHERE seq = -1",
        first=first,
        second=second,
    )
    caught(filled, first)


def test_an_entry_and_its_tile_rewritten_so_that_they_fit(filled: SealedLog) -> None:
    """Body, leaf, columns and every hash above it; only the signature does not follow."""
    bodies = bodies_of(filled)
    bodies[417] = canonical(json.loads(bodies[417]) | {"out": "failure"})
    forge(filled, bodies, epoch_key=False)
    caught(filled, None)


def test_an_entry_added_at_the_end_with_a_number_of_its_own(filled: SealedLog) -> None:
    """Beyond the signed size: the sealer alone gives numbers."""
    body = canonical(json.loads(bodies_of(filled)[5]) | {"eid": "e" * 32})
    leaf = standalone.sha256(b"\x00" + body).digest()
    filled.attack(
        "INSERT INTO audit_event (eid, body, leaf, seq, created)"
        " SELECT :eid, :body, :leaf, size, published FROM log_state",
        eid="e" * 32,
        body=body,
        leaf=leaf,
    )
    caught(filled, filled.size)


def test_agenticos_1648_everything_deleted_and_made_anew_empty(filled: SealedLog) -> None:
    """An empty log is no log that was always empty: the sealer's memory convicts it."""
    filled.attack(
        *(f"DELETE FROM {table}" for table in ("audit_event", "log_tile", "log_checkpoint")),
        "UPDATE log_state SET size = 0, note = NULL, published = NULL",
    )
    caught(filled, 0, filled.note)
    with pytest.raises(Disagreement):
        filled.seal(after=61)


def test_a_trigger_switched_off_for_a_minute_leaves_a_trace(sealed: SealedLog) -> None:
    """Each heartbeat holds the hash of all triggers, tables and rights."""
    sealed.seal()
    switch = {
        "sqlite": ("DROP TRIGGER audit_event_keep", "SELECT 1"),
        "postgresql": (
            "ALTER TABLE audit_event DISABLE TRIGGER audit_event_keep",
            "ALTER TABLE audit_event ENABLE TRIGGER audit_event_keep",
        ),
    }[sealed.engine.dialect.name]
    with sealed.engine.begin() as connection:
        connection.execute(text(switch[0]))
    sealed.seal(after=61)
    with sealed.engine.begin() as connection:
        connection.execute(text(switch[1]))
    beats = [json.loads(b) for b in bodies_of(sealed) if b'"ev":"log.heartbeat"' in b]
    assert len({beat["d"]["triggers"] for beat in beats}) == 2
    assert len({beat["d"]["schema"] for beat in beats}) == 1


def test_a_receipt_and_a_paper_checkpoint_are_anchors(filled: SealedLog, tmp_path: Path) -> None:
    from_note = filled.note
    filled.write(10)
    filled.seal(after=61)
    report = filled.verify(anchors=(from_note,))
    assert report.code == 0
    assert any("paper 0" in line for line in report.anchors)
    folder = tmp_path / "export"
    write(filled.source(), folder)
    again = standalone.verify(
        standalone.Folder(folder), key=filled.key, policy=POLICY, anchors=[("paper", from_note)]
    )
    assert again.code == 0

"""Sealing: contiguous numbers, a tree that only grows, keys that end, crashes that repeat."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sealed_log import ORIGIN, SealedLog
from sqlalchemy import event, select, text

from audit.keep import Disagreement, Keep, Lead
from audit.note import Checkpoint, Note, Vkey
from audit.record import leaf_hash
from audit.sealing import Sealing, open_keep
from audit.tables import audit_event, log_checkpoint, log_state
from audit.tree import Leaves, root


def numbers(log: SealedLog) -> list[int]:
    with log.store.reading() as session:
        query = select(audit_event.c.seq).order_by(audit_event.c.seq)
        return list(session.execute(query.where(audit_event.c.seq.is_not(None))).scalars())


def tree_of(log: SealedLog) -> tuple[int, bytes]:
    with log.store.reading() as session:
        bodies = session.execute(
            select(audit_event.c.body)
            .where(audit_event.c.seq.is_not(None))
            .order_by(audit_event.c.seq)
        ).scalars()
        leaves = [leaf_hash(body) for body in bodies]
    return len(leaves), root(Leaves(leaves), len(leaves))


def published(log: SealedLog) -> Checkpoint:
    with log.store.reading() as session:
        note = session.execute(select(log_state.c.note)).scalar_one()
    return Checkpoint.parse(Note.parse(note).text)


def test_what_was_written_is_numbered_signed_and_published(sealed: SealedLog) -> None:
    sealed.write(700)
    sealed.seal()
    assert numbers(sealed) == list(range(701))  # and the first heartbeat
    size, top = tree_of(sealed)
    assert published(sealed) == Checkpoint(ORIGIN, size, top)
    Note.parse(sealed.note).verified([Vkey.parse(sealed.key)])
    assert sealed.verify().code == 0


def test_an_idle_log_beats_and_does_nothing_else(sealed: SealedLog) -> None:
    sealed.seal()
    assert sealed.size == 1
    sealed.seal(after=59)
    assert sealed.size == 1
    sealed.seal(after=1)
    assert sealed.size == 2
    assert published(sealed).size == 2


def test_an_entry_that_commits_late_is_not_skipped(sealed: SealedLog) -> None:
    """Ids are given out before the commit: what has the lower id may appear later."""
    sealed.write(3)
    sealed.seal()
    sealed.attack(
        "UPDATE audit_event SET id = id + 1000 WHERE seq IS NOT NULL",
    )
    sealed.write(1)
    sealed.seal()
    assert numbers(sealed) == list(range(5))
    assert sealed.verify().code == 0


def test_a_key_ends_with_its_epoch(sealed: SealedLog) -> None:
    sealed.fill(300, rounds=6)
    left = sorted(path.name for path in sealed.directory.glob("key-*"))
    assert len(left) == 1
    epoch = int(left[0].removeprefix("key-"))
    assert epoch >= 1
    with sealed.store.reading() as session:
        finals = list(session.execute(select(log_checkpoint.c.size)).scalars())
    assert len(finals) == epoch
    report = sealed.verify()
    assert report.code == 0
    assert f"key of epoch {epoch}" in "".join(report.anchors)


def test_keys_end_even_after_a_long_standstill(sealed_file: SealedLog) -> None:
    sealed_file.fill(50, rounds=5)
    for _ in range(3):
        sealed_file.now += timedelta(hours=5)
        sealed_file.restart()
        sealed_file.seal()
    report = sealed_file.verify()
    assert report.code == 0
    assert sum("stood still for 5:00:00" in line for line in report.uncovered) == 3


def test_a_clock_that_goes_back_does_not_silence_the_heart(sealed_file: SealedLog) -> None:
    sealed_file.seal()
    sealed_file.now -= timedelta(hours=2)
    sealed_file.seal()
    assert sealed_file.size == 2
    assert sealed_file.verify().code == 0


@pytest.mark.parametrize("failing", range(22))
def test_whichever_statement_of_the_sealer_fails_the_next_round_repeats_it(
    sealed: SealedLog, failing: int
) -> None:
    """The n-th statement fails, COMMIT included, in a round that ends a key epoch."""
    sealed.write(300)
    sealed.seal()
    sealed.write(20)
    sealed.now += timedelta(minutes=11)
    seen = 0

    def fail(*_arguments: object) -> None:
        nonlocal seen
        seen += 1
        if seen == failing + 1:
            raise ConnectionError

    event.listen(sealed.engine, "before_cursor_execute", fail)
    event.listen(sealed.engine, "commit", fail)
    try:
        sealed.seal()
    except ConnectionError:
        if failing % 2:
            sealed.restart()
    finally:
        event.remove(sealed.engine, "before_cursor_execute", fail)
        event.remove(sealed.engine, "commit", fail)
    sealed.seal()
    assert numbers(sealed) == list(range(323))
    size, top = tree_of(sealed)
    assert published(sealed) == Checkpoint(ORIGIN, size, top)
    assert sealed.verify().code == 0


@pytest.mark.parametrize("failing", range(1, 8))
def test_whichever_write_to_its_memory_fails_the_sealer_goes_on(
    sealed_file: SealedLog, failing: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed_file.write(30)
    sealed_file.seal()
    before = sealed_file.note
    seen = 0
    real = Path.replace

    def replace(path: Path, target: Path) -> Path:
        nonlocal seen
        seen += 1
        if seen == failing:
            raise OSError(28, "No space left on device")
        return real(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", replace)
        sealed_file.write(5)
        sealed_file.now += timedelta(minutes=11)
        try:
            sealed_file.seal()
        except OSError:
            sealed_file.restart()
    sealed_file.seal()
    assert sealed_file.note != before
    assert numbers(sealed_file) == list(range(38))
    assert sealed_file.verify(anchors=(before,)).code == 0


def test_nothing_is_signed_after_a_database_was_rolled_back(sealed_file: SealedLog) -> None:
    path = Path(sealed_file.url.removeprefix("sqlite:///"))
    sealed_file.write(10)
    sealed_file.seal()
    sealed_file.store.close()
    sealed_file.engine.dispose()
    backup = path.read_bytes()
    sealed_file.write(10)
    sealed_file.seal()
    sealed_file.store.close()
    sealed_file.engine.dispose()
    path.write_bytes(backup)
    for side in ("-wal", "-shm"):
        Path(f"{path}{side}").unlink(missing_ok=True)
    sealed_file.restart()
    sealed_file.write(1)
    with pytest.raises(Disagreement, match="rolled back"):
        sealed_file.seal()
    assert sealed_file.verify(anchors=(sealed_file.note,)).code == 2


def test_an_entry_changed_before_it_was_sealed_is_not_sealed(sealed: SealedLog) -> None:
    sealed.write(3)
    sealed.attack("UPDATE audit_event SET body = leaf WHERE id = 2")
    with pytest.raises(Disagreement, match="entry 2 was changed"):
        sealed.seal()
    assert numbers(sealed) == []


def test_a_tile_that_was_changed_is_noticed_when_it_grows(sealed: SealedLog) -> None:
    sealed.write(3)
    sealed.seal()
    sealed.attack("UPDATE log_tile SET hashes = :bad", bad=bytes(128))
    sealed.write(1)
    with pytest.raises(Disagreement, match="tile 0"):
        sealed.seal()


def test_a_history_that_was_rewritten_never_gets_signed(sealed: SealedLog) -> None:
    """The root comes from the private edge: a whole new past in the database changes nothing."""
    sealed.write(600)
    sealed.seal()
    sealed.attack("UPDATE audit_event SET body = leaf WHERE seq < 256")
    sealed.write(5)
    sealed.seal()
    report = sealed.verify()
    assert (report.code, report.first_bad) == (2, 0)


def test_a_second_sealer_with_its_own_key_gets_nowhere(sealed: SealedLog, tmp_path: Path) -> None:
    """Two writers with two keys (bernstein #2791)."""
    sealed.write(3)
    sealed.seal()
    other = SealedLog(sealed.url, tmp_path / "thief", sealed.now)
    other.write(1)
    with pytest.raises(Disagreement):
        other.seal()
    with pytest.raises(Disagreement, match="empty"):
        open_keep(tmp_path / "new", origin=ORIGIN, read=sealed.store.read, now=sealed.now)
    other.close()


def test_one_leads_at_a_time(tmp_path: Path) -> None:
    first, second = Lead(tmp_path), Lead(tmp_path)
    assert first.take()
    assert not second.take()
    first.release()
    assert second.take()
    second.release()


def test_the_thread_seals_until_it_is_stopped(
    sealed: SealedLog, tmp_path: Path, now: datetime
) -> None:
    sealing = Sealing(
        tmp_path / "embedded",
        origin=ORIGIN,
        zone="intranet",
        begin=sealed.engine.begin,
        read=sealed.store.read,
        clock=lambda: now,
    )
    sealed.write(5)
    assert sealing.once() < 1
    sealing.start()
    sealing.stop()
    assert numbers(sealed) == list(range(6))
    assert sealing.problem == ""
    assert Lead(tmp_path / "embedded").take()


def test_the_thread_survives_what_goes_wrong_and_says_it(
    sealed: SealedLog, tmp_path: Path, now: datetime
) -> None:
    sealing = Sealing(
        tmp_path / "embedded",
        origin=ORIGIN,
        zone="intranet",
        begin=sealed.engine.begin,
        read=sealed.store.read,
        clock=lambda: now,
    )
    sealed.write(1)
    sealed.attack("ALTER TABLE log_state RENAME TO gone")
    sealing.once()
    assert sealing.problem
    sealed.attack("ALTER TABLE gone RENAME TO log_state")
    sealing.once()
    assert sealing.problem == ""
    assert numbers(sealed) == [0, 1]


def test_the_memory_is_the_sealers_alone(sealed_file: SealedLog) -> None:
    sealed_file.seal()
    modes = {path.stat().st_mode & 0o077 for path in sealed_file.directory.iterdir()}
    assert modes == {0}
    (sealed_file.directory / "memory.json").write_text("{}")
    with pytest.raises(Disagreement, match="cannot be read"):
        Keep.open(sealed_file.directory)


@pytest.mark.parametrize(
    "attack",
    [
        "DELETE FROM log_tile",
        "UPDATE log_tile SET width = width",
        "UPDATE log_tile SET width = 256, hashes = ''",
        "DELETE FROM log_checkpoint",
        "UPDATE log_checkpoint SET note = ''",
        "DELETE FROM log_state",
        "UPDATE log_state SET size = 0",
        "UPDATE log_state SET root = ''",
    ],
)
def test_the_database_itself_lets_the_sealed_log_only_grow(sealed: SealedLog, attack: str) -> None:
    sealed.fill(30, rounds=6)
    with pytest.raises(Exception, match=r"never|only grows"), sealed.engine.begin() as connection:
        connection.execute(text(attack))


def test_attack_a_request_that_nobody_can_read_ends_no_thread(
    sealed_file: SealedLog, tmp_path: Path, now: datetime
) -> None:
    """SQLite keeps what is written. Nothing is sealed meanwhile, which is said, and then it is."""
    sealing = Sealing(
        tmp_path / "embedded",
        origin=ORIGIN,
        zone="intranet",
        begin=sealed_file.engine.begin,
        read=sealed_file.store.read,
        clock=lambda: now,
    )
    sealed_file.write(1)
    sealed_file.attack(
        "INSERT INTO log_request (id, kind, target, terms, reason, proposed_by, proposed_as, "
        "proposed_at, proposed_eid, state, outcome) "
        "VALUES ('x', 'prune', '', '{', 'x', 'x', 'x', 'then', 'x', 'open', '')"
    )
    assert sealing.once() > 0
    assert sealing.problem
    assert numbers(sealed_file) == []
    sealed_file.attack("DELETE FROM log_request")
    sealing.once()
    assert sealing.problem == ""
    assert numbers(sealed_file) == [0, 1]

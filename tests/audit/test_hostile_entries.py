"""Entries that somebody with the database wrote by hand: sealed like all, they stop nobody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from forged_log import found, inserted
from searched_log import SearchedLog

from audit import lines, verify
from audit.export import write
from audit.forwarding import Forwarding, Receiver
from audit.query import Query
from audit.record import Actor, leaf_hash


def compact(said: dict[str, object]) -> bytes:
    """As the gateway writes entries, but for what it would refuse."""
    return json.dumps(said, separators=(",", ":")).encode()


DENIED: dict[str, object] = {
    "ev": "decision.denied",
    "ts": "2026-01-01T00:00:00Z",
    "sub": "x",
    "out": "denied",
    "cls": 6003,
    "act": 3,
    "zone": "z",
    "eid": "5",
}
ENTRIES = {
    "no UTF-8": b"\xff\xfe",
    "a list": b"[]",
    "a number": b"5",
    "null": b"null",
    "deep": b'{"d":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "a number of 5000 digits": b'{"ev":"decision.denied","cls":' + b"9" * 5000 + b"}",
    "types": b'{"ev":[],"ts":{},"sub":5,"out":[],"obj":[],"d":5,"c":[1],"cls":"x","act":null}',
    "a class that is a list": compact({**DENIED, "cls": []}),
    "an object that is a list": compact({**DENIED, "obj": [1]}),
    "half a surrogate pair": compact({**DENIED, "sub": "\ud800", "obj": "\x00"}),
    "infinity": compact({**DENIED, "act": float("inf")}),
    "the year 1": compact({**DENIED, "ts": "0001-01-01T00:00:00+23:59"}),
}
BEAT: dict[str, object] = {
    "ev": "log.heartbeat",
    "ts": "2026-01-01T00:00:00Z",
    "sub": "system:sealer",
}
PRETENDED = {
    "an endless silence": compact({**BEAT, "d": {"beat": 1, "after": float("inf")}}),
    "a long silence": compact({**BEAT, "d": {"beat": 1, "after": 10**14}}),
    "deep": b'{"x":1,"ev":"log.heartbeat","d":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    "a key that is a number": compact(
        {**BEAT, "ev": "key.rotate", "d": {"next_vkey": 5, "epoch": 1, "sig": 5}}
    ),
}


@pytest.fixture
def log(database_url: str, tmp_path: Path, now: datetime) -> Iterator[SearchedLog]:
    log = SearchedLog(database_url, tmp_path / "sealer", now)
    log.write(3)
    log.seal(after=61)
    yield log
    log.close()


def poison(log: SearchedLog, *entries: bytes) -> int:
    """Write these past the gateway, then a good one; return the good one's number."""
    for body in entries:
        inserted(log, body=body, leaf=leaf_hash(body))
    log.seal(after=61)
    log.ledger.append(
        "decision.denied", actor=Actor(subject="person:8"), now=log.now, outcome="denied"
    )
    log.seal(after=61)
    log.index()
    return log.search.page(Query(include={"actor": ("person:8",)})).entries[0].seq


def test_attack_entries_that_are_none_stop_neither_search_nor_rules(log: SearchedLog) -> None:
    good = poison(log, *ENTRIES.values())
    assert good >= len(ENTRIES)
    assert len(found(log, "unannounced")) == 1
    assert log.checked().code == verify.INTACT
    assert log.rules().catch_up(now=log.now) > len(ENTRIES)


@pytest.mark.parametrize("form", ["ocsf", "cef"])
def test_attack_an_entry_that_is_none_does_not_end_the_forwarding(
    log: SearchedLog, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = poison(log, *ENTRIES.values())
    copy = Forwarding(
        Receiver(host="127.0.0.1", port=9, authorities=None, own=None, form=form),
        tmp_path / "forwarding",
        origin="gate.example/audit",
        ledger=log.ledger,
        read=log.store.read,
        clock=lambda: log.now,
    )
    sent: list[bytes] = []
    monkeypatch.setattr(copy, "_send", sent.extend)
    assert copy.once()
    assert any(f'seq="{good}"'.encode() in text for text in sent)


def test_attack_the_forwarding_outlives_a_brake_that_holds_its_notes(
    log: SearchedLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from audit import forwarding  # noqa: PLC0415 - its pauses are made short below

    monkeypatch.setattr(forwarding, "PAUSE", 0.0)
    monkeypatch.setattr(forwarding, "LONGEST_PAUSE", 0.0)
    copy = Forwarding(
        Receiver(host="127.0.0.1", port=9, authorities=None, own=None, form="ocsf"),
        tmp_path / "forwarding",
        origin="gate.example/audit",
        ledger=log.ledger,
        read=log.store.read,
        clock=lambda: log.now,
    )
    monkeypatch.setattr(copy, "_send", lambda _texts: None)
    times = 0

    def held(_event: str | None) -> None:
        nonlocal times
        times += 1
        if times > 2:
            log.ledger.brake = None
            copy._told.set()
        raise TimeoutError("the log is not being sealed")

    log.ledger.brake = held
    copy.run()
    copy.stop()
    assert times == 3


@pytest.mark.parametrize("form", lines.FORMS)
def test_attack_an_entry_that_is_none_keeps_no_other_from_a_copy(
    log: SearchedLog, tmp_path: Path, form: str
) -> None:
    poison(log, *ENTRIES.values())
    count = lines.write(log.store.read, log.size, tmp_path / "copy", form, origin="gate.example/a")
    assert log.size - len(ENTRIES) <= count < log.size
    assert b"person:8" in (tmp_path / "copy").read_bytes()


@pytest.mark.parametrize("what", PRETENDED)
def test_attack_an_entry_that_pretends_to_be_the_sealers_does_not_end_the_verifier(
    log: SearchedLog, tmp_path: Path, what: str
) -> None:
    """It is sealed, so the verifier would never again get to the end."""
    poison(log, PRETENDED[what])
    write(log.source(), tmp_path / "export")
    report = verify.verify(verify.Folder(tmp_path / "export"), key=log.key)
    assert report.code == verify.TAMPERED
    assert report.first_bad == 4

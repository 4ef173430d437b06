"""Findings decided, nights signed off, evidence that proves itself; and attacks on each."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from searched_log import PEOPLE, SearchedLog
from sqlalchemy import select, text

from audit import verify
from audit.query import Query
from audit.record import Actor
from audit.review import (
    coverage,
    evidence,
    figures,
    handing,
    queue,
    signed,
    signing,
    stretch,
    suppressing,
)
from audit.review.coverage import Cover
from audit.review.evidence import BadPurpose, NothingSigned, Package, Purpose
from audit.review.finding import Disposition, State
from audit.review.queue import BadDecision, FindingMoved, Wanted
from audit.review.signed import STANDARD
from audit.review.stretch import SignoffRefused
from audit.review.tables import review_finding, review_signoff
from audit.tables import audit_event
from audit.tables_anchors import log_key

ME, OTHER = (Actor(subject=each) for each in PEOPLE[2:4])


@pytest.fixture
def log(database_url: str, tmp_path: Path, now: datetime) -> Iterator[SearchedLog]:
    """Return a log with a burst of refusals and a few acts of the reviewer."""
    log = SearchedLog(database_url, tmp_path / "sealer", now)
    for second in range(20):
        log.ledger.append(
            "decision.denied",
            actor=Actor(subject=PEOPLE[0]),
            now=now + timedelta(seconds=second),
            outcome="denied",
            reason="=HYPERLINK(1)",
            details={"path": "<script>alert(1)</script>"},
        )
    log.ledger.append("audit.search_saved", actor=ME, now=now + timedelta(seconds=30))
    log.settle()
    log.rules().catch_up(now=log.now)
    yield log
    log.close()


def first(log: SearchedLog) -> UUID:
    with log.store.read.connect() as connection:
        (one,), count = queue.listed(connection, Wanted(rule="denied_burst"))
    assert count == 1
    return one.id


def said(log: SearchedLog, event: str) -> list[dict[str, object]]:
    with log.store.reading() as session:
        bodies = session.execute(select(audit_event.c.body).order_by(audit_event.c.id)).scalars()
        return [found for body in bodies if (found := json.loads(body))["ev"] == event]


def test_a_finding_is_taken_and_decided_with_a_reason(log: SearchedLog) -> None:
    one = first(log)
    with log.ledger.begin() as tx:
        queue.take(tx, one, version=1, actor=ME, now=log.now)
    with pytest.raises(FindingMoved), log.ledger.begin() as tx:
        queue.take(tx, one, version=1, actor=OTHER, now=log.now)
    for bad, what in (
        ({"reason": " "}, "reason"),
        ({"disposition": "whatever"}, "disposition"),
        ({"state": "new"}, "state"),
    ):
        given = {"state": "resolved", "disposition": "drill", "reason": "a drill", **bad}
        with pytest.raises(BadDecision, match=what), log.ledger.begin() as tx:
            queue.decide(tx, one, version=2, actor=ME, now=log.now, **given)
    later = log.now + timedelta(minutes=7)
    with log.ledger.begin() as tx:
        queue.decide(
            tx, one, version=2, state=State.RESOLVED, disposition=Disposition.DRILL,
            reason="a drill", actor=ME, now=later,
        )  # fmt: skip
        queue.remark(tx, one, "asked the duty officer", actor=ME, now=later)
    with log.store.read.connect() as connection:
        known = queue.one(connection, one)
        assert (known.state, known.owner, known.disposition) == ("resolved", ME.subject, "drill")
        assert [each.text for each in queue.notes_of(connection, one)] == ["asked the duty officer"]
        (figure,) = [
            each
            for each in figures.figures(connection, since=log.now - timedelta(days=1))
            if each.rule == "denied_burst"
        ]
        assert (figure.findings, figure.open, figure.seconds) == (1, 0, 7 * 60)
    assert said(log, "review.decided")[0]["d"]["reason"] == "a drill"  # type: ignore[index]


def test_what_fits_a_filter_is_decided_at_once_if_it_is_as_many_as_shown(log: SearchedLog) -> None:
    wanted = Wanted(rule="denied_burst")
    for expected in (0, 2):
        with pytest.raises(FindingMoved), log.ledger.begin() as tx:
            queue.decide_all(
                tx, wanted, expected=expected, disposition="drill", reason="a drill",
                actor=ME, now=log.now,
            )  # fmt: skip
    with log.ledger.begin() as tx:
        done = queue.decide_all(
            tx, wanted, expected=1, disposition="drill", reason="a drill", actor=ME, now=log.now
        )
    assert done == 1
    with log.store.read.connect() as connection:
        assert queue.listed(connection, wanted) == ([], 0)


def test_what_is_suppressed_is_kept_and_can_be_looked_at(log: SearchedLog) -> None:
    one = first(log)
    with log.ledger.begin() as tx:
        suppressing.suppress(
            tx, one, ["actor"], until=log.now + timedelta(days=9), reason="a known test",
            actor=ME, now=log.now,
        )  # fmt: skip
        queue.decide(
            tx, one, version=1, state="resolved", disposition="drill", reason="a drill",
            actor=ME, now=log.now,
        )  # fmt: skip
    log.now += timedelta(hours=1)
    for who in (PEOPLE[0], PEOPLE[1]):
        for second in range(20):
            log.ledger.append(
                "decision.denied",
                actor=Actor(subject=who),
                now=log.now + timedelta(seconds=second),
                outcome="denied",
            )
    log.settle()
    log.rules().catch_up(now=log.now)
    with log.store.read.connect() as connection:
        (asked,), _ = queue.listed(connection, Wanted(rule="denied_burst"))
        (hidden,), _ = queue.listed(connection, Wanted(rule="denied_burst", suppressed=True))
        (kept,) = suppressing.suppressions(connection)
        assert asked.key == {"actor": PEOPLE[1]}
        assert hidden.key == {"actor": PEOPLE[0]}
        assert len(queue.seqs_of(connection, hidden.id)) == 20
        assert (hidden.suppressed_by, kept.covers) == (kept.id, 1)
    with log.ledger.begin() as tx:
        suppressing.end_suppression(tx, kept.id, actor=OTHER, now=log.now)
    with pytest.raises(FindingMoved), log.ledger.begin() as tx:
        suppressing.end_suppression(tx, kept.id, actor=OTHER, now=log.now)


@pytest.mark.parametrize("ended", ["by hand", "by its day"])
def test_attack_what_goes_on_after_a_suppression_is_not_hidden_in_its_finding(
    log: SearchedLog, ended: str
) -> None:
    """A finding grows while it is open; one that was hidden would take everything along."""

    def burst() -> None:
        log.now += timedelta(minutes=4)
        for second in range(20):
            log.ledger.append(
                "decision.denied",
                actor=Actor(subject=PEOPLE[0]),
                now=log.now + timedelta(seconds=second),
                outcome="denied",
            )
        log.settle()
        log.rules().catch_up(now=log.now)

    one = first(log)
    with log.ledger.begin() as tx:
        made = suppressing.suppress(
            tx, one, ["actor"], until=log.now + timedelta(minutes=6), reason="a known test",
            actor=ME, now=log.now,
        )  # fmt: skip
        queue.decide(
            tx, one, version=1, state="resolved", disposition="drill", reason="a drill",
            actor=ME, now=log.now,
        )  # fmt: skip
    burst()
    if ended == "by hand":
        with log.ledger.begin() as tx:
            suppressing.end_suppression(tx, made, actor=OTHER, now=log.now)
    burst()
    burst()
    with log.store.read.connect() as connection:
        (asked,), _ = queue.listed(connection, Wanted(rule="denied_burst"))
        (hidden,), _ = queue.listed(connection, Wanted(rule="denied_burst", suppressed=True))
    assert (hidden.entries, asked.entries) == (20, 40)


@pytest.mark.parametrize(
    ("fields", "days", "what"),
    [([], 1, "fields"), (["rule"], 1, "fields"), (["actor"], 91, "until"), (["actor"], 0, "until")],
)
def test_attack_a_suppression_that_would_hide_everything_is_refused(
    log: SearchedLog, fields: list[str], days: int, what: str
) -> None:
    with pytest.raises(BadDecision, match=what), log.ledger.begin() as tx:
        suppressing.suppress(
            tx, first(log), fields, until=log.now + timedelta(days=days), reason="hide it",
            actor=ME, now=log.now,
        )  # fmt: skip


def test_attack_what_is_critical_cannot_be_suppressed(log: SearchedLog) -> None:
    log.ledger.append("audit.missing", actor=Actor(subject="system:sealer"), now=log.now)
    log.settle()
    log.rules().catch_up(now=log.now)
    with log.store.read.connect() as connection:
        query = select(review_finding.c.id).where(review_finding.c.rule == "log_impaired")
        one = connection.execute(query).scalar_one()
    with pytest.raises(BadDecision, match="level"), log.ledger.begin() as tx:
        suppressing.suppress(
            tx, one, ["event"], until=log.now + timedelta(days=1), reason="hide it",
            actor=ME, now=log.now,
        )  # fmt: skip


class Room:
    """An incident room that keeps what it is handed."""

    def __init__(self) -> None:
        self.got: list[object] = []

    def open(self, finding: object, *, by: Actor, now: datetime) -> str:
        """Keep it."""
        self.got.append((finding, by, now))
        return "incident:1"


def test_a_finding_is_handed_over_whole_with_or_without_an_incident_room(log: SearchedLog) -> None:
    one, room = first(log), Room()
    with log.ledger.begin() as tx:
        file, named = handing.hand_over(tx, one, room, actor=ME, now=log.now)
    assert named == "incident:1"
    assert room.got[0][0] == file  # type: ignore[index]
    assert len(file["numbers"]) == 20  # type: ignore[arg-type]
    with log.ledger.begin() as tx:
        assert handing.hand_over(tx, one, None, actor=ME, now=log.now)[1] == ""
    assert [each["d"]["incident"] for each in said(log, "review.handed_over")] == [  # type: ignore[index]
        "incident:1",
        "",
    ]


def looked(
    log: SearchedLog, *, who: Actor = ME, query: Query = STANDARD, page: int | None = 0
) -> stretch.Reviewed:
    """What the reviewer's page does: read, render, note what was rendered."""
    with log.store.read.connect() as connection:
        span = stretch.waiting(connection, 0)
    assert span is not None
    seen = stretch.reviewed(log.store.read, span, query, who.subject, page_from=page)
    if page is not None:
        with log.ledger.begin(unaudited_because="a test") as tx:
            signing.note_shown(tx, who.subject, query, page, seen.page_end, now=log.now)
    return seen


def sign(log: SearchedLog, seen: stretch.Reviewed, *, who: Actor = ME) -> UUID:
    with log.ledger.begin() as tx:
        return signing.sign(tx, seen, note="", actor=who, proof="totp", now=log.now)


def test_a_signoff_is_a_leaf_bound_to_range_root_and_filter(log: SearchedLog) -> None:
    seen = looked(log)
    sign(log, seen)
    (leaf,) = said(log, "review.signoff")
    details = leaf["d"]
    assert isinstance(details, dict)
    assert details["from"] == 0
    assert details["to"] == details["size"] == seen.span.size
    assert details["root"] == seen.span.root.hex()
    assert details["filter_hash"] == signed.filter_hash(STANDARD)
    assert details["shown"] == details["total"] == len(seen.fitting) == len(seen.page)
    assert (details["own"], details["step_up"], details["reviewer"]) == (1, "totp", ME.subject)
    assert details["findings_count"] >= 1
    with pytest.raises(SignoffRefused, match="twice"):
        sign(log, seen)


def test_shown_counts_only_what_was_rendered_to_this_reviewer(
    log: SearchedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stretch, "SHOWN_PAGE", 5)
    seen = looked(log)
    looked(log, who=OTHER)
    sign(log, seen)
    (leaf,) = said(log, "review.signoff")
    assert leaf["d"]["shown"] == 5 < leaf["d"]["total"]  # type: ignore[index]


def test_attack_a_signoff_of_a_root_that_never_was_is_refused(log: SearchedLog) -> None:
    seen = looked(log)
    span, read = seen.span, log.store.read
    stretch.bound(read, low=0, high=span.high, size=span.size, root=span.root)
    for low, high, size, root, code in (
        (0, span.high, span.size, b"\0" * 32, "root"),
        (0, span.high, span.size - 1, span.root, "range"),
        (0, span.high - 1, span.size - 1, span.root, "root"),
        (0, span.high + 9, span.size + 9, span.root, "range"),
        (5, 5, span.size, span.root, "range"),
        (-1, span.high, span.size, span.root, "range"),
    ):
        with pytest.raises(SignoffRefused, match=code):
            stretch.bound(read, low=low, high=high, size=size, root=root)


def test_a_root_that_the_log_has_grown_beyond_still_binds(log: SearchedLog) -> None:
    before = looked(log).span
    log.ledger.append("decision.denied", actor=OTHER, now=log.now, outcome="denied")
    log.settle()
    after = stretch.bound(
        log.store.read, low=0, high=before.high, size=before.size, root=before.root
    )
    assert after == before


@pytest.mark.parametrize("also_the_tile", [False, True])
def test_attack_a_body_that_was_changed_cannot_be_signed_off(
    log: SearchedLog, *, also_the_tile: bool
) -> None:
    for _ in range(30):
        for second in range(10):
            log.ledger.append("page.denied", actor=OTHER, now=log.now + timedelta(seconds=second))
    log.settle()
    with log.store.read.connect() as connection:
        span = stretch.waiting(connection, 0)
        query = select(audit_event.c.body).where(audit_event.c.seq == 3)
        body = bytes(connection.execute(query).scalar_one())
    assert span is not None
    forged = body.replace(b"denied", b"allows")
    with log.engine.begin() as connection:
        guard = "session_replication_role = replica"
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SET LOCAL {guard}"))
        else:
            for (name,) in connection.execute(
                text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            ).all():
                connection.execute(text(f"DROP TRIGGER {name}"))
        connection.execute(audit_event.update().where(audit_event.c.seq == 3).values(body=forged))
        if also_the_tile:
            _forge_tile(connection, body, forged)
    with pytest.raises(SignoffRefused, match="changed"):
        stretch.reviewed(log.store.read, span, STANDARD, ME.subject)


def _forge_tile(connection: object, body: bytes, forged: bytes) -> None:
    from audit.record import leaf_hash  # noqa: PLC0415
    from audit.tables import log_tile  # noqa: PLC0415

    same = (log_tile.c.level == 0) & (log_tile.c.number == 0)
    hashes = bytes(connection.execute(select(log_tile.c.hashes).where(same)).scalar_one())  # type: ignore[attr-defined]
    new = hashes.replace(leaf_hash(body), leaf_hash(forged))
    assert new != hashes
    connection.execute(log_tile.update().where(same).values(hashes=new))  # type: ignore[attr-defined]


def test_attack_two_signoffs_at_once_are_one(log: SearchedLog) -> None:
    seen, results = looked(log), []

    def run() -> None:
        try:
            results.append(sign(log, seen))
        except SignoffRefused as refused:
            results.append(refused.code)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(str(each) for each in results if each == "twice") == ["twice"] * 3
    assert len(said(log, "review.signoff")) == 1


def test_own_acts_need_a_second_reviewer_who_is_somebody_else(log: SearchedLog) -> None:
    made = sign(log, looked(log))
    for office, who, code in (
        ("auditor", ME, "same"),
        ("system_admin", OTHER, "office"),
    ):
        with pytest.raises(SignoffRefused, match=code), log.ledger.begin() as tx:
            signing.second(tx, made, office=office, actor=who, proof="totp", now=log.now)
    with log.ledger.begin() as tx:
        signing.second(tx, made, office="security_admin", actor=OTHER, proof="passkey", now=log.now)
    with pytest.raises(SignoffRefused, match="twice"), log.ledger.begin() as tx:
        signing.second(tx, made, office="security_admin", actor=OTHER, proof="passkey", now=log.now)
    (leaf,) = said(log, "review.second")
    assert leaf["d"]["reviewer"] == ME.subject  # type: ignore[index]


def test_the_map_names_days_that_nobody_reviewed_in_time(log: SearchedLog) -> None:
    def day(now: datetime) -> coverage.Day:
        with log.store.read.connect() as connection:
            (found,) = coverage.days(
                connection, since=date(2026, 11, 22), count=1, zone=UTC, now=now
            )
        return found

    assert day(log.now).cover is Cover.WAITS
    late = datetime(2026, 11, 25, tzinfo=UTC)
    assert day(late).cover is Cover.OVERDUE
    assert day(late).gaps
    made = sign(log, looked(log))
    log.settle()
    with log.store.read.connect() as connection:
        known = {each.id: each for each in signed.signoffs(connection)}[made]
        assert signed.next_low(connection) == known.high
    assert known.waits
    narrow = replace(known, filter_hash=signed.filter_hash(Query(include={"outcome": ("denied",)})))
    assert coverage.gaps(0, known.high, [narrow]) == [(0, known.high)]
    assert coverage.gaps(0, known.high, [known]) == []
    assert coverage.gaps(0, known.high + 3, [known]) == [(known.high, known.high + 3)]


def purpose(log: SearchedLog, **words: str) -> Purpose:
    given = {"why": "case 7 of the inspection", "to": "Inspection office", **words}
    return Purpose(actor=ME, by="陈静", zone="Asia/Shanghai", now=log.now, **given)


def package(log: SearchedLog, **more: object) -> tuple[Package, str]:
    query = Query(include={"event": ("decision.denied",)})
    made = evidence.make(log.store.read, query, purpose(log), **more)  # type: ignore[arg-type]
    with log.store.read.connect() as connection:
        key = connection.execute(select(log_key.c.first_key)).scalar_one()
    return made, key


def checked(data: bytes, key: str | None) -> verify.Report:
    return verify.verify_package(io.BytesIO(data), key=key)


def test_a_package_is_the_same_every_time_and_proves_itself_with_the_one_file(
    log: SearchedLog, tmp_path: Path
) -> None:
    sign(log, looked(log))
    log.settle()
    made, key = package(log)
    assert made.data == package(log)[0].data
    assert (made.entries, made.of) == (20, 20)
    clean = tmp_path / "clean"
    clean.mkdir()
    with zipfile.ZipFile(io.BytesIO(made.data)) as zipped:
        names = set(zipped.namelist())
        (clean / "verify.py").write_bytes(zipped.read("verify.py"))
        assert "consistency.json" in names
        for page in ("page.zh.html", "page.en.html"):
            html = zipped.read(page).decode()
            assert "<script>" not in html
            assert "&lt;script&gt;" in html
        assert b",=HYPERLINK" not in zipped.read("entries.csv")
        assert json.loads(zipped.read("custody.jsonl"))["to"] == "Inspection office"
    (clean / "evidence.zip").write_bytes(made.data)
    run = [sys.executable, "-I", "verify.py", "--package", "evidence.zip"]
    done = subprocess.run(
        [*run, "--key", key], cwd=clean, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the sign-off of" in done.stdout
    alone = subprocess.run(run, cwd=clean, capture_output=True, text=True, check=False)
    assert alone.returncode == verify.INCOMPLETE


def test_a_partial_package_says_so_on_its_first_line_and_in_the_manifest(log: SearchedLog) -> None:
    made, key = package(log, most=7)
    assert (made.entries, made.of) == (7, 20)
    with zipfile.ZipFile(io.BytesIO(made.data)) as zipped:
        assert json.loads(zipped.read("manifest.json"))["partial"] is True
        assert json.loads(zipped.read("entries.jsonl").splitlines()[0])["partial"] is True
        assert zipped.read("entries.csv").decode("utf-8-sig").startswith("PARTIAL")
    report = checked(made.data, key)
    assert report.code == verify.INTACT
    assert any("13 entries" in each for each in report.uncovered)


def test_attack_a_package_shows_no_tree_that_was_never_signed_off(log: SearchedLog) -> None:
    """A sign-off whose root was changed is none: the package speaks of no sign-off."""
    sign(log, looked(log))
    log.settle()
    with log.engine.begin() as connection:
        connection.execute(review_signoff.update().values(root=bytes(32)))
    made, key = package(log)
    with zipfile.ZipFile(io.BytesIO(made.data)) as zipped:
        assert "consistency.json" not in zipped.namelist()
    assert not any("sign-off" in each for each in checked(made.data, key).anchors)


def rezipped(
    data: bytes, change: Callable[[dict[str, bytes]], None], *, listed: bool = False
) -> bytes:
    """The package with its files changed; `listed`: and the manifest made to fit."""
    import hashlib  # noqa: PLC0415

    with zipfile.ZipFile(io.BytesIO(data)) as zipped:
        files = {name: zipped.read(name) for name in zipped.namelist()}
    change(files)
    if listed:
        manifest = json.loads(files.pop("manifest.json"))
        manifest["files"] = {n: hashlib.sha256(d).hexdigest() for n, d in files.items()}
        files = {"manifest.json": json.dumps(manifest).encode(), **files}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as zipped:
        for name, content in files.items():
            zipped.writestr(name, content)
    return made.getvalue()


def _swap(files: dict[str, bytes]) -> None:
    files["entries.jsonl"] = files["entries.jsonl"].replace(b"denied", b"waived", 1)


def _exchange(files: dict[str, bytes]) -> None:
    one, two = sorted(name for name in files if name.startswith("proofs/"))[:2]
    files[one], files[two] = files[two], files[one]


def _drop(files: dict[str, bytes]) -> None:
    files.pop(min(name for name in files if name.startswith("proofs/")))


def _slip(files: dict[str, bytes]) -> None:
    files["../../evil.py"] = b"print(1)"


def _extra(files: dict[str, bytes]) -> None:
    files["note.txt"] = b"believe me"


def _forget(files: dict[str, bytes]) -> None:
    files["entries.jsonl"] = files["entries.jsonl"].rpartition(b"{")[0]


def _other_key(files: dict[str, bytes]) -> None:
    files["first-key"] = files["first-key"].replace(b"+", b"x+", 1)


@pytest.mark.parametrize("listed", [False, True])
@pytest.mark.parametrize("change", [_swap, _exchange, _drop, _slip, _extra, _forget, _other_key])
def test_attack_a_package_that_was_changed_is_found(
    log: SearchedLog, change: Callable[[dict[str, bytes]], None], *, listed: bool
) -> None:
    made, key = package(log)
    assert checked(made.data, key).code == verify.INTACT
    forged = rezipped(made.data, change, listed=listed)
    assert checked(forged, key).code == verify.TAMPERED


def test_attack_a_package_that_names_a_file_twice_or_is_no_zip_is_found(log: SearchedLog) -> None:
    made, key = package(log)
    twice = io.BytesIO(made.data)
    with zipfile.ZipFile(twice, "a") as zipped, pytest.warns(UserWarning, match="Duplicate"):
        zipped.writestr("policy", b"quorum none\n")
    assert checked(twice.getvalue(), key).code == verify.TAMPERED
    for data in (b"", b"PK", made.data[: len(made.data) // 2]):
        assert checked(data, key).code == verify.TAMPERED


@pytest.mark.parametrize(
    "words", [{"why": ""}, {"why": "x" * 501}, {"to": ""}, {"to": "a\nb"}, {"to": "x" * 121}]
)
def test_a_package_without_a_purpose_is_refused(log: SearchedLog, words: dict[str, str]) -> None:
    with pytest.raises(BadPurpose):
        purpose(log, **words)


def test_a_package_of_nothing_is_refused(log: SearchedLog) -> None:
    with pytest.raises(NothingSigned):
        evidence.make(log.store.read, Query(words=("nowhere",)), purpose(log))

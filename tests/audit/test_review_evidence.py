"""Evidence packages that prove themselves with the one file; and attacks on them."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from review_night import ME, looked, night, sign
from searched_log import SearchedLog
from sqlalchemy import select

from audit import verify
from audit.query import Query
from audit.review import (
    evidence,
)
from audit.review.evidence import BadPurpose, NothingSigned, Package, Purpose
from audit.review.tables import review_signoff
from audit.tables_anchors import log_key


@pytest.fixture
def log(database_url: str, tmp_path: Path, now: datetime) -> Iterator[SearchedLog]:
    """After a night, on each kind of database."""
    log = night(database_url, tmp_path / "sealer", now)
    yield log
    log.close()


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

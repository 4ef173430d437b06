"""Evidence packages that were prepared against whoever verifies or believes them."""

from __future__ import annotations

import hashlib
import io
import json
import random
import resource
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from searched_log import PEOPLE, SearchedLog
from sqlalchemy import select

from audit import verify
from audit.note import COSIGNATURE, vkey_of
from audit.query import Query
from audit.record import Actor
from audit.review import evidence
from audit.review.evidence import Purpose
from audit.tables_anchors import log_key

Files = dict[str, bytes]


@pytest.fixture
def log(sqlite_url: str, tmp_path: Path, now: datetime) -> Iterator[SearchedLog]:
    log = SearchedLog(sqlite_url, tmp_path / "sealer", now)
    for _ in range(5):
        log.ledger.append(
            "decision.denied", actor=Actor(subject=PEOPLE[0]), now=now, outcome="denied"
        )
    log.settle()
    yield log
    log.close()


def package(log: SearchedLog) -> tuple[bytes, str]:
    purpose = Purpose(
        why="case 7", to="inspection", actor=Actor(subject=PEOPLE[1]), by="陈静",
        zone="Asia/Shanghai", now=log.now,
    )  # fmt: skip
    made = evidence.make(log.store.read, Query(include={"event": ("decision.denied",)}), purpose)
    with log.store.read.connect() as connection:
        return made.data, connection.execute(select(log_key.c.first_key)).scalar_one()


def checked(data: bytes, key: str) -> verify.Report:
    return verify.verify_package(io.BytesIO(data), key=key)


def forged(
    data: bytes,
    files: Callable[[Files], None] = lambda _files: None,
    manifest: Callable[[dict[str, Any]], None] = lambda _manifest: None,
    *,
    method: int = zipfile.ZIP_STORED,
) -> bytes:
    """The package with its files and its manifest changed, the hashes made to fit."""
    with zipfile.ZipFile(io.BytesIO(data)) as zipped:
        held = {name: zipped.read(name) for name in zipped.namelist()}
    said = json.loads(held.pop("manifest.json"))
    files(held)
    said["files"] = {name: hashlib.sha256(each).hexdigest() for name, each in held.items()}
    manifest(said)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as zipped:
        for name, content in {"manifest.json": json.dumps(said).encode(), **held}.items():
            zipped.writestr(name, content)
    return made.getvalue()


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_attack_a_zip_bomb_is_not_unpacked(log: SearchedLog, method: int) -> None:
    """No package is compressed, so none is larger in memory than on the disk."""
    data, key = package(log)

    def swell(files: Files) -> None:
        files["page.zh.html"] = bytes(2**24)

    bomb = forged(data, swell, method=method)
    assert len(bomb) < 2**20
    report = checked(bomb, key)
    assert report.code == verify.TAMPERED
    assert "compressed" in report.findings[0].words


MEMORY = 160 * 2**20
"""Bytes of address space for the verifier of a package that is larger."""


def run(package: Path, key: str) -> tuple[int, str]:
    """Run the file alone, in little memory."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", verify.__file__, "--package", str(package), "--key", key],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout


@pytest.mark.parametrize("name", ["page.zh.html", "policy", "entries.jsonl"])
def test_attack_a_package_larger_than_the_memory(
    log: SearchedLog, tmp_path: Path, name: str
) -> None:
    data, key = package(log)

    def swell(files: Files) -> None:
        files[name] = bytes(MEMORY)

    (tmp_path / "p.zip").write_bytes(forged(data, swell))
    expected = verify.INTACT if name == "page.zh.html" else verify.TAMPERED
    assert run(tmp_path / "p.zip", key)[0] == expected


def directory_alone(names: int, *, zip64: bool) -> bytes:
    """A package of nothing but names."""
    size, heads = 0, []
    for number in range(names):
        name = b"proofs/%d.tlog-proof" % number
        made_by = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, *[0] * 7, len(name), *[0] * 6)
        heads.append(made_by + name)
        size += len(heads[-1])
    wide = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, names, names, size, 0)
    wide += struct.pack("<4sLQL", b"PK\6\7", 0, size, 1)
    stated = (0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF) if zip64 else (0, 0, 0, 0, size, 0)
    end = struct.pack("<4s4H2LH", b"PK\5\6", *stated, 0)
    return b"".join([*heads, wide if zip64 else b"", end])


@pytest.mark.parametrize("zip64", [True, False])
def test_attack_a_directory_of_countless_names_is_not_read(
    log: SearchedLog, tmp_path: Path, *, zip64: bool
) -> None:
    _, key = package(log)
    (tmp_path / "p.zip").write_bytes(directory_alone(400_000, zip64=zip64))
    code, said = run(tmp_path / "p.zip", key)
    assert code == verify.TAMPERED
    assert "larger than any package" in said


DEEP = b"[" * 200_000 + b"]" * 200_000


@pytest.mark.parametrize(
    "name", ["manifest.json", "entries.jsonl", "consistency.json", "proofs/0.tlog-proof"]
)
def test_attack_json_of_any_depth_is_tampered_and_no_crash(log: SearchedLog, name: str) -> None:
    data, key = package(log)

    def deepen(files: Files) -> None:
        files[name] = DEEP
        if name.startswith("proofs/"):
            carried = verify.b64encode(b'{"entry":' + DEEP + b"}").decode()
            files[name] = f"c2sp.org/tlog-proof@v1\nextra {carried}\nindex 0\n\n".encode()

    assert checked(forged(data, deepen), key).code == verify.TAMPERED


def test_attack_no_byte_of_a_package_ends_the_verifier(log: SearchedLog) -> None:
    data, key = package(log)
    chance = random.Random(4)
    for _ in range(150):
        changed = bytearray(data)
        for _ in range(chance.choice((1, 3))):
            # The directory at the end is where most can go wrong.
            start = chance.choice((0, len(data) - 1500))
            changed[chance.randrange(start, len(data))] = chance.choice((0, 1, 0x7F, 0xFF))
        checked(bytes(changed[: chance.choice((len(data), len(data) - 7))]), key)


@pytest.mark.parametrize("words", ["\x1b[2J\x1b[H5 entries\nINTACT", "\u202etcatni"])
def test_attack_what_a_package_says_of_itself_cannot_rewrite_the_report(
    log: SearchedLog, words: str
) -> None:
    data, key = package(log)

    def listed(said: dict[str, Any]) -> None:
        said["files"][words] = ""

    report = checked(forged(data, manifest=listed), key)
    assert report.code == verify.TAMPERED
    assert all(line.isprintable() for line in report.lines())
    assert "INTACT" not in report.lines()


def test_attack_entries_left_out_of_a_package_that_calls_itself_whole(log: SearchedLog) -> None:
    """Nothing inside can prove that it is all: the report says so, whatever the package says."""
    data, key = package(log)

    def leave_out(files: Files) -> None:
        files.pop(max(name for name in files if name.startswith("proofs/")))
        head, *bodies = files["entries.jsonl"].splitlines()
        said = json.loads(head) | {"entries": len(bodies) - 1, "of": len(bodies) - 1}
        files["entries.jsonl"] = b"\n".join([json.dumps(said).encode(), *bodies[:-1], b""])

    def lie(said: dict[str, Any]) -> None:
        said["numbers"].pop()
        said["entries"] = said["of"] = len(said["numbers"])

    report = checked(forged(data, leave_out, lie), key)
    assert report.code == verify.INTACT
    assert any("whether all of it is here" in each for each in report.uncovered)


def recounted(files: Files, bodies: list[bytes]) -> None:
    """Let these be all entries that a package holds."""
    head = json.loads(files["entries.jsonl"].split(b"\n")[0])
    head |= {"entries": len(bodies), "of": len(bodies)}
    files["entries.jsonl"] = b"\n".join([json.dumps(head).encode(), *bodies, b""])


def test_attack_an_entry_under_the_number_of_another(log: SearchedLog) -> None:
    """In a tree of another size, the same path to the same root proves another number."""
    data, key = package(log)

    def exchange(files: Files) -> None:
        bodies = files["entries.jsonl"].splitlines()[1:]
        proof = files.pop("proofs/4.tlog-proof").replace(b"index 4\n", b"index 2\n")
        assert b"/audit\n6\n" in proof
        files["proofs/2.tlog-proof"] = proof.replace(b"/audit\n6\n", b"/audit\n4\n")
        recounted(files, [*bodies[:2], bodies[4], bodies[3]])

    def renumber(said: dict[str, Any]) -> None:
        said |= {"numbers": [0, 1, 2, 3], "entries": 4, "of": 4}

    report = checked(forged(data, exchange, renumber), key)
    assert report.code == verify.TAMPERED
    assert "different trees" in report.findings[0].words


@pytest.mark.parametrize("second", ["03", "٣", "4"])
def test_attack_one_entry_twice_in_a_package(log: SearchedLog, second: str) -> None:
    data, key = package(log)

    def double(files: Files) -> None:
        bodies = files["entries.jsonl"].splitlines()[1:]
        files[f"proofs/{second}.tlog-proof"] = files["proofs/3.tlog-proof"]
        recounted(files, [*bodies[:4], bodies[3]])
        if second != "4":
            del files["proofs/4.tlog-proof"]

    def renumber(said: dict[str, Any]) -> None:
        said["numbers"] = [0, 1, 2, 3, 3]

    assert checked(forged(data, double, renumber), key).code == verify.TAMPERED


def test_attack_a_checkpoint_beside_proofs_of_another_tree(log: SearchedLog) -> None:
    data, key = package(log)

    def other(files: Files) -> None:
        files["checkpoint"] = files["checkpoint"].replace(b"\n6\n", b"\n7\n")

    assert checked(forged(data, other), key).code == verify.TAMPERED


def test_attack_a_consistency_proof_of_hashes_of_any_length() -> None:
    """Cut elsewhere, the true tree's own bytes would prove a tree that never was."""
    leaves = [hashlib.sha256(bytes([n])).digest() for n in range(4)]
    left, right = verify.fold(leaves[:2]), verify.fold(leaves[2:])
    root = verify.fold([left, right]).hex()
    whole = leaves[2] + leaves[3]
    for cut in (5, 37, 64):
        made_up = hashlib.sha256(b"\x01" + left + whole[:cut]).hexdigest()
        path = [whole[:cut], whole[cut:], left]
        assert not verify._is_grown(3, 4, made_up, root, path)
    assert verify._is_grown(3, 4, verify.fold(leaves[:3]).hex(), root, [*leaves[2:], left])


def test_attack_a_sign_off_that_only_the_package_speaks_of_is_not_called_covered(
    log: SearchedLog,
) -> None:
    data, key = package(log)

    def claim(files: Files) -> None:
        root = bytes(verify.parse_checkpoint(files["checkpoint"]).root).hex()
        said = {"old": 6, "new": 6, "old_root": root, "path": []}
        files["consistency.json"] = json.dumps(said).encode()

    report = checked(forged(data, claim), key)
    assert not any("sign-off" in line for line in report.anchors)
    assert any("whether the sign-off of 6 entries was made" in line for line in report.uncovered)


def test_attack_witnesses_that_a_package_brings_along_are_called_its_own(log: SearchedLog) -> None:
    data, key = package(log)
    made_up = vkey_of(Ed25519PrivateKey.generate(), name="office.example", algorithm=COSIGNATURE)

    def vouch(files: Files) -> None:
        files["policy"] = f"witness office {made_up}\nquorum none\n".encode()

    report = checked(forged(data, vouch), key)
    assert any("taken from the package itself" in each for each in report.uncovered)

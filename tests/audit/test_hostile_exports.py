"""Exports that an office prepared against whoever verifies them, and words mistyped beside them."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sealed_log import SealedLog

from audit import verify
from audit.export import write
from audit.note import COSIGNATURE, vkey_of

FILE = Path(verify.__file__)
MEMORY = 400 * 2**20
"""Bytes of address space that a verifier of a small log must do with; idle it takes a tenth."""


def run(*words: object) -> tuple[int, str]:
    """Run the file alone, in little memory."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(FILE), *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def export(sealed_file: SealedLog, tmp_path: Path) -> Path:
    sealed_file.fill(300, rounds=2)
    folder = tmp_path / "export"
    write(sealed_file.source(), folder)
    return folder


@pytest.mark.parametrize("key", ["", " "])
def test_attack_an_empty_key_is_mistyped_and_does_not_make_the_logs_own_word_do(
    export: Path, key: str
) -> None:
    """`--key "$KEY"` with the variable not set: whoever made up the log made up its key."""
    code, said = run(export, "--key", key)
    assert code == verify.COULD_NOT_RUN
    assert "not a verifier key" in said


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n", "quorrum none\n"])
def test_attack_a_policy_that_says_nothing_does_not_make_the_logs_own_do(
    export: Path, sealed_file: SealedLog, tmp_path: Path, text: str
) -> None:
    policy = tmp_path / "policy"
    policy.write_text(text)
    assert run(export, "--key", sealed_file.key, "--policy", policy)[0] == verify.COULD_NOT_RUN
    report = verify.verify(verify.Folder(export), key=sealed_file.key, policy=text)
    assert report.code == verify.TAMPERED


def witnesses(count: int) -> list[str]:
    keys = [Ed25519PrivateKey.generate() for _ in range(count)]
    made = (vkey_of(key, name="w.example", algorithm=COSIGNATURE) for key in keys)
    return [f"witness w{number} {vkey}" for number, vkey in enumerate(made)]


def grown_together(groups: int) -> list[str]:
    lines = [*witnesses(2), "group g0 any w0 w1", "group g1 any g0 w0"]
    lines += [f"group g{n} all g{n - 1} g{n - 2}" for n in range(2, groups)]
    return [*lines, f"quorum g{groups - 1}"]


def deep(groups: int) -> list[str]:
    lines = [*witnesses(1), "group g0 any w0"]
    return [
        *lines,
        *(f"group g{n} any g{n - 1}" for n in range(1, groups)),
        f"quorum g{groups - 1}",
    ]


@pytest.mark.parametrize("lines", [grown_together(90), deep(5000), ["#" * 2**21, "quorum none"]])
def test_attack_a_policy_neither_keeps_the_verifier_busy_nor_ends_it(
    export: Path, sealed_file: SealedLog, lines: Sequence[str]
) -> None:
    """c2sp.org/tlog-policy: a name is a member once. Else groups count groups without end."""
    (export / "policy").write_text("\n".join([*lines, ""]))
    assert run(export, "--key", sealed_file.key)[0] == verify.TAMPERED


@pytest.mark.parametrize("name", ["checkpoint", "policy", "standing", "cosigned", "tile/0/000"])
@pytest.mark.parametrize("fill", [b"\0", b"\n", b"\0\1x"])
def test_attack_a_file_without_end_takes_no_memory(
    export: Path, sealed_file: SealedLog, name: str, fill: bytes
) -> None:
    file = export / name
    file.write_bytes(fill * 2**20)
    os.truncate(file, 2**40)  # a hole, which takes no place on the disk
    assert run(export, "--key", sealed_file.key)[0] == verify.TAMPERED


@pytest.mark.parametrize("name", ["kept", "first-key"])
def test_a_file_that_nothing_rests_on_takes_no_memory_either(
    export: Path, sealed_file: SealedLog, name: str
) -> None:
    (export / name).write_bytes(b"\n" * 2**20)
    os.truncate(export / name, 2**40)
    assert run(export, "--key", sealed_file.key)[0] == verify.INTACT
    (export / "tile/entries/000").write_bytes(b"x")
    code, said = run(export, "--key", sealed_file.key)
    assert code == verify.TAMPERED
    assert len(said) < 10_000


def test_attack_a_bundle_of_countless_entries_takes_no_memory(
    export: Path, sealed_file: SealedLog
) -> None:
    (export / "tile/entries/000").write_bytes(b"\0\1x" * 2**24)
    assert run(export, "--key", sealed_file.key)[0] == verify.TAMPERED


def beat(number: int, at: str) -> bytes:
    said = {
        "ev": "log.heartbeat",
        "sub": "system:sealer",
        "ts": at,
        "d": {"beat": number, "after": 0},
    }
    return json.dumps(said, separators=(",", ":")).encode()


class Nothing:
    """A log without files."""

    def read(self, _path: str) -> bytes | None:
        """Nothing."""
        return None

    def sizes(self) -> list[int]:
        """No older checkpoint."""
        return []


def heard(*beats: str, fresh_at: datetime | None = None) -> verify.Report:
    """What the verifier says of heartbeats at these times."""
    report = verify.Report()
    first = verify.parse_vkey(str(vkey_of(Ed25519PrivateKey.generate(), name="gate.example")))
    walk = verify.Walk(Nothing(), len(beats), first, report)
    for number, at in enumerate(beats):
        walk._own(number, beat(number, at), [])
    verify._judge_age(walk, fresh_at, report)
    return report


def test_a_clock_that_was_set_back_is_said(now: datetime) -> None:
    """Under a clock that ran ahead for a while, what is young could be called old and pruned."""
    ahead = now + timedelta(seconds=140)
    report = heard(now.isoformat(), ahead.isoformat(), (now - timedelta(days=200)).isoformat())
    assert report.code == verify.INTACT
    assert any("the clock was set back" in line for line in report.uncovered)
    assert not any(
        "set back" in line for line in heard(ahead.isoformat(), now.isoformat()).uncovered
    )


def test_attack_heartbeats_of_no_zone_are_tampered_and_no_crash(now: datetime) -> None:
    naive = now.replace(tzinfo=None).isoformat()
    assert heard(naive, fresh_at=now).code == verify.TAMPERED


def test_attack_a_heartbeat_from_the_future_does_not_make_a_dead_log_alive(now: datetime) -> None:
    report = heard((now + timedelta(days=900)).isoformat(), fresh_at=now)
    assert report.code == verify.INCOMPLETE

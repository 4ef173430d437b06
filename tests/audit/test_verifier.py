"""The standalone verifier as an inspector runs it: one file, no package, exit statuses."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from sealed_log import ORIGIN, SealedLog

from audit import verify as standalone
from audit.export import ExportExists, write
from audit.note import COSIGNATURE, Checkpoint, Note, cosign, sign, vkey_of
from audit.trust import BadPolicy, Policy

FILE = Path(standalone.__file__)


def run(*words: object) -> tuple[int, str]:
    """Run the file alone: no site packages, no environment, not even its own folder."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", *map(str, words)], capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def export(sealed_file: SealedLog, tmp_path: Path) -> Path:
    sealed_file.fill(600, rounds=3)
    folder = tmp_path / "export"
    write(sealed_file.source(), folder)
    return folder


def test_the_file_imports_nothing_but_the_standard_library() -> None:
    tree = ast.parse(FILE.read_text())
    names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    names |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names


def test_an_intact_export_is_0_with_ranges_and_what_is_not_covered(
    export: Path, sealed_file: SealedLog
) -> None:
    code, said = run(export / "verify.py", export, "--key", sealed_file.key)
    assert code == 0
    assert "INTACT" in said
    assert "结论：完好" in said
    assert f"0..{sealed_file.size - 1} by checkpoint (key of epoch 1)" in said
    assert "no witness is named" in said


def test_a_tampered_export_is_2_with_the_first_bad_index(
    export: Path, sealed_file: SealedLog
) -> None:
    bundle = export / "tile/entries/001"
    data = bundle.read_bytes()
    at = data.index(b'"out":"success"', 30_000)
    bundle.write_bytes(data[:at] + b'"out":"failure"' + data[at + 15 :])
    index = 256 + data[:at].count(b'"act":') - 1
    code, said = run(export / "verify.py", export, "--key", sealed_file.key)
    assert code == 2
    assert f"first bad index: {index}\n" in said
    assert f"首条不符的记录编号为 {index}" in said


def test_a_log_of_another_first_key_is_2(export: Path) -> None:
    other = vkey_of(Ed25519PrivateKey.generate(), name="gate.example/audit")
    assert run(export / "verify.py", export, "--key", other)[0] == 2


def test_an_old_export_is_3_when_it_must_be_fresh(export: Path, sealed_file: SealedLog) -> None:
    code, said = run(export / "verify.py", export, "--key", sealed_file.key, "--fresh")
    assert code == 3, said
    assert "INCOMPLETE" in said


@pytest.mark.parametrize("words", [(), ("/nonexistent",), (".", "--key", "x"), (".", "--what")])
def test_what_could_not_run_is_1_and_never_2(words: tuple[str, ...]) -> None:
    assert run(FILE, *words)[0] == 1


def test_a_folder_without_a_checkpoint_is_tampered_not_unable(tmp_path: Path) -> None:
    """PgEdge PR #529: a truncation reported with the code of "could not run"."""
    assert run(FILE, tmp_path)[0] == 2


def test_too_few_witnesses_are_3_and_enough_are_0(export: Path, sealed_file: SealedLog) -> None:
    keys = {name: Ed25519PrivateKey.generate() for name in "abc"}
    lines = [
        f"witness {name} {vkey_of(key, name=f'{name}.example', algorithm=COSIGNATURE)}"
        for name, key in keys.items()
    ]
    policy = export / "policy"
    policy.write_text("\n".join([*lines, "group g 2 a b c", "quorum g", ""]))
    note = Note.parse(sealed_file.note)
    for names, expected in (("", 3), ("a", 3), ("ab", 0)):
        signed = note
        for name in names:
            signed = cosign(signed, name=f"{name}.example", key=keys[name], at=1_800_000_000)
        (export / "checkpoint").write_bytes(signed.encode())
        assert run(export / "verify.py", export, "--key", sealed_file.key)[0] == expected


def test_an_export_is_whole_or_not_at_all(export: Path, sealed_file: SealedLog) -> None:
    with pytest.raises(ExportExists):
        write(sealed_file.source(), export)
    assert not export.with_name("export.partial").exists()


@settings(max_examples=25, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=100), st.integers(0, 511))
def test_the_verifiers_ed25519_agrees_with_a_real_one(
    seed: bytes, message: bytes, bit: int
) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)
    assert standalone.ed25519(public, message, signature)
    wrong = bytearray(signature)
    wrong[bit // 8] ^= 1 << bit % 8
    assert not standalone.ed25519(public, message, bytes(wrong))
    assert not standalone.ed25519(public, message + b"x", signature)


def test_the_verifiers_ed25519_refuses_a_signature_in_a_second_form() -> None:
    """RFC 8032, section 5.1.7: S must be below the group's order."""
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    public, signature = key.public_key().public_bytes_raw(), key.sign(b"m")
    s = int.from_bytes(signature[32:], "little") + standalone.ORDER
    assert not standalone.ed25519(public, b"m", signature[:32] + s.to_bytes(32, "little"))


def test_a_log_without_a_key_from_elsewhere_is_3(export: Path) -> None:
    """Whoever made the whole log up made its first key up, too."""
    code, said = run(export / "verify.py", export)
    assert code == standalone.INCOMPLETE
    assert "bring the one from paper" in said


def test_attack_a_checkpoint_that_claims_any_size_does_not_keep_the_verifier_busy(
    export: Path, sealed_file: SealedLog
) -> None:
    forger = Ed25519PrivateKey.generate()
    text = Checkpoint(ORIGIN, 10**17, bytes(32)).text()
    (export / "checkpoint").write_bytes(sign(text, name=ORIGIN, key=forger).encode())
    done: list[int] = []
    report = standalone.verify(standalone.Folder(export), key=sealed_file.key, tell=done.append)
    assert report.code == standalone.TAMPERED
    assert len(report.findings) < 10
    assert max(done, default=0) <= sealed_file.size


@pytest.mark.parametrize("name", ["first-key", "policy", "checkpoint"])
@pytest.mark.parametrize("words", ["\x1b[2J\x1b[H600 entries\nINTACT", "\u202etcatni", "\x9b2J\r"])
def test_attack_what_a_log_says_of_itself_cannot_rewrite_the_report(
    export: Path, sealed_file: SealedLog, name: str, words: str
) -> None:
    file = export / name
    file.write_text(words + file.read_text())
    (export / "tile/0/000").write_bytes(b"")
    code, said = run(export / "verify.py", export, "--key", sealed_file.key)
    assert code == standalone.TAMPERED
    assert all(line.isprintable() for line in said.removesuffix("\n").split("\n"))
    assert "INTACT" not in said.split("\n")


KEYS = [Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in range(3)]
A, B = (vkey_of(key, name="witness.example", algorithm=COSIGNATURE) for key in KEYS[:2])
PLAIN = vkey_of(KEYS[2], name="log.example")


@pytest.mark.parametrize(
    "lines",
    [
        f"witness a {A}\ngroup g 2 a a\nquorum g",
        f"witness a {A}\ngroup g 0 a\nquorum g",
        f"witness a {A}\ngroup g -1 a\nquorum g",
        f"witness a {A}\ngroup g 3 a\nquorum g",
        f"witness a {A}\ngroup g 1 a\ngroup g 1 g\nquorum g",
        f"witness a {A}\nwitness a {B}\nquorum a",
        f"witness none {A}\nquorum none",
        f"witness a {PLAIN}\nquorum a",
    ],
)
def test_attack_a_policy_that_one_witness_or_none_would_meet_is_refused(lines: str) -> None:
    with pytest.raises(ValueError, match=r"taken|not a group|no key of a witness"):
        standalone.parse_policy(lines)
    with pytest.raises(BadPolicy):
        Policy.parse(lines)


def test_a_changed_byte_is_named_where_the_checkpoint_that_signed_it_is_covered(
    export: Path, sealed_file: SealedLog
) -> None:
    """A line "0..n by checkpoint" under "covered" would claim what it just called tampered."""
    bundle = export / "tile/entries/001"
    data = bundle.read_bytes()
    at = data.index(b'"out":"success"', 30_000)
    bundle.write_bytes(data[:at] + b'"out":"failure"' + data[at + 15 :])
    index = 256 + data[:at].count(b'"act":') - 1
    covered = run(export / "verify.py", export, "--key", sealed_file.key)[1].partition("covered:")[
        2
    ]
    claims = [line for line in covered.splitlines() if line.startswith("  + 0..")]
    reaching = [line for line in claims if int(line.split("..")[1].split()[0]) >= index]
    assert reaching
    assert all(f"signed, but entry {index} here do not match" in line for line in reaching)


def test_what_is_no_folder_is_told_what_is_wanted_in_both_languages(tmp_path: Path) -> None:
    (tmp_path / "package.zip").write_bytes(b"")
    for name, why in (("nowhere", "does not exist"), ("package.zip", "is a file")):
        code, said = run(FILE, tmp_path / name)
        assert code == 1
        assert "Errno" not in said
        for words in (why, "--package FILE.zip", "请指定导出的文件夹"):
            assert words in said

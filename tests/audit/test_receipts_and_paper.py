"""A receipt alone, a sheet of paper: what they prove without the gateway, and what they do not."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from kept_log import exported
from sealed_log import ORIGIN, SealedLog

from audit import paper, receipting, verify
from audit.note import BadNote, Checkpoint, Note, Signature, Vkey, sign, vkey_of
from audit.proof import Receipt
from audit.standing import Certificate, open_standing, stated
from audit.verify import verify_receipt

INTACT, TAMPERED, INCOMPLETE = verify.INTACT, verify.TAMPERED, verify.INCOMPLETE


@pytest.fixture
def filled(sealed_file: SealedLog) -> SealedLog:
    """A log over several key epochs."""
    sealed_file.fill(300, rounds=6)
    return sealed_file


def judged(log: SealedLog, data: bytes, policy: str | None = None) -> verify.Report:
    return verify_receipt("mine", data, key=log.key, policy=policy)


def test_a_receipt_of_any_epoch_is_verified_from_the_first_key_alone(filled: SealedLog) -> None:
    for index in (0, 5, 150, filled.size - 1):
        made = receipting.prove(filled.store.read, index).receipt
        report = judged(filled, made.encode())
        assert report.code == INTACT, report.lines()
        assert f"entry {index}," in report.anchors[0]
        assert any("bring the log" in line for line in report.uncovered)


def test_a_receipt_is_verified_beside_the_log_too(filled: SealedLog) -> None:
    made = receipting.prove(filled.store.read, 40).receipt.encode()
    assert filled.verify(anchors=(made,)).code == INTACT


def carried(made: Receipt, **change: object) -> Receipt:
    extra = json.loads(made.extra) | change
    return replace(made, extra=json.dumps(extra).encode())


def test_attack_a_receipt_that_carries_another_entry(filled: SealedLog) -> None:
    made = receipting.prove(filled.store.read, 40).receipt
    entry = json.loads(made.extra)["entry"].replace("success", "denied")
    forged = carried(made, entry=entry).encode()
    assert judged(filled, forged).code == TAMPERED
    assert filled.verify(anchors=(forged,)).code == TAMPERED


@pytest.mark.parametrize("part", ["index", "path", "root", "size", "signature", "standing"])
def test_attack_a_receipt_changed_in_any_part(filled: SealedLog, part: str) -> None:
    made = receipting.prove(filled.store.read, 40).receipt
    text = made.checkpoint.decode()
    lines = text.split("\n")
    other = b64encode(bytes(32)).decode()
    forged = {
        "index": replace(made, index=41),
        "path": replace(made, path=(bytes(32), *made.path[1:])),
        "root": replace(made, checkpoint=text.replace(lines[2], other).encode()),
        "size": replace(made, checkpoint=text.replace(f"\n{lines[1]}\n", "\n9999\n").encode()),
        "signature": replace(made, checkpoint=text.replace(lines[-2][-12:-4], "AAAAAAAA").encode()),
        "standing": carried(
            made, standing=json.loads(made.extra)["standing"].replace(" 0 ", " 0 A")
        ),
    }[part]
    assert judged(filled, forged.encode()).code == TAMPERED, part


def test_attack_a_standing_key_that_the_first_key_never_vouched_for(filled: SealedLog) -> None:
    """A made-up log with a made-up standing key, under our name."""
    thief = Ed25519PrivateKey.generate()
    vkey = vkey_of(thief, name=ORIGIN)
    own = Certificate(vkey, 0, thief.sign(stated(vkey, 0).encode()))
    body = '{"ev":"grant.given"}'
    leaf = verify.sha256(b"\x00" + body.encode()).digest()
    note = sign(Checkpoint(ORIGIN, 1, leaf).text(), name=ORIGIN, key=thief)
    extra = json.dumps({"entry": body, "standing": own.line()}).encode()
    assert judged(filled, Receipt(0, (), note.encode(), extra).encode()).code == TAMPERED
    late = json.dumps({"entry": body, "standing": own.line().replace(" 0 ", " 1 ")}).encode()
    assert judged(filled, Receipt(0, (), note.encode(), late).encode()).code == INCOMPLETE


def test_a_receipt_of_another_log_or_without_its_entry_says_so(filled: SealedLog) -> None:
    made = receipting.prove(filled.store.read, 40).receipt
    stranger = str(vkey_of(Ed25519PrivateKey.generate(), name="other.example/audit"))
    assert verify_receipt("r", made.encode(), key=stranger).code == TAMPERED
    bare = replace(made, extra=b"")
    assert judged(filled, bare.encode()).code == INCOMPLETE


def test_a_quorum_is_asked_of_a_lone_receipt_if_a_policy_is_given(filled: SealedLog) -> None:
    key = vkey_of(Ed25519PrivateKey.generate(), name="w.example", algorithm=4)
    made = receipting.prove(filled.store.read, 40).receipt.encode()
    assert judged(filled, made, f"witness w {key}\nquorum w\n").code == INCOMPLETE


def test_an_entry_that_is_not_sealed_has_no_receipt_yet(filled: SealedLog) -> None:
    filled.write(1)
    with pytest.raises(receipting.NotSealed):
        receipting.prove(filled.store.read, filled.size)


def test_the_standing_key_survives_a_restart_and_is_vouched_for(filled: SealedLog) -> None:
    before = open_standing(filled.keep).certificate
    before.check(Vkey.parse(filled.key))
    filled.restart()
    assert open_standing(filled.keep).certificate == before
    assert Certificate.parse(before.line()) == before
    wrong = Signature(ORIGIN, before.vkey.key_id, b"\x00" * 64)
    with pytest.raises(BadNote):
        before.vkey.check(Note.parse(filled.note).text, wrong)


def alone(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run verify.py as an inspector would: plain Python, isolated, no site packages."""
    command = [sys.executable, "-I", "-S", verify.__file__, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_one_file_verifies_a_receipt_and_a_sheet_on_another_machine(
    filled: SealedLog, tmp_path: Path
) -> None:
    receipt = tmp_path / "40.tlog-proof"
    receipt.write_bytes(receipting.prove(filled.store.read, 40).receipt.encode())
    done = alone("--receipt", receipt, "--key", filled.key)
    assert done.returncode == INTACT, done.stderr
    assert "entry 40" in done.stdout
    sheet = paper.newest(filled.store.read)
    assert sheet is not None
    filled.fill(30, rounds=2)
    folder = exported(filled, tmp_path / "export")
    typed = f"{sheet.origin} {sheet.size} {' '.join(sheet.root_groups)} check {sheet.check}"
    done = alone(folder, "--key", filled.key, "--paper", typed, "--anchor", receipt)
    assert done.returncode == INTACT, done.stdout
    assert "paper 1 (kept elsewhere; paper, no signature needed)" in done.stdout
    assert alone("--receipt", receipt).returncode == verify.COULD_NOT_RUN
    assert alone(folder, "--receipt", receipt, "--key", filled.key).returncode == 1
    assert alone(folder, "--key", filled.key, "--paper", "nonsense").returncode == 1


def test_a_sheet_is_accepted_in_every_form_in_which_it_is_typed(filled: SealedLog) -> None:
    sheet = paper.newest(filled.store.read)
    assert sheet is not None
    plain = verify.parse_paper("\n".join(sheet.lines))
    assert plain.text == Note.parse(sheet.note.encode()).text
    check = f"{sheet.check[:4]} {sheet.check[4:]}"
    for root in (
        sheet.root_base64,
        " ".join(sheet.root_groups),
        "".join(sheet.root_groups).upper(),
    ):
        for tail in ("", f" check {check}", f" Check: {sheet.check}", f"\ncheck：{check}"):
            assert verify.parse_paper(f"{sheet.origin}\n{sheet.size}\n{root}{tail}") == plain


def test_a_mistyped_sheet_is_told_from_a_tampered_log(filled: SealedLog) -> None:
    sheet = paper.newest(filled.store.read)
    assert sheet is not None
    groups = [*sheet.root_groups]
    groups[3] = "0000" if groups[3] != "0000" else "1111"
    typed = f"{sheet.origin} {sheet.size} {' '.join(groups)}"
    with pytest.raises(verify.Wrong, match="typed wrongly"):
        verify.parse_paper(f"{typed} check {sheet.check}")
    assert filled.verify(anchors=(typed.encode(),)).code == TAMPERED


@pytest.mark.parametrize("text", ["", "a 1", "a x AAAA", "a 01 " + "00" * 32, "a 1 AAAA"])
def test_what_is_no_sheet_is_refused(text: str) -> None:
    with pytest.raises(verify.Wrong):
        verify.parse_paper(text)


def test_attack_a_history_rewritten_under_a_sheet_that_was_kept(filled: SealedLog) -> None:
    """Even a thief of every key cannot change what stands on paper."""
    sheet = paper.newest(filled.store.read)
    assert sheet is not None
    other = Note(sheet.note, ()).text.replace(sheet.root_base64, b64encode(bytes(32)).decode())
    assert filled.verify(anchors=("\n".join(sheet.lines).encode(),)).code == INTACT
    forged = "\n".join(other.split("\n")[:3])
    assert filled.verify(anchors=(forged.encode(),)).code == TAMPERED
    longer = f"{sheet.origin} {sheet.size + 100} {sheet.root_base64}"
    assert filled.verify(anchors=(longer.encode(),)).code == TAMPERED  # cut back since

"""The key ring: who may open it, what a crash leaves, and what an edit of the file does."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from gateway.vault.chunked import AES_256, SM4, Suite
from gateway.vault.files import UnsafeFile
from gateway.vault.keyring import (
    FILE,
    KeyRingDamaged,
    KeyRingExists,
    KeyRingMissing,
    KeyRingOfAnotherZone,
    create_keyring,
    open_keyring,
    rotate_keyring,
)
from gateway.vault.roots import KeyFile, Passphrase, PassphraseTooShort, RootRefused

PLACE: dict[str, Any] = {
    "purpose": "data",
    "table": "t",
    "column": "c",
    "row": b"r" * 16,
    "version": 1,
}


@pytest.fixture
def root(tmp_path: Path) -> KeyFile:
    root = KeyFile(tmp_path / "root.key")
    root.create()
    return root


@pytest.mark.parametrize("suite", [AES_256, SM4], ids=lambda suite: suite.aead)
def test_a_key_ring_opens_again_with_its_key_file(
    tmp_path: Path, root: KeyFile, suite: Suite
) -> None:
    made = create_keyring(tmp_path / "ring", zone="intranet", root=root, suite=suite)
    sealed = made.seal(b"text", **PLACE)
    vault = open_keyring(tmp_path / "ring", zone="intranet", root=root)
    assert vault.open(sealed, **PLACE) == b"text"
    assert sealed[4] == suite.number
    assert vault.blind("c", "x") == made.blind("c", "x")
    assert vault.derive("csrf") == made.derive("csrf")
    assert (tmp_path / "ring").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "ring" / FILE).stat().st_mode & 0o777 == 0o600


def test_a_passphrase_opens_and_a_wrong_one_does_not(tmp_path: Path) -> None:
    root = Passphrase("石桥上的十二只灰鸽子飞走了")
    made = create_keyring(tmp_path, zone="extranet", root=root)
    again = open_keyring(tmp_path, zone="extranet", root=root)
    assert again.open(made.seal(b"text", **PLACE), **PLACE) == b"text"
    with pytest.raises(RootRefused):
        open_keyring(tmp_path, zone="extranet", root=Passphrase("石桥上的十二只灰鸽子飞走"))
    assert "鸽子" not in repr(root)


def test_a_short_passphrase_makes_no_key_ring(tmp_path: Path) -> None:
    with pytest.raises(PassphraseTooShort):
        create_keyring(tmp_path, zone="extranet", root=Passphrase("eleven char"))
    assert list(tmp_path.iterdir()) == []


def test_another_key_file_and_another_kind_of_root_are_refused(
    tmp_path: Path, root: KeyFile
) -> None:
    create_keyring(tmp_path, zone="intranet", root=root)
    other = KeyFile(tmp_path / "other.key")
    other.create()
    for wrong in (other, Passphrase("石桥上的十二只灰鸽子飞走了")):
        with pytest.raises(RootRefused):
            open_keyring(tmp_path, zone="intranet", root=wrong)


@pytest.mark.parametrize("mode", [0o600, 0o440, 0o444, 0o404, 0o500, 0o4400])
def test_a_key_file_others_could_touch_is_refused_by_name(
    tmp_path: Path, root: KeyFile, mode: int
) -> None:
    create_keyring(tmp_path / "ring", zone="intranet", root=root)
    root.path.chmod(mode)
    with pytest.raises(UnsafeFile, match=rf"root\.key: mode {mode:04o}, must be 0400"):
        open_keyring(tmp_path / "ring", zone="intranet", root=root)


def _linked(path: Path) -> None:
    path.rename(path.with_name("real.key"))
    path.symlink_to(path.with_name("real.key"))


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o400)


def _directory(path: Path) -> None:
    path.unlink()
    path.mkdir(0o400)


def _long(path: Path) -> None:
    path.chmod(0o600)
    path.write_bytes(bytes(33))
    path.chmod(0o400)


def _short(path: Path) -> None:
    path.chmod(0o600)
    path.write_bytes(bytes(31))
    path.chmod(0o400)


@pytest.mark.parametrize("spoil", [_linked, _pipe, _directory, _long, _short])
def test_only_a_regular_file_of_32_bytes_is_a_key_file(
    tmp_path: Path, root: KeyFile, spoil: Callable[[Path], None]
) -> None:
    create_keyring(tmp_path / "ring", zone="intranet", root=root)
    spoil(root.path)
    with pytest.raises(UnsafeFile, match=r"root\.key"):
        open_keyring(tmp_path / "ring", zone="intranet", root=root)


def test_a_key_file_of_another_user_is_refused(
    tmp_path: Path, root: KeyFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_keyring(tmp_path / "ring", zone="intranet", root=root)
    monkeypatch.setattr(os, "geteuid", lambda: root.path.stat().st_uid + 1)
    with pytest.raises(UnsafeFile, match="owned by user"):
        root.unlock(root.parameters())


def test_a_key_file_is_made_once_and_private(root: KeyFile) -> None:
    assert root.path.stat().st_mode & 0o7777 == 0o400
    assert len(root.path.read_bytes()) == 32
    with pytest.raises(FileExistsError):
        root.create()


def test_a_second_creation_leaves_the_first_alone(tmp_path: Path, root: KeyFile) -> None:
    create_keyring(tmp_path, zone="intranet", root=root)
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(KeyRingExists):
        create_keyring(tmp_path, zone="intranet", root=root)
    assert (tmp_path / FILE).read_bytes() == before


def test_a_missing_ring_another_zones_ring_and_an_unknown_zone_are_told_apart(
    tmp_path: Path, root: KeyFile
) -> None:
    with pytest.raises(KeyRingMissing):
        open_keyring(tmp_path, zone="intranet", root=root)
    create_keyring(tmp_path, zone="intranet", root=root)
    with pytest.raises(KeyRingOfAnotherZone):
        open_keyring(tmp_path, zone="extranet", root=root)
    with pytest.raises(ValueError, match="unknown zone"):
        create_keyring(tmp_path / "x", zone="dmz", root=root)


def test_a_key_ring_readable_by_the_group_is_refused(tmp_path: Path, root: KeyFile) -> None:
    create_keyring(tmp_path, zone="intranet", root=root)
    (tmp_path / FILE).chmod(0o640)
    with pytest.raises(UnsafeFile, match="mode 0640, must be 0400 or 0600"):
        open_keyring(tmp_path, zone="intranet", root=root)


def test_rotation_seals_anew_opens_the_old_and_keeps_indexes(tmp_path: Path, root: KeyFile) -> None:
    first = create_keyring(tmp_path, zone="intranet", root=root)
    old = first.seal(b"old", **PLACE)
    second = rotate_keyring(tmp_path, zone="intranet", root=root)
    third = rotate_keyring(tmp_path, zone="intranet", root=root, suite=SM4)
    vault = open_keyring(tmp_path, zone="intranet", root=root)
    assert (first.current, second.current, third.current, vault.current) == (1, 2, 3, 3)
    assert vault.open(old, **PLACE) == b"old"
    assert vault.open(second.seal(b"mid", **PLACE), **PLACE) == b"mid"
    assert vault.seal(b"new", **PLACE)[4] == SM4.number
    assert vault.blind("c", "x") == first.blind("c", "x")


EDITS: list[tuple[str, Any]] = [
    ("current", 1),
    ("stable", 2),
    ("suite", 2),
    ("root", {"kind": "key_file", "extra": 1}),
    ("keys", None),
]


@pytest.mark.parametrize(("name", "value"), EDITS, ids=[name for name, _ in EDITS])
def test_an_edited_key_ring_does_not_open(
    tmp_path: Path, root: KeyFile, name: str, value: object
) -> None:
    create_keyring(tmp_path, zone="intranet", root=root)
    rotate_keyring(tmp_path, zone="intranet", root=root)
    document = json.loads((tmp_path / FILE).read_text())
    keys = document["ring"]["keys"]
    document["ring"][name] = {"1": keys["2"], "2": keys["1"]} if name == "keys" else value
    (tmp_path / FILE).write_text(json.dumps(document))
    with pytest.raises(RootRefused):
        open_keyring(tmp_path, zone="intranet", root=root)


@pytest.mark.parametrize(("name", "value"), [("memory_kib", 8), ("passes", 10**9), ("salt", "00")])
def test_weakened_passphrase_costs_are_refused_before_stretching(
    tmp_path: Path, name: str, value: object
) -> None:
    root = Passphrase("石桥上的十二只灰鸽子飞走了")
    create_keyring(tmp_path, zone="intranet", root=root)
    document = json.loads((tmp_path / FILE).read_text())
    document["ring"]["root"][name] = value
    (tmp_path / FILE).write_text(json.dumps(document))
    with pytest.raises(RootRefused, match="stored"):
        open_keyring(tmp_path, zone="intranet", root=root)


DAMAGE = ["", "[]", "{}", '{"mac": 1}', '{"mac": "00", "ring": []}', "[" * 5000, "\x00", "null"]


@pytest.mark.parametrize("text", DAMAGE, ids=range(len(DAMAGE)))
def test_a_damaged_key_ring_is_named_as_such(tmp_path: Path, root: KeyFile, text: str) -> None:
    create_keyring(tmp_path, zone="intranet", root=root)
    (tmp_path / FILE).write_text(text)
    with pytest.raises(KeyRingDamaged):
        open_keyring(tmp_path, zone="intranet", root=root)


class Killed(BaseException):
    """The process ended here."""


def killing(monkeypatch: pytest.MonkeyPatch, step: int) -> Callable[[], int]:
    """End the process at the step-th system call that writes; nothing after it runs."""
    count = 0

    def wrapped(name: str) -> Callable[..., Any]:
        real = getattr(os, name)

        def call(*arguments: Any, **keywords: Any) -> Any:  # noqa: ANN401 - stands for any call
            nonlocal count
            count += 1
            if count > step:
                raise Killed
            if count == step and name == "write":
                real(arguments[0], bytes(arguments[1])[:10])  # torn in the middle
            if count == step:
                raise Killed
            return real(*arguments, **keywords)

        return call

    for name in ("open", "write", "fsync", "replace", "unlink"):
        monkeypatch.setattr(os, name, wrapped(name))
    return lambda: count


def test_killed_at_any_call_a_rotation_leaves_the_old_ring_or_the_new(
    tmp_path: Path, root: KeyFile
) -> None:
    first = create_keyring(tmp_path, zone="intranet", root=root)
    sealed = first.seal(b"text", **PLACE)
    seen: list[int] = []
    for step in range(1, 100):
        before = open_keyring(tmp_path, zone="intranet", root=root).current
        with pytest.MonkeyPatch.context() as patch:
            calls = killing(patch, step)
            try:
                rotate_keyring(tmp_path, zone="intranet", root=root)
            except Killed:
                finished = False
            else:
                finished = calls() < step
        vault = open_keyring(tmp_path, zone="intranet", root=root)
        assert vault.current in {before, before + 1}
        assert vault.open(sealed, **PLACE) == b"text"
        seen.append(vault.current - before)
        if finished:
            break
    assert step > 6
    assert seen[:4] == [0, 0, 0, 0]
    assert seen[-1] == 1


def test_killed_at_any_call_a_creation_leaves_nothing_or_a_whole_ring(
    tmp_path: Path, root: KeyFile
) -> None:
    whole = 0
    for step in range(1, 12):
        ring = tmp_path / f"ring{step}"
        with pytest.MonkeyPatch.context() as patch:
            killing(patch, step)
            with suppress(Killed):
                create_keyring(ring, zone="intranet", root=root)
        if (ring / FILE).exists():
            open_keyring(ring, zone="intranet", root=root)
            whole += 1
        else:
            create_keyring(ring, zone="intranet", root=root)
    assert 0 < whole < 11

"""Random single mutations of an exported log, in memory."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from pathlib import Path

from audit.tiles import decode_bundle, encode_bundle

UNSIGNED = {"verify.py", "policy", "first-key"}
"""Files that an inspector brings himself."""


class Files:
    """A log's files as the verifier reads them, with some of them exchanged."""

    def __init__(self, files: Mapping[str, bytes], changed: Mapping[str, bytes | None]) -> None:
        self._files, self._changed = files, changed

    def read(self, path: str) -> bytes | None:
        """The file's bytes, or None if there is none."""
        return self._changed[path] if path in self._changed else self._files.get(path)

    def sizes(self) -> list[int]:
        """The sizes of the older checkpoints."""
        names = {path for path in self._files if self.read(path) is not None}
        return sorted(int(n.partition("/")[2]) for n in names if n.startswith("checkpoints/"))


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def mutations(
    files: Mapping[str, bytes], chance: random.Random
) -> Iterator[dict[str, bytes | None]]:
    """Endless single mutations: bits, bytes, lengths, whole files, entries exchanged."""
    names = sorted(files.keys() - UNSIGNED)
    weights = [len(files[name]) ** 0.5 for name in names]
    kinds = [_flip, _flip, _flip, _cut, _insert, _zero, _delete, _swap_files, _swap_entries]
    while True:
        name = chance.choices(names, weights)[0]
        changed = chance.choice(kinds)(files, name, chance)
        if any(files.get(path) != data for path, data in changed.items()):
            yield changed


Changed = dict[str, bytes | None]


def _flip(files: Mapping[str, bytes], name: str, chance: random.Random) -> Changed:
    data = bytearray(files[name])
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return {name: bytes(data)}


def _cut(files: Mapping[str, bytes], name: str, chance: random.Random) -> Changed:
    return {name: files[name][: chance.randrange(len(files[name]))]}


def _insert(files: Mapping[str, bytes], name: str, chance: random.Random) -> Changed:
    at = chance.randrange(len(files[name]) + 1)
    return {name: files[name][:at] + chance.randbytes(chance.choice([1, 2, 32])) + files[name][at:]}


def _zero(files: Mapping[str, bytes], name: str, chance: random.Random) -> Changed:
    at = chance.randrange(len(files[name]))
    return {name: files[name][:at] + bytes(16) + files[name][at + 16 :]}


def _delete(_files: Mapping[str, bytes], name: str, _chance: random.Random) -> Changed:
    return {name: None}


def _swap_files(files: Mapping[str, bytes], name: str, chance: random.Random) -> Changed:
    kind = name.rpartition("/")[0]
    other = chance.choice([each for each in sorted(files) if each.rpartition("/")[0] == kind])
    return {name: files[other], other: files[name]} if other not in UNSIGNED else {}


def _swap_entries(files: Mapping[str, bytes], _name: str, chance: random.Random) -> Changed:
    name = chance.choice(sorted(path for path in files if path.startswith("tile/entries/")))
    entries = decode_bundle(files[name])
    first, second = chance.randrange(len(entries)), chance.randrange(len(entries))
    entries[first], entries[second] = entries[second], entries[first]
    return {name: encode_bundle(entries)}

#!/usr/bin/env python3
"""Verify an exported audit log. One file, plain Python 3.11, no package, no network.

    python verify.py FOLDER --key 'name+1234abcd+A...' [--anchor FILE]... [--policy FILE]
                            [--paper 'ORIGIN SIZE ROOT']...
    python verify.py --receipt FILE --key 'name+1234abcd+A...' [--policy FILE]
    python verify.py --package FILE.zip --key 'name+1234abcd+A...' [--policy FILE]

FOLDER is a log in the layout of c2sp.org/tlog-tiles: `checkpoint`, `tile/...`, and besides
`checkpoints/<size>` (the last checkpoint of each past key epoch), `cosigned` (the newest one
with enough witnesses, if it is not the newest), `kept` (single entries that stay when their
bundle is pruned), `standing` (the certificate of the key that signs every checkpoint besides
the epoch's), `policy` and `first-key`.
--key is the log's FIRST key, from the paper printed at installation; all later keys are
reached from it. An anchor is an older checkpoint or a .tlog-proof receipt kept elsewhere;
--paper takes what was typed or scanned from a printed checkpoint, with or without its check
digits; --receipt looks at one receipt that carries its entry, without any log.

Exit status: 0 intact, 1 could not run, 2 TAMPERED, 3 incomplete (see the report). A log or
package that was made under another first key than the one given is 2, and the report names
both: nothing in it is proved by the key you hold. A key that is mistyped is 1.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import zipfile
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256, sha512
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, NoReturn, Protocol

INTACT, COULD_NOT_RUN, TAMPERED, INCOMPLETE = range(4)
WIDTH = 256  # entries of a full bundle, hashes of a full tile
HASH = 32
SILENCE = timedelta(seconds=150)  # heartbeats come every 60 seconds
FLOOR = timedelta(days=184)  # nothing younger may ever be pruned
LARGEST = 2**25  # bytes of any file but `kept`; a full bundle has half of it
LARGEST_KEPT = 2**27
MAX_TEXT = 10**6  # bytes of a checkpoint, characters of a policy
MAX_DEPTH = 100  # groups of a policy within each other
_OURS = (b'"ev":"key.rotate"', b'"ev":"log.heartbeat"', b'"ev":"retention.prune"')
# What reading somebody else's bytes may raise; whoever wrote them must not choose the exit status.
_NONSENSE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)


class Source(Protocol):
    """Where the log's files come from."""

    def read(self, path: str) -> bytes | None:
        """The file's bytes, or None if there is none."""

    def sizes(self) -> Iterable[int]:
        """The sizes of the older checkpoints."""


class Folder:
    """An export on disk."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, path: str) -> bytes | None:
        """The file's bytes, or None if there is none."""
        file = self._path / path
        if not file.is_file():
            return None
        with file.open("rb") as opened:  # what lies beyond fits no proof
            return opened.read(LARGEST_KEPT if path == "kept" else LARGEST)

    def sizes(self) -> list[int]:
        """The sizes of the older checkpoints."""
        names = [file.name for file in self._path.glob("checkpoints/*")]
        return sorted(int(name) for name in names if re.fullmatch("[0-9]{1,18}", name))


class Wrong(ValueError):
    """Something has not the form it must have, or a signature is not right."""


@dataclass(frozen=True)
class Finding:
    """What is wrong. `index` is the first entry that can no longer be trusted."""

    code: int
    index: int | None
    words: str


@dataclass
class Report:
    """The result. `anchors` say what covers which range; `uncovered` what nothing covers."""

    size: int = 0
    root: str = ""
    findings: list[Finding] = field(default_factory=list)
    anchors: list[str] = field(default_factory=list)
    uncovered: list[str] = field(default_factory=list)

    def tampered(self, index: int, words: str) -> None:
        """Add a finding of tampering."""
        self.findings.append(Finding(TAMPERED, index, words))

    def incomplete(self, words: str) -> None:
        """Add something that could not be verified."""
        self.findings.append(Finding(INCOMPLETE, None, words))

    @property
    def code(self) -> int:
        """The exit status."""
        codes = {finding.code for finding in self.findings}
        return next((code for code in (TAMPERED, INCOMPLETE) if code in codes), INTACT)

    @property
    def first_bad(self) -> int | None:
        """The first entry that can no longer be trusted."""
        return min((f.index for f in self.findings if f.index is not None), default=None)

    def lines(self) -> list[str]:
        """The report in words."""
        verdict = {INTACT: "INTACT", TAMPERED: "TAMPERED", INCOMPLETE: "INCOMPLETE"}[self.code]
        found = [f"{self.size} entries, root {self.root}", verdict]
        if self.first_bad is not None:
            found.append(f"first bad index: {self.first_bad}")
        found += [f"  ! {finding.words}" for finding in self.findings]
        found += ["covered:", *(f"  + {line}" for line in self.anchors or ["nothing"])]
        found += ["not covered:", *(f"  - {line}" for line in self.uncovered or ["nothing known"])]
        return [shown(line) for line in found]


def shown(text: str) -> str:
    """Text on one line: what could move a cursor, clear a screen or turn letters is written out."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


# Ed25519, RFC 8032, section 5.1. Slow and not constant in time: for public data only.
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int, int, int]


def _add(a: Point, b: Point) -> Point:
    m, n = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = n - m, d - c, d + c, n + m
    return e * f % P, g * h % P, f * g % P, e * h % P


def _point(data: bytes) -> Point:
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        raise Wrong("not a point of the curve")
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


BASE = _point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def ed25519(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` is that of `public` over `message`."""
    if len(public) != HASH or len(signature) != 2 * HASH:
        return False
    s = int.from_bytes(signature[HASH:], "little")
    try:
        x, y, z, t = _point(public)
    except Wrong:
        return False
    k = int.from_bytes(sha512(signature[:HASH] + public + message).digest(), "little") % ORDER
    minus = (P - x, y, z, P - t)
    table = {(1, 0): BASE, (0, 1): minus, (1, 1): _add(BASE, minus)}
    r: Point = (0, 1, 1, 0)
    for bit in reversed(range(256)):
        r = _add(r, r)
        digit = (s >> bit & 1, k >> bit & 1)
        r = _add(r, table[digit]) if digit in table else r
    inverse = pow(r[2], -1, P)
    x, y = r[0] * inverse % P, r[1] * inverse % P
    return s < ORDER and (y | (x & 1) << 255).to_bytes(32, "little") == signature[:HASH]


# Signed notes, checkpoints, keys: c2sp.org/signed-note, tlog-checkpoint, tlog-cosignature.
class Vkey(NamedTuple):
    """A public key and its name; kind 1 signs notes, kind 4 cosigns checkpoints."""

    name: str
    key_id: bytes
    kind: int
    public: bytes


def checked_vkey(text: str) -> str:
    """Return `text`, or raise Wrong if it is no verifier key."""
    parse_vkey(text)
    return text


class Note(NamedTuple):
    """A checkpoint: what was signed, and the signatures as (name, key id, bytes)."""

    text: str
    origin: str
    size: int
    root: bytes
    signatures: list[tuple[str, bytes, bytes]]


def _base64(text: str) -> bytes:
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        raise Wrong("not base64") from None
    if b64encode(data).decode() != text:
        raise Wrong("not canonical base64")
    return data


def parse_vkey(text: str) -> Vkey:
    """Read `name+id+base64`."""
    parts = text.strip().split("+", 2)
    if len(parts) != len(("name", "id", "key")):
        raise Wrong(f"not a verifier key: {text[:80]}")
    data = _base64(parts[2])
    key_id = sha256(parts[0].encode() + b"\n" + data).digest()[:4]
    if key_id.hex() != parts[1] or len(data) != HASH + 1 or data[0] not in {1, 4}:
        raise Wrong(f"not a verifier key: {text[:80]}")
    return Vkey(parts[0], key_id, data[0], data[1:])


def parse_checkpoint(data: bytes) -> Note:
    """Read a signed checkpoint, strictly."""
    if len(data) > MAX_TEXT:
        raise Wrong("larger than any checkpoint")
    try:
        whole = data.decode()
    except UnicodeDecodeError:
        raise Wrong("not UTF-8") from None
    text, blank, tail = whole.rpartition("\n\n")
    lines = text.split("\n")
    broken = any(c < " " and c != "\n" for c in whole)
    if broken or not blank or not tail.endswith("\n") or len(lines) < 3 or not all(lines):  # noqa: PLR2004
        raise Wrong("not a checkpoint")
    if not re.fullmatch("0|[1-9][0-9]{0,17}", lines[1]) or len(_base64(lines[2])) != HASH:
        raise Wrong("not a checkpoint")
    signatures: list[tuple[str, bytes, bytes]] = []
    for line in tail[:-1].split("\n"):
        match = re.fullmatch(r"— ([^\s+]+) (\S+)", line)
        if not match or len(signatures) == 100:  # noqa: PLR2004
            raise Wrong("not a signature line")
        value = _base64(match[2])
        signatures.append((match[1], value[:4], value[4:]))
    return Note(text + "\n", lines[0], int(lines[1]), _base64(lines[2]), signatures)


def parse_paper(text: str) -> Note:
    """Read a printed checkpoint: name, size, root (base64, or hexadecimal in any groups).

    The eight check digits after the word `check` are optional; if they are there, they must fit.
    """
    words = text.replace("：", ":").split()
    if len(words) < 3:  # noqa: PLR2004
        raise Wrong("a printed checkpoint has a name, a size and a root")
    origin, size, *rest = words
    at = next((i for i, word in enumerate(rest) if word.lower().startswith("check")), len(rest))
    check = "".join(rest[at:]).lower().removeprefix("check").lstrip(":")
    typed = "".join(rest[:at])
    is_hex = re.fullmatch("[0-9a-fA-F]{64}", typed)
    root = bytes.fromhex(typed) if is_hex else _base64(typed)
    if not re.fullmatch("0|[1-9][0-9]{0,17}", size) or len(root) != HASH:
        raise Wrong("a size is a whole number, a root has 32 bytes")
    plain = f"{origin}\n{size}\n{b64encode(root).decode()}\n"
    if check and check != paper_check(plain):
        raise Wrong("the check digits do not fit: something was typed wrongly")
    return Note(plain, origin, int(size), root, [])


def paper_check(text: str) -> str:
    """The check digits that are printed below a checkpoint's three lines."""
    return sha256(text.encode()).hexdigest()[:8]


def signed_by(note: Note, key: Vkey) -> int | None:
    """Whether `key` signed: None if not, else the time of a cosignature or 0. Wrong raises."""
    at = None
    for name, key_id, value in note.signatures:
        if (name, key_id) != (key.name, key.key_id):
            continue
        at, message, signature = 0, note.text, value
        if key.kind == 4:  # noqa: PLR2004
            at, signature = int.from_bytes(value[:8], "big"), value[8:]
            message = f"cosignature/v1\ntime {at}\n{note.text}"
        if not ed25519(key.public, message.encode(), signature):
            raise Wrong(f"the signature of {name} is wrong")
    return at


def parse_policy(text: str) -> tuple[dict[str, Vkey], Callable[[set[str]], bool]]:  # noqa: C901
    """Read a trust policy (c2sp.org/tlog-policy): the witnesses, and whether some suffice."""
    witnesses: dict[str, Vkey] = {}
    groups: dict[str, tuple[int, list[str]]] = {}
    depths: dict[str, int] = {}
    members: set[str] = set()  # each name counts once: a quorum is counted in one way and in time
    quorums: list[str] = []
    for line in text[: MAX_TEXT + 1].split("\n"):
        match line.split():
            case [] | ["log", _] | ["log", _, _]:
                continue
            case [word, *_] if word.startswith("#"):
                continue
            case ["witness" | "group", name, *_] if name in {*witnesses, *groups, "none"}:
                raise Wrong(f"this name is taken: {name[:80]}")
            case ["witness", name, vkey, *_]:
                witnesses[name] = parse_vkey(vkey)
                if witnesses[name].kind != 4:  # noqa: PLR2004
                    raise Wrong(f"no key of a witness: {vkey[:80]}")
            case ["group", name, need, *names] if {*names} <= {*witnesses, *groups}:
                count = {"any": 1, "all": len(names)}.get(need) or int(need)
                depth = 1 + max((depths.get(each, 0) for each in names), default=0)
                once = len(names) == len({*names} - members)
                if not 1 <= count <= len(names) or not once or depth > MAX_DEPTH:
                    raise Wrong(f"not a group: {line[:80]}")
                groups[name], depths[name] = (count, names), depth
                members |= {*names}
            case ["quorum", name] if name in {*witnesses, *groups, "none"}:
                quorums.append(name)
            case _:
                raise Wrong(f"not a policy line: {line[:80]}")
    keys = {key.public for key in witnesses.values()}
    if len(text) > MAX_TEXT or len(quorums) != 1 or len(keys) != len(witnesses):
        raise Wrong("a policy has one quorum line and no key twice")

    def counts(name: str, seen: set[str]) -> bool:
        if name not in groups:
            return name in seen or name == "none"
        need, names = groups[name]
        return sum(counts(each, seen) for each in names) >= need

    return witnesses, lambda seen: counts(quorums[0], seen)


def checked_policy(file: Path) -> str:
    """Return a policy's text, or raise Wrong (or OSError) if it is none."""
    text = file.read_text(encoding="utf-8")
    parse_policy(text)
    return text


# The tree: RFC 6962, section 2.1; files: c2sp.org/tlog-tiles.
def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def fold(row: list[bytes]) -> bytes:
    """The root over any row of leaves: like n pairs, the odd one goes up as it is."""
    while len(row) > 1:
        pairs = [_node(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)]
        row = pairs + row[len(row) & ~1 :]
    return row[0] if row else sha256(b"").digest()


def path(kind: str, number: int, width: int) -> str:
    """The name of a tile or bundle."""
    text = f"{number % 1000:03d}"
    while number := number // 1000:
        text = f"x{number % 1000:03d}/{text}"
    return f"tile/{kind}/{text}" + ("" if width == WIDTH else f".p/{width}")


def decode(data: bytes) -> list[bytes]:
    """The entries of a bundle, up to where it can be read or holds one too many."""
    entries: list[bytes] = []
    at, end = 0, len(data)
    while at < end and len(entries) <= WIDTH:
        stop = at + 2 + (data[at] << 8 | data[at + 1] if at + 2 <= end else end)
        if stop > end or stop == at + 2:
            break
        entries.append(data[at + 2 : stop])
        at = stop
    return entries if at == end else [*entries, b""]


class Walk:
    """One pass over all entries: leaf hashes, tiles, roots, keys and heartbeats."""

    def __init__(self, source: Source, size: int, first: Vkey, report: Report) -> None:
        self._read, self.size, self.report = source.read, size, report
        self.keys = [first]
        self.finals: list[int] = []  # tree sizes at which an epoch ended
        self.roots: dict[int, bytes] = {}
        self.leaves: dict[int, bytes] = {}  # those that receipts ask for
        self._levels: list[list[bytes]] = [[]]  # hashes of the tile being filled, by level
        self._tiles: list[int] = [0]  # complete tiles, by level
        self._beat: tuple[int, datetime] | None = None
        self.standing: tuple[int, str] | None = None  # the heartbeat that named it first, the key
        self._missing: list[int] = []
        self._pruned = 0
        self._youngest: tuple[int, datetime] | None = None  # who says of what age pruned ones are
        self._handed: list[tuple[int, datetime]] = []  # when keys were handed over
        self._kept = self._read_kept()

    def _read_kept(self) -> dict[int, bytes]:
        """Single entries that stay when their bundle goes: lines of number and entry."""
        kept: dict[int, bytes] = {}
        for line in BytesIO(self._read("kept") or b""):
            number, _, entry = line.removesuffix(b"\n").partition(b" ")
            if re.fullmatch(b"[0-9]{1,18}", number):
                kept[int(number)] = entry
        return kept

    @property
    def newest(self) -> datetime | None:
        """The time of the last heartbeat."""
        return self._beat and self._beat[1]

    def run(self, marks: Sequence[int], wanted: set[int], tell: Callable[[int], None]) -> None:
        """Walk; keep the roots at the sizes in `marks` and the leaves in `wanted`."""
        waiting = sorted({*marks, self.size})
        while waiting and waiting[0] == 0:
            self.roots[waiting.pop(0)] = fold([])
        for number in range((self.size + WIDTH - 1) // WIDTH):
            first, width = number * WIDTH, min(WIDTH, self.size - number * WIDTH)
            leaves, entries = self._bundle(number, width)
            if not leaves:  # a checkpoint may claim any size: what follows is not looked for
                self.roots |= dict.fromkeys(waiting, b"")
                break
            for at, entry in entries:
                self._own(first + at, entry, leaves[:at])
            while waiting and waiting[0] <= first + width:
                self.roots[waiting[0]] = self.root(leaves[: waiting[0] - first])
                waiting.pop(0)
            self.leaves |= {i: leaves[i - first] for i in wanted if first <= i < first + width}
            self._levels[0] = leaves
            self._close_tiles()
            tell(first + width)
        else:
            for level, row in enumerate(self._levels[1:], 1):
                self._compare(level, self._tiles[level], row)
        self._judge_missing()

    def root(self, leaves: list[bytes]) -> bytes:
        """The root after these leaves of the present bundle."""
        found = fold(leaves) if leaves else None
        for row in self._levels[1:]:
            if row:
                found = fold([*row, found] if found else row)
        return found or fold([])

    def _bundle(self, number: int, width: int) -> tuple[list[bytes], list[tuple[int, bytes]]]:
        """The leaf hashes of one bundle, and those of its entries that the sealer made.

        Without a whole tile there are none: nothing after it can be proved.
        """
        tile = self._read(path("0", number, width)) or b""
        data = self._read(path("entries", number, width))
        first = number * WIDTH
        if len(tile) != HASH * width:
            self.report.tampered(first, f"{path('0', number, width)} is missing or cut")
            return [], []
        known = [tile[at : at + HASH] for at in range(0, len(tile), HASH)]
        if data is None:
            self._missing.append(number)
            return known, self._stayed(first, known)
        entries = decode(data)
        leaves = [sha256(b"\x00" + entry).digest() for entry in entries]
        if leaves != known:
            pairs = zip(leaves, known, strict=False)
            at = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(leaves), width - 1))
            self.report.tampered(first + at, f"entry {first + at} is not the one that was sealed")
        ours = [
            (at, entry)
            for at, entry in enumerate(entries[:width] if any(n in data for n in _OURS) else [])
            if any(name in entry for name in _OURS)
        ]
        return known, ours

    def _stayed(self, first: int, known: list[bytes]) -> list[tuple[int, bytes]]:
        """The kept entries of a bundle that was pruned, each checked against its tile."""
        stayed = [
            (at, self._kept[first + at]) for at in range(len(known)) if first + at in self._kept
        ]
        for at, entry in stayed:
            if sha256(b"\x00" + entry).digest() != known[at]:
                self.report.tampered(first + at, f"kept entry {first + at} is not the sealed one")
        return stayed

    def _close_tiles(self) -> None:
        level = 0
        while len(self._levels[level]) == WIDTH:
            if level:
                self._compare(level, self._tiles[level], self._levels[level])
            if level + 1 == len(self._levels):
                self._levels.append([])
                self._tiles.append(0)
            self._levels[level + 1].append(fold(self._levels[level]))
            self._levels[level] = []
            self._tiles[level] += 1
            level += 1

    def _compare(self, level: int, number: int, row: list[bytes]) -> None:
        if not row:
            return
        name = path(str(level), number, len(row))
        data = self._read(name) or b""
        if data == b"".join(row):
            return
        at = next((i for i, h in enumerate(row) if data[HASH * i : HASH * (i + 1)] != h), 0)
        index = (number * WIDTH + at) << 8 * level
        self.report.tampered(index, f"{name} does not fit the hashes below it")

    def _own(self, index: int, entry: bytes, before: list[bytes]) -> None:
        try:
            body = json.loads(entry)
            if body["ev"] not in {"key.rotate", "log.heartbeat", "retention.prune"}:
                return
            if body["sub"] != "system:sealer":
                raise Wrong("made by somebody else")
            if body["ev"] == "key.rotate":
                self._rotate(index, body["d"], before)
                self._handed.append((index, datetime.fromisoformat(body["ts"])))
            elif body["ev"] == "log.heartbeat":
                self._heartbeat(index, body["d"], datetime.fromisoformat(body["ts"]))
            else:
                self._prune(index, body["d"], datetime.fromisoformat(body["ts"]), before)
        except _NONSENSE as error:
            self.report.tampered(index, f"entry {index} is not the sealer's: {error}")

    def _rotate(self, index: int, said: dict[str, Any], before: list[bytes]) -> None:
        old, new = self.keys[-1], parse_vkey(said["next_vkey"])
        if said["epoch"] != len(self.keys) or new.name != old.name:
            raise Wrong("not the next key epoch")
        lines = ["hangu.key.rotate/v1", new.name, str(said["epoch"]), said["next_vkey"]]
        lines += [str(index), b64encode(self.root(before)).decode(), ""]
        if not ed25519(old.public, "\n".join(lines).encode(), _base64(said["sig"])):
            raise Wrong("the key before did not sign the handing over")
        self.keys.append(new)
        self.finals.append(index + 1)

    def _prune(self, index: int, said: dict[str, Any], at: datetime, before: list[bytes]) -> None:
        first, to = int(said["from"]), int(said["to"])
        approvers = [str(each) for each in said["approvers"]]
        if (
            first != self._pruned
            or not first < to <= index
            or to % WIDTH
            or said["count"] != to - first
        ):
            raise Wrong("it does not follow the pruning before")
        if len(approvers) != 2 or len({*approvers}) != 2:  # noqa: PLR2004
            raise Wrong("two different people must have approved it")
        if at - datetime.fromisoformat(said["newest"]) < FLOOR:
            raise Wrong(f"entries younger than {FLOOR.days} days were pruned")
        if any(entry < to and at - handed < FLOOR for entry, handed in self._handed):
            raise Wrong(f"among those pruned is a key's end of fewer than {FLOOR.days} days ago")
        root = b64encode(self.root(before)).decode()
        if said["root_before"] != root:
            raise Wrong("it was made for another tree")
        lines = ["hangu.retention.prune/v1", self.keys[0].name, f"{first} {to}", said["newest"]]
        lines += [said["policy"], *approvers, str(index), root, ""]
        if not ed25519(self.keys[-1].public, "\n".join(lines).encode(), _base64(said["sig"])):
            raise Wrong("the sealer did not sign it")
        self._pruned = to
        self._youngest = index, datetime.fromisoformat(said["newest"])

    def _heartbeat(self, index: int, said: dict[str, Any], at: datetime) -> None:
        number, after = int(said["beat"]), timedelta(seconds=int(said["after"]))
        start = number if self._missing else 0  # those before were pruned, or it is said below
        expected = self._beat[0] + 1 if self._beat else start
        if at.tzinfo is None:
            raise Wrong("its time is of no zone")
        if number != expected:
            raise Wrong(f"heartbeat {number} follows {expected - 1}")
        if self._beat and at - self._beat[1] > max(after, timedelta()) + SILENCE:
            raise Wrong(f"no heartbeat between {self._beat[1]} and {at}")
        if named := said.get("standing"):
            self.standing = self.standing or (index, str(named))
            if named != self.standing[1]:
                raise Wrong("it names another standing key than those before")
        if self._beat and self._beat[1] - at > SILENCE:
            words = f"the clock was set back from {self._beat[1]} to {at} ({index})"
            self.report.uncovered.append(words)
        if after > SILENCE:
            self.report.uncovered.append(f"sealing stood still for {after} until {at} ({index})")
        self._beat = (number, at)

    def _judge_missing(self) -> None:
        """What is missing must be the beginning, whole, and explained by the last pruning."""
        for at, number in enumerate(self._missing):
            if number != at or (number + 1) * WIDTH > self._pruned:
                words = f"entries from {number * WIDTH} on are missing, and no pruning explains it"
                self.report.tampered(number * WIDTH, words)
                return
        if self._beat and self._youngest and self._beat[1] - self._youngest[1] < FLOOR:
            words = f"at {self._beat[1]} entries of {self._youngest[1]} cannot have been pruned yet"
            self.report.tampered(self._youngest[0], f"{words}: a clock was set")
        gone = len(self._missing) * WIDTH
        if gone:
            words = f"the content of entries 0..{gone - 1}: pruned, as the log itself says"
            self.report.uncovered.append(words)
        if gone < self._pruned:
            words = f"entries {gone}..{self._pruned - 1} may be removed at any time: pruned"
            self.report.uncovered.append(words)

    def epoch(self, size: int) -> int:
        """Which key signs a checkpoint of this size."""
        return sum(final < size for final in self.finals)


def verify(
    source: Source,
    *,
    key: str | None = None,
    policy: str | None = None,
    anchors: Sequence[tuple[str, bytes]] = (),
    fresh_at: datetime | None = None,
    tell: Callable[[int], None] = lambda _done: None,
) -> Report:
    """Verify a log.

    Args:
        source: its files.
        key: the first key; without it, the log's own word is taken, and the report says so.
        policy: whom to trust as witnesses; without it, the log's own.
        anchors: (name, bytes) of checkpoints and receipts that were kept elsewhere.
        fresh_at: the log must have been alive then.
        tell: told how many entries are done.
    """
    report = Report()
    own = (source.read("first-key") or b"").decode(errors="replace").strip()
    stated = own if key is None else key
    data = source.read("checkpoint")
    try:
        first = parse_vkey(stated)
        newest = parse_checkpoint(data or b"")
        witnesses, enough = parse_policy(
            (source.read("policy") or b"").decode() if policy is None else policy
        )
    except _NONSENSE as error:
        report.tampered(0, f"checkpoint, first key or policy: {error}")
        return report
    report.size, report.root = newest.size, newest.root.hex()
    if key is None:
        report.incomplete("the first key is the log's own: bring the one from paper, --key")
    kept = [("checkpoint", newest, True)]
    kept += [(f"checkpoints/{size}", note, True) for size, note in _older(source, newest, report)]
    kept += _cosigned(source, report)
    walk = Walk(source, newest.size, first, report)
    receipts, more = _anchors(anchors, report)
    kept += [(name, note, False) for name, note in more]
    wanted = {each.number for each in receipts}
    walk.run([note.size for _, note, _ in kept if note.size <= newest.size], wanted, tell)
    good = _judge(walk, kept, _standing(source, walk, report), report)
    for each in receipts:
        leaf = walk.leaves.get(each.number, b"")
        if not _included(leaf, each) or each.entry not in {None, leaf}:
            report.tampered(each.number, f"{each.name} proves another entry {each.number}")
    if policy is None and witnesses:
        report.uncovered.append("whom to trust as witnesses was taken from the log itself")
    _judge_witnesses(good, newest.size, witnesses, enough, report)
    _judge_age(walk, fresh_at, report)
    if report.code == TAMPERED and own not in {"", stated.strip()}:
        report.findings.insert(0, Finding(TAMPERED, 0, _other_key("log", own, stated)))
    return report


def _other_key(what: str, own: str, given: str) -> str:
    return (
        f"this {what} was made under another first key: {own[:300]}; "
        f"the one given is {given.strip()}. If your sheet is of this log, "
        f"the {what} is made up; else bring that log's own sheet"
    )


class Standing(NamedTuple):
    """The standing key, the epoch whose key vouches for it, and the entry that first names it."""

    key: Vkey
    epoch: int
    since: int

    def must_sign(self, size: int, epoch: int) -> bool:
        """Whether a checkpoint of this size and epoch is not from before there was this key."""
        return epoch >= self.epoch or size > self.since


CERTIFICATE = re.compile(r"standing ([^ ]+) (0|[1-9][0-9]{0,8}) ([^ ]+)")


def parse_standing(line: str, keys: Sequence[Vkey]) -> tuple[Vkey, int]:
    """Read a certificate, `standing <key> <epoch> <base64>`; the key of that epoch signed it."""
    found = CERTIFICATE.fullmatch(line.removesuffix("\n"))
    if found is None:
        raise Wrong("not a standing key's certificate")
    named, epoch, signature = found[1], int(found[2]), _base64(found[3])
    key = parse_vkey(named)
    if epoch >= len(keys):
        raise Wrong(f"the log has no key epoch {epoch}")
    text = f"hangu.key.standing/v1\n{key.name}\n{epoch}\n{named}\n"
    by = keys[epoch]
    if key.name != by.name or not ed25519(by.public, text.encode(), signature):
        raise Wrong(f"the key of epoch {epoch} does not vouch for the standing key")
    return key, epoch


def _standing(source: Source, walk: Walk, report: Report) -> Standing | None:
    """The log's standing key. None only if no heartbeat names one and there is no certificate."""
    data = source.read("standing")
    if data is None and walk.standing is None:
        return None
    since, named = walk.standing or (walk.size, None)
    try:
        if data is None:
            raise Wrong("it is missing, and the log names the key")
        key, epoch = parse_standing(data.decode(), walk.keys)
        if named is not None and parse_vkey(named) != key:
            raise Wrong("it is of another key than the heartbeats name")
    except ValueError as error:
        report.tampered(0, f"the standing key's certificate: {error}")
        return None
    return Standing(key, epoch, since)


def _older(source: Source, newest: Note, report: Report) -> list[tuple[int, Note]]:
    found: list[tuple[int, Note]] = []
    for size in source.sizes():
        try:
            note = parse_checkpoint(source.read(f"checkpoints/{size}") or b"")
        except Wrong as error:
            report.tampered(0, f"checkpoints/{size}: {error}")
            continue
        if note.size != size or size > newest.size:
            report.tampered(min(size, newest.size), f"checkpoints/{size} is not of this log")
            continue
        found.append((size, note))
    return found


def _cosigned(source: Source, report: Report) -> list[tuple[str, Note, bool]]:
    """The newest checkpoint with enough witnesses, where it is not the newest."""
    data = source.read("cosigned")
    try:
        return [] if data is None else [("cosigned", parse_checkpoint(data), True)]
    except Wrong as error:
        report.tampered(0, f"cosigned: {error}")
        return []


class Receipt(NamedTuple):
    """A .tlog-proof. `entry` is the leaf hash of the entry that it carries, if it does."""

    name: str
    number: int
    steps: list[bytes]
    note: Note
    entry: bytes | None
    standing: str


def parse_receipt(name: str, data: bytes) -> Receipt:
    """Read a receipt (c2sp.org/tlog-proof); `extra` may hold its entry and the standing key."""
    head, _, rest = data.partition(b"\n\n")
    magic, *lines = head.decode().split("\n")
    if magic != "c2sp.org/tlog-proof@v1" or not lines:
        raise Wrong("not a receipt")
    entry, standing = None, ""
    if lines[0].startswith("extra "):
        extra = _base64(lines.pop(0).removeprefix("extra "))
        if extra.startswith(b"{"):
            carried = json.loads(extra)
            entry = sha256(b"\x00" + str(carried["entry"]).encode()).digest()
            standing = str(carried.get("standing", ""))
    if not re.fullmatch("index (0|[1-9][0-9]{0,17})", lines[0]) or len(lines) > HASH * 2:
        raise Wrong("not a receipt")
    steps = [_base64(line) for line in lines[1:]]
    note = parse_checkpoint(rest)
    return Receipt(name, int(lines[0].removeprefix("index ")), steps, note, entry, standing)


def _anchors(
    anchors: Sequence[tuple[str, bytes]], report: Report
) -> tuple[list[Receipt], list[tuple[str, Note]]]:
    receipts: list[Receipt] = []
    notes: list[tuple[str, Note]] = []
    for name, data in anchors:
        try:
            if data.startswith(b"c2sp.org/tlog-proof@v1\n"):
                receipts.append(parse_receipt(name, data))
                notes.append((name, receipts[-1].note))
            elif "— " in data.decode():
                notes.append((name, parse_checkpoint(data)))
            else:
                notes.append((name, parse_paper(data.decode())))
        except _NONSENSE as error:
            report.incomplete(f"{name} cannot be read: {error}")
    return receipts, notes


def _included(leaf: bytes, receipt: Receipt) -> bool:
    """RFC 9162, section 2.1.3.2."""
    index, note = receipt.number, receipt.note
    here, last, found = index, note.size - 1, leaf
    for step in receipt.steps:
        if last == 0 or len(step) != HASH:
            return False
        if here & 1 or here == last:
            found = _node(step, found)
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            found = _node(found, step)
        here, last = here >> 1, last >> 1
    return last == 0 and found == note.root and index < note.size


def verify_receipt(name: str, data: bytes, *, key: str, policy: str | None = None) -> Report:
    """Verify one receipt that carries its entry, without any log.

    The first key vouches for the log's standing key, that one for the checkpoint. A thief of
    the standing key could forge this; the report says so. `policy` names witnesses.
    """
    report = Report()
    try:
        receipt, first = parse_receipt(name, data), parse_vkey(key)
        witnesses, enough = parse_policy("quorum none" if policy is None else policy)
    except _NONSENSE as error:
        report.tampered(0, f"{name}, key or policy: {error}")
        return report
    note, index = receipt.note, receipt.number
    report.size, report.root = note.size, note.root.hex()
    if receipt.entry is None:
        report.incomplete(f"{name} does not carry its entry: verify it beside the log, --anchor")
    elif not _included(receipt.entry, receipt):
        report.tampered(index, f"{name} does not prove the entry that it carries")
    try:
        if note.origin != first.name:
            raise Wrong("the receipt is of another log than the key")
        by = _vouched(receipt, first)
        if by is None:
            report.incomplete("the first key does not reach this checkpoint: bring the log")
        else:
            report.anchors.append(f"entry {index}, in {note.size} entries, by {by}")
    except ValueError as error:
        report.tampered(index, f"{name}: {error}")
    _judge_witnesses([note], note.size, witnesses, enough, report)
    report.uncovered.append("whether the log still holds it: bring the log")
    return report


PACKAGE = frozenset(
    {
        *("manifest.json", "entries.jsonl", "entries.csv", "page.zh.html", "page.en.html"),
        *("checkpoint", "consistency.json", "first-key", "policy", "verify.py", "custody.jsonl"),
    }
)
PACKAGE_FILES = 50_100
PACKAGE_BYTES = 2**31
PACKAGE_DIRECTORY = 2**23  # bytes, as of the manifest: both name every file
PACKAGE_SMALL = 2**20  # bytes of a proof, which holds an entry, and of the other small files
_NO_ZIP = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError)


def verify_package(data: BinaryIO, *, key: str | None, policy: str | None = None) -> Report:
    """Verify an evidence package: every file, every entry by its own proof, one tree for all.

    Nothing is unpacked. Without a key from elsewhere the package's own is used, and the report
    is incomplete: whoever made the package up could have made up the key, too.
    """
    report = Report()
    try:
        files = _Package(data)
        manifest = _listed(files)
        if key is None:
            key = files["first-key"].decode().strip()
            report.incomplete("the key is the package's own: bring the one from paper, --key")
        own = checked_vkey(files["first-key"].decode().strip())
        if own != checked_vkey(key.strip()):
            report.tampered(0, _other_key("package", own, key))
            report.uncovered.append("anything in it: it was not looked at under a key of its own")
            return report
        _entries_proved(files, manifest, report, key=key, policy=policy)
        _grown(files, report)
        digest = sha256()
        data.seek(0)
        while block := data.read(2**20):
            digest.update(block)
        words = "what was asked for, whether all of it is here, pages, table, custody, verifier: "
        words += "the log holds this file's SHA-256, "
        report.uncovered.append(words + digest.hexdigest())
    except (*_NONSENSE, *_NO_ZIP) as error:
        report.tampered(0, f"the package: {error}")
    return report


def _names(known: list[zipfile.ZipInfo]) -> list[str]:
    """The names of the files, if a package can hold these. Only then is anything read."""
    names = [each.filename for each in known]
    if len(names) > PACKAGE_FILES or sum(each.file_size for each in known) > PACKAGE_BYTES:
        raise Wrong("it is larger than any package")
    if any(each.compress_type != zipfile.ZIP_STORED for each in known):
        raise Wrong("it holds a compressed file, as no package does")
    if len(set(names)) != len(names):
        raise Wrong("it holds a file twice")
    if any(not (n in PACKAGE or re.fullmatch(r"proofs/\d+\.tlog-proof", n)) for n in names):
        raise Wrong("it holds a file that no package has")
    return names


class _Package:
    """The files of a package, each read when it is asked for: all of them may be 2 GB."""

    def __init__(self, data: BinaryIO) -> None:
        size = data.seek(0, 2)
        data.seek(max(0, size - 42))
        tail = data.read()  # with ZIP64's place, which no package needs, and no comment
        if len(tail) < 22 or tail[-22:-18] != b"PK\5\6" or tail[-2:] != b"\0\0":  # noqa: PLR2004
            raise Wrong("no ZIP file")
        if tail[:4] == b"PK\6\7" or int.from_bytes(tail[-10:-6], "little") > PACKAGE_DIRECTORY:
            raise Wrong("it is larger than any package")
        self._zip = zipfile.ZipFile(data)
        self.names = _names(self._zip.infolist())

    def __getitem__(self, name: str) -> bytes:
        most = PACKAGE_DIRECTORY if name == "manifest.json" else PACKAGE_SMALL
        if self._zip.getinfo(name).file_size > most:
            raise Wrong(f"{name} is larger than in any package")
        return self._zip.read(name)

    def digest(self, name: str) -> str:
        """The SHA-256 of a file."""
        found = sha256()
        with self._zip.open(name) as file:
            while block := file.read(2**20):
                found.update(block)
        return found.hexdigest()

    def lines(self) -> Iterator[bytes]:
        """What was said first of the entries, then each of them."""
        with self._zip.open("entries.jsonl") as file:
            while line := file.readline(PACKAGE_SMALL):
                yield line.removesuffix(b"\n")


def _listed(files: _Package) -> dict[str, Any]:
    """The manifest, if the files are exactly those that it lists."""
    manifest: dict[str, Any] = json.loads(files["manifest.json"])
    listed = {str(name): str(found) for name, found in manifest["files"].items()}
    if extra := sorted({*files.names} ^ {*listed, "manifest.json"}):
        raise Wrong(f"{extra[0]} is there without being listed, or the other way round")
    for name, said in listed.items():
        if files.digest(name) != said:
            raise Wrong(f"{name} is not the file that was listed")
    return manifest


def _counted(files: _Package, manifest: dict[str, Any]) -> list[int]:
    """The entries' numbers, if entries and proofs are equally many and said to be so."""
    lines = files.lines()
    said, numbers = json.loads(next(lines, b"")), [int(each) for each in manifest["numbers"]]
    proofs = {name for name in files.names if name.startswith("proofs/")}
    if proofs != {f"proofs/{number}.tlog-proof" for number in numbers}:
        raise Wrong("its proofs are not those of its entries")
    count = sum(1 for _ in lines)
    if not count == len(numbers) == len(proofs) == manifest["entries"] == said["entries"]:
        raise Wrong("entries, proofs and manifest are not equally many")
    is_partial = manifest["entries"] != manifest["of"]
    if not manifest["partial"] == said["partial"] == is_partial:
        raise Wrong("it does not say rightly whether it is whole")
    return numbers


def _entries_proved(
    files: _Package,
    manifest: dict[str, Any],
    report: Report,
    *,
    key: str,
    policy: str | None,
) -> None:
    numbers = _counted(files, manifest)
    notes: set[str] = set()  # not the root alone: with another size it proves other numbers
    for number, body in zip(numbers, islice(files.lines(), 1, None), strict=True):
        name = f"proofs/{number}.tlog-proof"
        receipt = parse_receipt(name, files[name])
        if receipt.number != number or receipt.entry != sha256(b"\0" + body).digest():
            report.tampered(number, f"{name} is of another entry")
        elif not _included(receipt.entry, receipt):
            report.tampered(number, f"entry {number} is not in the log as it is here")
        notes.add(receipt.note.text)
    if len({*notes, parse_checkpoint(files["checkpoint"]).text}) > 1:
        raise Wrong("the proofs and the checkpoint are of different trees")
    if not numbers:
        report.incomplete("it holds no entry")
        return
    name = f"proofs/{numbers[0]}.tlog-proof"
    one = verify_receipt(
        name, files[name], key=key, policy=files["policy"].decode() if policy is None else policy
    )
    report.size, report.root, report.uncovered = one.size, one.root, one.uncovered
    report.findings += one.findings
    report.anchors += [f"{len(numbers)} entries, each by its own proof", *one.anchors]
    if policy is None and parse_policy(files["policy"].decode())[0]:
        report.uncovered.append("whom to trust as witnesses was taken from the package itself")
    if manifest["partial"]:
        report.uncovered.append(f"{manifest['of'] - len(numbers)} entries that also fit the query")


def _grown(files: _Package, report: Report) -> None:
    """The proof that the tree of the last sign-off lies within the tree of the package."""
    if "consistency.json" not in files.names or report.code == TAMPERED:
        return
    said = json.loads(files["consistency.json"])
    old, new, path = int(said["old"]), int(said["new"]), [bytes.fromhex(h) for h in said["path"]]
    if new != report.size or not _is_grown(old, new, said["old_root"], report.root, path):
        report.tampered(0, "the tree that was signed off is not within this one")
    else:
        report.anchors.append(f"the tree of {old} entries, root {said['old_root']}, lies within")
        words = f"whether the sign-off of {old} entries was made: the package says so, ask the log"
        report.uncovered.append(words)


def _is_grown(old: int, new: int, old_root: str, new_root: str, path: list[bytes]) -> bool:
    """RFC 9162, section 2.1.4.2."""
    if not 0 < old < new:
        return old == new and not path and old_root == new_root
    if any(len(step) != HASH for step in path):
        return False
    row = list(path) if old & (old - 1) else [bytes.fromhex(old_root), *path]
    here, last = old - 1, new - 1
    turn = (~here & (here + 1)).bit_length() - 1  # how many ones here ends in
    here, last = here >> turn, last >> turn
    first = second = row[0]
    for step in row[1:]:
        if last == 0:
            return False
        if here & 1 or here == last:
            first, second = _node(step, first), _node(step, second)
            turn = (here & -here).bit_length() - 1 if here else 0
            here, last = here >> turn, last >> turn
        else:
            second = _node(second, step)
        here, last = here >> 1, last >> 1
    return last == 0 and first.hex() == old_root and second.hex() == new_root


def _vouched(receipt: Receipt, first: Vkey) -> str | None:
    """Who signed a receipt's checkpoint, as far as the first key alone can tell."""
    if signed_by(receipt.note, first) is not None:
        return "the first key itself"
    if " 0 " not in receipt.standing:
        return None
    standing, _ = parse_standing(receipt.standing, [first])
    if signed_by(receipt.note, standing) is None:
        raise Wrong("not signed by the log's standing key")
    return "the standing key, for which the first key vouches (not forward-secure by itself)"


def _judge(
    walk: Walk, kept: list[tuple[str, Note, bool]], standing: Standing | None, report: Report
) -> list[Note]:
    """Each checkpoint, the log's own and those kept elsewhere. Returns the good ones."""
    good: list[Note] = []
    for name, note, own in sorted(kept, key=lambda each: each[1].size):
        if note.size > walk.size:
            words = f"{name} shows {note.size} entries: the log was cut back to {walk.size}"
            report.tampered(walk.size, words)
            continue
        epoch = walk.epoch(note.size)
        try:
            _require_signed(walk, note, standing if own else None)
        except Wrong as error:
            last = good[-1].size if good else 0
            report.tampered(min(last, max(0, walk.size - 1)), f"{name}: {error}")
            continue
        good.append(note)
        kind = f"key of epoch {epoch}" if note.signatures else "paper, no signature needed"
        where = "" if own else "kept elsewhere; "
        report.anchors.append(f"0..{note.size - 1} by {name} ({where}{kind})")
    present = {note.size for _, note, _ in kept}
    for number, final in enumerate(walk.finals):
        if final not in present:
            report.tampered(final - 1, f"the last checkpoint of key epoch {number} is missing")
    return good


def _require_signed(walk: Walk, note: Note, standing: Standing | None) -> None:
    """Raise Wrong unless a checkpoint is of this log, over this tree, signed by its keys.

    These are the key of its own epoch and the standing key; what was kept elsewhere may lack
    the latter. What stands on paper has no signature: whoever kept it vouches for it.
    """
    epoch = walk.epoch(note.size)
    if note.origin != walk.keys[0].name:
        raise Wrong("of another log")
    if note.signatures and signed_by(note, walk.keys[epoch]) is None:
        raise Wrong(f"not signed by the key of epoch {epoch}")
    owed = standing if standing and standing.must_sign(note.size, epoch) else None
    if owed and note.signatures and signed_by(note, owed.key) is None:
        raise Wrong("not signed by the standing key")
    if note.root != walk.roots[note.size]:
        raise Wrong("over another tree")


def _judge_witnesses(
    notes: list[Note],
    size: int,
    witnesses: dict[str, Vkey],
    enough: Callable[[set[str]], bool],
    report: Report,
) -> None:
    """The largest of these checkpoints that enough witnesses signed; what none of them saw."""
    covered, most = -1, "none"
    for note in notes:
        seen = _witnesses_of(note, witnesses, report)
        if enough({*seen}) and note.size > covered:
            covered = note.size
            report.anchors += [
                f"0..{note.size - 1} by witness {name}, at {when}" for name, when in seen.items()
            ]
        most = ", ".join(sorted(seen)) or most
    if covered < 0:
        report.incomplete(f"too few witnesses signed: {most}")
    elif covered < size and witnesses:
        report.uncovered.append(f"entries {covered}..{size - 1}: no quorum of witnesses saw them")
    if not witnesses:
        report.uncovered.append("no witness is named: the newest key epoch stands on its own word")


def _witnesses_of(note: Note, witnesses: dict[str, Vkey], report: Report) -> dict[str, datetime]:
    seen: dict[str, datetime] = {}
    for name, key in witnesses.items():
        try:
            at = signed_by(note, key)
        except Wrong as error:
            report.tampered(0, str(error))
            continue
        if at is not None:
            seen[name] = datetime.fromtimestamp(min(at, 2**33), UTC)
    return seen


def _judge_age(walk: Walk, fresh_at: datetime | None, report: Report) -> None:
    if walk.newest is None:
        report.incomplete("there is no heartbeat: it cannot be told when the log was alive")
        return
    report.uncovered.append(f"what happened after the last heartbeat, {walk.newest}")
    if fresh_at is not None and fresh_at - walk.newest > SILENCE:
        report.incomplete(f"the log ends at {walk.newest}, long before {fresh_at}")
    elif fresh_at is not None and walk.newest - fresh_at > SILENCE:
        report.incomplete(f"the log's clock shows {walk.newest}, it is only {fresh_at}")


class _Usage(argparse.ArgumentParser):
    """Wrong usage is "could not run", not argparse's own 2, which means tampered here."""

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """End with 1 where argparse would with 2."""
        sys.stderr.write(message or "")
        sys.exit(COULD_NOT_RUN if status else INTACT)


def _arguments() -> argparse.Namespace:
    parser = _Usage(description="Verify an exported audit log, or one receipt.")
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--key", help="the log's first key, from paper")
    parser.add_argument("--policy", type=Path, help="trust policy; else the folder's own")
    parser.add_argument("--anchor", type=Path, action="append", default=[], help="kept elsewhere")
    parser.add_argument("--paper", action="append", default=[], help="a printed checkpoint, typed")
    parser.add_argument("--receipt", type=Path, help="one receipt, without a log")
    parser.add_argument("--package", type=Path, help="one evidence package, without a log")
    parser.add_argument("--fresh", action="store_true", help="it must have been alive just now")
    told = parser.parse_args()
    if sum(each is not None for each in (told.folder, told.receipt, told.package)) != 1:
        parser.error("name either a folder, one --receipt or one --package")
    if told.receipt and told.key is None:
        parser.error("a receipt alone needs the first key, --key")
    return told


def main() -> int:
    """Run from the command line; return the exit status."""
    told = _arguments()

    def tell(done: int) -> None:
        if sys.stderr.isatty() and done % (40 * WIDTH) == 0:
            sys.stderr.write(f"\r{done} entries ")

    try:
        # Empty words, as of a variable that is not set, are mistyped and not left out.
        key = None if told.key is None else checked_vkey(told.key)
        policy = None if told.policy is None else checked_policy(told.policy)
        if told.receipt and key is not None:
            name, data = str(told.receipt), told.receipt.read_bytes()
            report = verify_receipt(name, data, key=key, policy=policy)
        elif told.package:
            with told.package.open("rb") as package:
                report = verify_package(package, key=key, policy=policy)
        else:
            next(told.folder.iterdir(), None)  # raises where there is no folder to look into
            papers = [(f"paper {n}", parse_paper(each)) for n, each in enumerate(told.paper, 1)]
            report = verify(
                Folder(told.folder),
                key=key,
                policy=policy,
                anchors=[
                    *((str(each), each.read_bytes()) for each in told.anchor),
                    *((name, note.text.encode()) for name, note in papers),
                ],
                fresh_at=datetime.now(UTC) if told.fresh else None,
                tell=tell,
            )
    except (OSError, ValueError) as error:
        sys.stderr.write(f"could not run: {shown(str(error))}\n")
        return COULD_NOT_RUN
    sys.stdout.write("\n".join(report.lines()) + "\n")
    return report.code


if __name__ == "__main__":
    sys.exit(main())

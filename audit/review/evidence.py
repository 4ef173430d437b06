"""Evidence packages: chosen entries, each with its proof, in one file that explains itself.

The same entries, proofs and words give the same bytes. The ZIP's hash goes into the log
(OCSF 1008/3) before the file is handed out: the log proves the package, and the package
proves the log. Everything in it stands uncompressed, so that no other version of a
compression library makes another file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from audit import verify
from audit.entry import Entry, Reader
from audit.note import Checkpoint, Note
from audit.proof import receipt
from audit.query import Query
from audit.record import Json, canonical
from audit.review.evidence_about import Found, Purpose, about, asked
from audit.review.evidence_files import line, table, zipped
from audit.review.evidence_page import Wording, as_sealed, page
from audit.review.signed import signoffs
from audit.search import Search
from audit.source import DatabaseSource
from audit.standing import default_policy
from audit.tables_anchors import log_key
from audit.tree import consistency

MOST = 10_000
"""Entries of one package; of more, the newest, and the package says so."""
CHUNK = 200


class NothingSigned(LookupError):
    """No signed checkpoint covers anything yet, or nothing fits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package: its bytes, their SHA-256, and how many entries it holds of how many that fit.

    `what` was asked for: the filters of a search, or `finding=` and its id.
    """

    data: bytes
    what: str
    entries: int
    of: int
    size: int

    @property
    def sha256(self) -> str:
        """The hash that the log keeps."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def name(self) -> str:
        """A file name."""
        return f"hangu-evidence-{self.sha256[:12]}.zip"

    def details(self, purpose: Purpose) -> dict[str, Json]:
        """What the log says of it."""
        return {
            "sha256": self.sha256,
            "entries": self.entries,
            "of": self.of,
            "partial": self.entries < self.of,
            "filter": self.what or "*",
            "size": self.size,
            "why": purpose.why,
            "to": purpose.to,
        }


def make(
    read: Engine,
    query: Query,
    purpose: Purpose,
    *,
    policy: str = "",
    of_finding: Found | None = None,
    most: int = MOST,
    wording: Wording = as_sealed,
    tell: Callable[[int], None] = lambda _done: None,
) -> Package:
    """Make the package of what fits a query, or of a finding's entries.

    Args:
        read: an engine that cannot write.
        query: what is wanted.
        purpose: why, and for whom.
        policy: the office's own trust policy; without one, no witness is named.
        of_finding: its entries instead of what fits; the package says so.
        most: how many entries at most.
        wording: what the readable pages say of entries.
        tell: is told how many entries are done.

    Raises:
        NothingSigned: there is nothing to prove.
    """
    with read.connect() as connection:
        keys = connection.execute(select(log_key)).first()
    if keys is None:
        raise NothingSigned("the log has no key yet")
    policy = policy or default_policy(keys.standing)
    source = DatabaseSource(read, first_key=keys.first_key, policy=policy, witnessed=True)
    if source.note is None:
        raise NothingSigned("no checkpoint")
    entries, of = _chosen(read, query, of_finding, source.size, most)
    if not entries:
        raise NothingSigned("nothing fits")
    note = Note.parse(source.note)
    files: dict[str, bytes] = {
        "checkpoint": source.note,
        "first-key": f"{keys.first_key}\n".encode(),
        "policy": policy.encode(),
        "verify.py": Path(verify.__file__).read_bytes(),
        "custody.jsonl": line(purpose.custody()),
    }
    hashes = source.hashes()
    for done, entry in enumerate(entries, 1):
        carried = {"entry": entry.body.decode("utf-8", "replace"), "standing": keys.standing}
        try:
            made = replace(receipt(hashes, entry.seq, note), extra=canonical(carried))
        except (ValueError, IndexError):
            raise NothingSigned(f"the tiles give no proof of entry {entry.seq}") from None
        files[f"proofs/{entry.seq}.tlog-proof"] = made.encode()
        tell(done)
    with read.connect() as connection:
        files |= _consistency(connection, source)
    root = Checkpoint.parse(note.text).root.hex()
    what = asked(query, of_finding)
    said = about(what, purpose, entries, of, size=source.size, root=root)
    if of_finding is not None:
        said["finding"] = of_finding.manifest()
    files |= _readable(said, entries, purpose, wording)
    listed = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())}
    manifest = json.dumps({**said, "files": listed}, ensure_ascii=False, indent=1, sort_keys=True)
    data = zipped({"manifest.json": manifest.encode(), **dict(sorted(files.items()))})
    return Package(data=data, what=what, entries=len(entries), of=of, size=source.size)


def _chosen(
    read: Engine, query: Query, of: Found | None, size: int, most: int
) -> tuple[list[Entry], int]:
    """The newest `most` entries under the checkpoint, in the order of the log, and how many fit."""
    reader = Reader(read)
    if of is not None:  # those not sealed yet, or pruned, or beyond its numbers are lacking, too
        found = [each for seq in sorted(of.numbers) if (each := reader.one(seq)) is not None]
        kept = [each for each in found if each.seq < size and each.body]
        return kept[-most:], max(of.finding.entries, len(kept))
    search, before = Search(read, reader), size
    entries: list[Entry] = []
    while len(entries) < most:
        got = search.page(query, before=before, limit=min(CHUNK, most - len(entries)))
        entries += [each for each in got.entries if each.body]
        if got.older is None:
            return entries[::-1], len(entries)
        before = got.older
    rest = 0
    while True:
        got = search.page(query, before=before, limit=2000)
        rest += len(got.entries)
        if got.older is None:
            return entries[::-1], len(entries) + rest
        before = got.older


def _readable(
    said: Mapping[str, Json], entries: Sequence[Entry], purpose: Purpose, wording: Wording
) -> dict[str, bytes]:
    head = {name: said[name] for name in ("format", "entries", "of", "partial")}
    return {
        "entries.jsonl": b"".join([line(head), *(each.body + b"\n" for each in entries)]),
        "entries.csv": table(said, entries),
        "page.zh.html": page("zh", said, entries, by=purpose.by, wording=wording),
        "page.en.html": page("en", said, entries, by=purpose.by, wording=wording),
    }


def _consistency(connection: Connection, source: DatabaseSource) -> dict[str, bytes]:
    """The proof that the newest signed-off tree lies within the package's."""
    signed = [each for each in signoffs(connection) if each.size <= source.size]
    if not signed:
        return {}
    last = max(signed, key=lambda each: each.size)
    hashes = source.hashes()
    path = consistency(hashes, last.size, source.size)
    said: dict[str, Json] = {
        "old": last.size,
        "new": source.size,
        "old_root": last.root.hex(),
        "path": [step.hex() for step in path],
        "signoff": str(last.id),
    }
    return {"consistency.json": line(said)}

"""What the search knows of an entry, derived from its body and from nothing else.

The same function fills the index, checks it, and reads a found entry anew before it is shown.
It takes whatever bytes are there: a forged entry must be found, not stop the search.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any
from zlib import crc32

from audit.index_tables import DIGEST
from audit.record import MAX_TEXT

FORM = 1
"""Raised whenever rows would be derived otherwise: an index of another form is made anew."""
BLOCK = 256
"""Entries in a block, as in an entry bundle of the log."""
ADDRESS = "src_ip"
LOGIN = "login"
DIGESTED = (ADDRESS, LOGIN)
"""Personal fields that can be searched for, by their keyed digests."""
MARK = 4
"""Bytes of a mark."""

Blind = Callable[[str, str], bytes]
"""The keyed digest of a personal value: (field, value) to 32 bytes."""

_SPLIT = re.compile(r"[^\W_]+")
_HAN = re.compile(r"([\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNSEEN = ("eid", "c", "v", "cls", "act", "ts")


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRow:
    """The searchable copy of one entry; the columns of `audit_index`.

    `at` is in milliseconds since 1970; `address` and `name` are keyed digests.
    """

    seq: int
    at: int
    event: str
    class_uid: int
    outcome: str
    zone: str
    actor: str
    object: str | None
    unit: str | None
    service: str | None
    session: str | None
    reason: str | None
    policy: str | None
    decision: str | None
    case_ref: str | None
    address: str | None
    name: str | None


COLUMNS = tuple(field.name for field in fields(IndexRow))
_values: Callable[[IndexRow], tuple[Any, ...]] = attrgetter(*COLUMNS)


def values(row: IndexRow) -> dict[str, Any]:
    """The row by column, ready to be stored."""
    return dict(zip(COLUMNS, _values(row), strict=True))


def parsed(body: bytes) -> Mapping[str, Any]:
    """The entry's fields; none if the bytes are no entry at all."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def derive(seq: int, entry: Mapping[str, Any], digests: Mapping[str, str]) -> IndexRow:
    """Return the row of the entry with this number; `digests` by personal field."""
    class_uid = entry.get("cls")
    return IndexRow(
        seq=seq,
        at=_milliseconds(entry.get("ts")),
        event=_text(entry.get("ev")) or "",
        class_uid=class_uid if type(class_uid) is int and 0 <= class_uid < 2**31 else 0,
        outcome=_text(entry.get("out")) or "",
        zone=_text(entry.get("zone")) or "",
        actor=_text(entry.get("sub")) or "",
        object=_text(entry.get("obj")),
        unit=_text(entry.get("unit")),
        service=_text(entry.get("svc")),
        session=_text(entry.get("sid")),
        reason=_text(entry.get("why")),
        policy=_text(entry.get("pv")),
        decision=_text(entry.get("did")),
        case_ref=_text(entry.get("case")),
        address=digests.get(ADDRESS),
        name=digests.get(LOGIN),
    )


def digest(blind: Blind, field: str, value: str) -> str:
    """The keyed digest under which a personal value is searched for, 32 digits."""
    return blind(f"audit.{field}", value).hex()[:DIGEST]


def words(text: str) -> Iterator[str]:
    """The words of a text as the search compares them: letter case and width do not matter.

    Chinese has no spaces: each character and each pair of neighbours counts as a word, so a
    search for `财务处` finds it inside of a longer run.
    """
    for run in _SPLIT.findall(folded(text)):
        for part in _HAN.split(run):
            if not part:
                continue
            if not _HAN.match(part):
                yield part
                continue
            yield from part
            yield from (part[at : at + 2] for at in range(len(part) - 1))


def folded(text: str) -> str:
    """The text in the form in which texts are compared."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text).casefold()


def texts(entry: Mapping[str, Any]) -> Iterator[str]:
    """Every text and number in the entry that a reader may search for."""
    for key, value in entry.items():
        if key not in _UNSEEN:
            yield from _leaves(value)


def marks(entry: Mapping[str, Any], row: IndexRow) -> set[bytes]:
    """The marks of every word of the entry and of its row, digests included."""
    said = {value for value in _values(row) if type(value) is str}
    said.update(texts(entry))
    return set().union(*map(marks_of, said))


@lru_cache(maxsize=1 << 15)
def marks_of(text: str) -> frozenset[bytes]:
    """The marks of a text's words: an entry that holds the text has them all."""
    return frozenset(mark_of(word) for word in words(text))


def mark_of(word: str) -> bytes:
    """Four bytes for a word. Another word with the same mark costs one look in vain, no more."""
    return crc32(word.encode("utf-8", "replace")).to_bytes(MARK, "big")


def joined(found: Iterable[bytes]) -> bytes:
    """A block's marks as they are stored."""
    return b"".join(sorted(found))


def split(stored: bytes) -> set[bytes]:
    """The marks of a stored block."""
    return {stored[at : at + MARK] for at in range(0, len(stored), MARK)}


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each)
    elif type(value) is int:
        yield str(value)


def _text(value: object) -> str | None:
    """A value as a column keeps it; of a text that was too long, the kept beginning."""
    if isinstance(value, dict):
        value = value.get("pre")
    if not isinstance(value, str) or not value:
        return None
    # PostgreSQL keeps no NUL, and neither database keeps half a surrogate pair.
    whole = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\x00", "\ufffd")[:MAX_TEXT]


def _milliseconds(value: object) -> int:
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return 0
    if at.tzinfo is None:
        return 0
    return (at - _EPOCH) // _MILLISECOND


_MILLISECOND = (_EPOCH.replace(microsecond=1000)) - _EPOCH

"""What an evidence package says of itself: why, for whom, by whom, and of what it was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from audit.entry import Entry
from audit.query import Query
from audit.record import Actor, Json
from audit.review import queue, rulebook
from audit.review.finding import Finding

MIN_WHY, MAX_WHY = 5, 500
MAX_TO = 120


class BadPurpose(ValueError):
    """A package says why it leaves (5 to 500 characters) and to whom (1 to 120)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """Why a package is made, for whom, by whom; the beginning of its custody.

    `zone` is the office's time zone by name, `by` the maker's name in words.
    """

    why: str
    to: str
    actor: Actor
    by: str
    zone: str
    now: datetime

    def __post_init__(self) -> None:
        """Raise BadPurpose."""
        for text, least, most in ((self.why, MIN_WHY, MAX_WHY), (self.to, 1, MAX_TO)):
            if not least <= len(text) <= most or not text.isprintable() or text != text.strip():
                raise BadPurpose(text)

    def custody(self) -> Mapping[str, Json]:
        """The first line of who had it."""
        return {
            "at": self.now.isoformat(timespec="seconds"),
            "act": "made",
            "by": self.actor.subject,
            "why": self.why,
            "to": self.to,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A finding that a package is made of: its entries, and its rule's sentence of that time."""

    finding: Finding
    numbers: Sequence[int]
    sentence: str
    sentence_zh: str

    def manifest(self) -> dict[str, Json]:
        """What the manifest says of it."""
        known = self.finding
        return {
            "id": str(known.id),
            "rule": known.rule,
            "rule_version": known.rule_version,
            "title": known.title,
            "title_zh": known.title_zh,
            "sentence": self.sentence,
            "sentence_zh": self.sentence_zh,
        }


def found(connection: Connection, finding: UUID) -> Found:
    """Return a finding as what a package is made of. Raises FindingUnknown."""
    known = queue.one(connection, finding)
    rule = rulebook.as_of(connection, known.rule, known.rule_version)
    return Found(
        finding=known,
        numbers=queue.seqs_of(connection, finding),
        sentence="" if rule is None else rule.description,
        sentence_zh="" if rule is None else rule.description_zh or rule.description,
    )


def asked(query: Query, of: Found | None) -> str:
    """What the package was made of, as one line: the filters, or `finding=` and its id.

    Of a finding it is never empty, for an empty query means the whole log.
    """
    return query.text() if of is None else f"finding={of.finding.id}"


def about(
    what: str, purpose: Purpose, entries: Sequence[Entry], of: int, *, size: int, root: str
) -> dict[str, Json]:
    """The manifest without its list of files; `what` is what was asked for."""
    return {
        "format": "hangu-evidence/1",
        "query": what,
        "time_zone": purpose.zone,
        "made": purpose.now.isoformat(timespec="seconds"),
        "by": purpose.actor.subject,
        "why": purpose.why,
        "to": purpose.to,
        "entries": len(entries),
        "of": of,
        "partial": len(entries) < of,
        "numbers": [each.seq for each in entries],
        "size": size,
        "root": root,
    }

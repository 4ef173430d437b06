"""The entries of findings: nobody hides one by putting it under a finding that is over.

The rules pass by what a finding has. So whoever writes the database could put an entry, as soon
as it is there, under an older finding of the same group that was decided. But a finding stops
growing when it is decided: all that it has was sealed before that was said. (Of a suppressed one
nothing such can be told, for it grows as long as any suppression covers it.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from audit.review.finding import MOST_LINKED
from audit.review.tables import review_finding, review_link


@dataclass(frozen=True, slots=True)
class Misplaced:
    """What is wrong with the entries of a finding, and with which one, if it is one."""

    seq: int | None
    words: str


def misplaced(connection: Connection, over: Mapping[str, int]) -> Iterator[Misplaced]:
    """Every finding whose entries are not those that the rules gave it.

    Args:
        connection: to the log.
        over: of each finding that is decided, the number of the entry that says so.
    """
    finding, link = review_finding.c, review_link.c
    count = select(
        finding.id, finding.entries, func.count(link.seq).label("links"), func.max(link.seq)
    )
    joined = count.join(review_link, link.finding == finding.id, isouter=True)
    for name, entries, links, newest in connection.execute(joined.group_by(finding.id)):
        if links != min(entries, MOST_LINKED):
            yield Misplaced(None, f"finding {name} has {entries} entries, and {links} in its table")
        end = over.get(str(name))
        if end is not None and newest is not None and newest >= end:
            words = f"entry {newest} was put under finding {name} after that was decided"
            yield Misplaced(newest, words)

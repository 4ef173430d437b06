"""Review sign-off: a leaf that says what was looked at, bound to range, root and filter.

`shown` counts entries that pages really rendered to the reviewer, `total` comes from the
bodies under the signed root, never from the index. What the reviewer did in the range is not
reviewed by that: another auditor signs for it, or the security administrator.
"""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, select, update

from audit.ledger import Transaction
from audit.query import Query
from audit.record import Actor, Json
from audit.review import queue
from audit.review.signed import filter_hash, signoffs
from audit.review.stretch import Reviewed, SignoffRefused
from audit.review.tables import review_place, review_shown, review_signoff

MAX_NOTE = 500


def note_shown(
    tx: Transaction, reviewer: str, query: Query, low: int, high: int, *, now: datetime
) -> None:
    """Note that a page rendered everything that fits of `low` <= seq < `high`."""
    column = review_shown.c
    key = {"reviewer": reviewer, "filter_hash": filter_hash(query), "low": low, "high": high}
    connection = tx.session.connection()
    same = [column[name] == value for name, value in key.items()]
    if not connection.execute(update(review_shown).where(*same).values(at=now)).rowcount:
        connection.execute(insert(review_shown).values(**key, at=now))


def sign(
    tx: Transaction, seen: Reviewed, *, note: str, actor: Actor, proof: str, now: datetime
) -> UUID:
    """Sign a stretch off; return the sign-off's id.

    Args:
        tx: the transaction.
        seen: what the stretch holds, read under the root that the page showed.
        note: a remark, up to 500 characters.
        actor: the reviewer.
        proof: how the reviewer just proved who they are, for the leaf.
        now: the present.

    Raises:
        SignoffRefused: `twice`, the reviewer signed all of it under the same filter; `note`.
    """
    note = " ".join(note.split())
    if len(note) > MAX_NOTE:
        raise SignoffRefused("note")
    connection, span = tx.session.connection(), seen.span
    # One sign-off at a time: the rules' place is a row that both databases lock.
    connection.execute(update(review_place).values(next=review_place.c.next))
    if _is_signed(connection, seen):
        raise SignoffRefused("twice")
    made = uuid.uuid4()
    shown, _unread = seen.shown(shown_spans(connection, actor.subject, seen.query))
    found = queue.within(connection, span.low, span.high)
    said: dict[str, Any] = {
        "size": span.size,
        "filter": seen.query.text(),
        "filter_hash": filter_hash(seen.query),
        "shown": shown,
        "total": len(seen.fitting),
        "own": seen.own,
        "reviewer": actor.subject,
        "note": note,
    }
    connection.execute(
        insert(review_signoff).values(
            id=made,
            low=span.low,
            high=span.high,
            first_at=span.first_at,
            last_at=span.last_at,
            root=span.root,
            at=now,
            **said,
        )
    )
    dispositions = Counter(each.disposition or each.state for each in found)
    bounds: dict[str, Json] = {"from": span.low, "to": span.high, "root": span.root.hex()}
    beside: dict[str, Json] = {
        "dispositions": dict(sorted(dispositions.items())),
        "findings": [str(each.id) for each in found[:100]],
        "findings_count": len(found),
        "step_up": proof,
    }
    tx.record(
        "review.signoff",
        actor=actor,
        now=now,
        object=f"signoff:{made}",
        details={**said, **bounds, **beside},
    )
    return made


def second(
    tx: Transaction, signoff: UUID, *, office: str, actor: Actor, proof: str, now: datetime
) -> None:
    """Sign for the acts of the reviewer themselves, as another person.

    `office` is that of the second reviewer: an auditor, or the security administrator.

    Raises:
        SignoffRefused: `same`, it is one's own; `office`; `twice`; `range`, there is none such.
    """
    connection, column = tx.session.connection(), review_signoff.c
    query = select(review_signoff).where(column.id == signoff).with_for_update()
    row = connection.execute(query).first()
    if row is None or all(each.id != signoff for each in signoffs(connection)):
        raise SignoffRefused("range")
    if row.reviewer == actor.subject:
        raise SignoffRefused("same")
    if office not in {"auditor", "security_admin"}:
        raise SignoffRefused("office")
    values = {"second": actor.subject, "second_as": office, "second_at": now}
    done = connection.execute(
        update(review_signoff).where(column.id == signoff, column.second.is_(None)).values(**values)
    )
    if not done.rowcount or not row.own:
        raise SignoffRefused("twice")
    tx.record(
        "review.second",
        actor=actor,
        now=now,
        object=f"signoff:{signoff}",
        details={
            "from": int(row.low),
            "to": int(row.high),
            "reviewer": row.reviewer,
            "own": int(row.own),
            "office": office,
            "step_up": proof,
        },
    )


def shown_spans(connection: Connection, reviewer: str, query: Query) -> list[tuple[int, int]]:
    """Which parts of the log the reviewer's pages rendered under a filter."""
    column = review_shown.c
    found = select(column.low, column.high).where(
        column.reviewer == reviewer, column.filter_hash == filter_hash(query)
    )
    return [(int(row.low), int(row.high)) for row in connection.execute(found)]


def _is_signed(connection: Connection, seen: Reviewed) -> bool:
    span, wanted = seen.span, (seen.reviewer, filter_hash(seen.query))
    return any(
        (each.reviewer, each.filter_hash) == wanted
        and each.low <= span.low
        and each.high >= span.high
        for each in signoffs(connection)
    )

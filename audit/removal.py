"""The going of pruned entries: whole bundles, in transactions that can be killed at any moment."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, Engine, delete, func, select, update

from audit.ledger import Ledger
from audit.pruning import KEPT, Done, done, holding
from audit.tables import audit_event, audit_secret
from audit.tables_anchors import log_pruned
from audit.tiles import WIDTH

BATCH = 19 * WIDTH
"""Entries that go in one transaction, in whole bundles: 4,864 of the 5,000 allowed."""


def remove(
    ledger: Ledger,
    read: Engine,
    *,
    batches: int | None = None,
    forget: Callable[[Connection, int], None] = lambda _connection, _below: None,
    tell: Callable[[int], None] = lambda _done: None,
) -> int:
    """Remove what the sealer has entered and published; return how many entries are left to go.

    It can be killed at any moment and goes on where it was: each transaction removes whole
    bundles and says so in the same commit. It stops before what a hold keeps, even one that was
    placed after the sealer's entry, and goes on when that is lifted.

    Args:
        ledger: the log's; the sealer's entry is the record of what is done here.
        read: an engine that cannot write.
        batches: at most so many transactions.
        forget: drops what copies of the entries (the index) hold below a number.
        tell: told how many entries are done.
    """
    with read.connect() as connection:
        so_far = done(connection)
    start = so_far.done
    while so_far.done < so_far.upto and (batches is None or batches > 0):
        because = "the sealer's entry retention.prune is the record of it"
        with ledger.begin(unaudited_because=because) as tx:
            connection = tx.session.connection()
            end = _free(connection, so_far.done, min(so_far.done + BATCH, so_far.upto))
            if end > so_far.done:
                _remove(connection, so_far.done, end)
                forget(connection, end)
        if end == so_far.done:
            break
        so_far = Done(so_far.upto, end, so_far.at)
        batches = None if batches is None else batches - 1
        tell(end - start)
    return so_far.upto - so_far.done


def _free(connection: Connection, start: int, end: int) -> int:
    """Return up to where, in whole bundles, no hold keeps anything."""
    if (since := holding(connection)) is None:
        return end
    event = audit_event.c
    inside = (event.seq >= start) & (event.seq < end)
    held: int | None = connection.execute(
        select(func.min(event.seq)).where(inside, event.created >= since)
    ).scalar()
    return end if held is None else held // WIDTH * WIDTH


def _remove(connection: Connection, start: int, end: int) -> None:
    event = audit_event.c
    query = select(event.id, event.eid, event.body).where(event.seq >= start, event.seq < end)
    going = [row for row in connection.execute(query) if not any(n in row.body for n in KEPT)]
    for at in range(0, len(going), 500):
        some = going[at : at + 500]
        eids = [row.eid for row in some]
        connection.execute(delete(audit_secret).where(audit_secret.c.eid.in_(eids)))
        connection.execute(delete(audit_event).where(event.id.in_([row.id for row in some])))
    connection.execute(update(log_pruned).where(log_pruned.c.done <= end).values(done=end))

"""A request about the log's keeping, as the table has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, select, update

from audit.tables_anchors import log_request
from gateway.custody.refusals import KeepingOver, KeepingUnknown
from gateway.custody.room import Custody


class Kind(StrEnum):
    """What is asked for."""

    PRUNE = "prune"
    LIFT = "lift"
    ERASE = "erase"


class State(StrEnum):
    """Where a request stands. `entered`: the sealer has put the pruning into the log."""

    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    ENTERED = "entered"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it stands. `terms` hold what the kind needs, e.g. how much would go.

    `proposed_eid` and `decided_eid` name the entries of the log that bear it out.
    """

    id: str
    kind: str
    target: str
    reason: str
    terms: Mapping[str, Any]
    state: str
    proposed_by: str
    proposed_as: str
    proposed_at: datetime
    decided_by: str | None
    decided_as: str | None
    decided_at: datetime | None
    outcome: str
    proposed_eid: str
    decided_eid: str | None


def open_request(connection: Connection, request: str) -> Asked:
    """Return a request that waits for the second officer. Raises KeepingUnknown, KeepingOver."""
    query = select(log_request).where(log_request.c.id == request).with_for_update()
    row = connection.execute(query).mappings().first()
    if row is None:
        raise KeepingUnknown(request)
    asked = Asked(**row)
    if asked.state != State.OPEN:
        raise KeepingOver(request)
    return asked


def settle(
    custody: Custody, request: str, *, before: State, after: State, outcome: str = ""
) -> None:
    """Note what became of a request; what was carried out has entries of its own."""
    with custody.ledger.begin(unaudited_because="what was carried out is on record itself") as tx:
        row = log_request.c
        statement = update(log_request).where(row.id == request, row.state == before)
        tx.session.connection().execute(statement.values(state=after, outcome=outcome))

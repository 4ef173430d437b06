"""The entries that bear a request out. A row alone moves nothing: anybody may have written it.

What the officers did is in the log, each act with the gateway's word (`audit.vouching`), which
nobody gives who merely writes the database. The sealer looks for itself before it lets entries
go (`audit.scrutiny`); here the gateway looks before it erases, and before a second officer is
taken to agree with a first who never proposed anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from audit.accords import OFFICES, REQUEST
from audit.record import leaf_hash
from audit.stored import stored_bytes
from audit.tables import audit_event
from audit.vouching import Vouched
from gateway.custody.asked import Asked
from gateway.custody.refusals import KeepingForged


def require_proposed(connection: Connection, vouched: Vouched, asked: Asked) -> None:
    """Raise KeepingForged unless whom the row names proposed exactly this."""
    said = _said(connection, vouched, asked.proposed_eid, "retention.proposed", asked)
    if (said["sub"], said["d"]["office"]) != (asked.proposed_by, asked.proposed_as):
        raise KeepingForged(asked.id)


def require_approved(connection: Connection, vouched: Vouched, asked: Asked) -> datetime:
    """Return when another officer of the other office agreed, or raise KeepingForged."""
    require_proposed(connection, vouched, asked)
    said = _said(connection, vouched, asked.decided_eid or "", "retention.approved", asked)
    second, office = said["sub"], said["d"]["office"]
    if (second, office) != (asked.decided_by, asked.decided_as) or second == asked.proposed_by:
        raise KeepingForged(asked.id)
    if {office, asked.proposed_as} != OFFICES:
        raise KeepingForged(asked.id)
    return datetime.fromisoformat(said["ts"])


def _said(
    connection: Connection, vouched: Vouched, eid: str, event: str, asked: Asked
) -> Mapping[str, Any]:
    """An entry about this request, its kind, target and terms, for which the word was given."""
    query = select(audit_event.c.body, audit_event.c.vouch).where(audit_event.c.eid == eid)
    row = connection.execute(query).first()
    body = b"" if row is None else stored_bytes(row.body)
    if row is None or not vouched.holds(leaf_hash(body), row.vouch):
        raise KeepingForged(asked.id)
    said: Mapping[str, Any] = json.loads(body)
    about = {"kind": asked.kind, "target": asked.target, "terms": asked.terms}
    is_it = said["ev"] == event and said["obj"] == f"{REQUEST}{asked.id}"
    if not is_it or any(said["d"].get(name) != value for name, value in about.items()):
        raise KeepingForged(asked.id)
    return said

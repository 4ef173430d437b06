"""A service whose acts on records are known, under rules that keep them apart."""

from __future__ import annotations

import json
from typing import Any

from access_world import RULES, World, canonical, service
from sqlalchemy import text

from gateway.access.decide import Verdict
from gateway.access.service import NamedAct, Service

APART = (
    "p, role:staff, *, svc:ledger/**, PUT|DELETE, *, *, 2, *, allow\n"
    "s, record, svc:ledger/docs/**, create|edit, approve\n"
)
CREATE = NamedAct(name="create", methods=frozenset({"PUT"}), path="/docs/{record}")
EDIT = NamedAct(name="edit", methods=frozenset({"POST"}), path="/docs/{record}/text/**")
APPROVE = NamedAct(name="approve", methods=frozenset({"POST"}), path="/docs/{record}/approve")


def opened(world: World, *, duties: str = APART) -> Service:
    """Open a service whose acts are known, under rules that keep them apart."""
    entry = world.open(service(acts=(CREATE, EDIT, APPROVE)))
    world.publish(RULES + duties)
    return entry


def check(world: World, entry: Service, method: str, path: str, *, who: str = "zhang") -> Verdict:
    person = world.current(who)
    return world.access.check(person, entry, canonical(path, method), world.clock)


def entries(world: World) -> list[dict[str, Any]]:
    with world.store.read.connect() as connection:
        rows = connection.execute(text("SELECT body FROM audit_event ORDER BY id"))
        return [json.loads(bytes(row.body)) for row in rows]

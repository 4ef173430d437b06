"""The number that grows with every change a decision could depend on."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from audit.ledger import Transaction
from gateway.identity.statements import insert_if_new
from gateway.identity.tables import Epoch

_ONLY = 1


def bump(tx: Transaction) -> None:
    """Raise the epoch in this transaction: people, units, roles, rules or services change."""
    insert_if_new(tx.session, Epoch, {"id": _ONLY, "value": 0})
    tx.session.execute(update(Epoch).where(Epoch.id == _ONLY).values(value=Epoch.value + 1))


def read(connection: Connection) -> int:
    """Return the epoch; 0 before the first change."""
    return connection.execute(select(Epoch.value).where(Epoch.id == _ONLY)).scalar() or 0

"""How much of what happened, by hour and in all: kept by the indexer for charts and counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

from audit.index_row import IndexRow
from audit.index_tables import audit_hour, audit_total

HOUR = 3_600_000  # milliseconds

Kind: TypeAlias = tuple[str, str, str, str]
"""Event, outcome, service and unit."""
HourKey: TypeAlias = tuple[int, str, str, str, str]
"""An hour since 1970, and a kind."""


def hours(rows: Iterable[IndexRow]) -> dict[HourKey, int]:
    """How many of the rows fall into each hour, by kind."""
    counts: dict[HourKey, int] = {}
    for row in rows:
        key = (row.at // HOUR, row.event, row.outcome, row.service or "", row.unit or "")
        counts[key] = counts.get(key, 0) + 1
    return counts


def totals(counts: Mapping[HourKey, int]) -> dict[Kind, int]:
    """The same without the hours."""
    found: dict[Kind, int] = {}
    for (_hour, event, outcome, service, unit), entries in counts.items():
        kind = (event, outcome, service, unit)
        found[kind] = found.get(kind, 0) + entries
    return found


def count(connection: Connection, rows: Sequence[IndexRow]) -> None:
    """Add the rows to what was counted before."""
    counted = hours(rows)
    _add(connection, audit_hour, counted)
    _add(connection, audit_total, totals(counted))


def _add(
    connection: Connection, table: Table, counted: Mapping[HourKey, int] | Mapping[Kind, int]
) -> None:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table)
    names = table.columns.keys()
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=list(table.primary_key.columns),
            set_={"entries": table.c.entries + statement.excluded.entries},
        ),
        [dict(zip(names, (*key, entries), strict=True)) for key, entries in counted.items()],
    )

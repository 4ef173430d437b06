"""Somebody who can write the database, and has no key."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from identity_world import World
from sqlalchemy import create_engine, text
from sqlalchemy.types import Uuid

from audit.columns import UtcDateTime


class Writer:
    """Raw SQL on a connection of its own, as a database administrator has."""

    def __init__(self, url: str) -> None:
        self.engine = create_engine(url)
        self._dialect = self.engine.dialect

    def run(self, statement: str, **values: object) -> int:
        """Write; return how many rows were met."""
        bound = {name: self._plain(value) for name, value in values.items()}
        with self.engine.begin() as connection:
            return connection.execute(text(statement), bound).rowcount

    def row(self, table: str, where: str, **values: object) -> dict[str, Any]:
        """Copy a row."""
        bound = {name: self._plain(value) for name, value in values.items()}
        with self.engine.begin() as connection:
            found = connection.execute(text(f"SELECT * FROM {table} WHERE {where}"), bound)
            return dict(found.mappings().one())

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Copy a whole table."""
        with self.engine.begin() as connection:
            found = connection.execute(text(f"SELECT * FROM {table}"))
            return [dict(row) for row in found.mappings()]

    def insert(self, table: str, row: dict[str, Any]) -> None:
        """Insert a copy of a row."""
        names, given = ", ".join(row), ", ".join(f":{name}" for name in row)
        with self.engine.begin() as connection:
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({given})"), row)

    def put_back(self, table: str, row: dict[str, Any], key: str) -> None:
        """Overwrite the row of the same key with an older copy of it."""
        given = ", ".join(f"{name} = :{name}" for name in row if name != key)
        with self.engine.begin() as connection:
            connection.execute(text(f"UPDATE {table} SET {given} WHERE {key} = :{key}"), row)

    def _plain(self, value: object) -> object:
        """As the database's own driver wants it."""
        if isinstance(value, UUID):
            process = Uuid().bind_processor(self._dialect)
            return value if process is None else process(value)
        if isinstance(value, datetime) and self._dialect.name == "sqlite":
            naive = UtcDateTime().process_bind_param(value, self._dialect)
            return None if naive is None else naive.isoformat(sep=" ", timespec="microseconds")
        return value


def forged(world: World) -> list[object]:
    """Return what was recorded of forged rows."""
    return [entry["obj"] for entry in world.events() if entry["ev"] == "row.forged"]

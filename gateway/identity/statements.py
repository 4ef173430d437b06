"""Statements that each database spells its own way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import CursorResult, Executable
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from gateway.store.base import Base


def insert_if_new(session: Session, table: type[Base], values: Mapping[str, Any]) -> None:
    """Insert a row unless its key is there already, also when another inserts it meanwhile."""
    if session.get_bind().dialect.name == "sqlite":
        session.execute(sqlite.insert(table).values(values).on_conflict_do_nothing())
    else:
        session.execute(postgresql.insert(table).values(values).on_conflict_do_nothing())


def changed(session: Session, statement: Executable) -> int:
    """Run an UPDATE or DELETE; return how many rows it met."""
    result = session.execute(statement, execution_options={"synchronize_session": False})
    assert isinstance(result, CursorResult)
    return result.rowcount

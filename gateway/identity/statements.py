"""Statements that each database spells its own way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import CursorResult, Executable
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from gateway.store.base import Base


def insert_if_new(session: Session, table: type[Base], values: Mapping[str, Any]) -> bool:
    """Insert a row unless its key is there already, also when another inserts it meanwhile.

    Return whether it was new.
    """
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table).values(values).on_conflict_do_nothing()
    # Of an INSERT, the count of rows is kept only for whoever asks for it.
    return changed(session, statement.execution_options(preserve_rowcount=True)) > 0


def changed(session: Session, statement: Executable) -> int:
    """Run an INSERT, UPDATE or DELETE; return how many rows it met."""
    result = session.execute(statement, execution_options={"synchronize_session": False})
    assert isinstance(result, CursorResult)
    return result.rowcount

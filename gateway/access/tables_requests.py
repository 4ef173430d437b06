"""Requests for access, and what became of them: a granted one is the grant itself."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.store.base import Base
from gateway.vault import SealedText

_OPEN = text("state = 'open'")
_GRANTED = text("state = 'granted'")


class State(StrEnum):
    """Where a request stands. Rows are never deleted."""

    OPEN = "open"
    GRANTED = "granted"
    """In force while its end has not come; the engine looks at the end, not at this word."""
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"


class AccessRequest(Base):
    """One person's wish to use one service until a day, and the answer.

    `rule` is the line of the grant while it is in force, sealed with the row: a line that
    somebody writes or copies behind the program's back does not open, and grants nothing.
    """

    __tablename__ = "access_request"
    __table_args__ = (
        CheckConstraint(
            "state IN ('open', 'granted', 'refused', 'withdrawn', 'ended')", name="state"
        ),
        # A grant without its end, or without who gave it, must not even be storable.
        CheckConstraint(
            "state <> 'granted' OR (given_until IS NOT NULL AND given_from IS NOT NULL"
            " AND decided_by IS NOT NULL AND given_from < given_until)",
            name="grant_whole",
        ),
        Index(
            "uq_access_request_open",
            "person_id",
            "service",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index(
            "uq_access_request_granted",
            "person_id",
            "service",
            unique=True,
            sqlite_where=_GRANTED,
            postgresql_where=_GRANTED,
        ),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    row_version: Mapped[int] = mapped_column()
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    service: Mapped[str] = mapped_column(String(40), index=True)
    writes: Mapped[bool]
    reason_sealed: Mapped[bytes]
    reason = SealedText("reason_sealed")
    asked_at: Mapped[datetime]
    asked_until: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(9), default=State.OPEN, index=True)
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(80))
    answer_sealed: Mapped[bytes]
    answer = SealedText("answer_sealed")
    given_from: Mapped[datetime | None]
    given_until: Mapped[datetime | None]
    rule_sealed: Mapped[bytes]
    rule = SealedText("rule_sealed")
    warned_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(String(80))
    ended_why: Mapped[str | None] = mapped_column(String(16))
    __mapper_args__ = {"version_id_col": row_version, "version_id_generator": False}  # noqa: RUF012 - SQLAlchemy's own form

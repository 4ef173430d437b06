"""The rows of fresh proofs: which act a session was confirmed for, and wrong codes before it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from gateway.store.base import Base

ACT = 200
"""Longest name of an act, characters."""


class FreshProof(Base):
    """A session's newest proof for one act; `failures` counts wrong codes in a row for it."""

    __tablename__ = "fresh_proof"
    session_id: Mapped[UUID] = mapped_column(ForeignKey("session.id"), primary_key=True)
    act: Mapped[str] = mapped_column(String(ACT), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    proved_at: Mapped[datetime | None]
    last_at: Mapped[datetime] = mapped_column(index=True)

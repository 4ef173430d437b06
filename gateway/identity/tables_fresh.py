"""The rows of fresh proofs: what a session was confirmed for, and the tokens it had before."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from gateway.store.base import Base
from gateway.vault.attested import Attested

ACT = 200
"""Longest name of an act, characters."""


class FreshProof(Attested, Base):
    """A session's newest proof for one act; `failures` counts wrong codes in a row for it."""

    __tablename__ = "fresh_proof"
    __attested__ = ("session_id", "act", "proved_at")
    session_id: Mapped[UUID] = mapped_column(ForeignKey("session.id"), primary_key=True)
    act: Mapped[str] = mapped_column(String(ACT), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    proved_at: Mapped[datetime | None]
    last_at: Mapped[datetime] = mapped_column(index=True)


class ReplacedToken(Base):
    """A token that a session had until a fresh proof gave it another.

    It opens nothing. It only tells a tab that asked a moment too early from a stranger.
    """

    __tablename__ = "replaced_token"
    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("session.id"))
    at: Mapped[datetime] = mapped_column(index=True)

"""The rows of the guards: known devices, attempts to sign in, locks and reports about them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from gateway.store.base import Base
from gateway.vault import SealedText, SealedTextOrNone


class Tried(StrEnum):
    """How an attempt to sign in stands."""

    PASSWORD = "wrong_password"  # noqa: S105 - an outcome
    HALF = "half"
    """The password was right; the second factor is still owed, or was never given."""
    CODE = "wrong_code"
    ACCEPTED = "accepted"
    REFUSED = "not_active"
    """The password was right, and the account is shut."""


class Device(Base):
    """A browser in which a person signed in fully. It keeps a budget of its own there.

    Only the SHA-256 of the cookie's token is kept. Each sign-in replaces the token.
    """

    __tablename__ = "device"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    created: Mapped[datetime]
    last_at: Mapped[datetime]
    expires: Mapped[datetime]


class Attempt(Base):
    """One attempt to sign in under a name, as its owner may see it.

    Attempts at names that nobody has are kept like the others for a moment (`person_id`
    NULL), so that they cost the same; housekeeping drops them.
    """

    __tablename__ = "sign_in_attempt"
    __table_args__ = (Index("ix_sign_in_attempt_person", "person_id", "at"),)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    row_version: Mapped[int] = mapped_column()
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(index=True)
    outcome: Mapped[str] = mapped_column(String(16))
    known_device: Mapped[bool]
    amr: Mapped[str] = mapped_column(String(32), default="")
    session_ref: Mapped[str | None] = mapped_column(String(16))
    address_sealed: Mapped[bytes | None]
    address = SealedTextOrNone("address_sealed")
    user_agent_sealed: Mapped[bytes | None]
    user_agent = SealedTextOrNone("user_agent_sealed")
    disowned_at: Mapped[datetime | None]
    __mapper_args__ = {"version_id_col": row_version, "version_id_generator": False}  # noqa: RUF012 - SQLAlchemy's own form


class PersonLock(Base):
    """A person who is shut out until a report is decided. Their state is `disabled` meanwhile."""

    __tablename__ = "person_lock"
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    at: Mapped[datetime]


class Report(Base):
    """「不是我」: a person says that a sign-in was not theirs. A security administrator decides."""

    __tablename__ = "report"
    __table_args__ = (
        CheckConstraint(
            "decision IS NULL OR decision IN ('unlocked', 'enrolment', 'kept')", name="decision"
        ),
        CheckConstraint("(closed_at IS NULL) = (decision IS NULL)", name="closed"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    row_version: Mapped[int] = mapped_column()
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    attempt_id: Mapped[UUID | None] = mapped_column(ForeignKey("sign_in_attempt.id"))
    opened_at: Mapped[datetime]
    locked: Mapped[bool]
    """Whether the account was locked by it; the last living officer's is not."""
    closed_at: Mapped[datetime | None] = mapped_column(index=True)
    closed_by: Mapped[str | None] = mapped_column(String(60))
    """The subject that decided: `person:<uuid>` or `operator:<name>`."""
    decision: Mapped[str | None] = mapped_column(String(16))
    reason_sealed: Mapped[bytes]
    reason = SealedText("reason_sealed")
    __mapper_args__ = {"version_id_col": row_version, "version_id_generator": False}  # noqa: RUF012 - SQLAlchemy's own form

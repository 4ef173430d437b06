"""Sealed accounts for an emergency, and each opening of one from its proposal to its review."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.store.base import Base
from gateway.vault import SealedText
from gateway.vault.attested import Attested

_UNSETTLED = text("settled_at IS NULL")


class SealedAccount(Base):
    """An account without password, code or passkey. It is disabled but while it is open."""

    __tablename__ = "sealed_account"
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    prepared_at: Mapped[datetime]
    prepared_by: Mapped[str] = mapped_column(String(80))


class Opening(Attested, Base):
    """One use of a sealed account: proposed, confirmed, entered once, closed, reviewed.

    An account has at most one that is not settled, so nothing opens it again before review.
    """

    __tablename__ = "break_glass_opening"
    __attested__ = (
        "id",
        "account_id",
        "proposed_by",
        "proposed_at",
        "user_id",
        "minutes",
        "confirmed_by",
        "opened_at",
        "ends_by",
        "token_hash",
        "entered_at",
        "closed_at",
        "reviewed_by",
        "settled_at",
    )
    __table_args__ = (
        CheckConstraint("minutes BETWEEN 15 AND 240", name="minutes"),
        CheckConstraint(
            "opened_at IS NULL OR (confirmed_by IS NOT NULL AND ends_by IS NOT NULL"
            " AND confirmed_by <> proposed_by AND user_id <> proposed_by"
            " AND user_id <> confirmed_by)",
            name="three_people",
        ),
        CheckConstraint(
            "opened_at IS NULL OR settled_at IS NULL"
            " OR (reviewed_by IS NOT NULL AND reviewed_by <> proposed_by"
            " AND reviewed_by <> confirmed_by AND reviewed_by <> user_id)",
            name="reviewed_by_another",
        ),
        Index(
            "uq_break_glass_opening_unsettled",
            "account_id",
            unique=True,
            sqlite_where=_UNSETTLED,
            postgresql_where=_UNSETTLED,
        ),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    row_version: Mapped[int] = mapped_column()
    account_id: Mapped[UUID] = mapped_column(ForeignKey("sealed_account.person_id"), index=True)
    proposed_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    proposed_at: Mapped[datetime]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    minutes: Mapped[int]
    reason_sealed: Mapped[bytes]
    reason = SealedText("reason_sealed")
    confirmed_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    opened_at: Mapped[datetime | None]
    ends_by: Mapped[datetime | None]
    token_hash: Mapped[bytes | None] = mapped_column(unique=True)
    entered_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None] = mapped_column(String(80))
    closed_why: Mapped[str | None] = mapped_column(String(16))
    reviewed_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    finding_sealed: Mapped[bytes]
    finding = SealedText("finding_sealed")
    settled_at: Mapped[datetime | None]
    __mapper_args__ = {"version_id_col": row_version, "version_id_generator": False}  # noqa: RUF012 - SQLAlchemy's own form

    @property
    def case(self) -> str:
        """The mark that everything done under this opening bears in the log."""
        return f"bg-{self.id.hex[:12]}"

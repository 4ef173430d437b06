"""The rows of what two officers decide together, and of rows that somebody forged."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.identity.tables import SLUG
from gateway.store.base import Base
from gateway.vault import SealedText
from gateway.vault.attested import Attested

_OPEN = text("state = 'open'")


class OfficerCase(Attested, Base):
    """A factor reset or an office, opened by one officer and confirmed by another.

    At most one of a kind is open for a person. `row_version` seals the reason; who decided, and
    about what, is bound by the MAC.
    """

    __tablename__ = "officer_case"
    __attested__ = (
        "id",
        "kind",
        "person_id",
        "opened_by",
        "opened_at",
        "lapses_at",
        "role",
        "document",
        "forget_password",
        "state",
        "closed_by",
    )
    __table_args__ = (
        CheckConstraint("kind IN ('reset', 'office')", name="kind"),
        CheckConstraint(
            "state IN ('open', 'confirmed', 'refused', 'withdrawn', 'lapsed')", name="state"
        ),
        CheckConstraint("opened_by <> person_id", name="not_for_oneself"),
        CheckConstraint(
            "state <> 'confirmed' OR (closed_by IS NOT NULL AND closed_by <> opened_by"
            " AND closed_by <> person_id)",
            name="two_officers",
        ),
        CheckConstraint("(kind = 'office') = (role IS NOT NULL)", name="role"),
        CheckConstraint("(kind = 'reset') = (document IS NOT NULL)", name="document"),
        Index(
            "uq_officer_case_open",
            "person_id",
            "kind",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    row_version: Mapped[int] = mapped_column()
    kind: Mapped[str] = mapped_column(String(8))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    opened_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    opened_at: Mapped[datetime] = mapped_column(index=True)
    lapses_at: Mapped[datetime]
    role: Mapped[str | None] = mapped_column(String(SLUG))
    document: Mapped[str | None] = mapped_column(String(16))
    forget_password: Mapped[bool]
    reason_sealed: Mapped[bytes]
    reason = SealedText("reason_sealed")
    state: Mapped[str] = mapped_column(String(10), default="open")
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    __mapper_args__ = {"version_id_col": row_version, "version_id_generator": False}  # noqa: RUF012 - SQLAlchemy's own form


class Forgery(Base):
    """A row that was found not to be this zone's own. Each is told once, until it is mended."""

    __tablename__ = "forgery"
    table_name: Mapped[str] = mapped_column(String(40), primary_key=True)
    row_key: Mapped[str] = mapped_column(String(80), primary_key=True)
    found_at: Mapped[datetime]

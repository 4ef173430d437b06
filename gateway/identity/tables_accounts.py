"""The row of a staff list that waits for its importer's yes."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from gateway.store.base import Base
from gateway.vault import SealedBytes


class StaffDraft(Base):
    """An uploaded staff list, sealed, between its preview and its import; one for each person."""

    __tablename__ = "staff_draft"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    row_version: Mapped[int] = mapped_column()
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    made_at: Mapped[datetime]
    disable_missing: Mapped[bool]
    content_sealed: Mapped[bytes | None]
    content = SealedBytes("content_sealed")
    __mapper_args__ = {"version_id_col": row_version, "version_id_generator": False}  # noqa: RUF012 - SQLAlchemy's own form

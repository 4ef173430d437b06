"""The rows of kept forms: what somebody was about to send when a sign-in came between."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from gateway.store.base import Base
from gateway.vault import SealedBytes


class KeptForm(Base):
    """A form that was not sent. Everything that was in it, and its address, is sealed.

    `browser_hash` is the SHA-256 of the cookie of the browser it came from, `size` the bytes of
    its body. `ended_at` and `ended_why` (sent, discarded, or gave way to a newer one) say that it
    is offered no more.
    """

    __tablename__ = "kept_form"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    row_version: Mapped[int] = mapped_column()
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    service: Mapped[str | None] = mapped_column(String(40))
    browser_hash: Mapped[bytes]
    size: Mapped[int]
    made_at: Mapped[datetime]
    expires: Mapped[datetime] = mapped_column(index=True)
    offered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_why: Mapped[str | None] = mapped_column(String(16))
    content_sealed: Mapped[bytes | None]
    content = SealedBytes("content_sealed")
    __mapper_args__ = {"version_id_col": row_version, "version_id_generator": False}  # noqa: RUF012 - SQLAlchemy's own form

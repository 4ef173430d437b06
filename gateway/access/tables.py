"""The catalogue's only table. Nothing in it is personal: people appear as `person:<uuid>`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from gateway.store.base import Base


class ServiceRow(Base):
    """One internal service behind the gateway."""

    __tablename__ = "service"
    __table_args__ = (
        CheckConstraint("host = lower(host)", name="host_lower"),
        CheckConstraint("classification BETWEEN 0 AND 4", name="classification_range"),
        CheckConstraint("zone IN ('intranet', 'extranet')", name="zone_known"),
        # An approval without its evaluation, or without an end, must not even be storable.
        CheckConstraint(
            "approved_by IS NULL OR (approved_at IS NOT NULL AND evaluated_at IS NOT NULL"
            " AND evaluated_by IS NOT NULL AND valid_until IS NOT NULL)",
            name="approval_whole",
        ),
    )

    slug: Mapped[str] = mapped_column(String(40), primary_key=True)
    zone: Mapped[str] = mapped_column(String(16))
    host: Mapped[str] = mapped_column(String(253), unique=True)
    name_zh: Mapped[str] = mapped_column(String(80))
    name_en: Mapped[str] = mapped_column(String(80))
    about_zh: Mapped[str] = mapped_column(String(400))
    about_en: Mapped[str] = mapped_column(String(400))
    in_charge: Mapped[str] = mapped_column(String(45))
    operator: Mapped[str] = mapped_column(String(45))
    user_units: Mapped[list[str]] = mapped_column(JSON)
    upstream: Mapped[str] = mapped_column(String(300))
    classification: Mapped[int]
    category: Mapped[str] = mapped_column(String(45))
    preserve_host: Mapped[bool]
    headers: Mapped[dict[str, str]] = mapped_column(JSON)
    path_rules: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    acts: Mapped[list[dict[str, Any]]] = mapped_column(JSON, server_default="[]")
    evaluated_at: Mapped[datetime | None]
    evaluated_by: Mapped[str | None] = mapped_column(String(120))
    approved_by: Mapped[str | None] = mapped_column(String(120))
    approved_at: Mapped[datetime | None]
    valid_until: Mapped[datetime | None]
    changed_by: Mapped[str] = mapped_column(String(120))
    row_version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": row_version}  # noqa: RUF012 - SQLAlchemy's own form

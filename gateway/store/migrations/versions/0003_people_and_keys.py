"""People and their keys: officers kept apart, factors, lanes, kept forms, requests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _guards_up()


def downgrade() -> None:
    """Drop the tables."""
    _guards_down()


def _guards_up() -> None:
    op.create_table(
        "device",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_device_person_id_person"),
        sa.PrimaryKeyConstraint("id", name="pk_device"),
        sa.UniqueConstraint("token_hash", name="uq_device_token_hash"),
    )
    op.create_index("ix_device_person_id", "device", ["person_id"])
    op.create_table(
        "sign_in_attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("known_device", sa.Boolean(), nullable=False),
        sa.Column("amr", sa.String(length=32), nullable=False),
        sa.Column("session_ref", sa.String(length=16), nullable=True),
        sa.Column("address_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("user_agent_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("disowned_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_sign_in_attempt_person_id_person"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_sign_in_attempt"),
    )
    op.create_index("ix_sign_in_attempt_person", "sign_in_attempt", ["person_id", "at"])
    op.create_index("ix_sign_in_attempt_at", "sign_in_attempt", ["at"])
    op.create_table(
        "person_lock",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_person_lock_person_id_person"
        ),
        sa.PrimaryKeyConstraint("person_id", name="pk_person_lock"),
    )
    op.create_table(
        "report",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("attempt_id", sa.Uuid(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked", sa.Boolean(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(length=60), nullable=True),
        sa.Column("decision", sa.String(length=16), nullable=True),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "decision IS NULL OR decision IN ('unlocked', 'enrolment', 'kept')",
            name=op.f("ck_report_decision"),
        ),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (decision IS NULL)", name=op.f("ck_report_closed")
        ),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["sign_in_attempt.id"], name="fk_report_attempt_id_sign_in_attempt"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_report_person_id_person"),
        sa.PrimaryKeyConstraint("id", name="pk_report"),
    )
    op.create_index("ix_report_person_id", "report", ["person_id"])
    op.create_index("ix_report_closed_at", "report", ["closed_at"])
    op.add_column(
        "throttle",
        sa.Column("kind", sa.String(length=8), nullable=False, server_default="name"),
    )
    op.add_column("throttle", sa.Column("total", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("throttle", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("pending_sign_in", sa.Column("attempt_id", sa.Uuid(), nullable=True))


def _guards_down() -> None:
    op.drop_column("pending_sign_in", "attempt_id")
    for column in ("closed_at", "total", "kind"):
        op.drop_column("throttle", column)
    for table in ("report", "person_lock", "sign_in_attempt", "device"):
        op.drop_table(table)

"""The log's index and what the review of it leaves behind."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _index_up()


def downgrade() -> None:
    """Drop the tables."""
    _index_down()


_TEXT = sa.String(length=256)
_DIGEST = sa.String(length=32)
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _index_up() -> None:
    op.create_table(
        "audit_index",
        sa.Column("seq", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("event", _TEXT, nullable=False),
        sa.Column("class_uid", sa.Integer(), nullable=False),
        *(sa.Column(name, _TEXT, nullable=False) for name in ("outcome", "zone", "actor")),
        *(
            sa.Column(name, _TEXT, nullable=True)
            for name in (
                *("object", "unit", "service", "session", "reason", "policy"),
                *("decision", "case_ref"),
            )
        ),
        sa.Column("address", _DIGEST, nullable=True),
        sa.Column("name", _DIGEST, nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_audit_index"),
    )
    for column in ("actor", "event"):
        op.create_index(f"ix_audit_index_{column}", "audit_index", [column, "seq"])
    op.create_table(
        "audit_block",
        sa.Column("number", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("marks", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit_block"),
    )
    if op.get_bind().dialect.name == "postgresql":
        # Marks stay beside the row and as they are: they do not compress, and are read in bulk.
        op.execute("ALTER TABLE audit_block SET (toast_tuple_target = 8160)")
        op.execute("ALTER TABLE audit_block ALTER COLUMN marks SET STORAGE EXTERNAL")
    op.create_table(
        "audit_hour",
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        *(
            sa.Column(name, _TEXT, nullable=False)
            for name in ("event", "outcome", "service", "unit")
        ),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            *("hour", "event", "outcome", "service", "unit"), name="pk_audit_hour"
        ),
    )
    op.create_table(
        "audit_index_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("form", sa.Integer(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_audit_index_state_single")),
        sa.CheckConstraint("first <= size", name=op.f("ck_audit_index_state_range")),
        sa.PrimaryKeyConstraint("id", name="pk_audit_index_state"),
    )
    op.create_table(
        "saved_search",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_saved_search"),
    )
    op.create_index("ix_saved_search_owner", "saved_search", ["owner"])


def _index_down() -> None:
    op.drop_table("saved_search")
    for table in ("audit_index_state", "audit_hour", "audit_block", "audit_index"):
        op.drop_table(table)

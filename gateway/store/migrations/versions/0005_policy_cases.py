"""Policy changes as cases; the workers that decide, and how often each rule was used."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.store.demand import DEMANDING_POLICY, demand_of

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _workers_up()
    _beside_up()
    if op.get_bind().dialect.name == "postgresql":
        demand_of(op.execute, DEMANDING_POLICY)


def downgrade() -> None:
    """Drop the tables, and their triggers with them."""
    _beside_down()
    _workers_down()


def _workers_up() -> None:
    # Empty in what is there already: `hangu migrate` signs it, for a migration has no keys.
    op.add_column("policy_version", sa.Column("signature", sa.LargeBinary(64), nullable=True))
    op.create_table(
        "policy_worker",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("node", sa.String(120), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("build_ms", sa.Integer(), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trouble", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_policy_worker"),
    )
    op.create_index("ix_policy_worker_beat_at", "policy_worker", ["beat_at"])
    op.create_table(
        "policy_disagreement",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("worker", sa.String(32), nullable=False),
        sa.Column("version", sa.String(16), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(80), nullable=False),
        sa.Column("closed_why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_policy_disagreement"),
    )
    op.create_index("ix_policy_disagreement_closed_at", "policy_disagreement", ["closed_at"])
    op.create_table(
        "rule_use",
        sa.Column("rule", sa.String(14), nullable=False),
        sa.Column("uses", sa.BigInteger(), nullable=False),
        sa.Column("first_used", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("rule", name="pk_rule_use"),
    )
    op.create_table(
        "rule_use_cursor",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("next_seq", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name="ck_rule_use_cursor_single"),
        sa.PrimaryKeyConstraint("id", name="pk_rule_use_cursor"),
    )


def _workers_down() -> None:
    op.drop_table("rule_use_cursor")
    op.drop_table("rule_use")
    op.drop_index("ix_policy_disagreement_closed_at", "policy_disagreement")
    op.drop_table("policy_disagreement")
    op.drop_index("ix_policy_worker_beat_at", "policy_worker")
    op.drop_table("policy_worker")
    op.drop_column("policy_version", "signature")


def _beside_up() -> None:
    op.create_table(
        "policy_beside",
        sa.Column(
            "seq",
            sa.Integer(),
            sa.ForeignKey("policy_version.seq", name="fk_policy_beside_seq_policy_version"),
            nullable=False,
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", "position", name="pk_policy_beside"),
    )


def _beside_down() -> None:
    op.drop_table("policy_beside")

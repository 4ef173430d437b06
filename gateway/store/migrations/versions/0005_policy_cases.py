"""Policy changes as cases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _beside_up()


def downgrade() -> None:
    """Drop the tables."""
    _beside_down()


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

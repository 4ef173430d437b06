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
    _cases_up()
    _acts_up()
    _campaigns_up()
    if op.get_bind().dialect.name == "postgresql":
        demand_of(op.execute, DEMANDING_POLICY)


def downgrade() -> None:
    """Drop the tables, and their triggers with them."""
    _campaigns_down()
    _acts_down()
    _cases_down()
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


def _cases_up() -> None:
    states = "'draft', 'submitted', 'approved', 'trial', 'confirmed', 'rolled_back', 'withdrawn'"
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "policy_dossier",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("author", sa.String(80), nullable=False),
        sa.Column("base_seq", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("edit", sa.Integer(), nullable=False),
        sa.Column("most_people", sa.Integer(), nullable=False),
        sa.Column("publish_at", moment, nullable=True),
        sa.Column("confirm_minutes", sa.Integer(), nullable=False),
        sa.Column("opened_at", moment, nullable=False),
        sa.Column("changed_at", moment, nullable=False),
        sa.Column("approver", sa.String(80), nullable=False),
        sa.Column("approved_at", moment, nullable=True),
        sa.Column("approval", sa.LargeBinary(64), nullable=True),
        sa.Column("seq", sa.Integer(), nullable=True),
        sa.Column("published_at", moment, nullable=True),
        sa.Column("confirm_by", moment, nullable=True),
        sa.Column("seen_at", moment, nullable=True),
        sa.Column("ended_at", moment, nullable=True),
        sa.Column("ended_why", sa.String(40), nullable=False),
        sa.CheckConstraint(f"state IN ({states})", name="ck_policy_dossier_state"),
        sa.CheckConstraint("edit > 0", name="ck_policy_dossier_edit"),
        sa.CheckConstraint(
            "confirm_minutes BETWEEN 1 AND 1440", name="ck_policy_dossier_confirm_minutes"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_policy_dossier"),
    )
    op.create_index("ix_policy_dossier_state", "policy_dossier", ["state"])
    op.create_table(
        "policy_dossier_step",
        _of_dossier("policy_dossier_step"),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("actor", sa.String(80), nullable=False),
        sa.Column("what", sa.String(24), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("edit", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("dossier", "number", name="pk_policy_dossier_step"),
    )
    op.create_table(
        "policy_examination",
        _of_dossier("policy_examination"),
        sa.Column("edit", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("beat_at", moment, nullable=False),
        sa.Column("trouble", sa.String(80), nullable=False),
        sa.Column("effect", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("dossier", name="pk_policy_examination"),
    )


def _of_dossier(table: str) -> sa.Column[str]:
    key = sa.ForeignKey("policy_dossier.id", name=f"fk_{table}_dossier_policy_dossier")
    return sa.Column("dossier", sa.String(32), key, nullable=False)


def _cases_down() -> None:
    op.drop_table("policy_examination")
    op.drop_table("policy_dossier_step")
    op.drop_index("ix_policy_dossier_state", "policy_dossier")
    op.drop_table("policy_dossier")


def _acts_up() -> None:
    # What a service calls its acts; those that are there already name none.
    op.add_column("service", sa.Column("acts", sa.JSON(), nullable=False, server_default="[]"))
    op.create_table(
        "record_act",
        sa.Column("person", sa.String(80), nullable=False),
        sa.Column("record_hash", sa.String(64), nullable=False),
        sa.Column("act", sa.String(40), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("decision", sa.String(32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("person", "record_hash", "act", name="pk_record_act"),
    )


def _acts_down() -> None:
    op.drop_table("record_act")
    op.drop_column("service", "acts")


def _campaigns_up() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "policy_campaign",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("scope", sa.String(240), nullable=False),
        sa.Column("reviewers", sa.String(16), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("due_at", moment, nullable=False),
        sa.Column("opened_at", moment, nullable=False),
        sa.Column("opened_by", sa.String(80), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("asked", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("beat_at", moment, nullable=False),
        sa.Column("warned_at", moment, nullable=True),
        sa.Column("closed_at", moment, nullable=True),
        sa.Column("closed_by", sa.String(80), nullable=False),
        sa.Column("dossier", sa.String(32), nullable=False),
        sa.CheckConstraint(
            "state IN ('gathering', 'open', 'closed', 'withdrawn')", name="ck_policy_campaign_state"
        ),
        sa.CheckConstraint("days BETWEEN 1 AND 3660", name="ck_policy_campaign_days"),
        sa.PrimaryKeyConstraint("id", name="pk_policy_campaign"),
    )
    op.create_index("ix_policy_campaign_state", "policy_campaign", ["state"])
    key = sa.ForeignKey(
        "policy_campaign.id", name="fk_policy_campaign_row_campaign_policy_campaign"
    )
    op.create_table(
        "policy_campaign_row",
        sa.Column("campaign", sa.String(32), key, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rule", sa.String(14), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("unit", sa.String(45), nullable=False),
        sa.Column("since", moment, nullable=False),
        sa.Column("uses", sa.BigInteger(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("carried", sa.BigInteger(), nullable=False),
        sa.Column("missed", sa.BigInteger(), nullable=False),
        sa.Column("last_used", moment, nullable=True),
        sa.Column("verdict", sa.String(8), nullable=False),
        sa.Column("until", moment, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.String(80), nullable=False),
        sa.Column("decided_at", moment, nullable=True),
        sa.CheckConstraint(
            "verdict IN ('', 'keep', 'shorten', 'remove')", name="ck_policy_campaign_row_verdict"
        ),
        sa.PrimaryKeyConstraint("campaign", "number", name="pk_policy_campaign_row"),
    )


def _campaigns_down() -> None:
    op.drop_table("policy_campaign_row")
    op.drop_index("ix_policy_campaign_state", "policy_campaign")
    op.drop_table("policy_campaign")

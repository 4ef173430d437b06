"""The log's index and what the review of it leaves behind."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.store.demand import demand, no_longer_demand

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MISSING_SQLITE = (
    """CREATE TRIGGER audit_missing_keep BEFORE DELETE ON audit_missing
       BEGIN SELECT RAISE(ABORT, 'what was missed is never forgotten'); END""",
    """CREATE TRIGGER audit_missing_fix BEFORE UPDATE ON audit_missing
       WHEN OLD.seen IS NOT NULL OR NEW.eid != OLD.eid OR NEW.leaf != OLD.leaf
            OR NEW.found != OLD.found
       BEGIN SELECT RAISE(ABORT, 'what was missed never changes'); END""",
)
MISSING_POSTGRESQL = (
    """CREATE FUNCTION audit_missing_guard() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         IF TG_OP = 'UPDATE' AND OLD.seen IS NULL
            AND (NEW.eid, NEW.leaf, NEW.found) = (OLD.eid, OLD.leaf, OLD.found) THEN
           RETURN NEW;
         END IF;
         RAISE EXCEPTION 'what was missed never changes and is never forgotten';
       END $$""",
    """CREATE TRIGGER audit_missing_keep BEFORE UPDATE OR DELETE ON audit_missing
       FOR EACH ROW EXECUTE FUNCTION audit_missing_guard()""",
    """CREATE TRIGGER audit_missing_whole BEFORE TRUNCATE ON audit_missing
       FOR EACH STATEMENT EXECUTE FUNCTION audit_missing_guard()""",
)


def upgrade() -> None:
    """Make the tables."""
    _sealing_up()


def downgrade() -> None:
    """Drop the tables."""
    _sealing_down()


def _sealing_up() -> None:
    op.create_table(
        "audit_missing",
        sa.Column("eid", sa.String(length=32), nullable=False),
        sa.Column("leaf", sa.LargeBinary(length=32), nullable=False),
        sa.Column("found", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_by", sa.String(length=80), nullable=True),
        sa.PrimaryKeyConstraint("eid", name=op.f("pk_audit_missing")),
    )
    on_file = op.get_bind().dialect.name == "sqlite"
    for statement in MISSING_SQLITE if on_file else MISSING_POSTGRESQL:
        op.execute(statement)
    if not on_file:
        demand(op.execute)


def _sealing_down() -> None:
    op.drop_table("audit_missing")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_missing_guard()")
        no_longer_demand(op.execute)

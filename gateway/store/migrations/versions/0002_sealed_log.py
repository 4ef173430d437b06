"""The sealed log: its tiles, checkpoints and state."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = ("log_tile", "log_checkpoint", "log_state")
SQLITE_TRIGGERS = (
    *(
        f"""CREATE TRIGGER {table}_keep BEFORE DELETE ON {table}
            BEGIN SELECT RAISE(ABORT, 'the sealed log is never shortened'); END"""
        for table in TABLES
    ),
    """CREATE TRIGGER log_checkpoint_fix BEFORE UPDATE ON log_checkpoint
       BEGIN SELECT RAISE(ABORT, 'a checkpoint is never changed'); END""",
    """CREATE TRIGGER log_tile_grow BEFORE UPDATE ON log_tile
       WHEN NOT (NEW.level = OLD.level AND NEW.number = OLD.number AND NEW.width > OLD.width
                 AND substr(NEW.hashes, 1, length(OLD.hashes)) = OLD.hashes)
       BEGIN SELECT RAISE(ABORT, 'a tile never changes, it only grows'); END""",
    """CREATE TRIGGER log_state_grow BEFORE UPDATE ON log_state
       WHEN NOT (NEW.id = OLD.id AND (NEW.size > OLD.size
                 OR (NEW.size = OLD.size AND NEW.root = OLD.root)))
       BEGIN SELECT RAISE(ABORT, 'the sealed log never shrinks'); END""",
)
POSTGRESQL_TRIGGERS = (
    """CREATE FUNCTION log_guard() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'log_tile' THEN
           IF (NEW.level, NEW.number) = (OLD.level, OLD.number) AND NEW.width > OLD.width
              AND substring(NEW.hashes from 1 for length(OLD.hashes)) = OLD.hashes THEN
             RETURN NEW;
           END IF;
         ELSIF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'log_state' THEN
           IF NEW.id = OLD.id AND (NEW.size > OLD.size
              OR (NEW.size = OLD.size AND NEW.root = OLD.root)) THEN
             RETURN NEW;
           END IF;
         END IF;
         RAISE EXCEPTION 'the sealed log only grows; it is never changed or shortened';
       END $$""",
    *(
        f"""CREATE TRIGGER {table}_keep BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION log_guard()"""
        for table in TABLES
    ),
    *(
        f"""CREATE TRIGGER {table}_whole BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION log_guard()"""
        for table in TABLES
    ),
)


def upgrade() -> None:
    op.create_table(
        "log_tile",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "number", name=op.f("pk_log_tile")),
    )
    op.create_table(
        "log_checkpoint",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_log_checkpoint")),
    )
    state = op.create_table(
        "log_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("published", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_log_state_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_state")),
    )
    op.bulk_insert(state, [{"id": 1, "size": 0, "root": hashlib.sha256(b"").digest()}])
    for statement in (
        SQLITE_TRIGGERS if op.get_bind().dialect.name == "sqlite" else POSTGRESQL_TRIGGERS
    ):
        op.execute(statement)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION log_guard()")

"""The audit log's tables, with the triggers that keep its entries as they were written."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

audit_event = Table(
    "audit_event",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("eid", String(32), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("leaf", LargeBinary(32), nullable=False),
    Column("seq", BigInteger, nullable=True),
    Column("created", DateTime(timezone=True), nullable=False),
    UniqueConstraint("eid"),
    UniqueConstraint("seq"),
    sqlite_autoincrement=True,  # a deleted row's number must never be given out again
)
Index(
    "ix_audit_event_unsealed",
    audit_event.c.id,
    sqlite_where=text("seq IS NULL"),
    postgresql_where=text("seq IS NULL"),
)

audit_secret = Table(
    "audit_secret",
    metadata,
    Column("eid", String(32), primary_key=True),
    Column("field", String(64), primary_key=True),
    Column("salt", LargeBinary(16), nullable=False),
    Column("value", LargeBinary, nullable=False),
)

# An entry may be numbered once; nothing else about it may change. SQLite has no roles, so
# whoever may write the file may also drop these: they stop mistakes there, and on
# PostgreSQL everybody but the owner.
SQLITE_TRIGGERS = (
    """CREATE TRIGGER audit_event_keep BEFORE DELETE ON audit_event
       BEGIN SELECT RAISE(ABORT, 'audit entries are never deleted'); END""",
    """CREATE TRIGGER audit_event_fix BEFORE UPDATE ON audit_event
       WHEN NOT (OLD.seq IS NULL AND NEW.seq IS NOT NULL AND OLD.id = NEW.id
                 AND OLD.eid = NEW.eid AND OLD.body = NEW.body AND OLD.leaf = NEW.leaf
                 AND OLD.created = NEW.created)
       BEGIN SELECT RAISE(ABORT, 'audit entries are never changed'); END""",
)
POSTGRESQL_TRIGGERS = (
    """CREATE FUNCTION audit_event_guard() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         IF TG_OP = 'UPDATE' AND OLD.seq IS NULL AND NEW.seq IS NOT NULL
            AND (OLD.id, OLD.eid, OLD.body, OLD.leaf, OLD.created)
              = (NEW.id, NEW.eid, NEW.body, NEW.leaf, NEW.created) THEN
           RETURN NEW;
         END IF;
         RAISE EXCEPTION 'audit entries are never changed or deleted';
       END $$""",
    """CREATE TRIGGER audit_event_keep BEFORE UPDATE OR DELETE ON audit_event
       FOR EACH ROW EXECUTE FUNCTION audit_event_guard()""",
    """CREATE TRIGGER audit_event_whole BEFORE TRUNCATE ON audit_event
       FOR EACH STATEMENT EXECUTE FUNCTION audit_event_guard()""",
)

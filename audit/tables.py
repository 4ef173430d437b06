"""The audit log's tables.

The migrations add triggers that keep every entry as it was written: it may be numbered
once (`seq`), nothing else about it may change, and it is never deleted. A tile grows to its
full width and no further; the tree never shrinks.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    func,
    select,
    text,
)

from audit.columns import UtcDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
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
    Column("created", UtcDateTime(), nullable=False),
    Column("vouch", LargeBinary, nullable=True),  # the gateway's word for it: audit.vouching
    UniqueConstraint("eid"),
)
# Each index holds what the other does not, so that a commit writes one of them.
for _name, _column, _unique, _where in (
    ("ix_audit_event_unsealed", audit_event.c.id, False, "seq IS NULL"),
    ("uq_audit_event_seq", audit_event.c.seq, True, "seq IS NOT NULL"),
):
    Index(
        *(_name, _column),
        unique=_unique,
        sqlite_where=text(_where),
        postgresql_where=text(_where),
    )
NUMBERED = select(func.coalesce(func.max(audit_event.c.seq) + 1, 0)).where(
    audit_event.c.seq.is_not(None)  # without this SQLite does not see that the index will do
)
"""How many numbers have been given out."""

audit_secret = Table(
    "audit_secret",
    metadata,
    Column("eid", String(32), primary_key=True),
    Column("field", String(64), primary_key=True),
    Column("salt", LargeBinary(16), nullable=False),
    Column("value", LargeBinary, nullable=False),
    sqlite_with_rowid=False,  # one page to write, not two
)

log_tile = Table(
    "log_tile",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("width", Integer, nullable=False),
    Column("hashes", LargeBinary, nullable=False),
)

log_checkpoint = Table(  # the last checkpoint of every past key epoch
    "log_checkpoint",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("note", LargeBinary, nullable=False),
)

log_state = Table(  # one row, made by the migration; only the sealer writes it
    "log_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary(32), nullable=False),
    Column("note", LargeBinary, nullable=True),
    Column("published", UtcDateTime(), nullable=True),
    CheckConstraint("id = 1", name="single"),
)

audit_alarm = Table(  # what the sealer found that must not be: one row each (audit.alarms)
    "audit_alarm",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("eid", String(32), primary_key=True),
    Column("leaf", LargeBinary(32), nullable=False),
    Column("count", Integer, nullable=False),
    Column("words", String(200), nullable=False),
    Column("found", UtcDateTime(), nullable=False),
    Column("seen", UtcDateTime(), nullable=True),
    Column("seen_by", String(80), nullable=True),
)

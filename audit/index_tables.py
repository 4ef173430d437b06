"""The tables of the search: copies of what the entries say, made anew at any time.

Nothing here is evidence. `audit.index_check` derives every row from the entry it copies and
compares; `audit.indexer` fills the tables behind the sealer and can fill them from nothing.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
)

from audit.record import MAX_TEXT
from audit.tables import metadata

DIGEST = 32
"""Hexadecimal digits of a keyed digest."""

audit_index = Table(
    "audit_index",
    metadata,
    Column(
        "seq",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("at", BigInteger, nullable=False),  # milliseconds since 1970, UTC
    Column("event", String(MAX_TEXT), nullable=False),
    Column("class_uid", Integer, nullable=False),
    Column("outcome", String(MAX_TEXT), nullable=False),
    Column("zone", String(MAX_TEXT), nullable=False),
    Column("actor", String(MAX_TEXT), nullable=False),
    Column("object", String(MAX_TEXT)),
    Column("unit", String(MAX_TEXT)),
    Column("service", String(MAX_TEXT)),
    Column("session", String(MAX_TEXT)),
    Column("reason", String(MAX_TEXT)),
    Column("policy", String(MAX_TEXT)),  # version of the rules
    Column("decision", String(MAX_TEXT)),
    Column("case_ref", String(MAX_TEXT)),  # the emergency or incident it was done under
    Column("address", String(DIGEST)),  # keyed digest of the network address
    Column("name", String(DIGEST)),  # keyed digest of a sign-in name that was typed
)
Index("ix_audit_index_actor", audit_index.c.actor, audit_index.c.seq)
Index("ix_audit_index_event", audit_index.c.event, audit_index.c.seq)

audit_block = Table(  # 256 entries each; which words occur in it, so that others are passed over
    "audit_block",
    metadata,
    Column(
        "number",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("first_at", BigInteger, nullable=False),  # the earliest time in it
    Column("last_at", BigInteger, nullable=False),
    Column("marks", LargeBinary, nullable=False),  # sorted marks of 4 bytes, one a word
)

Index("ix_audit_block_times", audit_block.c.last_at, audit_block.c.first_at)

audit_sieve = Table(  # which blocks may hold a word, 256 at a look (`audit.sieve`)
    "audit_sieve",
    metadata,
    Column(
        "number",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("slices", LargeBinary, nullable=False),
)

audit_hour = Table(  # how much of what happened in each hour, for charts
    "audit_hour",
    metadata,
    Column("hour", Integer, primary_key=True, autoincrement=False),  # hours since 1970, UTC
    Column("event", String(MAX_TEXT), primary_key=True),
    Column("outcome", String(MAX_TEXT), primary_key=True),
    Column("service", String(MAX_TEXT), primary_key=True),
    Column("unit", String(MAX_TEXT), primary_key=True),
    Column("entries", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

audit_total = Table(  # the same of all hours, for counts
    "audit_total",
    metadata,
    Column("event", String(MAX_TEXT), primary_key=True),
    Column("outcome", String(MAX_TEXT), primary_key=True),
    Column("service", String(MAX_TEXT), primary_key=True),
    Column("unit", String(MAX_TEXT), primary_key=True),
    Column("entries", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

audit_index_state = Table(  # one row: the index holds the entries first <= seq < size
    "audit_index_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("form", Integer, nullable=False),  # which derivation made it
    Column("first", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    CheckConstraint("id = 1", name="single"),
    CheckConstraint("first <= size", name="range"),
)

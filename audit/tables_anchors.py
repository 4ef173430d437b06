"""Tables of what anchors the log outside of itself, and of what may leave it.

The migration adds triggers: what was removed only grows, and is never more than the sealer
has entered; holds and requests are never deleted.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from audit.columns import UtcDateTime
from audit.tables import metadata

log_key = Table(  # one row, written by the sealer: the public keys that do not change
    "log_key",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("first_key", String(400), nullable=False),
    Column("standing", String(1000), nullable=False),
    CheckConstraint("id = 1", name="single"),
)

log_cosigned = Table(  # one row: the newest checkpoint with which the witnesses were content
    "log_cosigned",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("note", LargeBinary, nullable=False),
    Column("at", UtcDateTime(), nullable=False),
    CheckConstraint("id = 1", name="single"),
)

log_witness = Table(  # what came of asking each witness last
    "log_witness",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("cosigned_at", UtcDateTime(), nullable=True),
    Column("asked_at", UtcDateTime(), nullable=False),
    Column("problem", Text, nullable=False),
)

log_pruned = Table(  # one row: below `upto` may go, as entry `leaf` says; below `done` is gone
    "log_pruned",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("upto", BigInteger, nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("leaf", BigInteger, nullable=True),
    Column("at", UtcDateTime(), nullable=True),
    CheckConstraint("id = 1", name="single"),
    CheckConstraint("done <= upto", name="not_ahead"),
)

log_hold = Table(  # what a case needs is not pruned: nothing from `since` on
    "log_hold",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("case_ref", String(80), nullable=False),
    Column("reason", Text, nullable=False),
    Column("since", UtcDateTime(), nullable=False),
    Column("placed_by", String(80), nullable=False),
    Column("placed_at", UtcDateTime(), nullable=False),
    Column("lifted_at", UtcDateTime(), nullable=True),
)

log_request = Table(  # what two officers must agree on: prune, lift, erase
    "log_request",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("target", String(80), nullable=False),
    Column("reason", Text, nullable=False),
    Column("terms", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    Column("proposed_by", String(80), nullable=False),
    Column("proposed_as", String(32), nullable=False),
    Column("proposed_at", UtcDateTime(), nullable=False),
    Column("decided_by", String(80), nullable=True),
    Column("decided_as", String(32), nullable=True),
    Column("decided_at", UtcDateTime(), nullable=True),
    Column("outcome", Text, nullable=False),
    Column("proposed_eid", String(32), nullable=False),
    Column("decided_eid", String(32), nullable=True),
    CheckConstraint("kind IN ('prune', 'lift', 'erase')", name="kind"),
)
Index("ix_log_request_state", log_request.c.state)

log_forwarded = Table(  # how far the copy by syslog got; one row
    "log_forwarded",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("next", BigInteger, nullable=False),
    Column("sent", BigInteger, nullable=False),
    Column("lost", BigInteger, nullable=False),
    Column("failures", BigInteger, nullable=False),
    Column("at", UtcDateTime(), nullable=True),
    Column("problem", Text, nullable=False),
    CheckConstraint("id = 1", name="single"),
)

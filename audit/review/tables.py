"""The tables of the review. Rules' versions, notes and sign-offs are only ever added to."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    Uuid,
)

from audit.columns import UtcDateTime
from audit.tables import metadata

review_rule = Table(  # every version of every rule that was edited; the newest counts
    "review_rule",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
    Column("is_on", Boolean, nullable=False),
    Column("why", Text, nullable=False),
    Column("at", UtcDateTime(), nullable=False),
    Column("by", String(80), nullable=False),
    CheckConstraint("version > 0", name="counts"),
)

review_place = Table(  # one row: the rules have looked at every entry below `next`
    "review_place",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("next", BigInteger, nullable=False),
    Column("word", LargeBinary, nullable=True),  # the gateway's, without which it is not believed
    CheckConstraint("id = 1", name="single"),
)

review_finding = Table(
    "review_finding",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("rule", String(40), nullable=False),
    Column("rule_version", Integer, nullable=False),
    Column("title", String(120), nullable=False),
    Column("title_zh", String(120), nullable=False),
    Column("level", String(16), nullable=False),
    Column("key", JSON, nullable=False),
    Column("group_key", String(64), nullable=False),  # digest of the key, to find it by
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("opened_at", UtcDateTime(), nullable=False),
    Column("state", String(16), nullable=False),
    Column("owner", String(80), nullable=True),
    Column("disposition", String(16), nullable=True),
    Column("reason", Text, nullable=False),
    Column("decided_at", UtcDateTime(), nullable=True),
    Column("decided_by", String(80), nullable=True),
    Column("suppressed_by", Uuid, nullable=True),
    Column("version", Integer, nullable=False),
)
Index("ix_review_finding_group", review_finding.c.rule, review_finding.c.group_key)
Index("ix_review_finding_state", review_finding.c.state, review_finding.c.opened_at)

review_link = Table(  # the entries of a finding, up to `findings.MOST_LINKED`
    "review_link",
    metadata,
    Column("finding", Uuid, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
)

review_note = Table(
    "review_note",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("finding", Uuid, nullable=False, index=True),
    Column("at", UtcDateTime(), nullable=False),
    Column("by", String(80), nullable=False),
    Column("text", Text, nullable=False),
)

review_suppression = Table(
    "review_suppression",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("rule", String(40), nullable=False),
    Column("fields", JSON, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", UtcDateTime(), nullable=False),
    Column("by", String(80), nullable=False),
    Column("until", UtcDateTime(), nullable=False),
    Column("ended_at", UtcDateTime(), nullable=True),
)

review_shown = Table(  # which part of the log a reviewer's pages have rendered
    "review_shown",
    metadata,
    Column("reviewer", String(80), primary_key=True),
    Column("filter_hash", String(64), primary_key=True),
    Column("low", BigInteger, primary_key=True, autoincrement=False),
    Column("high", BigInteger, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime(), nullable=False),
)

review_signoff = Table(  # the copy of what the leaf says
    "review_signoff",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("low", BigInteger, nullable=False),
    Column("high", BigInteger, nullable=False),  # the first entry that is not in it
    Column("first_at", UtcDateTime(), nullable=False),
    Column("last_at", UtcDateTime(), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary(32), nullable=False),
    Column("filter", Text, nullable=False),
    Column("filter_hash", String(64), nullable=False),
    Column("shown", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("own", Integer, nullable=False),  # acts of the reviewer in the range
    Column("reviewer", String(80), nullable=False),
    Column("note", Text, nullable=False),
    Column("at", UtcDateTime(), nullable=False),
    Column("second", String(80), nullable=True),
    Column("second_as", String(32), nullable=True),
    Column("second_at", UtcDateTime(), nullable=True),
    CheckConstraint("low < high AND high <= size", name="range"),
    CheckConstraint("shown >= 0 AND shown <= total", name="shown"),
    CheckConstraint("second IS NULL OR second <> reviewer", name="another"),
)
Index("ix_review_signoff_low", review_signoff.c.low)

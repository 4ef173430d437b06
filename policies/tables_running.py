"""The tables of rules at work: who decides by which version, and how often each rule counted.

Unlike the published rules these rows change all the time, and can be made anew from the log.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from audit.columns import UtcDateTime
from policies.tables import metadata

policy_worker: Final = Table(
    "policy_worker",
    metadata,
    Column("id", String(32), primary_key=True),  # made anew at each start
    Column("node", String(120), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("beat_at", UtcDateTime, nullable=False, index=True),
    Column("seq", Integer, nullable=False),  # 0: no version yet
    Column("hash", String(64), nullable=False),
    Column("build_ms", Integer, nullable=False),
    Column("acknowledged_at", UtcDateTime, nullable=True),
    Column("trouble", String(40), nullable=False),  # why it refuses to decide; empty if it decides
)

policy_disagreement: Final = Table(
    "policy_disagreement",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("found_at", UtcDateTime, nullable=False),
    Column("worker", String(32), nullable=False),
    Column("version", String(16), nullable=False),
    Column("evidence", Text, nullable=False),
    Column("closed_at", UtcDateTime, nullable=True, index=True),
    Column("closed_by", String(80), nullable=False),
    Column("closed_why", Text, nullable=False),
)

rule_use: Final = Table(
    "rule_use",
    metadata,
    Column("rule", String(14), primary_key=True),
    Column("uses", BigInteger, nullable=False),
    Column("first_used", UtcDateTime, nullable=False),
    Column("last_used", UtcDateTime, nullable=False),
)

rule_use_cursor: Final = Table(
    "rule_use_cursor",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("next_seq", BigInteger, nullable=False),  # of the first entry that is not counted yet
    CheckConstraint("id = 1", name="single"),
)

# What people did to records of services whose acts are kept apart; the decision names the rest.
record_act: Final = Table(
    "record_act",
    metadata,
    Column("person", String(80), primary_key=True),
    Column("record_hash", String(64), primary_key=True),
    Column("act", String(40), primary_key=True),
    Column("record", Text, nullable=False),
    Column("decision", String(32), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("mac", LargeBinary, nullable=False),  # the gateway's word for the row
)

"""The tables of review campaigns: each campaign, and each rule it asks about."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
)

from audit.columns import UtcDateTime
from policies.tables import metadata
from policies.vocabulary import MAX_VALUE

STATES: Final = ("gathering", "open", "closed", "withdrawn")
VERDICTS: Final = ("", "keep", "shorten", "remove")

policy_campaign: Final = Table(
    "policy_campaign",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("state", String(12), nullable=False, index=True),
    Column("title", String(200), nullable=False),
    Column("scope", String(MAX_VALUE), nullable=False),  # *, svc:<slug> or unit:<slug>
    Column("reviewers", String(16), nullable=False),
    Column("days", Integer, nullable=False),  # of the log that are looked at
    Column("due_at", UtcDateTime, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("opened_by", String(80), nullable=False),
    Column("seq", Integer, nullable=False),  # the version whose rules it asks about
    Column("asked", BigInteger, nullable=False),  # given accesses that were decided again
    Column("done", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("beat_at", UtcDateTime, nullable=False),
    Column("warned_at", UtcDateTime, nullable=True),  # when it was said to be overdue
    Column("closed_at", UtcDateTime, nullable=True),
    Column("closed_by", String(80), nullable=False),
    Column("dossier", String(32), nullable=False),  # the change that came of it; empty if none
    CheckConstraint(f"state IN {STATES!r}", name="state"),
    CheckConstraint("days BETWEEN 1 AND 3660", name="days"),
)

policy_campaign_row: Final = Table(
    "policy_campaign_row",
    metadata,
    Column("campaign", ForeignKey(policy_campaign.c.id), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("rule", String(14), nullable=False),
    Column("line", Text, nullable=False),
    Column("unit", String(45), nullable=False),  # whose service owners decide; empty: an office
    Column("since", UtcDateTime, nullable=False),  # when it was first published
    Column("uses", BigInteger, nullable=False),  # decisions that name it, since the log began
    Column("people", Integer, nullable=False),  # whose they were, in the days that were looked at
    Column("carried", BigInteger, nullable=False),  # given accesses that it would give today
    Column("missed", BigInteger, nullable=False),  # of them, lost without this rule alone
    Column("last_used", UtcDateTime, nullable=True),  # since the log began
    Column("verdict", String(8), nullable=False),
    Column("until", UtcDateTime, nullable=True),  # of a rule that is to be shortened
    Column("reason", Text, nullable=False),
    Column("decided_by", String(80), nullable=False),
    Column("decided_at", UtcDateTime, nullable=True),
    CheckConstraint(f"verdict IN {VERDICTS!r}", name="verdict"),
)

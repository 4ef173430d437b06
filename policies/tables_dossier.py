"""The tables of changes under way: the dossier, each of its steps, and what it would do."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from audit.columns import UtcDateTime
from policies.tables import metadata

STATES: Final = ("draft", "submitted", "approved", "trial", "confirmed", "rolled_back", "withdrawn")

policy_dossier: Final = Table(
    "policy_dossier",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("state", String(12), nullable=False, index=True),
    Column("title", String(200), nullable=False),
    Column("why", Text, nullable=False),
    Column("author", String(80), nullable=False),
    Column("base_seq", Integer, nullable=False),  # the version the draft began from
    Column("text", Text, nullable=False),  # as it was typed, whether it can be read or not
    Column("edit", Integer, nullable=False),  # counts from 1; an older one may not be saved
    Column("most_people", Integer, nullable=False),  # whom the author says to gain at most
    Column("publish_at", UtcDateTime, nullable=True),
    Column("confirm_minutes", Integer, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("approver", String(80), nullable=False),
    Column("approved_at", UtcDateTime, nullable=True),
    # By the zone's key over draft, base and effect: a row alone approves nothing.
    Column("approval", LargeBinary(64), nullable=True),
    Column("seq", Integer, nullable=True),  # of the version it became
    Column("published_at", UtcDateTime, nullable=True),
    Column("confirm_by", UtcDateTime, nullable=True),
    Column("seen_at", UtcDateTime, nullable=True),  # the latest moment the trial has seen
    Column("ended_at", UtcDateTime, nullable=True),
    Column("ended_why", String(40), nullable=False),
    CheckConstraint(f"state IN {STATES!r}", name="state"),
    CheckConstraint("edit > 0", name="edit"),
    CheckConstraint("confirm_minutes BETWEEN 1 AND 1440", name="confirm_minutes"),
)

policy_dossier_step: Final = Table(
    "policy_dossier_step",
    metadata,
    Column("dossier", ForeignKey(policy_dossier.c.id), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String(80), nullable=False),
    Column("what", String(24), nullable=False),
    Column("reason", Text, nullable=False),
    Column("edit", Integer, nullable=False),
    # The draft at a refusal, so that the next reader sees what changed since.
    Column("text", Text, nullable=True),
)

# Made anew at any time; an approval is bound to the hash of what stands here.
policy_examination: Final = Table(
    "policy_examination",
    metadata,
    Column("dossier", ForeignKey(policy_dossier.c.id), primary_key=True),
    Column("edit", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("beat_at", UtcDateTime, nullable=False),
    Column("trouble", String(80), nullable=False),
    Column("effect", Text, nullable=False),  # JSON; empty while it is being made
    Column("hash", String(64), nullable=False),
)

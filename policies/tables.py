"""The tables of published rules. Rows are written once and never changed."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

from audit.columns import UtcDateTime
from policies.rows import CATEGORY_COLUMNS, RULE_COLUMNS
from policies.vocabulary import MAX_VALUE

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

policy_version: Final = Table(
    "policy_version",
    metadata,
    # Counts from 1 without gaps; the largest is in force. The same rules may be published
    # again later (a return to an older state), so the hash does not identify the row.
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("hash", String(64), nullable=False, index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("author", String(80), nullable=False),
    Column("note", Text, nullable=False),
    # By the zone's key over all of the above; absent only in rows from before there were any.
    Column("signature", LargeBinary(64), nullable=True),
    CheckConstraint("seq > 0", name="seq_positive"),
    CheckConstraint("length(hash) = 64", name="hash_length"),
)


def _row_table(name: str, columns: tuple[str, ...]) -> Table:
    """Every value is present: an absent one would shift its neighbours in other readers."""
    return Table(
        name,
        metadata,
        Column("seq", ForeignKey(policy_version.c.seq), primary_key=True, autoincrement=False),
        Column("position", Integer, primary_key=True, autoincrement=False),
        *(Column(column, String(MAX_VALUE), nullable=False) for column in columns),
    )


policy_rule: Final = _row_table("policy_rule", RULE_COLUMNS)
policy_category: Final = _row_table("policy_category", CATEGORY_COLUMNS)

# Tests and separations of duties: they decide nothing, but the version's name covers them.
policy_beside: Final = Table(
    "policy_beside",
    metadata,
    Column("seq", ForeignKey(policy_version.c.seq), primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("line", Text, nullable=False),
)

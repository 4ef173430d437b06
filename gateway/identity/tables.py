"""The rows of this room. Whatever identifies a person is sealed; look-ups go by blind index.

Secrets that people carry (session, step, ticket and enrolment tokens) are stored as their
SHA-256 only. Throttle keys are keyed digests, so that the table names nobody.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.identity import names
from gateway.store.base import Base
from gateway.vault import FoundText, SealedBytes, SealedText, SealedTextOrNone
from gateway.vault.attested import Attested

SLUG = 40
"""Longest slug of a unit, role or service, characters."""

MAX_CLEARANCE = 4

_OFFICER = text("role IN ('auditor', 'security_admin', 'system_admin')")


class State(StrEnum):
    """A person's state. Only the active sign in; nobody is ever deleted."""

    INVITED = "invited"
    ACTIVE = "active"
    DISABLED = "disabled"


class Unit(Base):
    """An organisational unit. Units form a forest at most 8 levels deep."""

    __tablename__ = "unit"
    slug: Mapped[str] = mapped_column(String(SLUG), primary_key=True)
    parent: Mapped[str | None] = mapped_column(ForeignKey("unit.slug"))
    name_zh: Mapped[str] = mapped_column(String(80))
    name_en: Mapped[str] = mapped_column(String(80))


class Person(Base):
    """A natural person who may sign in."""

    __tablename__ = "person"
    __table_args__ = (
        CheckConstraint(f"clearance BETWEEN 0 AND {MAX_CLEARANCE}", name="clearance"),
        CheckConstraint("state IN ('invited', 'active', 'disabled')", name="state"),
        Index("uq_person_staff_index", "staff_index", unique=True),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    row_version: Mapped[int] = mapped_column()
    login_sealed: Mapped[bytes]
    login = SealedText("login_sealed")
    login_index: Mapped[bytes] = mapped_column(unique=True)
    name_sealed: Mapped[bytes]
    name = FoundText("name_sealed", index="name_index", under="person.name", folded=names.folded)
    name_index: Mapped[bytes | None] = mapped_column(index=True)
    staff_sealed: Mapped[bytes | None]
    staff_number = SealedTextOrNone("staff_sealed")
    staff_index: Mapped[bytes | None]
    unit: Mapped[str] = mapped_column(ForeignKey("unit.slug"), index=True)
    state: Mapped[str] = mapped_column(String(8), default=State.INVITED)
    clearance: Mapped[int]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    recovery_turn: Mapped[int] = mapped_column(default=0)
    """Grows with every change of the recovery codes; a set that bears another is an old one."""
    standing_mac: Mapped[bytes | None]
    """Binds state, unit, clearance, turn and roles: see `standing`."""
    __mapper_args__ = {"version_id_col": row_version, "version_id_generator": False}  # noqa: RUF012 - SQLAlchemy's own form


class PersonRole(Base):
    """A role that a person holds in this zone.

    Who holds one of the three officers' roles holds no other role at all: the index refuses a
    second office, and the triggers of the migration any other role beside one.
    """

    __tablename__ = "person_role"
    __table_args__ = (
        Index(
            "uq_person_role_officer",
            "person_id",
            unique=True,
            sqlite_where=_OFFICER,
            postgresql_where=_OFFICER,
        ),
    )
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    role: Mapped[str] = mapped_column(String(SLUG), primary_key=True)
    zone: Mapped[str] = mapped_column(String(8), primary_key=True)


class Password(Base):
    """A person's password hash (PHC text of Argon2id); sealing it is the pepper."""

    __tablename__ = "password"
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    row_version: Mapped[int] = mapped_column()
    hash_sealed: Mapped[bytes]
    hash = SealedText("hash_sealed")
    changed_at: Mapped[datetime]
    __mapper_args__ = {"version_id_col": row_version, "version_id_generator": False}  # noqa: RUF012 - SQLAlchemy's own form


class Totp(Base):
    """A person's one-time-code factor: 20 secret bytes, SHA-1, 30 s, 6 digits (RFC 6238).

    `last_step` is the newest accepted step (Unix time // 30 s). It only grows, so that each
    code is used once (5.2). `failures` counts the wrong codes in a row; at 100 the factor is
    disabled and must be enrolled anew (NIST SP 800-63B-4, 3.2.2).
    """

    __tablename__ = "totp"
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    row_version: Mapped[int] = mapped_column()
    secret_sealed: Mapped[bytes]
    secret = SealedBytes("secret_sealed")
    last_step: Mapped[int] = mapped_column(BigInteger)
    failures: Mapped[int] = mapped_column(default=0)
    confirmed_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    rests_until: Mapped[datetime | None]
    """Of an office's last holder, whom a hundred wrong codes slow down and do not disable."""
    __mapper_args__ = {"version_id_col": row_version, "version_id_generator": False}  # noqa: RUF012 - SQLAlchemy's own form


class Enrolment(Attested, Base):
    """A one-time link to set a password and a code factor, or the factor alone.

    The candidates wait here until the first code proves them: a half-done enrolment
    changes no credential.
    """

    __tablename__ = "enrolment"
    __attested__ = (
        "id",
        "token_hash",
        "person_id",
        "expires",
        "factors_only",
        "used_at",
        "revoked_at",
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    row_version: Mapped[int] = mapped_column()
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    expires: Mapped[datetime]
    factors_only: Mapped[bool] = mapped_column(default=False)
    """The password stays: two officers let the person replace a lost device."""
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    hash_sealed: Mapped[bytes | None]
    hash = SealedTextOrNone("hash_sealed")
    secret_sealed: Mapped[bytes | None]
    secret = SealedBytes("secret_sealed")
    __mapper_args__ = {"version_id_col": row_version, "version_id_generator": False}  # noqa: RUF012 - SQLAlchemy's own form


class PendingSignIn(Base):
    """A sign-in after the right password, before the code.

    `name_lane` (the lane it counts in) and `familiar` are the throttle keys to settle when it
    succeeds, `attempt_id` the attempt to mark.
    """

    __tablename__ = "pending_sign_in"
    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    expires: Mapped[datetime]
    failures: Mapped[int] = mapped_column(default=0)
    name_lane: Mapped[bytes]
    familiar: Mapped[bytes]
    attempt_id: Mapped[UUID | None]


class Session(Attested, Base):
    """A session of a person (service NULL), or a service's child session of one.

    A child lives no longer than its parent; whether either lives is computed when read, from
    `created`, `last_seen` and the limits of the day.
    """

    __tablename__ = "session"
    __attested__ = (
        "id",
        "token_hash",
        "person_id",
        "parent_hash",
        "service",
        "created",
        "amr",
        "strength",
        "ends_by",
        "case_ref",
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    row_version: Mapped[int] = mapped_column()
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    parent_hash: Mapped[bytes | None] = mapped_column(index=True)
    service: Mapped[str | None] = mapped_column(String(SLUG))
    created: Mapped[datetime]
    last_seen: Mapped[datetime]
    amr: Mapped[str] = mapped_column(String(32))
    strength: Mapped[int]
    address_sealed: Mapped[bytes | None]
    address = SealedTextOrNone("address_sealed")
    user_agent_sealed: Mapped[bytes | None]
    user_agent = SealedTextOrNone("user_agent_sealed")
    ended_at: Mapped[datetime | None] = mapped_column(index=True)
    ended_why: Mapped[str | None] = mapped_column(String(16))
    ends_by: Mapped[datetime | None]
    """The latest end, whatever the limits: of a session under an emergency."""
    case_ref: Mapped[str | None] = mapped_column(String(16))
    __mapper_args__ = {"version_id_col": row_version, "version_id_generator": False}  # noqa: RUF012 - SQLAlchemy's own form


class Ticket(Attested, Base):
    """A one-time pass from a session to one service's host, worth a child session."""

    __tablename__ = "ticket"
    __attested__ = ("token_hash", "session_hash", "service", "expires", "used_at")
    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    session_hash: Mapped[bytes]
    service: Mapped[str] = mapped_column(String(SLUG))
    expires: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Throttle(Base):
    """One lane's failures in a row and until when it waits.

    `key` is a keyed digest of the lane's `kind` with the name, device or address. `total`
    counts since the last success, however long ago; at 100 the lane is closed.
    """

    __tablename__ = "throttle"
    key: Mapped[bytes] = mapped_column(primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime]
    blocked_until: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(8), default="name")
    total: Mapped[int] = mapped_column(default=0)
    closed_at: Mapped[datetime | None]


class Familiar(Base):
    """A name and an address that signed in together.

    They keep a lane of their own, which strangers who guess at the name cannot fill.
    """

    __tablename__ = "familiar"
    key: Mapped[bytes] = mapped_column(primary_key=True)
    last_at: Mapped[datetime]


class Epoch(Base):
    """One row: the number that grows with every change of people, units, roles or rules."""

    __tablename__ = "epoch"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    value: Mapped[int] = mapped_column(BigInteger)

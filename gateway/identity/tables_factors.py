"""The rows of the factors beside password and authenticator: passkeys and recovery codes."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gateway.store.base import Base
from gateway.vault import SealedBytes, SealedText
from gateway.vault.attested import Attested

CODES = 10
"""Recovery codes of a set; each bears its number, 0 to 9, in front."""


class Passkey(Base):
    """A person's passkey (WebAuthn level 3). `credential_index` is the blind index of its id.

    The public key is sealed for this row and this person: written over, copied to another row
    or moved to another person it no longer opens (OWASP ASVS 5.0, 6.7.1).
    """

    __tablename__ = "passkey"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    row_version: Mapped[int] = mapped_column()
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), index=True)
    credential_index: Mapped[bytes] = mapped_column(unique=True)
    credential_sealed: Mapped[bytes | None]
    credential = SealedBytes("credential_sealed", label="person_id")
    key_sealed: Mapped[bytes | None]
    key = SealedBytes("key_sealed", label="person_id")
    """The public key in COSE form (RFC 9052)."""
    name_sealed: Mapped[bytes]
    name = SealedText("name_sealed")
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    sign_count: Mapped[int] = mapped_column(BigInteger)
    is_synced: Mapped[bool]
    """Whether the device may copy it to the person's other devices (backup eligible)."""
    is_backed_up: Mapped[bool]
    __mapper_args__ = {"version_id_col": row_version, "version_id_generator": False}  # noqa: RUF012 - SQLAlchemy's own form


class SpentChallenge(Base):
    """A challenge that was answered, kept until it would have expired: it is taken once."""

    __tablename__ = "spent_challenge"
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    expires: Mapped[datetime] = mapped_column(index=True)


class RecoverySet(Attested, Base):
    """A person's recovery codes as a whole. `failures` are the wrong ones in a row.

    Which codes are spent stands here, under the MAC, with the turn of the person's standing:
    a set that was changed, or that is older than the last change, is not believed.
    """

    __tablename__ = "recovery_set"
    __attested__ = ("person_id", "set_id", "made_at", "spent", "used_at", "turn")
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    set_id: Mapped[UUID] = mapped_column(default=uuid4)
    made_at: Mapped[datetime]
    spent: Mapped[int] = mapped_column(default=0)
    """One bit for each code, by its number."""
    used_at: Mapped[datetime | None]
    """When a code was used last."""
    turn: Mapped[int]
    """The person's `recovery_turn` since this row was written last."""
    saved_at: Mapped[datetime | None]
    """When the person showed that they have them."""
    failures: Mapped[int] = mapped_column(default=0)
    disabled_at: Mapped[datetime | None]


class RecoveryCode(Base):
    """One recovery code: the PHC text of its Argon2id hash, sealed for its set."""

    __tablename__ = "recovery_code"
    __table_args__ = (
        UniqueConstraint("person_id", "number", name="uq_recovery_code_person_id"),
        CheckConstraint(f"number BETWEEN 0 AND {CODES - 1}", name="number"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    row_version: Mapped[int] = mapped_column()
    person_id: Mapped[UUID] = mapped_column(ForeignKey("recovery_set.person_id"))
    set_id: Mapped[UUID]
    number: Mapped[int]
    hash_sealed: Mapped[bytes]
    hash = SealedText("hash_sealed", label="set_id")
    __mapper_args__ = {"version_id_col": row_version, "version_id_generator": False}  # noqa: RUF012 - SQLAlchemy's own form


class TotpDraft(Base):
    """The secret of an authenticator that is to take the place of the present one.

    It changes nothing until its first code proves it, and only in the session that asked.
    """

    __tablename__ = "totp_draft"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    row_version: Mapped[int] = mapped_column()
    session_id: Mapped[UUID] = mapped_column(ForeignKey("session.id"), unique=True)
    secret_sealed: Mapped[bytes | None]
    secret = SealedBytes("secret_sealed", label="session_id")
    expires: Mapped[datetime] = mapped_column(index=True)
    __mapper_args__ = {"version_id_col": row_version, "version_id_generator": False}  # noqa: RUF012 - SQLAlchemy's own form

"""Recovery codes: ten, each good once, for the day on which the phone or the key is gone.

A code is its number (0 to 9) and 16 characters of Crockford's base 32: 80 random bits. Only
the Argon2id hash of each is kept, sealed; the number says which hash to try, so that an attempt
costs one. They count as codes do: five wrong ones end a sign-in, a hundred in a row the set.
Source: NIST SP 800-63B-4, 3.1.2; OWASP ASVS 5.0, 6.5.1, 6.5.2 and 6.5.4.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session as OrmSession

from audit.ledger import Transaction
from audit.record import Actor
from gateway.identity import ending, notices, totp, turns
from gateway.identity.integrity import refusing
from gateway.identity.registry import Registry
from gateway.identity.statements import changed
from gateway.identity.tables import Person
from gateway.identity.tables_factors import CODES, RecoveryCode, RecoverySet
from gateway.refusals import Refused
from gateway.vault import Unopenable, attested
from gateway.vault.attested import ForgedRow

LOW = 3
"""So many codes left, or fewer, are worth a reminder."""

AMR = "rc"
"""How a recovery code stands in `amr`; RFC 8176 has no name for it."""

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 16
_SHAPE = re.compile(rf"[0-9][{_ALPHABET}]{{{_LENGTH}}}", re.ASCII)
_BETWEEN = re.compile(r"[\s\u002d\u2010-\u2015\u2212]")
_LIKE = str.maketrans("OIL", "011")
_TYPED = 64


class CodeNotOurs(Refused):
    """This is not one of the recovery codes that were made last."""

    code: ClassVar[str] = "recovery_code_unknown"


@dataclass(frozen=True, slots=True)
class Match:
    """A code that is right: the set that it was made for, and its number."""

    set_id: UUID
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryView:
    """How a person's recovery codes stand; no code can be told from it."""

    made_at: datetime
    saved_at: datetime | None
    left: int
    last_used_at: datetime | None
    disabled_at: datetime | None


def new_codes() -> Sequence[str]:
    """Return ten fresh codes as they are shown: `3-7KQM-2F9R-XW4H-T8ND`."""
    return tuple(_new_code(number) for number in range(CODES))


def clean(typed: str) -> str | None:
    """Return the 17 characters meant; None if what was typed cannot be a recovery code.

    Blanks, hyphens, small and full-width letters are forgiven, and O, I and L read as 0 and 1.
    """
    text = unicodedata.normalize("NFKC", typed[:_TYPED]).upper()
    text = _BETWEEN.sub("", text).translate(_LIKE)
    return text if _SHAPE.fullmatch(text) else None


def make(
    registry: Registry,
    person_id: UUID,
    *,
    actor: Actor,
    now: datetime,
    keep: str | None = None,
) -> Sequence[str]:
    """Replace a person's recovery codes; return the new ones, which are kept nowhere. Raises Busy.

    They count as saved only once the person has entered one (`save`). The person's sessions end
    but the one whose token is `keep`.
    """
    codes = new_codes()
    hashes = [registry.hasher.hash(clean(code) or "") for code in codes]
    with registry.ledger.begin() as tx:
        turns.take(tx.session, person_id)
        replaced = drop_in(tx, person_id)
        whole = RecoverySet(person_id=person_id, made_at=now, turn=_turn_of(tx, person_id))
        tx.session.add(whole)
        tx.session.flush()
        for number, encoded in enumerate(hashes):
            code = RecoveryCode(person_id=person_id, set_id=whole.set_id, number=number)
            code.hash = encoded
            tx.session.add(code)
        tx.record("recovery.made", actor=actor, now=now, object=f"person:{person_id}")
        others = ending.others_of(person_id, keep=ending.digest_or_none(keep))
        ending.end(tx, others, why=ending.Why.FACTOR, actor=actor, now=now)
        if replaced or keep is not None:  # at enrolment the person has just been shown them
            notices.tell(tx, person_id, "recovery_made", now=now)
    return codes


def drop_in(tx: Transaction, person_id: UUID) -> bool:
    """Forget all codes of a person within a transaction; tell whether there were any.

    Those that are put back behind the program's back are of an earlier turn, and worth nothing.
    """
    _next_turn(tx, person_id)
    tx.session.execute(_set_of(person_id)).scalar_one_or_none()
    changed(tx.session, delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
    whole = delete(RecoverySet).where(RecoverySet.person_id == person_id)
    return changed(tx.session, whole) > 0


@refusing(CodeNotOurs)
def save(registry: Registry, person_id: UUID, typed: str, *, actor: Actor, now: datetime) -> None:
    """Take one of the codes as the sign that they are saved. It is not used up by this.

    Raises:
        CodeNotOurs, Busy.
    """
    if matching(registry, person_id, typed) is None:
        raise CodeNotOurs
    with registry.ledger.begin() as tx:
        turns.take(tx.session, person_id)
        row = tx.session.execute(_set_of(person_id)).scalar_one_or_none()
        if row is None:
            raise CodeNotOurs
        row.saved_at = row.saved_at or now
        tx.record("recovery.saved", actor=actor, now=now, object=f"person:{person_id}")


def matching(registry: Registry, person_id: UUID, typed: str) -> Match | None:
    """Return which code was typed, used or not; None if it is none of theirs.

    Not to be called within a transaction: it computes a hash, and the same one for a code that
    there is and one that there is not. Raises Busy; ForgedRow: the code was not made for the
    set that its row names.
    """
    text = clean(typed)
    number = int(text[0]) if text else 0
    one = select(RecoveryCode).where(
        RecoveryCode.person_id == person_id, RecoveryCode.number == number
    )
    with registry.store.reading() as session:
        row = session.execute(one).scalar_one_or_none()
        encoded = registry.hasher.decoy if row is None else _hash_of(row)
        match = None if row is None else Match(row.set_id, number)
    right = registry.hasher.verify(encoded, text or "")
    return match if text and right else None


def _hash_of(row: RecoveryCode) -> str:
    try:
        return row.hash
    except Unopenable:
        raise ForgedRow(RecoveryCode.__tablename__, str(row.id)) from None


def fault(
    registry: Registry, tx: Transaction, person_id: UUID, match: Match | None, *, now: datetime
) -> str | None:
    """Return why a code does not count; None once it is spent.

    `match` is what `matching` found. The caller records and counts (`count`, `used`).

    Raises:
        ForgedRow: this zone did not write the set, or has written a newer one of it or of the
            person, as far as this process remembers.
    """
    whole = tx.session.execute(_set_of(person_id)).scalar_one_or_none()
    if whole is None or whole.disabled_at is not None:
        return "factor_disabled"
    person = tx.session.get_one(Person, person_id)
    is_older = registry.seen.is_past(person_id, person.row_version)
    if is_older or not attested.fits(whole) or whole.turn != person.recovery_turn:
        raise ForgedRow(RecoverySet.__tablename__, f"{person_id}/{whole.set_id}")
    if match is None:
        return "wrong_code"
    if match.set_id != whole.set_id or whole.spent >> match.number & 1:
        return "replayed_code"
    whole.spent |= 1 << match.number
    whole.used_at = now
    whole.turn = _next_turn(tx, person_id)
    whole.failures = 0
    whole.saved_at = whole.saved_at or now  # whoever enters one has them
    return None


def count(tx: Transaction, person_id: UUID, cause: str, *, actor: Actor, now: datetime) -> None:
    """Count a guess against the set; the hundredth in a row disables it."""
    whole = tx.session.execute(_set_of(person_id)).scalar_one_or_none()
    if whole is None or cause not in {"wrong_code", "replayed_code"}:
        return
    whole.failures += 1
    if whole.failures >= totp.MAX_FAILURES and whole.disabled_at is None:
        whole.disabled_at = now
        tx.record("factor.disabled", actor=actor, now=now, object=f"person:{person_id}")


def used(tx: Transaction, person_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Put on record that a code was used, and tell the person how many are left."""
    left = _left_of(tx.session.get_one(RecoverySet, person_id))
    subject = f"person:{person_id}"
    tx.record("recovery.used", actor=actor, now=now, object=subject, details={"left": left})
    notices.tell(tx, person_id, "recovery_used", now=now, left=str(left))


def view(session: OrmSession, person_id: UUID) -> RecoveryView | None:
    """Return how the codes of a person stand; None if there never were any."""
    row = session.get(RecoverySet, person_id)
    if row is None:
        return None
    return RecoveryView(
        made_at=row.made_at,
        saved_at=row.saved_at,
        left=_left_of(row),
        last_used_at=row.used_at,
        disabled_at=row.disabled_at,
    )


def _new_code(number: int) -> str:
    text = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    groups = [text[at : at + 4] for at in range(0, _LENGTH, 4)]
    return "-".join([str(number), *groups])


def _set_of(person_id: UUID) -> Select[RecoverySet]:
    return select(RecoverySet).where(RecoverySet.person_id == person_id).with_for_update()


def _left_of(whole: RecoverySet) -> int:
    return CODES - whole.spent.bit_count()


def _turn_of(tx: Transaction, person_id: UUID) -> int:
    return tx.session.get_one(Person, person_id).recovery_turn


def _next_turn(tx: Transaction, person_id: UUID) -> int:
    """Give the person's standing another turn: sets of an earlier one are worth nothing."""
    person = tx.session.get_one(Person, person_id)
    person.recovery_turn += 1
    return person.recovery_turn

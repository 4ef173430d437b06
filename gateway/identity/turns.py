"""Whose turn it is: what touches a person's sessions and factors comes one after the other.

The person's row is locked first, before the step, the session, the authenticator, the recovery
codes or a passkey. Else a sign-in that ends the browser's last session and a confirmation in
that very session could wait for each other for ever.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session as OrmSession

from gateway.identity.tables import Person


def take(session: OrmSession, person_id: UUID) -> None:
    """Lock a person's row until the transaction ends.

    Whoever only refers to the person is not kept waiting (PostgreSQL: FOR NO KEY UPDATE).
    """
    own = select(Person.id).where(Person.id == person_id)
    session.execute(own.with_for_update(key_share=True)).all()

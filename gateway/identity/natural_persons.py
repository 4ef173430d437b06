"""Which accounts may belong to one natural person, whom four eyes count once.

A staff number belongs to one account alone, so two accounts with different numbers are two
people. Without one, a name that occurs twice counts as one person: width, case and spaces tell
nobody apart. Accounts that are shut count as well; what was done with them was done.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session as OrmSession

from gateway.identity.tables import Person
from gateway.vault.columns import reseal


def several(session: OrmSession) -> Sequence[frozenset[str]]:
    """Return the sets of two accounts and more, as subjects (`person:…`), that may be one's."""
    alike = (
        select(Person.name_index)
        .group_by(Person.name_index)
        .having(func.count() > 1, func.count() > func.count(Person.staff_index))
    )
    rows = session.execute(select(Person.id, Person.name_index).where(Person.name_index.in_(alike)))
    found: defaultdict[bytes | None, set[str]] = defaultdict(set)
    for person_id, index in rows:
        found[index].add(_subject(person_id))
    return sorted(map(frozenset, found.values()), key=min)


def held(session: OrmSession, person_id: UUID) -> frozenset[str]:
    """Hold a natural person's accounts until the commit; return them all, as subjects.

    Two transactions that hold one of them follow one another; others' are not held up.
    """
    index = select(Person.name_index).where(Person.id == person_id).scalar_subquery()
    namesakes = (
        select(Person.id, Person.staff_index)
        .where((Person.name_index == index) | (Person.id == person_id))
        .order_by(Person.id)  # or two who begin at different ends would wait for each other
        .with_for_update(key_share=True)
    )
    rows = session.execute(namesakes).all()
    if all(row.staff_index for row in rows):
        return frozenset({_subject(person_id)})
    return frozenset(_subject(row.id) for row in rows)


def index_all(session: OrmSession) -> None:
    """Have everybody found by name, in a database that knew no such index."""
    for person in session.scalars(select(Person).where(Person.name_index.is_(None))):
        reseal(person)


def _subject(person_id: UUID) -> str:
    return f"person:{person_id}"

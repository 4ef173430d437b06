"""Whose hands a record went through: what a request does to one, and whether this person may.

A service names its acts (`[[acts]]` in its file), the rules name those that are kept apart
(`s, record, …`): who did one side to a record is refused the other, whatever the rules allow.
"""

from __future__ import annotations

from datetime import datetime

from audit.ledger import Transaction
from gateway.access.canonical import Canonical, policy_object
from gateway.access.identity_headers import Person
from gateway.access.service import Service
from gateway.identity import natural_persons
from gateway.identity.standing import vault_of
from policies.acts import Act, Barred, alike
from policies.acts_kept import KeptActs
from policies.duties import Duty
from policies.vocabulary import WRITES


def acts(
    person: Person, service: Service, canonical: Canonical, duties: tuple[Duty, ...]
) -> tuple[Act, ...]:
    """Return what a request does to which records, by the service's names and by its method.

    The method counts, with the whole path as the record, only where a duty speaks of methods.
    """
    parts = alike(policy_object(service.slug, canonical)).split("/")
    places = ((each.name, each.place(canonical.method, canonical.path)) for each in service.acts)
    found = [
        Act(person.subject, name, "/".join(parts[: place + 1]))
        for name, place in places
        if place is not None
    ]
    method = canonical.method
    if method in WRITES and any(method in side for duty in duties for side in duty.sides):
        found.append(Act(person.subject, method, "/".join(parts)))
    return tuple(found)


def take(
    tx: Transaction,
    person: Person,
    wanted: tuple[Act, ...],
    duties: tuple[Duty, ...],
    *,
    decision: str,
    now: datetime,
) -> Barred | None:
    """Write down what a person does, or return what bars it. One request of a person at a time.

    A natural person answers for all his or her accounts. The lock is their rows: requests of
    others are not held up. SQLite has one writer.
    """
    accounts = natural_persons.held(tx.session, person.person_id)
    kept = KeptActs(tx.session, vault_of(tx.session).mac)
    return kept.take(wanted, duties, decision=decision, now=now, accounts=accounts)

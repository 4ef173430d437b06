"""What a change is held against: the office's people, services, rules in force and its log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.access.catalogue import Catalogue
from gateway.access.labelling import CatalogueLabels
from gateway.identity import epoch, natural_persons, people, units
from gateway.identity.memberships import memberships
from gateway.identity.people import PersonView
from gateway.identity.registry import Registry
from gateway.identity.tables import State, Totp
from gateway.identity.tables_factors import Passkey
from policies import baseline, versions
from policies.change import replay
from policies.change.benefit import Administration
from policies.change.validate import Known
from policies.dossier.examining import Around
from policies.memberships import Memberships
from policies.pairs import parts
from policies.rules import RuleSet
from policies.vocabulary import OFFICERS

DAYS = 30
"""How many days of the log are asked again."""
CODE, PASSKEY = 2, 3
"""Strengths of a sign-in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The parts of a zone that changes of its rules need."""

    registry: Registry
    catalogue: Catalogue
    networks: frozenset[str]
    """The classes of networks that requests can come from."""

    @property
    def zone(self) -> str:
        """The zone's name."""
        return self.registry.zone


def known(room: Room, *, everybody: Sequence[PersonView] | None = None) -> Known:
    """Return what there is in the office, as rules name it."""
    found = people.all_people(room.registry) if everybody is None else everybody
    levels = {each.subject: each.clearance for each in found}
    with room.registry.store.reading() as session:
        members = memberships(session)
    return Known(
        units=frozenset(f"unit:{each.slug}" for each in units.tree(room.registry)),
        people=frozenset(each.subject for each in found if each.state == State.ACTIVE),
        services=CatalogueLabels(room.catalogue.all()).services,
        memberships=members,
        clearance=lambda person: levels.get(person, 0),
    )


def around(
    room: Room,
    *,
    now: datetime,
    days: int = DAYS,
    asks_log: bool = True,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Around:
    """Return everything a draft is held against; without the log for a quick second look."""
    everybody = people.all_people(room.registry)
    there = known(room, everybody=everybody)
    with room.registry.store.reading() as session:
        rules = versions.current(session) or RuleSet()
        same = natural_persons.several(session)
    able = strengths(room)
    read, since = room.registry.store.read, now - timedelta(days=days)
    return Around(
        zone=room.zone,
        rules=rules,
        memberships=there.memberships or Memberships(),
        known=there,
        labels=CatalogueLabels(room.catalogue.all()),
        clearance=there.clearance,
        able=lambda person: able.get(person, 0),
        networks=room.networks,
        same=same,
        may=Administration(services=None, pages=common_pages(rules)),
        bodies=(lambda: replay.bodies(read, since=since)) if asks_log else tuple,
        entries=replay.entries(read, since=since) if asks_log else 0,
        days=days,
        progress=progress,
    )


def strengths(room: Room) -> dict[str, int]:
    """Return the strongest sign-in each person who may sign in at all can make now."""
    with room.registry.store.reading() as session:
        codes, keys = _factors(session)
    active = {each.id for each in people.all_people(room.registry) if each.state == State.ACTIVE}
    return {f"person:{each}": PASSKEY if each in keys else CODE for each in active & (codes | keys)}


@dataclass(frozen=True, slots=True)
class Moment:
    """What differs as soon as a change would be held against something else.

    The epoch grows with people, units, roles, services and rules. Factors stand beside it: who
    has a code to sign in with, and who a passkey.
    """

    epoch: int
    factors: tuple[frozenset[UUID], frozenset[UUID]]

    @property
    def following(self) -> Moment:
        """The moment after one move of the epoch and nothing else."""
        return replace(self, epoch=self.epoch + 1)


def moment(session: Session) -> Moment:
    """Return how things stand."""
    return Moment(epoch.read(session.connection()), _factors(session))


def _factors(session: Session) -> tuple[frozenset[UUID], frozenset[UUID]]:
    """Return who has a code and who a passkey to sign in with."""
    # What too many wrong codes disabled opens nothing until it is enrolled anew.
    codes = session.scalars(select(Totp.person_id).where(Totp.disabled_at.is_(None)))
    return frozenset(codes), frozenset(session.scalars(select(Passkey.person_id)))


def common_pages(rules: RuleSet) -> frozenset[str]:
    """Return the pages that are not an officer's alone: only these a change may give.

    Which office holds which page is what keeps the three officers apart (三员分立); it comes
    with the release, and no security administrator draws it anew.
    """
    allows = [rule for rule in (*baseline.load().rules, *rules.rules) if rule.allows]
    pages = {rule.obj for rule in allows if rule.obj.startswith("app:")}
    officers = {rule.obj for rule in allows if parts(rule.sub)[-1] in OFFICERS}
    others = {rule.obj for rule in baseline.load().rules if parts(rule.sub)[-1] not in OFFICERS}
    return frozenset(pages - (officers - others))

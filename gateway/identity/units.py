"""The organisational units: a forest of at most 8 levels, in which nothing is its own parent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session as OrmSession

from audit.record import Actor
from gateway.identity import epoch, names
from gateway.identity.apart import kept_apart
from gateway.identity.registry import Registry
from gateway.identity.tables import Person, Unit
from gateway.refusals import Refused
from policies.vocabulary import is_unit

MAX_DEPTH = 8


class UnitSlugRefused(Refused):
    """A unit's slug is 1 to 40 of `a-z0-9-`, not beginning with a hyphen."""

    code: ClassVar[str] = "unit_slug_not_allowed"


class UnitExists(Refused):
    """There is a unit of that slug."""

    code: ClassVar[str] = "unit_exists"


class UnitUnknown(Refused):
    """There is no unit of that slug."""

    code: ClassVar[str] = "unit_unknown"


class UnitCircle(Refused):
    """The unit would stand above itself."""

    code: ClassVar[str] = "unit_circle"


class UnitTooDeep(Refused):
    """The tree would have more than 8 levels."""

    code: ClassVar[str] = "unit_too_deep"


class UnitInhabited(Refused):
    """There are people in the unit, perhaps disabled ones: move them first."""

    code: ClassVar[str] = "unit_inhabited"


class UnitHasUnits(Refused):
    """There are units below it: move or close them first."""

    code: ClassVar[str] = "unit_has_units"


class UnitNamed(Refused):
    """Services or rules name the unit: change them first."""

    code: ClassVar[str] = "unit_named"


@dataclass(frozen=True, slots=True)
class UnitView:
    """A unit and its level in the tree, 1 at the top."""

    slug: str
    parent: str | None
    name_zh: str
    name_en: str
    level: int


def create(
    registry: Registry,
    *,
    slug: str,
    parent: str | None,
    name_zh: str,
    name_en: str,
    actor: Actor,
    now: datetime,
) -> None:
    """Add a unit. Raises UnitSlugRefused, NameRefused, UnitExists, UnitUnknown, UnitTooDeep."""
    if not is_unit(f"unit:{slug}"):
        raise UnitSlugRefused(slug)
    unit = Unit(
        slug=slug, parent=parent, name_zh=names.checked(name_zh), name_en=names.checked(name_en)
    )
    with registry.ledger.begin() as tx:
        parents = _parents(tx.session)
        if slug in parents:
            raise UnitExists(slug)
        _check({**parents, slug: parent}, slug)
        tx.session.add(unit)
        epoch.bump(tx)
        tx.record(
            "unit.created",
            actor=actor,
            now=now,
            object=f"unit:{slug}",
            details={"parent": parent, "name_zh": unit.name_zh, "name_en": unit.name_en},
        )


def rename(
    registry: Registry, slug: str, *, name_zh: str, name_en: str, actor: Actor, now: datetime
) -> None:
    """Give a unit other names; its slug stays. Raises NameRefused, UnitUnknown."""
    new = {"name_zh": names.checked(name_zh), "name_en": names.checked(name_en)}
    with registry.ledger.begin() as tx:
        unit = _locked(tx.session, slug)
        old = {"was_zh": unit.name_zh, "was_en": unit.name_en}
        unit.name_zh, unit.name_en = new["name_zh"], new["name_en"]
        epoch.bump(tx)
        details = {**old, **new}
        tx.record("unit.changed", actor=actor, now=now, object=f"unit:{slug}", details=details)


def move(registry: Registry, slug: str, *, parent: str | None, actor: Actor, now: datetime) -> None:
    """Hang a unit with all below it elsewhere. Raises UnitUnknown, UnitCircle, UnitTooDeep.

    DutiesUnited as well, if somebody would hold by it what is kept apart.
    """
    with registry.ledger.begin() as tx:
        parents = _parents(tx.session)
        unit = _locked(tx.session, slug)
        proposed = {**parents, slug: parent}
        for each in proposed:
            _check(proposed, each)
        details = {"parent": parent, "was": unit.parent}
        with kept_apart(tx, now=now):
            unit.parent = parent
            epoch.bump(tx)
        tx.record("unit.changed", actor=actor, now=now, object=f"unit:{slug}", details=details)


def close(
    registry: Registry, slug: str, *, named_by: Sequence[str] = (), actor: Actor, now: datetime
) -> None:
    """Take a unit away in which nobody is and below which nothing hangs.

    `named_by` are the services and rules that name it, for this room knows of neither: a later
    unit of the same slug would inherit what they grant.

    Raises:
        UnitUnknown, UnitInhabited, UnitHasUnits, UnitNamed.
    """
    if named_by:
        raise UnitNamed(", ".join(named_by))
    with registry.ledger.begin() as tx:
        below = sorted(each for each, above in _parents(tx.session).items() if above == slug)
        unit = _locked(tx.session, slug)
        if below:
            raise UnitHasUnits(", ".join(below))
        count = select(func.count()).select_from(Person).where(Person.unit == slug)
        if inside := tx.session.execute(count).scalar_one():
            raise UnitInhabited(str(inside))
        tx.session.delete(unit)
        epoch.bump(tx)
        tx.record(
            "unit.closed",
            actor=actor,
            now=now,
            object=f"unit:{slug}",
            details={"parent": unit.parent, "name_zh": unit.name_zh, "name_en": unit.name_en},
        )


def tree(registry: Registry) -> Sequence[UnitView]:
    """Return all units, each after its parent, siblings by slug."""
    with registry.store.reading() as session:
        return tree_in(session)


def tree_in(session: OrmSession) -> Sequence[UnitView]:
    """As `tree`, within a session."""
    units = session.execute(select(Unit).order_by(Unit.slug)).scalars().all()
    below: dict[str | None, list[Unit]] = {}
    for unit in units:
        below.setdefault(unit.parent, []).append(unit)
    found: list[UnitView] = []
    _walk(below, None, 1, found)
    return found


def _walk(
    below: Mapping[str | None, Sequence[Unit]],
    parent: str | None,
    level: int,
    found: list[UnitView],
) -> None:
    for unit in below.get(parent, ()):
        found.append(UnitView(unit.slug, unit.parent, unit.name_zh, unit.name_en, level))
        _walk(below, unit.slug, level + 1, found)


def _parents(session: OrmSession) -> dict[str, str | None]:
    """Return every unit's parent, all locked: two moves at once could close a circle."""
    statement = select(Unit.slug, Unit.parent).order_by(Unit.slug).with_for_update()
    return {row.slug: row.parent for row in session.execute(statement)}


def _locked(session: OrmSession, slug: str) -> Unit:
    unit = session.get(Unit, slug, with_for_update=True)
    if unit is None:
        raise UnitUnknown(slug)
    return unit


def _check(parents: Mapping[str, str | None], slug: str) -> None:
    """Walk from a unit to the top of its tree."""
    above = [slug]
    while (parent := parents[above[-1]]) is not None:
        if parent not in parents:
            raise UnitUnknown(parent)
        if parent in above:
            raise UnitCircle(slug)
        above.append(parent)
    if len(above) > MAX_DEPTH:
        raise UnitTooDeep(slug)

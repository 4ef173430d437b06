"""The desk's units, from the identity room: the tree and its changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.access import unit_uses
from gateway.access.catalogue import Catalogue
from gateway.identity import units
from gateway.identity.registry import Registry
from gateway.identity.roll import Roll
from gateway.identity.tables import State
from gateway.identity.units import UnitView
from gateway.web.desk_values import SignedIn, Visit
from gateway.web.front_people import actor_of


@dataclass(frozen=True, kw_only=True)
class TreeFront:
    """Fulfils the units of `gateway.web.desk_accounts.AccountsDesk`."""

    registry: Registry
    catalogue: Catalogue
    roll: Roll = field(repr=False)

    def unit_tree(self) -> Sequence[UnitView]:
        """All."""
        return units.tree(self.registry)

    def unit_people(self) -> Mapping[str, int]:
        """Those who are not disabled."""
        there = (each for each in self.roll.entries() if each.state != State.DISABLED)
        return Counter(each.unit for each in there)

    def create_unit(
        self,
        person: SignedIn,
        slug: str,
        *,
        parent: str | None,
        name_zh: str,
        name_en: str,
        visit: Visit,
    ) -> None:
        """Add."""
        units.create(
            self.registry,
            slug=slug,
            parent=parent,
            name_zh=name_zh,
            name_en=name_en,
            actor=actor_of(person, visit),
            now=visit.now,
        )

    def rename_unit(
        self, person: SignedIn, slug: str, *, name_zh: str, name_en: str, visit: Visit
    ) -> None:
        """Rename."""
        actor = actor_of(person, visit)
        units.rename(
            self.registry, slug, name_zh=name_zh, name_en=name_en, actor=actor, now=visit.now
        )

    def move_unit(self, person: SignedIn, slug: str, *, parent: str | None, visit: Visit) -> None:
        """Move."""
        units.move(self.registry, slug, parent=parent, actor=actor_of(person, visit), now=visit.now)

    def close_unit(self, person: SignedIn, slug: str, *, visit: Visit) -> None:
        """Close."""
        named = unit_uses.named_by(self.registry.store, self.catalogue, slug)
        actor = actor_of(person, visit)
        units.close(self.registry, slug, named_by=named, actor=actor, now=visit.now)

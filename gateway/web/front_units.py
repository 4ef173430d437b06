"""Names of units by their slug, read once for each epoch of the zone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.identity import units
from gateway.identity.registry import Registry
from gateway.identity.units import UnitView
from gateway.web.i18n import either


@dataclass(frozen=True, slots=True)
class _Known:
    epoch: int
    by_slug: Mapping[str, UnitView]


class UnitNames:
    """The units' names. Safe for many threads: a new reading replaces the old by assignment."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._known = _Known(-1, {})

    def name(self, unit: str, *, epoch: int | None = None) -> str:
        """The name of `unit:<slug>`, or of a bare slug, in the reader's language.

        `epoch` is the zone's, if the caller has read it. Without it the last reading serves:
        on such pages a unit that was just renamed may for a moment bear its old name.
        """
        slug = unit.removeprefix("unit:")
        found = self._at(epoch, slug).get(slug)
        return slug if found is None else either(found.name_zh, found.name_en)

    def _at(self, epoch: int | None, slug: str) -> Mapping[str, UnitView]:
        known = self._known
        if known.epoch < (epoch or 0) or slug not in known.by_slug:
            by_slug = {each.slug: each for each in units.tree(self._registry)}
            self._known = known = _Known(epoch or known.epoch, by_slug)
        return known.by_slug

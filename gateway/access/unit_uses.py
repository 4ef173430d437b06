"""Who else speaks of a unit: services and rules, which closing it would leave dangling."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.access.catalogue import Catalogue
from gateway.store.engines import Store
from policies import versions
from policies.pairs import parts
from policies.rules import RuleSet


def named_by(store: Store, catalogue: Catalogue, slug: str) -> Sequence[str]:
    """Return the services (`svc:…`) that name a unit, and `rules` if rules in force do."""
    unit = f"unit:{slug}"
    found = [
        f"svc:{each.slug}"
        for each in catalogue.all()
        if unit in {each.in_charge, each.operator, *each.user_units}
    ]
    with store.reading() as session:
        rules = versions.current(session) or RuleSet()
    return [*found, *(["rules"] if any(unit in parts(rule.sub) for rule in rules.rules) else [])]

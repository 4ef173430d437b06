"""Our own way of giving pycasbin its rows: as lists, never as text.

Adapters that join values by commas and split them again turn one grant into another
(reference notes, defects 1, 2, 4 and 16). Rows come here checked and go in as they are; who
counts as a pair (`policies.pairs`) goes in as one of its members.
"""

from __future__ import annotations

from casbin import persist
from casbin.model import Model

from policies import pairs
from policies.memberships import Memberships
from policies.rules import RuleSet


class RowsAdapter(persist.Adapter):  # type: ignore[misc] # pycasbin has no types
    """Loads one rule set and one set of memberships, and can do nothing else."""

    def __init__(self, rules: RuleSet, memberships: Memberships) -> None:
        both = pairs.rows({rule.sub for rule in rules.rules}, memberships)
        self._rows: dict[str, list[list[str]]] = {
            "p": [list(rule.columns) for rule in rules.rules],
            "g": [list(row) for row in sorted({*memberships.roles, *both})],
            "g2": [list(row) for row in sorted(set(memberships.units))],
            "g3": [list(row) for row in rules.categories],
        }

    def load_policy(self, model: Model) -> None:
        """Put every row into the model; a row of another length than its kind is refused."""
        for kind, rows in self._rows.items():
            assertion = model[kind[0]][kind]
            for row in rows:
                if len(row) != len(assertion.tokens):
                    raise ValueError(f"a {kind} row of {len(row)} columns")
            assertion.policy.extend(rows)

"""One rule: its nine columns in canonical form, and the id its content gives it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter

from policies.problems import refuse
from policies.rows import RULE_COLUMNS, canonical, rule_faults

_COLUMNS: Callable[[object], tuple[str, ...]] = attrgetter(*RULE_COLUMNS)
_ID_DIGITS = 12  # 48 bits: two of 100,000 rules share an id once in 50,000 such sets


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """One rule: who, where, what, how, under which conditions, and to what effect.

    The columns are those of `model.conf`; `*` in a column means any. Bar-joined lists are
    brought into order. `id` is made from the content, so that it outlives every other
    change to the set: `r-` and the first 12 hexadecimal digits of the line's SHA-256.

    Raises:
        RuleProblems: a column does not say anything the model knows.
    """

    sub: str
    zone: str
    obj: str
    act: str
    cls: str
    net: str
    auth: str
    win: str
    eft: str
    id: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        given = self.columns
        refuse(rule_faults(given))
        for name, value in zip(RULE_COLUMNS, canonical(given), strict=True):
            object.__setattr__(self, name, value)
        digest = hashlib.sha256(self.line.encode()).hexdigest()
        object.__setattr__(self, "id", f"r-{digest[:_ID_DIGITS]}")

    @property
    def columns(self) -> tuple[str, ...]:
        """The nine values, in the model's order."""
        return _COLUMNS(self)

    @property
    def line(self) -> str:
        """The rule as a line of the canonical text, without its end."""
        return "p, " + ", ".join(_COLUMNS(self))

    @property
    def allows(self) -> bool:
        """Whether this rule gives access; if not, it takes access away."""
        return self.eft == "allow"

    def is_about(self, service: str) -> bool:
        """Whether it speaks of one service, by its slug, or of a place in it."""
        return self.obj.startswith(f"svc:{service}/")

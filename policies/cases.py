"""Test cases that live among the rules: what must be allowed, denied, or ask for more.

    t, allow, unit:finance|role:clerk, intranet, svc:ledger/, cat:none, GET, 1, 1, lan, 2, *

A case speaks of one person, or of somebody who holds exactly the roles and units named: people
come and go, and the case stays true. `*` for the time is the moment of the test.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final

from policies.functions import LATEST
from policies.rows import Check, Fault, column_faults, one_of, pairing_faults
from policies.vocabulary import (
    ACTIONS,
    ANY,
    LEVELS,
    NETWORKS,
    STRENGTHS,
    ZONES,
    is_category,
    is_page,
    is_person,
    is_role,
    is_service_object,
    is_unit,
    tokens,
)

EXPECTED: Final = frozenset({"allow", "deny", "step_up"})
CASE_COLUMNS: Final = (
    *("expect", "sub", "zone", "obj", "cat", "act", "cls", "clr", "net", "auth", "now"),
)
_COLUMNS: Callable[[object], tuple[str, ...]] = attrgetter(*CASE_COLUMNS)
_ID_DIGITS: Final = 12
_MAX_TIME_DIGITS: Final = 12


@dataclass(frozen=True, slots=True, order=True)
class Case:
    """One test of the rules. The columns are checked by `case_faults` before it is made.

    `id` is `t-` and the first 12 hexadecimal digits of the line's SHA-256.
    """

    expect: str
    sub: str
    zone: str
    obj: str
    cat: str
    act: str
    cls: str
    clr: str
    net: str
    auth: str
    now: str
    id: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sub", "|".join(sorted(set(tokens(self.sub)))))
        digest = hashlib.sha256(self.line.encode()).hexdigest()
        object.__setattr__(self, "id", f"t-{digest[:_ID_DIGITS]}")

    @property
    def columns(self) -> tuple[str, ...]:
        """The eleven values, in the order of the text."""
        return _COLUMNS(self)

    @property
    def line(self) -> str:
        """The case as a line of the canonical text, without its end."""
        return ", ".join(("t", *self.columns))


def case_faults(columns: Sequence[str]) -> list[Fault]:
    """Return everything that is wrong with the columns of a test case."""
    found = column_faults("t", _CHECKS, columns)
    if found:
        return found
    # The pairing is looked at as in a rule, two columns of which stand before these two.
    return [
        Fault(each.what, each.fix, CASE_COLUMNS.index("act"))
        for each in pairing_faults(columns[3], columns[5])
    ]


def _is_somebody(value: str) -> bool:
    parts = tokens(value)
    return is_person(value) or all(is_role(part) or is_unit(part) for part in parts)


def _is_time(value: str) -> bool:
    return value == ANY or (
        value.isdigit() and len(value) <= _MAX_TIME_DIGITS and int(value) <= LATEST
    )


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))


_LEVELS = frozenset(map(str, LEVELS))
_STRENGTHS = frozenset(map(str, STRENGTHS))
_CHECKS: Final[dict[str, Check]] = {
    "expect": (one_of(EXPECTED), f"write one of {_listed(EXPECTED)}"),
    "sub": (_is_somebody, "write person:<uuid>, or role:<name> and unit:<name> joined by |"),
    "zone": (one_of(ZONES), f"write one of {_listed(ZONES)}"),
    "obj": (
        lambda value: is_service_object(value) or is_page(value),
        "write one place: svc:<service>/<path> or app:<permission>, no **",
    ),
    "cat": (is_category, "write cat:<name>, or cat:none"),
    "act": (one_of(ACTIONS), f"write one of {_listed(ACTIONS)}"),
    "cls": (one_of(_LEVELS), f"write the service's level, one of {_listed(_LEVELS)}"),
    "clr": (one_of(_LEVELS), f"write the person's clearance, one of {_listed(_LEVELS)}"),
    "net": (one_of(NETWORKS), f"write one of {_listed(NETWORKS)}"),
    "auth": (one_of(_STRENGTHS), f"write the sign-in's strength, one of {_listed(_STRENGTHS)}"),
    "now": (_is_time, "write * for the moment of the test, or seconds since 1970 UTC"),
}

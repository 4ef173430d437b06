"""Duties that one person may not unite, as rows among the rules.

    s, held, *, role:auditor, role:security_admin|role:system_admin
    s, record, svc:vouchers/items/**, POST|PUT, approve

The first: nobody may hold one of either side at the same time, in whatever zones; sides name
roles, units and pages of the gateway (`app:`), by what a person may do in the end. The second:
who did an act of one side to a record may not do one of the other side to the same record.
Acts are actions, or names of recorded events such as `person.invited`; the scope says which
records, `*` all.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final

from policies.rows import Check, Fault, column_faults, one_of
from policies.vocabulary import (
    ACTIONS,
    ANY,
    is_page,
    is_role,
    is_service_pattern,
    is_unit,
    tokens,
)

HELD: Final = "held"
RECORD: Final = "record"
DUTY_COLUMNS: Final = ("way", "scope", "one", "other")
_COLUMNS: Callable[[object], tuple[str, ...]] = attrgetter(*DUTY_COLUMNS)
_ID_DIGITS: Final = 12
_ACT = re.compile(r"[a-z]+(?:_[a-z]+)*(?:\.[a-z]+(?:_[a-z]+)*)?", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Duty:
    """Two sides no one person may unite. Checked by `duty_faults` before it is made."""

    way: str
    scope: str
    one: str
    other: str
    id: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        sides = sorted("|".join(sorted(set(tokens(side)))) for side in (self.one, self.other))
        for name, side in zip(("one", "other"), sides, strict=True):
            object.__setattr__(self, name, side)
        digest = hashlib.sha256(self.line.encode()).hexdigest()
        object.__setattr__(self, "id", f"s-{digest[:_ID_DIGITS]}")

    @property
    def columns(self) -> tuple[str, ...]:
        """The four values, in the order of the text."""
        return _COLUMNS(self)

    @property
    def line(self) -> str:
        """The duty as a line of the canonical text, without its end."""
        return ", ".join(("s", *self.columns))

    @property
    def sides(self) -> tuple[frozenset[str], frozenset[str]]:
        """What stands on either side."""
        return frozenset(tokens(self.one)), frozenset(tokens(self.other))


def duty_faults(columns: Sequence[str]) -> list[Fault]:
    """Return everything that is wrong with the columns of a row of duties."""
    found = column_faults("s", _CHECKS, columns)
    if found:
        return found
    way, scope, *sides = columns
    is_good, fix = _SIDES[way]
    found = [
        Fault(f"{name} is {side!r}", fix, place)
        for place, (name, side) in enumerate(zip(DUTY_COLUMNS, columns, strict=True))
        if name in ("one", "other") and not all(map(is_good, tokens(side)))
    ]
    if way == HELD and scope != ANY:
        found.append(Fault(f"scope is {scope!r}", "write * : what is held, is held anywhere", 1))
    both = set(tokens(sides[0])) & set(tokens(sides[1]))
    if both:
        what = f"{', '.join(sorted(both))} on both sides"
        found.append(Fault(what, "nobody could ever do it; put it on one side", 3))
    return found


def is_act_name(text: str) -> bool:
    """Tell whether a service may call one of its acts so: `sign_off`, and no action's own name."""
    return text not in ACTIONS and _ACT.fullmatch(text) is not None and "." not in text


def is_act(text: str) -> bool:
    """Tell whether `text` can name an act: an action, or a recorded event."""
    return text in ACTIONS or _ACT.fullmatch(text) is not None


def _is_holding(text: str) -> bool:
    return is_role(text) or is_unit(text) or is_page(text)


_SIDES: Final[dict[str, Check]] = {
    HELD: (_is_holding, "write role:<name>, unit:<name> or app:<permission>, joined by |"),
    RECORD: (is_act, "write actions or names of events, joined by |"),
}
_ANYTHING: Final[Check] = (bool, "write something")
_CHECKS: Final[dict[str, Check]] = {
    "way": (one_of(frozenset(_SIDES)), f"write {HELD} or {RECORD}"),
    "scope": (
        lambda value: value == ANY or is_service_pattern(value),
        "write *, or the records' place as svc:<service>/<path>/**",
    ),
    "one": _ANYTHING,
    "other": _ANYTHING,
}

"""A made-up office of any size to measure engines by: zones, paths, units, roles, denies.

Not random noise: services have the places services have, each with its own roles; units form
a tree; most people work with a handful of services. What grows with the rules is the number
of services, units and people, as in a growing office; a single service does not get denser.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from policies.decision import Request
from policies.memberships import Memberships
from policies.rules import Rule, RuleSet

RULES_A_SERVICE = 36
RULES_A_CATEGORY = 100
NOON = 1_780_000_000
"""The time of every request; windows lie around it."""

_PLACES = (
    "",
    "**",
    "admin/**",
    "api/v1/items/**",
    "api/v1/items/open",
    "budget/2026/q1/**",
    "forms/**",
    "forms/new",
    "records/**",
    "records/personal/**",
    "records/personal/export",
    "reports/2026/**",
)
_OFFICES = ("reader", "clerk", "head")
_ZONES = ("intranet", "intranet", "intranet", "extranet", "*")
_ACTIONS = ("GET|HEAD", "GET|HEAD", "GET|HEAD|POST", "GET|HEAD|POST|PUT", "*", "export|read")
_LEVELS = ("*", "*", "*", "0|1", "0|1|2")
_NETWORKS = ("*", "*", "*", "lan|vpn", "government|lan")
_STRENGTHS = ("*", "*", "*", "2", "2", "3")
_WINDOWS = ("*",) * 8 + (
    f"0~{NOON + 86_400}",
    f"0~{NOON - 86_400}|{NOON - 60}~{NOON + 60}",
    "week:1-5@08:30-12:00+08:00|week:1-5@13:30-17:30+08:00",
    "week:1-6@00:00-24:00+08:00",
)
_EFFECTS = ("allow",) * 8 + ("deny",)


@dataclass(frozen=True)
class Office:
    """Rules, people, and what they ask for."""

    rules: RuleSet
    memberships: Memberships
    services_of: dict[str, tuple[int, ...]]

    @property
    def services(self) -> int:
        """How many services there are; they are called s0, s1 and so on."""
        return _services(len(self.rules.rules))

    def requests(self, count: int, *, seed: int = 1) -> list[Request]:
        """Return what people ask: three quarters of it from services they work with."""
        luck = Random(seed)  # noqa: S311 - a made-up office, no secret
        people = sorted(self.services_of)
        return [self._request(luck, luck.choice(people)) for _ in range(count)]

    def _request(self, luck: Random, person: str) -> Request:
        is_own = luck.random() < 0.75  # noqa: PLR2004 - as the docstring says
        service = luck.choice(self.services_of[person]) if is_own else luck.randrange(self.services)
        place = luck.choice(_PLACES).replace("**", f"page-{luck.randrange(100)}")
        return Request(
            subject=person,
            zone=luck.choice(("intranet", "intranet", "intranet", "extranet")),
            object=f"svc:s{service}/{place}",
            action=luck.choice(("GET", "GET", "GET", "HEAD", "POST", "read")),
            strength=luck.choice((1, 2, 2, 2, 3)),
            now=NOON,
            category=f"cat:data-{service % len(self.rules.categories)}",
            classification=service % 3,
            clearance=luck.choice((1, 2, 2, 3)),
            network=luck.choice(("lan", "lan", "lan", "vpn", "internet")),
        )


def office(rules: int, *, seed: int = 1) -> Office:
    """Return an office with exactly this many rules; the same one for the same seed."""
    luck = Random(seed)  # noqa: S311 - a made-up office, no secret
    services = _services(rules)
    units = max(8, rules // 25)
    data = range(max(2, rules // RULES_A_CATEGORY))
    categories = tuple((f"cat:data-{number}", f"cat:area-{number // 2}") for number in data)
    people = [f"person:00000000-0000-4000-8000-{number:012x}" for number in range(rules // 5 + 20)]
    works_with = {
        person: tuple(luck.randrange(services) for _ in range(luck.randint(1, 5)))
        for person in people
    }
    rows: dict[tuple[str, ...], None] = {}
    while len(rows) < rules:
        service = luck.randrange(services)
        is_by_category = luck.random() < 0.03  # noqa: PLR2004 - a few in a hundred
        obj = f"svc:s{service}/{luck.choice(_PLACES)}"
        if is_by_category:
            obj = luck.choice(luck.choice(categories))
        rows[_row(luck, _subject(luck, service, units, people), obj)] = None
    return Office(
        rules=RuleSet(tuple(Rule(*row) for row in rows), categories),
        memberships=Memberships(
            roles=tuple(_roles(luck, works_with, services)),
            units=(
                *((f"unit:u{child}", f"unit:u{(child - 1) // 6}") for child in range(1, units)),
                *((person, f"unit:u{luck.randrange(units)}") for person in people),
            ),
        ),
        services_of=works_with,
    )


def _services(rules: int) -> int:
    return max(3, rules // RULES_A_SERVICE)


def _subject(luck: Random, service: int, units: int, people: list[str]) -> str:
    kinds = (
        f"role:s{service}-{luck.choice(_OFFICES)}",
        f"unit:u{luck.randrange(units)}",
        f"unit:u{luck.randrange(units)}&role:s{service}-{luck.choice(_OFFICES)}",
        f"unit:u{luck.randrange(8)}&role:staff",
        luck.choice(people),
        "role:staff",
        "*",
    )
    return luck.choices(kinds, weights=(55, 22, 5, 3, 8, 5, 2))[0]


def _row(luck: Random, subject: str, obj: str) -> tuple[str, ...]:
    columns = (_ACTIONS, _LEVELS, _NETWORKS, _STRENGTHS, _WINDOWS, _EFFECTS)
    return (subject, luck.choice(_ZONES), obj, *(luck.choice(column) for column in columns))


def _roles(
    luck: Random, works_with: dict[str, tuple[int, ...]], services: int
) -> Iterator[tuple[str, str, str]]:
    for service in range(services):
        for zone in ("intranet", "extranet"):
            yield f"role:s{service}-head", f"role:s{service}-clerk", zone
            yield f"role:s{service}-clerk", f"role:s{service}-reader", zone
    for person, chosen in works_with.items():
        yield person, "role:staff", "intranet"
        yield person, "role:staff", "extranet"
        for service in chosen:
            role = f"role:s{service}-{luck.choice(_OFFICES)}"
            yield person, role, "intranet"
            if luck.random() < 0.3:  # noqa: PLR2004 - a few work in both zones
                yield person, role, "extranet"

"""Small worlds of rules, people and questions, dense enough that much is allowed.

Each draws from a source of luck: hypothesis gives one that it can shrink, and a long run a
seeded one (`policy_proof`), so that both search the same worlds.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from policy_pair import Pair, both

from policies.engine import Memberships, Request
from policies.rules import Rule, RuleSet
from policies.vocabulary import NETWORKS

PEOPLE = tuple(f"person:00000000-0000-4000-8000-{number:012d}" for number in range(3))
STRANGER = "person:00000000-0000-4000-8000-000000000009"
CATEGORIES = (("cat:b", "cat:a"), ("cat:c", "cat:b"), ("cat:d", "cat:a"))
PAIRS = ("unit:x&role:a", "unit:y&role:b", "unit:y&role:c", "unit:z&role:a", "unit:z&role:c")
SUBJECTS = (
    *("*",) * 7,
    *(*PEOPLE, "role:a", "role:b", "role:c", "unit:x", "unit:y", "unit:z", *PAIRS),
)
WINDOWS = (
    "0~10",
    "5~20|30~40",
    "week:4@08:00-08:01+08:00",  # 1970 began on a Thursday: its first minute
    "5~20|week:5-7@00:00-24:00-05:30",
    "week:1-3@09:00-18:00+08:00|week:4-7@00:00-12:00+00:00",
)
TIMES = (0, 7, 7, 7, 15, 25, 35, 59, 60, 43_199, 43_200, 86_400, 106_200, 345_600, 349_199, 349_200)
TIMES_LATER = tuple(4 * 604_800 + each for each in TIMES)
PLACES = (
    *("svc:s/**",) * 9,
    *("svc:s/p/**",) * 3,
    *("svc:s/", "svc:s/p", "svc:s/p/q", "svc:s/p/q/**", "svc:t/**", "svc:t/p"),
    *("cat:a", "cat:b", "cat:c", "cat:e"),
)
PAGES = ("app:**", "app:portal.view", "app:audit.view")
ASKED = ("svc:s/", "svc:s/p", "svc:s/p/q", "svc:s/p/q/r", "svc:s/pq", "svc:t/p", "svc:u/p")
ASKED_PAGES = ("app:portal.view", "app:audit.view", "app:no.such")


@dataclass(frozen=True)
class World:
    """Rules and people, under both engines."""

    rules: RuleSet
    memberships: Memberships
    pair: Pair
    no_write_down: bool


def world(luck: Random) -> World:
    """Return up to eleven rules over three people, chains of roles and units, four categories."""
    rows = {rule(luck) for _ in range(luck.randint(2, 11))}
    rules = RuleSet(tuple(rows), tuple(link for link in CATEGORIES if luck.randrange(5)))
    memberships = people(luck)
    no_write_down = not luck.randrange(6)
    pair = both(rules, memberships, no_write_down=no_write_down)
    return World(rules, memberships, pair, no_write_down)


def people(luck: Random) -> Memberships:
    """Return who holds what; each of the three holds at least one role."""
    chains = [("role:a", "role:b"), ("role:b", "role:c"), ("role:a", "role:c")]
    zones = ("intranet", "extranet")
    return Memberships(
        roles=(
            *((who, f"role:{luck.choice('abc')}", zone) for who in PEOPLE for zone in zones),
            *((*link, zone) for link in chains for zone in zones if luck.randrange(2)),
        ),
        units=(
            *((who, f"unit:{luck.choice('xyz')}") for who in PEOPLE if luck.randrange(4)),
            *(link for link in (("unit:x", "unit:y"), ("unit:y", "unit:z")) if luck.randrange(3)),
        ),
    )


def rule(luck: Random) -> Rule:
    """Return one rule; most of its columns say any."""
    is_page = not luck.randrange(8)
    return Rule(
        sub=luck.choice(SUBJECTS),
        zone=luck.choice((*("*",) * 6, "intranet", "extranet")),
        obj=luck.choice(PAGES if is_page else PLACES),
        act="*" if is_page else luck.choice((*("*",) * 6, "GET|POST", "GET", "export|read")),
        cls=luck.choice((*("*",) * 5, "0|1", "2")),
        net=luck.choice((*("*",) * 5, "lan|vpn", "internet")),
        auth=luck.choice((*("*",) * 5, "2", "3")),
        win=luck.choice((*("*",) * 15, *WINDOWS)),
        eft=luck.choice(("allow",) * 11 + ("deny",)),
    )


def request(luck: Random) -> Request:
    """Return one question; about one in thirty is malformed, from elsewhere or of a stranger."""
    is_page = not luck.randrange(8)
    return Request(
        subject=luck.choice(PEOPLE * 12 + (STRANGER,)),
        zone=luck.choice(("intranet", "extranet") * 20 + ("lab",)),
        object=luck.choice(ASKED_PAGES if is_page else (*ASKED[:5] * 6, *ASKED, "svc:s//p")),
        action="use" if is_page else luck.choice(("GET", "GET", "GET", "POST", "read", "DELETE")),
        strength=luck.choice((1, 2, 2, 3)),
        now=luck.choice((*TIMES[:7] * 4, *TIMES, *TIMES_LATER)),
        category=luck.choice(("cat:none", "cat:a", "cat:b", "cat:c", "cat:e", "cat:new")),
        classification=luck.choice((0, 0, 0, 1, 2)),
        clearance=luck.choice((2, 2, 2, 2, 1, 0)),
        network=luck.choice(("lan", "lan", *sorted(NETWORKS))),
    )

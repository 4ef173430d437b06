"""One engine, many threads: the answers are those of one thread."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from policy_pair import both

from policies.engine import Decision, Engine, Memberships, Request
from policies.rules import RuleSet

PEOPLE = [f"person:00000000-0000-4000-8000-{number:012d}" for number in range(12)]
STRANGERS = [person.replace("4000", "4001") for person in PEOPLE]
RULES = """
g3, cat:health, cat:personal
p, *, *, svc:tax/open, GET|POST, *, *, *, *, allow
p, role:staff, intranet, cat:personal, GET, 0|1, lan, 3, *, allow
p, role:intern, *, svc:tax/secret/**, *, *, *, *, *, deny
p, unit:finance, extranet, svc:tax/**, POST, *, *, *, 0~100, deny
"""


@pytest.fixture
def restless_threads() -> Iterator[None]:
    """Switch threads a thousand times as often as usual, so that races show."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def engine() -> Engine:
    roles = [
        (person, "role:intern" if number % 3 == 0 else "role:staff", zone)
        for number, person in enumerate(PEOPLE)
        for zone in ("intranet", "extranet")
    ]
    units = [(person, "unit:tax") for person in PEOPLE[::2]]
    return both(
        RuleSet.parse(RULES),
        Memberships(roles=tuple(roles), units=(*units, ("unit:tax", "unit:finance"))),
    )


def requests() -> list[Request]:
    return [
        Request(
            subject=subject,
            zone=zone,
            object=f"svc:tax/{path}",
            action="GET" if number % 2 else "POST",
            strength=1 + number % 3,
            now=number * 7,
            category=category,
            classification=number % 2,
            clearance=1,
        )
        for number, subject in enumerate([*PEOPLE, *STRANGERS])
        for zone in ("intranet", "extranet", "nowhere")
        for path in ("open", "secret/1")
        for category in ("cat:health", f"cat:new{number}")
    ]


@pytest.mark.usefixtures("restless_threads")
def test_many_threads_get_the_answers_one_thread_gets() -> None:
    """A fresh engine is asked at once from all sides, unknown names among them."""
    asked = requests()
    alone = engine()
    expected = [alone.decide(request) for request in asked]
    shared = engine()

    def ask(turn: int) -> list[Decision]:
        turned = asked[turn:] + asked[:turn]
        answers = [shared.decide(request) for request in turned]
        return answers[len(asked) - turn :] + answers[: len(asked) - turn]

    with ThreadPoolExecutor(6) as pool:
        for answers in pool.map(ask, range(0, len(asked), len(asked) // 6)):
            assert answers == expected
    assert len({decision.reason for decision in expected}) >= 5

"""The situations of Casbin's example models, told in our language and put to all three engines.

Upstream shows each of them with a model of its own. Here one model has to say them all; the
facts and the expected answers are those of the well-known examples, the text is ours. What is
outside the supported subset is shown to be refused: priorities, conditional roles, patterns in
the middle of a path, evaluated rules.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

import pytest
from cedar_oracle import oracle
from policy_pair import both

from policies.engine import Memberships, Request
from policies.rules import RuleProblems, RuleSet

ALICE, BOB, CAROL = (f"person:00000000-0000-4000-8000-{number:012d}" for number in (1, 2, 3))
NAMES = {"alice": ALICE, "bob": BOB, "carol": CAROL}


@dataclass(frozen=True)
class Example:
    """Rules, people, and questions `person action object` with what is to be answered."""

    name: str
    rules: str
    roles: tuple[tuple[str, str, str], ...] = ()
    units: tuple[tuple[str, str], ...] = ()
    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()
    like: dict[str, object] = field(default_factory=dict)
    """What the questions have in common beside that."""


def _named(text: str) -> str:
    return re.sub(r"\b(?:alice|bob|carol)\b(?!-)", lambda found: NAMES[found[0]], text)


EXAMPLES = (
    Example(
        name="basic: who may do what to which data",
        rules="""
p, alice, *, svc:data/1, read, *, *, *, *, allow
p, bob, *, svc:data/2, PUT, *, *, *, *, allow""",
        yes=("alice read svc:data/1", "bob PUT svc:data/2"),
        no=("alice PUT svc:data/1", "alice read svc:data/2", "bob read svc:data/1"),
    ),
    Example(
        name="without users: the same for everybody, and for strangers nothing",
        rules="p, *, *, svc:data/1, read, *, *, *, *, allow",
        yes=("alice read svc:data/1", "bob read svc:data/1"),
        no=("alice PUT svc:data/1", "alice read svc:data/2"),
    ),
    Example(
        name="without resources: an action wherever it is",
        rules="p, alice, *, cat:none, read, *, *, *, *, allow",
        yes=("alice read svc:data/1", "alice read svc:data/2"),
        no=("alice PUT svc:data/1", "bob read svc:data/1"),
    ),
    Example(
        name="rbac: a role between people and data",
        rules="""
p, alice, *, svc:data/1, read, *, *, *, *, allow
p, bob, *, svc:data/2, PUT, *, *, *, *, allow
p, role:data2-admin, *, svc:data/2, PUT|read, *, *, *, *, allow""",
        roles=(("alice", "role:data2-admin", "intranet"),),
        yes=("alice read svc:data/1", "alice read svc:data/2", "alice PUT svc:data/2"),
        no=("alice PUT svc:data/1", "bob read svc:data/2", "bob read svc:data/1"),
    ),
    Example(
        name="rbac with resource roles: data in groups",
        rules="""
g3, cat:data1, cat:all-data
p, role:reader, *, cat:all-data, read, *, *, *, *, allow""",
        roles=(("alice", "role:reader", "intranet"),),
        yes=("alice read svc:any/x",),
        no=("alice PUT svc:any/x", "bob read svc:any/x"),
        like={"category": "cat:data1"},
    ),
    Example(
        name="rbac with hierarchy: a role above roles",
        rules="""
p, role:data1-admin, *, svc:data/1, PUT|read, *, *, *, *, allow
p, role:data2-admin, *, svc:data/2, PUT|read, *, *, *, *, allow""",
        roles=(
            ("alice", "role:admin", "intranet"),
            ("role:admin", "role:data1-admin", "intranet"),
            ("role:admin", "role:data2-admin", "intranet"),
            ("bob", "role:data2-admin", "intranet"),
        ),
        yes=("alice read svc:data/1", "alice PUT svc:data/2", "bob read svc:data/2"),
        no=("bob read svc:data/1", "carol read svc:data/1"),
    ),
    Example(
        name="rbac with domains: a role counts where it is held",
        rules="""
p, role:admin, intranet, svc:data/1, PUT|read, *, *, *, *, allow
p, role:admin, extranet, svc:data/2, PUT|read, *, *, *, *, allow""",
        roles=(("alice", "role:admin", "intranet"), ("bob", "role:admin", "extranet")),
        yes=("alice read svc:data/1", "alice PUT svc:data/1"),
        no=("alice read svc:data/2", "bob read svc:data/1", "bob read svc:data/2"),
    ),
    Example(
        name="rbac with domains, seen from the other one",
        rules="""
p, role:admin, intranet, svc:data/1, PUT|read, *, *, *, *, allow
p, role:admin, extranet, svc:data/2, PUT|read, *, *, *, *, allow""",
        roles=(("alice", "role:admin", "intranet"), ("bob", "role:admin", "extranet")),
        yes=("bob read svc:data/2", "bob PUT svc:data/2"),
        no=("alice read svc:data/1", "alice read svc:data/2", "bob read svc:data/1"),
        like={"zone": "extranet"},
    ),
    Example(
        name="rbac with deny: one person taken out of a role's right",
        rules="""
p, role:data2-admin, *, svc:data/2, PUT|read, *, *, *, *, allow
p, alice, *, svc:data/2, PUT, *, *, *, *, deny""",
        roles=(
            ("alice", "role:data2-admin", "intranet"),
            ("bob", "role:data2-admin", "intranet"),
        ),
        yes=("alice read svc:data/2", "bob PUT svc:data/2"),
        no=("alice PUT svc:data/2", "carol read svc:data/2"),
    ),
    Example(
        name="rbac with not-deny: nothing said is no, unlike upstream's default allow",
        rules="p, alice, *, svc:data/2, PUT, *, *, *, *, deny",
        no=("alice PUT svc:data/2", "alice read svc:data/1", "bob PUT svc:data/2"),
    ),
    Example(
        name="keymatch: a subtree of paths, by method",
        rules="""
p, alice, *, svc:app/alice-data/**, GET, *, *, *, *, allow
p, alice, *, svc:app/alice-data/resource1, POST, *, *, *, *, allow
p, bob, *, svc:app/bob-data/**, POST, *, *, *, *, allow
p, carol, *, svc:app/carol-data, GET|POST, *, *, *, *, allow""",
        yes=(
            "alice GET svc:app/alice-data/resource1",
            "alice POST svc:app/alice-data/resource1",
            "alice GET svc:app/alice-data/resource2",
            "bob POST svc:app/bob-data/x/y",
            "carol GET svc:app/carol-data",
            "carol POST svc:app/carol-data",
        ),
        no=(
            "alice POST svc:app/alice-data/resource2",
            "alice GET svc:app/bob-data/x",
            "bob GET svc:app/bob-data/x",
            "carol DELETE svc:app/carol-data",
            "carol GET svc:app/carol-data/x",
        ),
    ),
    Example(
        name="units: what an office gives reaches the offices below it",
        rules="p, unit:bureau, *, svc:notice/**, GET, *, *, *, *, allow",
        units=(
            ("alice", "unit:tax"),
            ("unit:tax", "unit:finance"),
            ("unit:finance", "unit:bureau"),
        ),
        yes=("alice GET svc:notice/1",),
        no=("bob GET svc:notice/1",),
    ),
    Example(
        name="BLP, no read up: cleared for 2, the data is 3",
        rules="p, *, *, svc:data/**, read, *, *, *, *, allow",
        no=("alice read svc:data/1",),
        like={"classification": 3, "clearance": 2},
    ),
    Example(
        name="BLP, read down: cleared for 3, the data is 2",
        rules="p, *, *, svc:data/**, read, *, *, *, *, allow",
        yes=("alice read svc:data/1",),
        like={"classification": 2, "clearance": 3},
    ),
    Example(
        name="LBAC: levels that a rule speaks of, and no other",
        rules="p, *, *, svc:data/**, read, 1|2, *, *, *, allow",
        no=("alice read svc:data/1",),
        like={"classification": 3, "clearance": 4},
    ),
    Example(
        name="OrBAC: in an organisation a role does an activity on a view",
        rules="""
g3, cat:patient-file, cat:medical
p, role:doctor, intranet, cat:medical, export|read, *, *, *, *, allow
p, role:nurse, intranet, cat:medical, read, *, *, *, *, allow""",
        roles=(("alice", "role:doctor", "intranet"), ("bob", "role:nurse", "intranet")),
        yes=("alice export svc:files/1", "bob read svc:files/1"),
        no=("bob export svc:files/1", "carol read svc:files/1"),
        like={"category": "cat:patient-file"},
    ),
    Example(
        name="temporal: a rule that holds for a time",
        rules="p, alice, *, svc:data/1, read, *, *, *, 100~200|300~400, allow",
        yes=("alice read svc:data/1",),
        like={"now": 399},
    ),
    Example(
        name="temporal: the end does not belong to it",
        rules="p, alice, *, svc:data/1, read, *, *, *, 100~200|300~400, allow",
        no=("alice read svc:data/1",),
        like={"now": 200},
    ),
    Example(
        name="ipmatch: from where, as a class and not as a text to be parsed",
        rules="p, alice, *, svc:data/1, read, *, lan|vpn, *, *, allow",
        no=("alice read svc:data/1",),
        like={"network": "internet"},
    ),
)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_example_is_decided_as_it_is_told_by_all_three_engines(example: Example) -> None:
    rules = RuleSet.parse(_named(example.rules))
    # Everybody is known, by a role that no rule speaks of.
    known = tuple((person, "role:known", "intranet") for person in NAMES.values())
    people = Memberships(
        roles=tuple((_named(who), role, zone) for who, role, zone in example.roles) + known,
        units=tuple((_named(who), unit) for who, unit in example.units),
    )
    pair, cedar = both(rules, people), oracle(rules, people)
    base = Request(
        subject=ALICE, zone="intranet", object="svc:x/", action="GET", strength=3, now=150
    )
    asked = [
        replace(base, subject=NAMES[who], action=action, object=obj, **example.like)  # type: ignore[arg-type]
        for who, action, obj in (question.split() for question in (*example.yes, *example.no))
    ]
    assert asked
    expected = [True] * len(example.yes) + [False] * len(example.no)
    assert [pair.decide(each).is_allowed for each in asked] == expected
    assert [outcome == "allow" for outcome, *_ in cedar.answers(asked)] == expected


@pytest.mark.parametrize(
    "line",
    [
        "p, 10, alice, *, svc:data/1, read, *, *, *, *, allow",
        "p, r.sub.Age > 18, *, svc:data/1, read, *, *, *, *, allow",
        "p, alice, *, svc:data/*/x, read, *, *, *, *, allow",
        "p, alice, *, svc:data/:id, read, *, *, *, *, allow",
        "p, alice, *, svc:data/1, (read)|(write), *, *, *, *, allow",
        "p2, alice, *, svc:data/1, read, *, *, *, *, allow",
        "g, alice, role:admin",
        "p, alice, *, svc:data/1, read, *, 192.168.2.0/24, *, *, allow",
    ],
    ids=(
        "priority",
        "abac rule",
        "glob",
        "keymatch2",
        "regex",
        "second policy type",
        "roles among rules",
        "ipmatch",
    ),
)
def test_what_our_language_does_not_have_is_refused_and_not_misread(line: str) -> None:
    with pytest.raises(RuleProblems):
        RuleSet.parse(_named(line))

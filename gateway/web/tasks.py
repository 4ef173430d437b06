"""What stands on the left of every page: the things this person does, by what they are about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import g, request, url_for

from gateway.web.i18n import later as _l
from gateway.web.session import house, visitor
from policies.permissions import Permission


@dataclass(frozen=True, slots=True)
class Task:
    """One entry on the left: what the person does, in their words, not a module's name.

    It shows only to those whom the policy grants `permission`. `also` are the blueprints
    whose pages belong to it.
    """

    endpoint: str
    title: Any
    permission: Permission
    also: tuple[str, ...] = ()


DAILY = (
    Task("portal.show", _l("My services"), Permission.PORTAL_VIEW, also=("service",)),
    Task("requests.mine", _l("My requests"), Permission.ACCESS_REQUEST),
    Task("decisions.inbox", _l("Decide on requests"), Permission.ACCESS_DECIDE),
    Task("temporary.show", _l("Temporary grants"), Permission.ACCESS_REVOKE),
    Task("glass.show", _l("Emergency acts"), Permission.BREAK_GLASS_ACT),
)
LOG = (
    Task("audit_now.show", _l("To decide now"), Permission.AUDIT_VIEW),
    Task("audit.show", _l("Search the log"), Permission.AUDIT_VIEW, also=("audit_entry",)),
    Task("review_findings.show", _l("Findings"), Permission.AUDIT_VIEW),
    Task(
        "review_signoff.show",
        _l("Review the log"),
        Permission.AUDIT_REVIEW,
    ),
    Task("review_coverage.show", _l("Coverage of the review"), Permission.AUDIT_SECOND),
    Task("review_rules.show", _l("Review rules"), Permission.AUDIT_SECOND),
    Task("audit_charts.show", _l("Activity"), Permission.AUDIT_VIEW),
    Task("checkpoint.show", _l("Checkpoint of the day"), Permission.AUDIT_VIEW),
    Task("retention.show", _l("Keeping of the log"), Permission.RETENTION_VIEW),
)
RULES = (
    Task("rights.show", _l("Rights of people"), Permission.RIGHTS_VIEW),
    Task(
        "changes.show",
        _l("Changes of the rules"),
        Permission.POLICY_READ,
        also=(
            "change_duties",
            "change_effect",
            "change_rules",
            "change_terms",
            "change_tests",
            "change_versions",
        ),
    ),
    Task("campaigns.show", _l("Reviews of the rules"), Permission.POLICY_REVIEW_VIEW),
    Task("rule_uses.show", _l("Uses of the rules"), Permission.POLICY_READ),
    Task("duties.show", _l("Duties kept apart"), Permission.POLICY_READ),
    Task("asking.show", _l("Ask the rules"), Permission.POLICY_READ),
    Task("policy_workers.show", _l("Rules at work"), Permission.POLICY_VIEW),
)
PEOPLE = (
    Task(
        "people.show", _l("People"), Permission.PERSON_VIEW, also=("people_acts", "people_import")
    ),
    Task("units.show", _l("Units"), Permission.UNIT_VIEW),
    Task("reports.show", _l("Reported sign-ins"), Permission.REPORT_VIEW),
    Task("lanes.show", _l("Slowed sign-ins"), Permission.LANE_VIEW),
)
OFFICERS = (
    Task("officers.cases", _l("Two officers decide"), Permission.OFFICERS_CASES),
    Task("break_glass.show", _l("Sealed accounts"), Permission.BREAK_GLASS_VIEW),
    Task("officers.acts", _l("Acts of the officers"), Permission.OFFICERS_ACTS),
)
MINE = (
    Task(
        "account.show",
        _l("My account"),
        Permission.ACCOUNT_VIEW,
        also=("password", "sign_ins", "factors", "authenticator", "recovery"),
    ),
    Task("receipts.show", _l("My receipts"), Permission.RECEIPT_VIEW),
)
SECTIONS: tuple[tuple[Any, tuple[Task, ...]], ...] = (
    (_l("Daily work"), DAILY),
    (_l("The log"), LOG),
    (_l("The rules"), RULES),
    (_l("People and sign-in"), PEOPLE),
    (_l("The three offices"), OFFICERS),
    (_l("My own matters"), MINE),
)
HEADED_FROM = 8
"""So many entries need headings; fewer are seen at a glance."""

_TWICE = frozenset({"officers"})
"""Blueprints with several entries: there the address tells which of them this is."""

_CAME_FROM: Mapping[str, Callable[[], str]] = {
    "review_evidence": lambda: (
        "review_findings.show" if request.values.get("finding") else "audit.show"
    ),
}
"""Blueprints that go on with what was begun on another page: the entry of where one came from."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A task as this page shows it."""

    title: str
    url: str
    is_here: bool
    waiting: int = 0
    """How much of it waits for this person."""


@dataclass(frozen=True, slots=True)
class Section:
    """Tasks about one thing; the title is empty where there are few in all."""

    title: str
    entries: Sequence[Entry]


def sections() -> list[Section]:
    """The entries this person may use, in the order of `SECTIONS`."""
    person = visitor()
    if person is None or g.get("service") is not None:
        return []
    may = house().desk.may
    found = [
        (title, [_entry(each) for each in tasks if may(person, each.permission, now=g.now)])
        for title, tasks in SECTIONS
    ]
    is_headed = sum(len(entries) for _, entries in found) >= HEADED_FROM
    return [
        Section(str(title) if is_headed else "", entries) for title, entries in found if entries
    ]


def _entry(task: Task) -> Entry:
    waits = _WAITING.get(task.endpoint, lambda: 0)
    return Entry(str(task.title), url_for(task.endpoint), _is_here(task), waits())


def changes_waiting() -> int:
    """How many changes wait for this person's approval; none for who may not give it."""
    person, desk = visitor(), house().desk
    if person is None or not desk.may(person, Permission.POLICY_APPROVE, now=g.now):
        return 0
    return desk.changes_waiting(person)


_WAITING: Mapping[str, Callable[[], int]] = {"changes.show": changes_waiting}


def _is_here(task: Task) -> bool:
    if (came := _CAME_FROM.get(request.blueprint or "")) is not None:
        return task.endpoint == came()
    area = task.endpoint.partition(".")[0]
    if request.blueprint == area and area in _TWICE:
        return request.path.startswith(url_for(task.endpoint))
    return request.blueprint in {area, *task.also}

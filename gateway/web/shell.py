"""What stands around every page: the band, the few things this person does, the language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask, g, request, url_for

from gateway.web import (
    headers,
    i18n,
    labels,
    labels_audit,
    labels_break_glass,
    labels_custody,
    labels_engine,
    labels_factors,
    labels_officers,
    moments,
    paths,
)
from gateway.web.assets import Asset
from gateway.web.desk_values import SignedIn
from gateway.web.i18n import later as _l
from gateway.web.origin import Tokens
from gateway.web.session import House, house, visitor
from policies.permissions import Permission

ZONES = {"intranet": _l("Intranet"), "extranet": _l("Extranet")}
"""The zone in the reader's words: 政务内网, 政务外网."""


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


TASKS: tuple[Task, ...] = (
    Task("portal.show", _l("My services"), Permission.PORTAL_VIEW, also=("service",)),
    Task("requests.mine", _l("My requests"), Permission.ACCESS_REQUEST),
    Task("decisions.inbox", _l("Decide on requests"), Permission.ACCESS_DECIDE),
    Task("temporary.show", _l("Temporary grants"), Permission.ACCESS_REVOKE),
    Task("glass.show", _l("Emergency acts"), Permission.BREAK_GLASS_ACT),
    Task("break_glass.show", _l("Sealed accounts"), Permission.BREAK_GLASS_VIEW),
    Task(
        "account.show",
        _l("My account"),
        Permission.ACCOUNT_VIEW,
        also=("password", "sign_ins", "factors", "authenticator", "recovery"),
    ),
    Task(
        "people.show", _l("People"), Permission.PERSON_VIEW, also=("people_acts", "people_import")
    ),
    Task("rights.show", _l("Rights of people"), Permission.RIGHTS_VIEW),
    Task("officers.cases", _l("Two officers decide"), Permission.OFFICERS_CASES),
    Task("officers.acts", _l("Acts of the officers"), Permission.OFFICERS_ACTS),
    Task("units.show", _l("Units"), Permission.UNIT_VIEW),
    Task("policy_workers.show", _l("Rules at work"), Permission.POLICY_VIEW),
    Task("reports.show", _l("Reported sign-ins"), Permission.REPORT_VIEW),
    Task("audit_now.show", _l("To decide now"), Permission.AUDIT_VIEW),
    Task("audit.show", _l("Search the log"), Permission.AUDIT_VIEW, also=("audit_entry",)),
    Task("audit_charts.show", _l("Activity"), Permission.AUDIT_VIEW),
    Task("checkpoint.show", _l("Checkpoint of the day"), Permission.AUDIT_VIEW),
    Task("retention.show", _l("Keeping of the log"), Permission.RETENTION_VIEW),
    Task("receipts.show", _l("My receipts"), Permission.RECEIPT_VIEW),
    Task("lanes.show", _l("Slowed sign-ins"), Permission.LANE_VIEW),
)


_TWICE = frozenset({"officers"})
"""Blueprints with several entries: there the address tells which of them this is."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A task as this page shows it."""

    title: str
    url: str
    is_here: bool


def tasks() -> list[Entry]:
    """The entries this person may use, in the order of `TASKS`."""
    person = visitor()
    if person is None or g.get("service") is not None:
        return []
    desk = house().desk
    return [
        Entry(str(task.title), url_for(task.endpoint), _is_here(task))
        for task in TASKS
        if desk.may(person, task.permission, now=g.now)
    ]


def _is_here(task: Task) -> bool:
    area = task.endpoint.partition(".")[0]
    if request.blueprint == area and area in _TWICE:
        return request.path.startswith(url_for(task.endpoint))
    return request.blueprint in {area, *task.also}


def engines_disagree() -> bool:
    """Whether to alarm this officer: the engines gave different answers, and it is not settled."""
    person, desk = visitor(), house().desk
    if person is None or not person.current.is_officer:
        return False
    return desk.may(person, Permission.POLICY_VIEW, now=g.now) and desk.disagreements_open() > 0


def seconds_left(person: SignedIn) -> int:
    """Until idleness ends the session, counted by the server's clock."""
    return max(0, int((person.ends_unless_used - g.now).total_seconds()))


def install(app: Flask, here: House, *, assets: Mapping[str, Asset], tokens: Tokens) -> None:
    """Give the templates their few words."""
    words: dict[str, Callable[..., Any] | Any] = {
        "asset": assets.__getitem__,
        "csrf_token": tokens.for_form,
        "either": i18n.either,
        "engines_disagree": engines_disagree,
        "here": paths.here,
        "html_lang": i18n.html_lang,
        "ending": labels.ending,
        "lane": labels.lane,
        "outcome": labels.outcome,
        "proofs": labels.proofs,
        "strength": labels.strength,
        "factor": labels.factor,
        "reminder": labels_factors.reminder,
        "reminder_place": labels_factors.PLACES,
        "label": labels.word,
        "log_event": labels_audit.event,
        "log_flaw": labels_audit.flaw,
        "log_personal": labels_audit.personal,
        "log_result": labels_audit.result,
        "log_why": labels_audit.why,
        "ngettext": i18n.ngettext,
        "now": lambda: g.now,
        "glass_event": labels_break_glass.event,
        "case_state": labels_officers.case_state,
        "keeping_kind": labels_custody.kind,
        "keeping_state": labels_custody.state,
        "receipt_act": labels_custody.act,
        "opening_state": labels_break_glass.state,
        "request_state": labels.request_state,
        "role": labels.role,
        "decided": labels_engine.decided,
        "trouble": labels_engine.trouble,
        "worker_state": labels_engine.state,
        "asked_about": labels_engine.asked_about,
        "seconds_left": seconds_left,
        "why": labels.reason,
        "nonce": headers.nonce,
        "settings": here.settings,
        "tasks": tasks,
        "visitor": visitor,
        "zone": lambda: ZONES[here.settings.zone],
    }
    app.jinja_env.globals.update(words)
    app.jinja_env.filters.update(
        stamped=moments.stamped,
        second=moments.second,
        day=moments.day,
        moment=moments.moment,
        device=labels.device,
        groups=labels.groups_of_four,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True

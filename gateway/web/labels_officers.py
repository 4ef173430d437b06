"""Words of the officers' pages: offices, documents, states of cases, acts as sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.identity.officer_acts import OfficerAct
from gateway.web import labels_audit
from gateway.web.audit_words import Words, searched
from gateway.web.i18n import either
from gateway.web.i18n import later as _l
from gateway.web.labels import ROLES, role
from policies.permissions import Permission

OFFICES: Mapping[str, Any] = {
    name: ROLES[name] for name in ("system_admin", "security_admin", "auditor")
}

DOCUMENTS: Mapping[str, Any] = {
    "id_card": _l("Resident identity card"),
    "staff_card": _l("Staff card with photograph"),
    "passport": _l("Passport"),
    "absent": _l("A reset needs the person to stand before you. Tick the box when that is so."),
}
"""What the first officer was shown; and what is said when nobody stood there."""

CASE_STATES: Mapping[str, Any] = {
    "open": _l("waits for a second officer"),
    "confirmed": _l("confirmed"),
    "refused": _l("refused"),
    "withdrawn": _l("withdrawn"),
    "lapsed": _l("not confirmed in time"),
}

PAGES: Mapping[Permission, Any] = {
    Permission.ACCESS_DECIDE: _l("Decide on requests of their unit's services"),
    Permission.ACCESS_REQUEST: _l("Ask for a service for a time"),
    Permission.ACCESS_REVOKE: _l("See and end temporary grants"),
    Permission.ACCOUNT_CHANGE_PASSWORD: _l("Change their own password"),
    Permission.ACCOUNT_DISOWN: _l("Report a sign-in that was not theirs"),
    Permission.ACCOUNT_VIEW: _l("My account"),
    Permission.BREAK_GLASS_ENTER: _l("Use a sealed account opened for them"),
    Permission.PORTAL_VIEW: _l("My services"),
    Permission.SERVICE_OPEN: _l("Open services that the rules grant"),
    Permission.SERVICE_VIEW: _l("Read the descriptions of services"),
    Permission.SESSION_END_OWN: _l("Sign out, and end their own sessions"),
}

ACTS: Mapping[str, Any] = {
    "access.refused": _l("%(who)s refused a request of %(about)s"),
    "agreement.refused": _l(
        "%(who)s could not confirm what somebody proposed who has left the office: %(about)s"
    ),
    "audit.exported": _l("%(who)s exported the audit log"),
    "audit.read": _l("%(who)s read entry %(about)s of the log"),
    "audit.search_removed": _l("%(who)s removed a saved search: %(name)s"),
    "audit.search_saved": _l("%(who)s saved a search: %(name)s (%(filter)s)"),
    "audit.searched": _l("%(who)s searched the log: %(filter)s"),
    "audit.value_opened": _l("%(who)s opened the personal values of entry %(about)s"),
    "audit.proved": _l("%(who)s took a receipt for an entry of the log"),
    "audit.verified": _l("%(who)s verified the audit log"),
    "break_glass.closed": _l("%(who)s ended the opening of %(about)s"),
    "break_glass.opened": _l("%(who)s confirmed the opening of %(about)s"),
    "break_glass.proposed": _l("%(who)s proposed to open %(about)s"),
    "break_glass.refused": _l("%(who)s ended a proposal to open %(about)s"),
    "break_glass.reviewed": _l("%(who)s reviewed an opening of %(about)s"),
    "enrolment.issued": _l("%(who)s made an enrolment link for %(about)s"),
    "enrolment.started": _l("%(who)s began to enrol"),
    "factor.disabled": _l("%(who)s: the authenticator was disabled after 100 wrong codes"),
    "factor.spared": _l(
        "%(who)s: the authenticator rests after 100 wrong codes; last of an office"
    ),
    "grant.ended": _l("%(who)s ended a temporary grant of %(about)s"),
    "lane.opened": _l("%(who)s opened a slowed lane of sign-ins again"),
    "office.confirmed": _l("%(who)s confirmed that %(about)s becomes: %(office)s"),
    "office.proposed": _l("%(who)s proposed %(about)s for the office: %(office)s"),
    "officer_case.ended": _l("%(who)s refused or took back a case about %(about)s"),
    "page.denied": _l("%(who)s asked for a page without the right to it: %(page)s"),
    "password.change_refused": _l("%(who)s typed a wrong present password"),
    "password.changed": _l("%(who)s changed the own password"),
    "person.created": _l("%(who)s invited %(about)s"),
    "person.disabled": _l("%(who)s disabled the account of %(about)s"),
    "person.enrolled": _l("%(who)s enrolled"),
    "person.factors_replaced": _l("%(who)s replaced the lost device"),
    "person.locked": _l("%(who)s had the account of %(about)s locked by a report"),
    "person.moved": _l("%(who)s moved %(about)s to another unit"),
    "person.numbered": _l("%(who)s changed the staff number of %(about)s"),
    "person.renamed": _l("%(who)s renamed %(about)s"),
    "person.restored": _l("%(who)s restored the account of %(about)s, without rights"),
    "person.roles_changed": _l(
        "%(who)s changed the rights of %(about)s; given: %(gained)s; taken: %(lost)s"
    ),
    "person.unlocked": _l("%(who)s unlocked the account of %(about)s"),
    "policy.published": _l("%(who)s published rules"),
    "report.closed": _l("%(who)s decided a report of %(about)s"),
    "report.opened": _l("%(who)s reported a sign-in as not theirs"),
    "reset.confirmed": _l("%(who)s confirmed the factor reset of %(about)s"),
    "reset.opened": _l("%(who)s opened a factor reset for %(about)s"),
    "service.added": _l("%(who)s entered a service: %(about)s"),
    "service.approved": _l("%(who)s approved a service: %(about)s"),
    "service.changed": _l("%(who)s changed a service: %(about)s"),
    "service.removed": _l("%(who)s removed a service: %(about)s"),
    "service.shut": _l("%(who)s closed a service: %(about)s"),
    "session.confirmation_refused": _l("%(who)s failed to confirm an act with a code"),
    "session.ended": _l("%(who)s ended a session of %(about)s"),
    "sign_in.accepted": _l("%(who)s signed in"),
    "sign_in.password_accepted": _l("%(who)s gave the right password"),
    "sign_in.refused": _l("%(who)s: a sign-in was refused"),
    "staff_list.imported": _l("%(who)s imported a staff list"),
    "unit.changed": _l("%(who)s changed a unit: %(about)s"),
    "unit.closed": _l("%(who)s closed a unit: %(about)s"),
    "unit.created": _l("%(who)s added a unit: %(about)s"),
}
"""An act in words; `%(about)s` is the person or thing it was done to."""

_OTHER = _l("%(who)s: %(event)s, %(about)s")


def sentence(act: OfficerAct, names: Mapping[str, str], words_of_log: Words) -> str:
    """What was done, in the reader's language; an event without words keeps its own name."""
    details = act.details
    words = {
        "who": names.get(f"person:{act.actor}", str(act.actor)),
        "about": _about(act.object, names, words_of_log),
        "event": labels_audit.event(act.event),
        "filter": searched(str(details.get("filter", details.get("query", ""))), words_of_log),
        "name": details.get("name", ""),
        "office": role(str(details.get("office", ""))),
        "page": act.object.partition(":")[2],
        "gained": _roles(details.get("gained")),
        "lost": _roles(details.get("lost")),
    }
    return str(ACTS.get(act.event, _OTHER)) % words


def _about(thing: str, names: Mapping[str, str], words_of_log: Words) -> str:
    """Services and units by their names; what has none is named by its number."""
    if thing.startswith(("svc:", "unit:")):
        return words_of_log.about(thing)
    return names.get(thing, thing.partition(":")[2] or "—")


def case_state(code: str) -> str:
    """Where a case stands."""
    return str(CASE_STATES.get(code, code))


def page_name(page: Permission) -> str:
    """What a page is for; an office's own page is named as the rules name it."""
    return str(PAGES.get(page, page.value))


def _roles(given: object) -> str:
    names = [role(str(each)) for each in given] if isinstance(given, list) else []
    return either("、", ", ").join(names) or "—"

"""Words for what is kept, proposed and receipted."""

from __future__ import annotations

from gateway.web.i18n import later as _l

KINDS = {
    "prune": _l("Prune entries"),
    "lift": _l("Lift a hold"),
    "erase": _l("Erase personal values"),
}

STATES = {
    "open": _l("waits for the second officer"),
    "approved": _l("approved, being carried out"),
    "refused": _l("refused"),
    "withdrawn": _l("withdrawn"),
    "entered": _l("in the log, entries are being removed"),
    "done": _l("done"),
    "failed": _l("not carried out"),
}

ACTS = {
    "access.refused": _l("Request for access refused"),
    "audit.exported": _l("Log exported"),
    "break_glass.opened": _l("Opening confirmed"),
    "break_glass.proposed": _l("Opening proposed"),
    "break_glass.reviewed": _l("Finding written"),
    "grant.ended": _l("Temporary grant ended"),
    "grant.given": _l("Temporary grant given"),
    "person.created": _l("Person invited"),
    "person.disabled": _l("Person shut out"),
    "person.restored": _l("Person invited again"),
    "person.roles_changed": _l("Roles of a person changed"),
    "policy.published": _l("Rules published"),
    "report.closed": _l("Report of a sign-in decided"),
    "retention.approved": _l("Retention: approved"),
    "retention.erased": _l("Personal values erased"),
    "retention.held": _l("Retention: hold placed"),
    "retention.proposed": _l("Retention: proposed"),
    "retention.refused": _l("Retention: refused"),
    "service.approved": _l("Service approved"),
    "service.changed": _l("Service changed"),
    "session.ended": _l("Session ended"),
    "staff_list.imported": _l("Staff list imported"),
}


def kind(code: str) -> str:
    """What is asked for."""
    return str(KINDS.get(code, code))


def state(code: str) -> str:
    """Where a request stands."""
    return str(STATES.get(code, code))


def act(name: str) -> str:
    """What was done; an event without a word is named as the log names it."""
    return str(ACTS.get(name, name))

"""Words for the states of sealed accounts and for what is done under an opening."""

from __future__ import annotations

from gateway.web.i18n import later as _l

STATES = {
    "sealed": _l("sealed"),
    "waiting": _l("waits for a second officer"),
    "open": _l("open"),
    "over": _l("over, to be reviewed"),
    "reviewed": _l("reviewed, sealed again"),
    "refused": _l("refused"),
    "lapsed": _l("not confirmed in time"),
}

EVENTS = {
    "break_glass.proposed": _l("Opening proposed"),
    "break_glass.opened": _l("Opening confirmed"),
    "break_glass.entered": _l("Code used, session begun"),
    "break_glass.closed": _l("Opening ended"),
    "break_glass.refused": _l("Proposal ended"),
    "break_glass.reviewed": _l("Finding written"),
    "enrolment.issued": _l("New enrolment link made"),
    "page.denied": _l("Page without the right to it"),
    "person.disabled": _l("Person shut out"),
    "person.restored": _l("Person invited again"),
    "service.shut": _l("Service closed"),
    "session.ended": _l("Session ended"),
}


def state(code: str) -> str:
    """Where an account or an opening stands."""
    return str(STATES.get(code, code))


def event(name: str) -> str:
    """What was done; an event without a word is named as the log names it."""
    return str(EVENTS.get(name, name))

"""The portal: the services this person may use, and nothing else."""

from __future__ import annotations

from flask import Blueprint, g, render_template

from gateway.web.access import requires
from gateway.web.labels_offices import DUTIES
from gateway.web.session import house, person
from policies.permissions import Permission

pages = Blueprint("portal", __name__)

PRESSING = frozenset({"password_ends", "recovery_low", "totp_disabled"})
"""What a person is reminded of here; the rest waits on the page of their account."""


@pages.get("/")
@requires(Permission.PORTAL_VIEW)
def show() -> str:
    """Open services first; those that are closed to everybody, with the reason, after them."""
    who = person()
    desk = house().desk
    cards = desk.services_of(who, now=g.now)
    before = (each for each in desk.recent_sign_ins(who) if each.at < who.created)
    return render_template(
        "portal.html",
        ready=[card for card in cards if card.closed is None],
        closed=[card for card in cards if card.closed is not None],
        may_open=desk.may(who, Permission.SERVICE_OPEN, now=g.now),
        last_sign_in=next(before, None),
        reminders=[each for each in desk.reminders(who, now=g.now) if each.code in PRESSING],
        trial=desk.on_trial() if desk.may(who, Permission.POLICY_PUBLISH, now=g.now) else None,
        duties=[DUTIES[role] for role in sorted(who.current.roles & DUTIES.keys())],
    )

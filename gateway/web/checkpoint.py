"""The checkpoint of the day, to be printed, signed by hand and kept."""

from __future__ import annotations

from flask import Blueprint, g, render_template

from gateway.web.access import requires
from gateway.web.enrol import qr_picture
from gateway.web.session import house
from policies.permissions import Permission

pages = Blueprint("checkpoint", __name__, url_prefix="/audit/checkpoint")


@pages.get("")
@requires(Permission.AUDIT_VIEW)
def show() -> str:
    """The newest checkpoint in words, three lines and a QR code."""
    found = house().desk.paper()
    picture = None if found is None else qr_picture(found.note)
    return render_template(
        "checkpoint.html",
        paper=found,
        picture=picture,
        printed=g.now,
        first_key=house().desk.first_key(),
    )

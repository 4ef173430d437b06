"""My receipts: the proof that the log holds what I did, to be kept by myself."""

from __future__ import annotations

from flask import Blueprint, Response, render_template

from gateway.web.access import requires
from gateway.web.session import house, person, visit
from policies.permissions import Permission

pages = Blueprint("receipts", __name__, url_prefix="/receipts")


@pages.get("/")
@requires(Permission.RECEIPT_VIEW)
def show() -> str:
    """One's own acts that count, newest first."""
    return render_template("receipts.html", acts=house().desk.receipts(person()))


@pages.get("/<int:index>.tlog-proof")
@requires(Permission.RECEIPT_VIEW)
def file(index: int) -> Response:
    """The receipt of one act. 404 for anybody else's."""
    made = house().desk.receipt(person(), index, visit=visit())
    response = Response(made, content_type="application/octet-stream")
    response.headers["Content-Disposition"] = f'attachment; filename="{index}.tlog-proof"'
    return response

"""My receipts: the proof that the log holds what I did, to be kept by myself."""

from __future__ import annotations

from flask import Blueprint, Response, render_template

from gateway.custody.refusals import ReceiptUnknown
from gateway.web.access import requires
from gateway.web.session import house, person, visit
from policies.permissions import Permission

DIGITS = 15
"""Of a number in the log, at most."""

pages = Blueprint("receipts", __name__, url_prefix="/receipts")


@pages.get("/")
@requires(Permission.RECEIPT_VIEW)
def show() -> str:
    """One's own acts that count, newest first."""
    return render_template("receipts.html", acts=house().desk.receipts(person()))


@pages.get("/<number>.tlog-proof")
@requires(Permission.RECEIPT_VIEW)
def file(number: str) -> Response:
    """The receipt of one act. 404 for anybody else's."""
    if not (number.isascii() and number.isdecimal() and len(number) <= DIGITS):
        raise ReceiptUnknown(number)
    index = int(number)
    made = house().desk.receipt(person(), index, visit=visit())
    response = Response(made, content_type="application/octet-stream")
    response.headers["Content-Disposition"] = f'attachment; filename="{index}.tlog-proof"'
    return response

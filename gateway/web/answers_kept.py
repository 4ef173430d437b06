"""The words about forms that could not be sent, and about proofs of identity."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.web.answer import Answer
from gateway.web.i18n import later as _l

_NOT_SENT = _l("Nothing was sent")

KEPT: Mapping[str, Answer] = {
    "fresh_required": Answer(
        401,
        _l("Confirm that it is you"),
        _l("What you are about to do weighs heavily, so it wants a fresh code. Nothing changed."),
    ),
    "step_up_needed": Answer(
        401,
        _l("Confirm that it is you"),
        _l("The rules ask for a stronger or fresher proof of identity. Open the page anew."),
    ),
    "proof_refused": Answer(
        401,
        _l("Confirm that it is you"),
        _l("The code does not fit, or was used before. Wait for the next one."),
    ),
    "proofs_over": Answer(
        401,
        _l("Please sign in"),
        _l("Too many codes were wrong, so your session was ended. Nothing was changed."),
    ),
    "proof_twice": Answer(
        409,
        _l("Confirm once more"),
        _l("Another tab was confirming something at the same moment. Nothing was changed here."),
    ),
    "form_not_kept": Answer(
        401,
        _NOT_SENT,
        _l("You are not signed in, and it cannot be told whose form this is, so it was not kept."),
    ),
    "form_too_large": Answer(
        413,
        _NOT_SENT,
        _l("You are not signed in any more, and the form is larger than what can be kept."),
    ),
    "too_many_forms": Answer(
        429,
        _NOT_SENT,
        _l(
            "Too many forms of this browser are kept already. Discard some of them under "
            "“My account”; each is dropped after half an hour."
        ),
    ),
    "form_over": Answer(
        410,
        _l("This form is not kept any more"),
        _l("It was sent or discarded already, or its half hour is over. It is never sent twice."),
    ),
    "form_of_another": Answer(
        403,
        _l("This form was not kept for you"),
        _l(
            "It belongs to another person or another browser. Nothing is shown and nothing was "
            "sent. Who filled it in can sign in here and finds it again."
        ),
    ),
    "form_broken": Answer(
        410,
        _l("This form cannot be opened"),
        _l("What was kept is not as it was written. Nothing was sent. Fill in the form anew."),
    ),
}

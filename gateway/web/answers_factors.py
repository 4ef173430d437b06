"""The words for what is refused about factors."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.web.answer import Answer
from gateway.web.i18n import later as _l

_UNCHANGED = _l("Nothing was changed")

FACTORS: Mapping[str, Answer] = {
    "authenticator_over": Answer(
        409, _UNCHANGED, _l("The new key was not confirmed in time. Begin once more.")
    ),
    "factor_unknown": Answer(
        404, _l("You have no such factor"), _l("It has been removed already, or is not yours.")
    ),
    "fresh_required": Answer(
        401,
        _l("Confirm that it is you"),
        _l("This act wants a fresh proof: a code or a passkey. Nothing was changed."),
    ),
    "last_factor": Answer(
        409,
        _UNCHANGED,
        _l("This is your last way to sign in. Add a passkey or an authenticator app first."),
    ),
    "passkey_name_not_allowed": Answer(
        422, _UNCHANGED, _l("A passkey's name is 1 to 40 characters, without invisible ones.")
    ),
    "passkey_owed": Answer(
        409,
        _UNCHANGED,
        _l("Your role asks for a passkey, and this is your last one. Add another one first."),
    ),
    "passkey_refused": Answer(
        422,
        _UNCHANGED,
        _l("The passkey could not be checked, or it took too long. Try once more."),
    ),
    "passkey_required": Answer(
        403,
        _l("You are not signed in"),
        _l("Your role asks for your passkey here; no code takes its place."),
    ),
    "passkey_taken": Answer(409, _UNCHANGED, _l("This passkey is registered already.")),
    "proof_refused": Answer(
        401,
        _l("Confirm that it is you"),
        _l("The code does not fit, or was used before. Wait for the next one."),
    ),
    "proofs_over": Answer(
        401,
        _l("Please sign in"),
        _l("Too many wrong codes: the session is over. Nothing was changed."),
    ),
    "recovery_code_unknown": Answer(
        422,
        _UNCHANGED,
        _l(
            "This is not one of your newest recovery codes. Look at the paper or file once more; "
            "if you do not have them, make new ones."
        ),
    ),
    "too_many_passkeys": Answer(
        409, _UNCHANGED, _l("You have 10 passkeys. Remove one that you do not use any more.")
    ),
}

"""One sentence on the next page about what was just done: post, redirect, tell.

The sentence's code and words travel in a signed cookie for a minute. A page shows it once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, g, request
from itsdangerous import BadData, URLSafeTimedSerializer

from gateway.web.i18n import later as _l
from gateway.web.session import house, person
from policies.permissions import Permission

LIFE = 60
"""Seconds for which a sentence waits to be shown."""

SENTENCES: Mapping[str, Any] = {
    "access_approved": _l("%(name)s may use it until the day you chose, and has been told."),
    "access_refused": _l("The request is refused; %(name)s has been told why."),
    "access_requested": _l("Your request is sent. It is for %(unit)s to decide."),
    "access_requested_ownerless": _l(
        "Your request is sent. %(unit)s has nobody at present who may decide; the security "
        "administrator has been told."
    ),
    "access_withdrawn": _l("It is withdrawn."),
    "account_changed": _l("The account is changed."),
    "account_disabled": _l("The account is disabled. All its sessions are ended."),
    "all_sessions_ended": _l("All sessions are ended. Sign in again where you need to."),
    "change_approved": _l("It is approved. Publish it; every edit from now on makes that void."),
    "change_confirmed": _l("It is confirmed and stays in force."),
    "change_published": _l(
        "It is in force, on trial. Sign out and in again, then confirm it in time."
    ),
    "campaign_closed": _l("The review is closed. Nothing was to be changed."),
    "campaign_closed_with_change": _l(
        "The review is closed. What is to go stands in this draft, for another officer to approve."
    ),
    "campaign_decided": _l("It is decided for the rules you ticked."),
    "campaign_withdrawn": _l("The review is withdrawn; no rule changed."),
    "change_rebased": _l("The newer version is taken over. Look at what the draft does anew."),
    "change_refused": _l("It is sent back to its author with your reason."),
    "change_rolled_back": _l("The rules from before are in force again."),
    "change_saved": _l("It is saved."),
    "change_saved_approval_void": _l(
        "It is saved. The edit made the approval void: ask for approval anew."
    ),
    "change_saved_request_void": _l(
        "It is saved. The edit took the request for approval back: ask for it anew."
    ),
    "change_saved_with": _l("It is saved, with %(faults)s. They are named on this page."),
    "change_submitted": _l("Another security administrator can approve it now."),
    "change_withdrawn": _l("It is withdrawn."),
    "test_kept": _l("It is a test of this draft now."),
    "test_suggested": _l("The security administrators find it among their notices."),
    "keeping_approved": _l("It is approved, and is carried out within a minute or two."),
    "keeping_held": _l("The hold counts from now on."),
    "keeping_proposed": _l("It is proposed. An officer of the other office decides."),
    "keeping_refused": _l("The request is closed; nothing was removed."),
    "lane_opened": _l("The lane is open again."),
    "last_sign_in": _l("You signed in last on %(at)s from %(place)s."),
    "last_sign_in_failures": _l(
        "You signed in last on %(at)s from %(place)s. Attempts that failed since: %(failures)s."
    ),
    "nothing_changed": _l("Nothing was different, so nothing was changed."),
    "password_changed": _l("Your password is changed."),
    "report_closed": _l("The report is decided."),
    "sessions_of_person_ended": _l("Sessions ended: %(count)s."),
    "case_ended": _l("The case is closed. Nothing was changed."),
    "office_confirmed": _l("It is confirmed, and counts from the next request on."),
    "office_proposed": _l("It is proposed. The system administrator has three days to confirm."),
    "reset_opened": _l("It is open. A second officer confirms while the person is there."),
    "rights_changed": _l("The rights are changed. The person has been told; their sessions ended."),
    "disagreement_closed": _l("It is settled, with your reason."),
    "authenticator_replaced": _l("The new authenticator app counts now; the old one is worthless."),
    "factor_removed": _l("It is removed, and your other sessions are ended."),
    "passkey_added": _l("The passkey “%(name)s” is yours now."),
    "passkey_renamed": _l("The passkey has its new name."),
    "recovery_saved": _l("Good: your recovery codes count as saved."),
    "glass_disabled": _l("%(name)s is shut out."),
    "glass_ended": _l("The sessions of %(name)s are ended."),
    "glass_shut": _l("The service is closed until it is approved anew."),
    "form_discarded": _l("It is discarded. Nothing was sent."),
    "grant_revoked": _l("The grant is ended. It counts from the next request on."),
    "opening_closed": _l("It is closed. A security administrator without a part in it reviews it."),
    "opening_proposed": _l("It is proposed. A second officer has 24 hours to confirm."),
    "opening_refused": _l("The proposal is gone."),
    "opening_reviewed": _l("The finding is kept; the account is sealed again."),
    "finding_decided": _l("It is decided, with your reason."),
    "finding_noted": _l("The note is kept."),
    "finding_suppressed": _l("The like of it is not asked about until that day; it is kept."),
    "finding_taken": _l("It is yours now."),
    "findings_decided": _l("Findings resolved: %(count)s."),
    "review_rule_kept": _l("The rule is kept as a new version."),
    "second_signed": _l("The reviewer's own acts are signed for."),
    "signed_off": _l("It is signed off; the log holds your signature."),
    "suppression_ended": _l("It is asked about again."),
    "search_removed": _l("The saved search is removed."),
    "search_saved": _l("The search is saved."),
    "sessions_of_all_ended": _l("Sessions ended: %(count)s. Everybody else signs in anew."),
    "session_ended": _l("The session is ended."),
    "staff_list_imported": _l("The staff list is imported."),
    "staff_list_outdated": _l(
        "The office has changed since the preview, so nothing was imported. This is the new one."
    ),
    "unit_changed": _l("The unit is changed."),
    "unit_closed": _l("The unit is closed."),
    "unit_created": _l("The unit is there."),
}
"""What can be said, by code; `%(name)s` stands for a word that is given with it."""


RECEIPTED = frozenset(
    {
        "access_approved",
        "access_refused",
        "account_changed",
        "account_disabled",
        "grant_revoked",
        "keeping_approved",
        "keeping_held",
        "keeping_proposed",
        "keeping_refused",
        "opening_proposed",
        "opening_reviewed",
        "report_closed",
        "staff_list_imported",
    }
)
"""Sentences about acts of which the log's receipt is handed out: they lead to it."""


def say(response: Response, code: str, **words: str) -> Response:
    """Have the next page show the sentence of `code`.

    Raises:
        KeyError: there is no such sentence, or it wants another word.
    """
    _ = str(SENTENCES[code]) % words
    house().cookies.told.put(response, _signer().dumps([code, words]))
    g.told_now = True
    return response


def heard() -> str:
    """The sentence to show on this page, or nothing."""
    value = request.cookies.get(house().cookies.told.name, "")
    if not value:
        return ""
    g.told_shown = True
    try:
        code, words = _signer().loads(value, max_age=LIFE)
        sentence: str = str(SENTENCES[code]) % words
    except (BadData, KeyError, TypeError, ValueError):
        return ""
    g.told_code = code
    return sentence


def of_receipt() -> bool:
    """Whether the sentence that was just shown is about an act with a receipt for this person."""
    if g.get("told_code") not in RECEIPTED:
        return False
    return house().desk.may(person(), Permission.RECEIPT_VIEW, now=g.now)


def install(app: Flask) -> None:
    """Give the templates `told` and `told_of_receipt`."""
    app.jinja_env.globals["told"] = heard
    app.jinja_env.globals["told_of_receipt"] = of_receipt


def forget(response: Response) -> Response:
    """After the request: what was shown is not shown again."""
    if g.get("told_shown") and not g.get("told_now"):
        house().cookies.told.drop(response)
    return response


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(house().desk.csrf_key, salt="told")

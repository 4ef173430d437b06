"""Notices: on every page until they are read, and in a list of one's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import (
    Blueprint,
    Flask,
    Response,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)

from gateway.identity.notices import NoticeView
from gateway.refusals import Refused
from gateway.web import devices, labels
from gateway.web.access import requires
from gateway.web.i18n import either
from gateway.web.i18n import later as _l
from gateway.web.paths import inside
from gateway.web.session import house, person, visit, visitor
from policies.permissions import Permission

pages = Blueprint("notices", __name__, url_prefix="/account/notices")

SENTENCES: Mapping[str, Any] = {
    "password_changed": _l("Your password was changed."),
    "sign_in_new_address": _l("You signed in from a place that was new: %(address)s."),
    "sign_in_new_place": _l("You signed in from a browser that was new: %(device)s, %(address)s."),
    "sign_in_after_failures": _l("You signed in after %(count)s failed attempts from %(address)s."),
    "sign_in_half": _l(
        "Somebody entered your right password and no code, from %(address)s. If it was not you, "
        "change your password now."
    ),
    "factors_replaced": _l(
        "Your authenticator was replaced after two officers had confirmed it. If it was not you, "
        "tell the security administrator now."
    ),
    "office_given": _l("Two officers gave you an office: %(office)s. All other roles ended."),
    "reset_confirmed": _l(
        "Two officers confirmed a factor reset for you. If you did not stand before them, tell the "
        "auditor now."
    ),
    "rights_changed": _l(
        "Your rights were changed. Given: %(gained)s; taken: %(lost)s; clearance: %(clearance)s."
    ),
    "row_forged": _l(
        "Somebody wrote to the database behind the gateway's back (table %(table)s). What was "
        "written is refused; look into it together."
    ),
    "passkey_added": _l("A passkey was added to your account: %(name)s."),
    "passkey_removed": _l("A passkey was removed from your account: %(name)s."),
    "passkey_copied": _l(
        "Somebody tried to use your passkey %(name)s in an old state, so there may be a copy of "
        "it. It was refused. If you did not do it, remove this passkey."
    ),
    "totp_replaced": _l("Your authenticator app was replaced by another one."),
    "totp_removed": _l("The authenticator app was removed from your account."),
    "recovery_made": _l("New recovery codes were made for you. All older ones are worthless."),
    "recovery_removed": _l("Your recovery codes were removed. Make new ones."),
    "recovery_used": _l("You signed in or confirmed with a recovery code. Codes left: %(left)s."),
    "break_glass_for_you": _l(
        "Two officers opened a sealed account for you. One of them hands you the code."
    ),
    "break_glass_link": _l("In an emergency somebody was handed a new enrolment link for you."),
    "break_glass_opened": _l("A sealed account was opened. Watch what is done under it."),
    "campaign_overdue": _l("The day of the review “%(title)s” is over, and rules are undecided."),
    "campaign_waiting": _l("You are asked in the review “%(title)s” which rules are still needed."),
    "access_waiting": _l("Somebody asks for %(service)s: you decide on it."),
    "access_ownerless": _l("Somebody asks for %(service)s, and nobody there may decide on it."),
    "access_granted": _l("Your request for %(service)s was granted."),
    "access_refused": _l("Your request for %(service)s was refused."),
    "access_revoked": _l("Your access to %(service)s was taken back before its day."),
    "access_ended": _l("Your access to %(service)s has ended on its day."),
    "access_lapsed": _l("Nobody answered your request for %(service)s in time."),
    "access_ends_soon": _l("Your access to %(service)s ends in three days."),
    "change_waiting": _l("A change of the rules waits for your approval: %(title)s."),
    "change_approved": _l("Your change of the rules was approved: %(title)s."),
    "change_hindered": _l("A change of the rules cannot go on by itself: %(title)s."),
    "change_refused": _l("Your change of the rules was sent back: %(title)s."),
    "change_voided": _l("An edit made the approval of your change of the rules void: %(title)s."),
    "test_suggested": _l("A decision of the log is suggested as a test of the rules."),
}
"""The sentence of every kind of notice; `%(name)s` stands for a word given with it."""


@pages.get("/")
@requires(Permission.ACCOUNT_VIEW)
def show() -> str:
    """The newest notices, the unread marked."""
    return render_template("notices.html", notices=house().desk.notices(person()))


@pages.post("/seen")
@requires(Permission.ACCOUNT_VIEW)
def seen() -> Response:
    """What the page showed is read; what came since stays."""
    until = _moment(request.form.get("until", ""))
    if until is not None:
        house().desk.notices_seen(person(), until=until, visit=visit())
    return make_response(redirect(inside(request.form.get("back")), code=303))


def sentence(notice: NoticeView) -> str:
    """A notice in the reader's language; an unknown kind is shown by its name."""
    known = SENTENCES.get(notice.kind)
    if known is None:
        return notice.kind
    words = {name: _READ_AS.get(name, str)(word) for name, word in notice.words.items()}
    return str(known) % words


def place(notice: NoticeView) -> str:
    """Where a notice leads; empty if it only tells."""
    leads = _PLACES.get(notice.kind)
    return leads(notice.words) if leads else ""


def _service(slug: str) -> str:
    """A service's name; one that was removed keeps its slug."""
    try:
        found = house().desk.any_service(slug)
    except Refused:
        return slug
    return either(found.name_zh, found.name_en)


def _role_names(slugs: str) -> str:
    return either("、", ", ").join(labels.role(each) for each in slugs.split(",") if each) or "—"


def _level(text: str) -> str:
    return labels.word(int(text)) if text.isdecimal() else text


def _to_change(words: Mapping[str, str]) -> str:
    return url_for("changes.one", ref=words["change"])


_PLACES: Mapping[str, Callable[[Mapping[str, str]], str]] = {
    "change_approved": _to_change,
    "change_hindered": _to_change,
    "change_refused": _to_change,
    "change_voided": _to_change,
    "change_waiting": _to_change,
    "test_suggested": lambda words: url_for("asking.decision", decision=words["decision"]),
}
"""The page that a kind of notice is about."""
_READ_AS: Mapping[str, Callable[[str], str]] = {
    "clearance": _level,
    "device": devices.device,
    "gained": _role_names,
    "lost": _role_names,
    "office": labels.role,
    "service": _service,
}
"""Words that are kept as ids and read as names."""


def unread() -> Sequence[NoticeView]:
    """What the person of this page has not read yet."""
    found = visitor()
    if found is None or g.get("service") is not None or request.blueprint == pages.name:
        return ()
    return house().desk.unseen_notices(found)


def install(app: Flask) -> None:
    """Give the templates the notices and their words."""
    app.jinja_env.globals.update(
        unread_notices=unread, notice_sentence=sentence, notice_place=place
    )


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None

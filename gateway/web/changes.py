"""Changes of the rules: the list, one change with what it would do, and each of its steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from flask import (
    Blueprint,
    Response,
    abort,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)

from gateway.changes.refusals import ChangeRefused
from gateway.refusals import Refused
from gateway.web import moments, told
from gateway.web.access import requires
from gateway.web.answers import answer_for
from gateway.web.errors import with_refusal
from gateway.web.forms import Problem
from gateway.web.i18n import _, html_lang
from gateway.web.sayings import Sayings
from gateway.web.session import house, person, visit
from policies.dossier.dossiers import Stopped, Why
from policies.dossier.drafting import CONFIRM_MINUTES, Terms
from policies.permissions import Permission

pages = Blueprint("changes", __name__, url_prefix="/policy/changes")
AGAIN = 2
"""Seconds after which a page of unfinished work asks again."""
LONGEST = 3660
"""Days of the log that can be asked again."""
DAYS = 30


@pages.get("")
@requires(Permission.POLICY_READ)
def show() -> str:
    """Every change, those last touched first."""
    desk = house().desk
    return render_template(
        "changes.html",
        changes=desk.changes(),
        may_change=desk.may(person(), Permission.POLICY_CHANGE, now=g.now),
    )


@pages.get("/new")
@requires(Permission.POLICY_CHANGE)
def new() -> Response:
    """The form for a new change."""
    return _terms_page({"confirm_minutes": str(CONFIRM_MINUTES), "most_people": "10"})


@pages.post("/new")
@requires(Permission.POLICY_CHANGE)
def create() -> Response:
    """Open it, and go on to its rules."""
    try:
        ref = house().desk.open_change(person(), _terms(), visit=visit())
    except (ChangeRefused, Stopped) as refusal:
        return _terms_again(refusal)
    return make_response(redirect(url_for("change_rules.show", ref=ref), code=303))


@pages.get("/<ref>/terms")
@requires(Permission.POLICY_CHANGE)
def terms(ref: str) -> Response:
    """What its author declared, to be changed."""
    found = house().desk.change(ref, now=g.now).dossier
    at = "" if found.publish_at is None else moments.typed(found.publish_at)
    return _terms_page(
        {
            "title": found.title,
            "why": found.why,
            "most_people": str(found.most_people),
            "confirm_minutes": str(found.confirm_minutes),
            "publish_at": at,
            "edit": str(found.edit),
        },
        ref=ref,
    )


@pages.post("/<ref>/terms")
@requires(Permission.POLICY_CHANGE)
def set_terms(ref: str) -> Response:
    """Save it."""
    try:
        house().desk.set_terms(person(), ref, edit(), _terms(), visit=visit())
    except (ChangeRefused, Stopped) as refusal:
        return _terms_again(refusal, ref=ref)
    return told.say(_back(ref), "change_saved")


@pages.get("/<ref>")
@requires(Permission.POLICY_READ)
def one(ref: str) -> Response:
    """Where it stands, what it would do, and the next step."""
    return _page(ref)


@pages.post("/<ref>/examine")
@requires(Permission.POLICY_CHANGE)
def examine(ref: str) -> Response:
    """Begin to find out what it would do; the page asks again until it is done."""
    typed = request.form.get("days", "")
    days = min(int(typed), LONGEST) if typed.isdecimal() and int(typed) else DAYS
    house().desk.examine_change(person(), ref, days=days, visit=visit())
    return _back(ref)


@pages.post("/<ref>/submit")
@requires(Permission.POLICY_CHANGE)
def submit(ref: str) -> Response:
    """Ask for approval."""
    return _step(
        ref,
        "submitted",
        lambda: house().desk.submit_change(person(), ref, edit(), visit=visit()),
    )


@pages.post("/<ref>/approve")
@requires(Permission.POLICY_APPROVE, fresh=True)
def approve(ref: str) -> Response:
    """Approve exactly the draft and the effect that the page showed."""
    shown = request.form.get("shown", "")
    return _step(
        ref,
        "approved",
        lambda: house().desk.approve_change(person(), ref, edit(), shown, visit=visit()),
    )


@pages.post("/<ref>/refuse")
@requires(Permission.POLICY_APPROVE)
def refuse(ref: str) -> Response:
    """Send it back with a reason."""
    reason = request.form.get("reason", "")
    return _step(
        ref,
        "refused",
        lambda: house().desk.refuse_change(person(), ref, edit(), reason=reason, visit=visit()),
    )


@pages.post("/<ref>/withdraw")
@requires(Permission.POLICY_CHANGE)
def withdraw(ref: str) -> Response:
    """End it before it is published."""
    reason = request.form.get("reason", "")
    return _step(
        ref,
        "withdrawn",
        lambda: house().desk.withdraw_change(person(), ref, reason=reason, visit=visit()),
    )


@pages.post("/<ref>/rebase")
@requires(Permission.POLICY_CHANGE)
def rebase(ref: str) -> Response:
    """Take over what was published meanwhile."""
    return _step(
        ref,
        "rebased",
        lambda: house().desk.rebase_change(person(), ref, edit(), visit=visit()),
    )


@pages.post("/<ref>/publish")
@requires(Permission.POLICY_PUBLISH, fresh=True)
def publish(ref: str) -> Response:
    """Put it in force, on trial."""
    return _step(
        ref, "published", lambda: house().desk.publish_change(person(), ref, visit=visit())
    )


@pages.post("/<ref>/confirm")
@requires(Permission.POLICY_PUBLISH, fresh=True, by_sign_in=True)
def confirm(ref: str) -> Response:
    """Keep it, from a session that began under it."""
    return _step(
        ref, "confirmed", lambda: house().desk.confirm_change(person(), ref, visit=visit())
    )


@pages.post("/<ref>/roll-back")
@requires(Permission.POLICY_PUBLISH)
def roll_back(ref: str) -> Response:
    """Return at once to the rules from before; no proof is asked, for it may be urgent."""
    return _step(
        ref, "rolled_back", lambda: house().desk.roll_back_change(person(), ref, visit=visit())
    )


@pages.get("/versions/<int:seq>")
@requires(Permission.POLICY_READ)
def version(seq: int) -> Response:
    """A published version against the one before it, in words, and the way back to it."""
    return _version_page(seq)


@pages.post("/versions/<int:seq>")
@requires(Permission.POLICY_CHANGE)
def return_to(seq: int) -> Response:
    """Open a change that returns to it."""
    why = request.form.get("why", "")
    try:
        ref = house().desk.return_to_version(person(), seq, why=why, visit=visit())
    except (ChangeRefused, Stopped) as refusal:
        problem = _problem_of(refusal)
        return _version_page(seq, Problem("why", problem.text))
    return make_response(redirect(url_for(".one", ref=ref), code=303))


def _version_page(seq: int, problem: Problem | None = None) -> Response:
    desk = house().desk
    found = desk.version_difference(seq, language=html_lang(), now=g.now)
    stated = next((each for each in desk.published() if each.seq == seq), None)
    if found is None or stated is None:
        abort(404)
    page = render_template(
        "change_version.html",
        found=found,
        version=stated,
        newest=max(each.seq for each in desk.published()),
        may_change=desk.may(person(), Permission.POLICY_CHANGE, now=g.now),
        typed=request.form,
        problems=[] if problem is None else [problem],
    )
    return make_response(page, 200 if problem is None else 422)


def _step(ref: str, said: str, act: Callable[[], None]) -> Response:
    """Take a step and say so; if it is refused, show the change with the reason on top."""
    try:
        act()
    except Refused as refusal:
        return with_refusal(refusal, lambda problem: _page(ref, problem))
    return told.say(_back(ref), f"change_{said}")


def _page(ref: str, problem: Problem | None = None) -> Response:
    desk, who = house().desk, person()
    card = desk.change(ref, now=g.now)
    examined = card.examination
    is_running = examined is not None and not (examined.is_done or examined.trouble or card.is_dead)
    page = render_template(
        "change.html",
        card=card,
        it=card.dossier,
        examined=examined,
        effect=None if examined is None else examined.effect,
        is_running=is_running,
        is_own=card.dossier.author == who.current.subject,
        has_written=who.current.subject in card.writers,
        name=desk.named,
        say=Sayings.now(g.now),
        days=DAYS,
        may_change=desk.may(who, Permission.POLICY_CHANGE, now=g.now),
        may_approve=desk.may(who, Permission.POLICY_APPROVE, now=g.now),
        may_publish=desk.may(who, Permission.POLICY_PUBLISH, now=g.now),
        typed=request.form,
        problems=[] if problem is None else [problem],
    )
    answer = make_response(page)
    if is_running:
        answer.headers["Refresh"] = str(AGAIN)
    return answer


def _terms_page(
    typed: Mapping[str, str], *, ref: str = "", problem: Problem | None = None
) -> Response:
    problems = [] if problem is None else [problem]
    return make_response(
        render_template("change_terms.html", typed=typed, ref=ref, problems=problems)
    )


def _terms_again(refusal: ChangeRefused | Stopped, *, ref: str = "") -> Response:
    answer = _terms_page(request.form, ref=ref, problem=_problem_of(refusal))
    answer.status_code = answer_for(f"change_{refusal.why}").status
    return answer


def _problem_of(refusal: ChangeRefused | Stopped) -> Problem:
    if refusal.why is not Why.TERMS:
        return Problem("", str(answer_for(f"change_{refusal.why}").text))
    words = {
        "title": _("Say in a few words what changes"),
        "why": _("Say why, in 2 to 2000 characters"),
        "most_people": _("Enter how many people may gain by it, as a number"),
        "confirm_minutes": _("Enter 1 to 1440 minutes"),
        "publish_at": _("Enter a day and a time that exist"),
    }
    return Problem(refusal.said, words.get(refusal.said, ""))


def _terms() -> Terms:
    """What the form declares. Raises Stopped (terms) with the field's name."""
    form = request.form
    numbers = {}
    for name in ("most_people", "confirm_minutes"):
        typed = form.get(name, "").strip()
        if not typed.isdecimal():
            raise Stopped(Why.TERMS, name)
        numbers[name] = int(typed)
    return Terms(
        title=form.get("title", ""),
        why=form.get("why", ""),
        publish_at=_moment(form.get("publish_at", "").strip()),
        **numbers,
    ).checked()


def _moment(typed: str) -> datetime | None:
    if not typed:
        return None
    moment = moments.of_local(typed)
    if moment is None:
        raise Stopped(Why.TERMS, "publish_at")
    return moment


def edit() -> int:
    """The edit of the draft that the form was made from."""
    typed = request.form.get("edit", "")
    return int(typed) if typed.isdecimal() else 0


def _back(ref: str) -> Response:
    return make_response(redirect(url_for(".one", ref=ref), code=303))

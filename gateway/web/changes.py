"""Changes of the rules: the list, one change with what it would do, and each of its steps."""

from __future__ import annotations

from collections.abc import Callable

from flask import (
    Blueprint,
    Response,
    g,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)

from gateway.refusals import Refused
from gateway.web import told
from gateway.web.access import requires
from gateway.web.errors import with_refusal
from gateway.web.forms import Problem, whole
from gateway.web.i18n import html_lang
from gateway.web.sayings import Sayings
from gateway.web.session import house, person, visit
from policies.permissions import Permission

pages = Blueprint("changes", __name__, url_prefix="/policy/changes")
AGAIN = 2
"""Seconds after which a page of unfinished work asks again."""
LONGEST = 3660
"""Days of the log that can be asked again."""
DAYS = 30
LONGEST_BEGUN = 500
"""Letters of a sentence that words are still offered for."""


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


@pages.get("/words")
@requires(Permission.POLICY_READ)
def words() -> Response:
    """What a rule's sentence may go on with, the likeliest first; asked by its field's script."""
    before = request.args.get("say", "")
    if len(before) > LONGEST_BEGUN:
        return jsonify([])
    return jsonify(house().desk.offers(before, language=html_lang(), now=g.now))


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
    days = min(whole(typed) or DAYS, LONGEST)
    house().desk.examine_change(person(), ref, days=days, visit=visit())
    return back(ref)


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


def _step(ref: str, said: str, act: Callable[[], None]) -> Response:
    """Take a step and say so; if it is refused, show the change with the reason on top."""
    try:
        act()
    except Refused as refusal:
        return with_refusal(refusal, lambda problem: _page(ref, problem))
    return told.say(back(ref), f"change_{said}")


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
        differs=desk.draft_difference(ref),
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


def edit() -> int:
    """The edit of the draft that the form was made from."""
    return whole(request.form.get("edit", "")) or 0


def saved(answer: Response, ref: str) -> Response:
    """Say that an edit is saved, and whether it took an approval back."""
    last = house().desk.change(ref, now=g.now).steps[-1][0].what
    code = f"change_saved_{last}"
    return told.say(answer, code if code in told.SENTENCES else "change_saved")


def back(ref: str) -> Response:
    """To the page of the change."""
    return make_response(redirect(url_for("changes.one", ref=ref), code=303))

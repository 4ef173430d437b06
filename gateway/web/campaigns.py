"""Reviews of the rules: begun with a day, decided by who answers, closed into a change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import (
    Blueprint,
    Response,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)

from gateway.changes.campaign_refusals import CampaignRefused
from gateway.web import told
from gateway.web.access import requires
from gateway.web.answers import answer_for
from gateway.web.forms import Problem, whole
from gateway.web.i18n import _, html_lang
from gateway.web.session import house, person, visit
from policies.campaigns.campaigns import Reviewers, State, Stopped, Terms, Verdict, Why
from policies.campaigns.deciding import Answer
from policies.permissions import Permission

pages = Blueprint("campaigns", __name__, url_prefix="/policy/campaigns")
AGAIN = 2
"""Seconds after which a page of unfinished work asks again."""
PAGE = 100
USUAL = timedelta(days=30)


@pages.get("")
@requires(Permission.POLICY_REVIEW_VIEW)
def show() -> str:
    """Every review one may see, the newest first."""
    desk = house().desk
    return render_template(
        "campaigns.html",
        rows=desk.campaigns(person(), sees_all=_sees_all(), now=g.now),
        may_begin=desk.may(person(), Permission.POLICY_CAMPAIGN, now=g.now),
        sees_all=_sees_all(),
    )


@pages.get("/new")
@requires(Permission.POLICY_CAMPAIGN)
def new() -> Response:
    """The form for a new one."""
    due = (g.now + USUAL).astimezone(_zone()).date().isoformat()
    typed = {"days": "90", "due_at": due, "scope": "*", "reviewers": str(Reviewers.SERVICE)}
    return _new_page(typed)


@pages.post("/new")
@requires(Permission.POLICY_CAMPAIGN)
def create() -> Response:
    """Begin it; its page shows how far the gathering is."""
    try:
        ref = house().desk.open_campaign(person(), _terms(), visit=visit())
    except (CampaignRefused, Stopped) as refusal:
        return _new_page(request.form, _problems_of(refusal))
    return _back(ref)


@pages.get("/<ref>")
@requires(Permission.POLICY_REVIEW_VIEW)
def one(ref: str) -> Response:
    """Its rules, each with what the log says of it."""
    return _page(ref)


@pages.post("/<ref>/gather")
@requires(Permission.POLICY_CAMPAIGN)
def gather(ref: str) -> Response:
    """Ask the log anew, after whoever did so stopped in the middle."""
    house().desk.gather_campaign(person(), ref, visit=visit())
    return _back(ref)


@pages.post("/<ref>/decide")
@requires(Permission.POLICY_REVIEW)
def decide(ref: str) -> Response:
    """Decide on the rules that were ticked, all or none."""
    try:
        house().desk.decide_in_campaign(person(), ref, _answer(), visit=visit())
    except (CampaignRefused, Stopped) as refusal:
        return _page(ref, _problems_of(refusal))
    return told.say(_back(ref, show=request.form.get("show", "")), "campaign_decided")


@pages.post("/<ref>/close")
@requires(Permission.POLICY_CAMPAIGN)
def close(ref: str) -> Response:
    """Close it, and go on to the change that comes of it."""
    leaves = request.form.get("leaves_undecided") == "yes"
    try:
        change = house().desk.close_campaign(person(), ref, leaves_undecided=leaves, visit=visit())
    except CampaignRefused as refusal:
        return _page(ref, _problems_of(refusal))
    if not change:
        return told.say(_back(ref), "campaign_closed")
    answer = make_response(redirect(url_for("changes.one", ref=change), code=303))
    return told.say(answer, "campaign_closed_with_change")


@pages.post("/<ref>/withdraw")
@requires(Permission.POLICY_CAMPAIGN)
def withdraw(ref: str) -> Response:
    """End it without consequences."""
    why = request.form.get("why", "")
    try:
        house().desk.withdraw_campaign(person(), ref, reason=why, visit=visit())
    except CampaignRefused as refusal:
        return _page(ref, [Problem("why", each.text) for each in _problems_of(refusal)])
    return told.say(_back(ref), "campaign_withdrawn")


def _sees_all() -> bool:
    return house().desk.may(person(), Permission.POLICY_READ, now=g.now)


def _page(ref: str, problems: Sequence[Problem] = ()) -> Response:
    desk, who = house().desk, person()
    card = desk.campaign(who, ref, sees_all=_sees_all(), language=html_lang(), now=g.now)
    is_running = card.campaign.state is State.GATHERING and not card.is_dead
    chosen = [each for each in card.lines if _is_shown(each.line.verdict, is_unused=each.is_unused)]
    page = render_template(
        "campaign.html",
        card=card,
        it=card.campaign,
        chosen=chosen[: PAGE * _wanted_page()],
        left=max(0, len(chosen) - PAGE * _wanted_page()),
        next_page=_wanted_page() + 1,
        shows=_wanted_show(),
        is_running=is_running,
        may_close=desk.may(who, Permission.POLICY_CAMPAIGN, now=g.now),
        may_decide=any(each.may_decide for each in card.lines)
        and card.campaign.state is State.OPEN
        and desk.may(who, Permission.POLICY_REVIEW, now=g.now),
        may_search=desk.may(who, Permission.AUDIT_VIEW, now=g.now),
        named=dict(desk.scopes(html_lang())),
        ticked=request.form.getlist("number"),
        ticks_unused=request.args.get("tick") == "unused",
        typed=request.form,
        problems=problems,
    )
    answer = make_response(page, 422 if problems else 200)
    if is_running:
        answer.headers["Refresh"] = str(AGAIN)
    return answer


def _is_shown(verdict: str, *, is_unused: bool) -> bool:
    wanted = _wanted_show()
    if wanted == "unused":
        return is_unused
    return wanted != "undecided" or not verdict


def _wanted_show() -> str:
    given = request.values.get("show", "")
    return given if given in ("unused", "undecided") else "all"


def _wanted_page() -> int:
    given = request.args.get("page", "")
    return max(1, int(given)) if given.isdecimal() and len(given) < 6 else 1  # noqa: PLR2004 - digits


def _new_page(typed: Mapping[str, str], problems: Sequence[Problem] = ()) -> Response:
    page = render_template(
        "campaign_new.html",
        typed=typed,
        scopes=house().desk.scopes(html_lang()),
        reviewers=list(Reviewers),
        problems=problems,
    )
    return make_response(page, 422 if problems else 200)


def _terms() -> Terms:
    """What the form asks for. Raises Stopped (terms) with the names of all wrong fields."""
    form = request.form
    reviewers, due = form.get("reviewers", ""), _end_of_day(form.get("due_at", ""))
    terms = Terms(
        title=form.get("title", "").strip(),
        scope=form.get("scope", ""),
        reviewers=Reviewers(reviewers) if reviewers in set(Reviewers) else Reviewers.SERVICE,
        due_at=g.now if due is None else due,
        days=whole(form.get("days", "").strip()) or 0,
    )
    wrong = list(terms.wrong(g.now))
    if reviewers not in set(Reviewers):
        wrong.append("reviewers")
    if wrong:
        raise Stopped(Why.TERMS, " ".join(wrong))
    return terms


def _answer() -> Answer:
    """What is decided. Raises Stopped (terms) with the names of all wrong fields."""
    form = request.form
    numbers = {int(each) for each in form.getlist("number") if each.isdecimal() and len(each) < 9}  # noqa: PLR2004 - digits
    verdict = form.get("verdict", "")
    wrong = ["verdict"] if verdict not in set(Verdict) else []
    if not numbers:
        wrong.append("number")
    if wrong:
        raise Stopped(Why.TERMS, " ".join(wrong))
    return Answer(
        numbers=frozenset(numbers),
        verdict=Verdict(verdict),
        reason=form.get("reason", ""),
        until=_end_of_day(form.get("until", "")),
    )


def _end_of_day(typed: str) -> datetime | None:
    """The end of a day in the office's time zone; None if it is no day."""
    try:
        found = date.fromisoformat(typed.strip())
        begin = datetime.combine(found + timedelta(days=1), time(), _zone())
    except (ValueError, OverflowError):
        return None
    return begin.astimezone(UTC)


def _zone() -> ZoneInfo:
    return ZoneInfo(house().settings.timezone)


def _problems_of(refusal: CampaignRefused | Stopped) -> Sequence[Problem]:
    """Everything that is wrong with what was entered, each at its field."""
    fields = {Why.NO_REASON: "reason", Why.UNTIL: "until", Why.NOTHING: "scope"}
    fields |= {Why.UNDECIDED: "leaves_undecided"}
    if refusal.why is not Why.TERMS:
        text = str(answer_for(f"campaign_{refusal.why}").text)
        return [Problem(fields.get(refusal.why, ""), text)]
    words = {
        "title": _("Say in a few words what is reviewed"),
        "scope": _("Choose which rules are reviewed"),
        "reviewers": _("Choose who decides"),
        "due_at": _("Enter a day that is to come"),
        "days": _("Enter 1 to 3660 days"),
        "verdict": _("Choose what is to become of the rules you ticked"),
        "number": _("Tick at least one rule"),
    }
    wrong = refusal.said.split()
    return [Problem(name, text) for name, text in words.items() if name in wrong]


def _back(ref: str, *, show: str = "") -> Response:
    shown = show if show in ("unused", "undecided") else None
    return make_response(redirect(url_for(".one", ref=ref, show=shown), code=303))

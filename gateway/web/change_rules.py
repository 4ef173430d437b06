"""The rules of a change: as sentences, row by row, and as text; the same content in both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for

from gateway.changes import editing
from gateway.changes.editing import Part
from gateway.refusals import Refused
from gateway.web import labels_changes, told
from gateway.web.access import requires
from gateway.web.changes import LONGEST_BEGUN, edit, saved
from gateway.web.errors import with_refusal
from gateway.web.forms import Problem, whole
from gateway.web.i18n import html_lang
from gateway.web.session import house, person, visit
from policies.change.findings import Severity
from policies.change.phrasing import write
from policies.change.sentences import Sentence
from policies.change.texts import Form
from policies.permissions import Permission

pages = Blueprint("change_rules", __name__, url_prefix="/policy/changes/<ref>/rules")


@pages.get("")
@requires(Permission.POLICY_READ)
def show(ref: str) -> Response:
    """A page of the rules; `q` seeks, `edit` puts one into the form, `say` brings suggestions."""
    chosen, typed = request.args.get("rule", ""), request.args.get("say", "")
    if chosen and not typed:
        text = house().desk.change(ref, now=g.now).dossier.text
        rule = editing.rule_named(text, chosen)
        lexicon = house().desk.lexicon(html_lang(), now=g.now)
        typed = "" if rule is None else write(rule, lexicon)
    instead = "" if request.args.get("copy") else chosen
    # Whoever took one suggestion wants the next.
    return _page(ref, typed=typed, instead=instead, suggests="say" in request.args)


@pages.post("")
@requires(Permission.POLICY_CHANGE)
def put(ref: str) -> Response:
    """Add the sentence that was written, or put it in another rule's place."""
    typed, instead = request.form.get("sentence", ""), request.form.get("instead", "")
    desk = house().desk
    if request.form.get("suggest"):
        return _page(ref, typed=typed, instead=instead, suggests=True)
    said = desk.say(typed, language=html_lang(), now=g.now)
    if said.rule is None:
        answer = _page(ref, typed=typed, instead=instead, said=said)
        answer.status_code = 422
        return answer
    return _saved(
        ref,
        lambda: desk.put_rule(person(), ref, edit(), said, instead=instead, visit=visit()),
        typed=typed,
        instead=instead,
    )


@pages.post("/drop")
@requires(Permission.POLICY_CHANGE)
def drop(ref: str) -> Response:
    """Take a rule out."""
    rule = request.form.get("rule", "")
    return _saved(ref, lambda: house().desk.drop_rule(person(), ref, edit(), rule, visit=visit()))


@pages.post("/restore")
@requires(Permission.POLICY_CHANGE)
def restore(ref: str) -> Response:
    """Put a rule back that the draft had taken out."""
    desk = house().desk
    said = desk.say(request.form.get("line", ""), language=html_lang(), now=g.now)
    return _saved(
        ref, lambda: desk.put_rule(person(), ref, edit(), said, instead="", visit=visit())
    )


@pages.post("/mend")
@requires(Permission.POLICY_CHANGE)
def mend(ref: str) -> Response:
    """Apply a fix that can only be meant one way."""
    form = request.form
    rule, word, near = form.get("rule", ""), form.get("word", ""), form.get("near", "")
    return _saved(
        ref,
        lambda: house().desk.mend_rule(person(), ref, edit(), rule, word, near, visit=visit()),
    )


@pages.get("/text")
@requires(Permission.POLICY_READ)
def text(ref: str) -> Response:
    """The whole draft as text, in either form."""
    return _text_page(ref, form=_form(request.args.get("form", "")))


@pages.post("/text")
@requires(Permission.POLICY_CHANGE)
def set_text(ref: str) -> Response:
    """Save the whole text, typed or uploaded; what cannot be read yet is kept as well."""
    form = _form(request.form.get("form", ""))
    file = request.files.get("file")
    typed = request.form.get("text", "")
    if file is not None and file.filename:
        form = Form.TOML if file.filename.endswith(".toml") else form
        typed = file.read().decode("utf-8", "replace")
    desk = house().desk
    try:
        is_new = desk.set_text(person(), ref, edit(), typed, form, visit=visit())
    except Refused as refusal:
        said = str(refusal)
        return with_refusal(
            refusal,
            lambda problem: _text_page(ref, form=form, typed=typed, problem=problem, said=said),
        )
    answer = make_response(redirect(url_for(".text", ref=ref, form=form), code=303))
    if not is_new:
        return told.say(answer, "nothing_changed")
    wrong = Counter(each.severity for each in desk.draft_findings(ref, now=g.now))
    if not wrong[Severity.ERROR]:
        return saved(answer, ref)
    faults = labels_changes.faults(wrong[Severity.ERROR], wrong[Severity.WARNING])
    return told.say(answer, "change_saved_with", faults=faults)


@pages.get("/download")
@requires(Permission.POLICY_READ)
def download(ref: str) -> Response:
    """The draft as a file, fit for version control."""
    form = _form(request.args.get("form", ""))
    found = house().desk.draft_text(ref, form)
    if found is None:
        return _text_page(ref, form=Form.CSV)
    answer = make_response(found)
    answer.content_type = "text/plain; charset=utf-8"
    name = f"rules-{ref[:8]}.{form}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _saved(ref: str, act: Callable[[], bool], *, typed: str = "", instead: str = "") -> Response:
    try:
        is_new = act()
    except Refused as refusal:
        return with_refusal(
            refusal, lambda problem: _page(ref, typed=typed, instead=instead, problem=problem)
        )
    seen = request.form
    back = url_for(".show", ref=ref, q=seen.get("q") or None, part=seen.get("part") or None)
    answer = make_response(redirect(back, code=303))
    return saved(answer, ref) if is_new else told.say(answer, "nothing_changed")


def _page(
    ref: str,
    *,
    typed: str = "",
    instead: str = "",
    said: Sentence | None = None,
    suggests: bool = False,
    problem: Problem | None = None,
) -> Response:
    desk, language = house().desk, html_lang()
    card = desk.change(ref, now=g.now)
    sought, page = request.values.get("q", ""), request.args.get("page", "")
    leaf = desk.draft_leaf(
        ref, language=language, sought=sought, part=_part(request.values.get("part", "")),
        page=whole(page) or 1, now=g.now,
    )  # fmt: skip
    if leaf is None:
        return _text_page(ref, form=Form.CSV)
    shown = render_template(
        "change_rules.html",
        it=card.dossier,
        leaf=leaf,
        sought=sought,
        typed=typed,
        instead=instead,
        wrong=() if said is None else said.wrong,
        longest_begun=LONGEST_BEGUN,
        offers=desk.offers(typed, language=language, now=g.now) if suggests else (),
        suggests=suggests,
        parts_of=tuple(Part),
        may_change=card.dossier.is_open and desk.may(person(), Permission.POLICY_CHANGE, now=g.now),
        problems=[] if problem is None else [problem],
    )
    return make_response(shown)


def _text_page(
    ref: str,
    *,
    form: Form,
    typed: str | None = None,
    problem: Problem | None = None,
    said: str = "",
) -> Response:
    desk = house().desk
    card = desk.change(ref, now=g.now)
    found = desk.draft_text(ref, form)
    if found is None:
        form, found = Form.CSV, card.dossier.text
    shown = render_template(
        "change_text.html",
        it=card.dossier,
        form=form,
        text=found if typed is None else typed,
        findings=desk.draft_findings(ref, now=g.now) if typed is None else (),
        said=said.splitlines(),
        may_change=card.dossier.is_open and desk.may(person(), Permission.POLICY_CHANGE, now=g.now),
        problems=[] if problem is None else [problem],
    )
    return make_response(shown)


def _part(name: str) -> Part | None:
    return Part(name) if name in set(Part) else None


def _form(name: str) -> Form:
    return Form.TOML if name == Form.TOML else Form.CSV

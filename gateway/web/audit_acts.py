"""Who watches the auditor: what the auditors looked at and did, for the security administrator."""

from __future__ import annotations

from flask import Blueprint, render_template, url_for

from audit.query import NOT, BadQuery, Query
from gateway.web import audit_words, labels_audit
from gateway.web.access import requires
from gateway.web.audit import number
from gateway.web.i18n import _, either
from gateway.web.session import house
from policies.permissions import Permission

pages = Blueprint("audit_acts", __name__, url_prefix="/audit")


@pages.get("/acts")
@requires(Permission.AUDIT_WATCH)
def show() -> str:
    """Newest first."""
    desk = house().desk
    return render_template(
        "audit_acts.html",
        page=desk.log_acts_of_auditors(before=number("before"), after=number("after")),
        words=audit_words.words_of(desk),
        filter_words=filter_words,
        address=lambda **more: url_for("audit_acts.show", **more),
    )


def filter_words(text: str, words: audit_words.Words) -> str:
    """A recorded search in words."""
    if text == "*":
        return _("everything")
    try:
        query = Query.of_text(text)
    except BadQuery:
        return text
    return either("；", "; ").join(_filter(name, value, words) for name, value in query.pairs())


def _filter(name: str, value: str, words: audit_words.Words) -> str:
    bare = name.removeprefix(NOT)
    said = {"field": labels_audit.field(bare), "value": words.value(bare, value)}
    return (
        _("%(field)s not %(value)s", **said) if name != bare else _("%(field)s: %(value)s", **said)
    )

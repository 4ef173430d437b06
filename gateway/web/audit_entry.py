"""One entry of the log in words: what it says, what proves it, and where it leads."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, abort, g, render_template

from audit.entry import Entry
from audit.query import BadQuery, Query
from audit.search import PAGE
from gateway.web import audit_asked, audit_words
from gateway.web.access import requires
from gateway.web.audit import address_of
from gateway.web.desk_audit import OpenedValue
from gateway.web.sayings import Sayings
from gateway.web.session import house, person, visit
from policies.permissions import Permission

pages = Blueprint("audit_entry", __name__, url_prefix="/audit")


@pages.get("/entries/<int:seq>")
@requires(Permission.AUDIT_VIEW)
def show(seq: int) -> str:
    """The entry with this number."""
    return _page(seq, ())


@pages.get("/entries/<int:seq>/values")
@requires(Permission.AUDIT_OPEN)
def open_values(seq: int) -> str:
    """The same with its personal values in clear; each time this is asked for is on record."""
    return _page(seq, house().desk.log_values_opened(person(), seq, visit=visit()))


@pages.get("/entries/<int:seq>.tlog-proof")
@requires(Permission.AUDIT_VIEW)
def receipt(seq: int) -> Response:
    """The entry's receipt (c2sp.org/tlog-proof), which proves it on any machine."""
    made = house().desk.log_receipt(person(), seq, visit=visit())
    return _file(made, f"{seq}.tlog-proof", "application/octet-stream")


@pages.get("/entries/<int:seq>.json")
@requires(Permission.AUDIT_VIEW)
def body(seq: int) -> Response:
    """The entry as it was sealed, byte for byte: what its receipt proves."""
    entry = house().desk.log_entry(person(), seq, visit=visit())
    return _file(entry.body, f"{seq}.json", "application/json")


@pages.get("/rules/<version>/<rule_id>")
@requires(Permission.AUDIT_VIEW)
def rule(version: str, rule_id: str) -> str:
    """A rule as it stood when it decided, who published it, and what else it decided."""
    if not version.isalnum():
        abort(404)
    try:
        decided = Query(include={"policy": (version,), "event": ("decision.*",)}, words=(rule_id,))
    except BadQuery:  # no rule and no version has such a name
        abort(404)
    used = house().desk.log_rule(rule_id, version)
    return render_template(
        "audit_rule.html",
        used=used,
        words=audit_words.words_of(house().desk),
        say=Sayings.now(g.now),
        decided=address_of(decided),
    )


def _file(content: bytes, name: str, kind: str) -> Response:
    response = Response(content, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _page(seq: int, opened: Sequence[OpenedValue]) -> str:
    desk = house().desk
    entry = desk.log_entry(person(), seq, visit=visit())
    return render_template(
        "audit_entry.html",
        entry=entry,
        words=audit_words.words_of(desk),
        opened=opened,
        may_explain=entry.row.event.startswith("decision.")
        and desk.may(person(), Permission.POLICY_READ, now=g.now),
        may_open=desk.may(person(), Permission.AUDIT_OPEN, now=g.now),
        ways=ways(entry),
        raw=entry.body.decode("utf-8", "replace"),
    )


def ways(entry: Entry) -> dict[str, str]:
    """Where the entry leads: what happened around it, and its actor's, object's, session's line."""
    row = entry.row
    # So that the entry itself, which the address marks, stands in the middle of the first page.
    before = entry.seq + 1 + PAGE // 2
    near = address_of(audit_asked.around(entry.at), before=before)
    found = {"around": f"{near}#entry-{entry.seq}"}
    if row.actor:
        found["actor"] = address_of(Query(include={"actor": (row.actor,)}))
    for name in ("object", "session", "decision", "address", "case_ref"):
        value = getattr(row, name)
        if value:
            found[name] = address_of(Query(include={name: (value,)}))
    return found

"""Charts of the log: when how much happened, and who was refused. Each has its table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, cast

from flask import Blueprint, Response, abort, g, render_template

from audit.activity import By
from gateway.web import audit_words
from gateway.web.access import requires
from gateway.web.charts import Series, bars, lines
from gateway.web.i18n import _
from gateway.web.i18n import later as _l
from gateway.web.moments import local
from gateway.web.session import house
from policies.permissions import Permission

pages = Blueprint("audit_charts", __name__, url_prefix="/audit")

HOURS = 48
DAYS = 30
MOST = 12
"""Services or units that a chart names; the table names them all."""
NAMES = ("hours", "days", "services", "units")
Name = Literal["hours", "days", "services", "units"]
TITLES = {
    "hours": _l("Activity by hour, the last two days"),
    "days": _l("Activity by day, the last 30 days"),
    "services": _l("Refusals by service, the last 30 days"),
    "units": _l("Refusals by unit, the last 30 days"),
}


@dataclass(frozen=True, slots=True)
class Table:
    """What a chart draws: a name for each row, and its figures."""

    name: str
    title: str
    heads: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    figures: Sequence[tuple[int, ...]]


@pages.get("/activity")
@requires(Permission.AUDIT_VIEW)
def show() -> str:
    """Every chart with its table."""
    return render_template("audit_charts.html", tables=[table(cast("Name", n)) for n in NAMES])


@pages.get("/activity/<name>.svg")
@requires(Permission.AUDIT_VIEW)
def picture(name: str) -> Response:
    """One chart, drawn."""
    if name not in NAMES:
        abort(404)
    drawn = table(cast("Name", name))
    series = [
        Series(drawn.heads[at + 1], [figures[at] for figures in drawn.figures])
        for at in range(len(drawn.heads) - 1)
    ]
    labels = [row[0] for row in drawn.rows]
    if name in {"hours", "days"}:
        svg = lines(drawn.title, labels, series, every=12 if name == "hours" else 5)
    else:
        svg = bars(drawn.title, labels[:MOST], [Series(s.name, s.values[:MOST]) for s in series])
    return Response(svg, content_type="image/svg+xml; charset=utf-8")


def table(name: Name) -> Table:
    """The figures of one chart."""
    if name in {"hours", "days"}:
        return _activity(name)
    return _refusals("service" if name == "services" else "unit", name)


def _activity(name: Name) -> Table:
    desk = house().desk
    if name == "hours":
        until = _next_hour(g.now)
        slots = desk.log_by_hour(since=until - timedelta(hours=HOURS), until=until)
        names = [f"{local(slot.start):%m-%d %H}:00" for slot in slots]
    else:
        today = local(g.now).date()
        slots = desk.log_by_day(since=today - timedelta(days=DAYS - 1), days=DAYS)
        names = [f"{slot.start:%m-%d}" for slot in slots]
    heads = (_("Hour") if name == "hours" else _("Day"), _("Entries"), _("Refusals"))
    figures = [(slot.entries, slot.denied) for slot in slots]
    rows = [(n, str(a), str(b)) for n, (a, b) in zip(names, figures, strict=True)]
    return Table(name, str(TITLES[name]), heads, rows, figures)


def _refusals(by: By, name: Name) -> Table:
    desk = house().desk
    words = audit_words.words_of(desk)
    shares = desk.log_refusals(by, since=g.now - timedelta(days=DAYS), until=g.now)
    called = words.service if by == "service" else words.unit
    heads = (_("Service") if by == "service" else _("Unit"), _("Refusals"))
    rows = [(called(each.name) if each.name else _("none"), str(each.denied)) for each in shares]
    return Table(name, str(TITLES[name]), heads, rows, [(each.denied,) for each in shares])


def _next_hour(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)

"""What a change does, looked at closely: charts, and the records behind each row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, abort, g, render_template

from gateway.web import labels_changes
from gateway.web.access import requires
from gateway.web.charts import Series, bars
from gateway.web.desk_changes import ChangeCard
from gateway.web.i18n import _
from gateway.web.sayings import Sayings
from gateway.web.session import house, person, visit
from policies.permissions import Permission

pages = Blueprint("change_effect", __name__, url_prefix="/policy/changes/<ref>/effect")

MOST = 12
"""Units or services that a chart names; the table under it names more."""
AXES = ("people", "units", "services")


@pages.get("/<name>.svg")
@requires(Permission.POLICY_READ)
def picture(ref: str, name: str) -> Response:
    """A chart of who gains and who loses."""
    if name not in labels_changes.CHARTS:
        abort(404)
    facts = _effect(house().desk.change(ref, now=g.now))
    say = Sayings.now(g.now)
    rows = labels_changes.shares(facts, name, say)[:MOST]
    series = [Series(str(_("gain")), [each[1] for each in rows])]
    series.append(Series(str(_("lose")), [each[2] for each in rows]))
    svg = bars(str(labels_changes.CHARTS[name]), [each[0] for each in rows], series)
    return Response(svg, content_type="image/svg+xml; charset=utf-8")


@pages.get("/<axis>/<int:row>")
@requires(Permission.POLICY_READ)
def records(ref: str, axis: str, row: int) -> str:
    """The decisions of the log that one row of the replay gathers; the newest of them."""
    desk = house().desk
    card = desk.change(ref, now=g.now)
    rows = _effect(card)["replay"].get(axis, ()) if axis in AXES else ()
    if row >= len(rows):
        abort(404)
    found = rows[row]
    return render_template(
        "change_records.html",
        it=card.dossier,
        axis=axis,
        row=found,
        entries=desk.past_decisions(person(), found["decisions"], visit=visit()),
        say=Sayings.now(g.now),
        name=desk.named,
    )


def _effect(card: ChangeCard) -> Mapping[str, Any]:
    if card.examination is None or not card.examination.effect:
        abort(404)
    return card.examination.effect

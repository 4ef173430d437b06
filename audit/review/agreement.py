"""Do the tables of the review say what the log says? Each row beside its leaves, both ways.

Whoever writes the database can sign off a night, decide a finding, hide it under a suppression
or switch a rule off, in rows alone: no proof of the log fails by that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, Table, func, select

from audit.index_check import moment
from audit.index_tables import audit_index
from audit.indexer import Reach, reach
from audit.record import Json, bounded, canonical, timestamp
from audit.review import place
from audit.review.finding import RULES, State
from audit.review.link_check import misplaced
from audit.review.place import Place
from audit.review.signed import signoffs, unproven
from audit.review.tables import review_finding, review_rule, review_suppression
from audit.review.told import Told, knows_all, told
from audit.verify import Report
from audit.vouching import Mac

_DECIDED = (State.RESOLVED, State.CLOSED)
_SLACK = timedelta(days=1)
"""Entries are not in the order of their times; a row of about then may have had a pruned leaf."""
_RULE_EVENTS = ("review.rule_changed", "review.rule_on", "review.rule_off")


@dataclass(slots=True)
class _Said:
    """What the log says of one thing. `seq` is where it was last told, None if unsealed."""

    seq: int | None
    values: dict[str, Json] = field(default_factory=dict)
    over: int | None = None
    """Where a finding was decided that is decided still."""


def inspect(read: Engine, report: Report, *, mac: Mac) -> None:
    """Add to a report what the review's tables say otherwise than the log.

    Of a pruned log only what its remaining entries tell is compared. `mac` is the one by which
    the place of the rules carries the gateway's word.
    """
    with moment(read) as connection:
        goes = reach(connection)
        _place(place.look(connection, mac), report, goes)
        if not knows_all(connection):
            report.uncovered.append("the review's tables: the index is being made anew")
            return
        _signoffs(connection, report, goes)
        findings = _findings(connection)
        for kind, table, log in (
            ("finding", review_finding, findings),
            ("suppression", review_suppression, _suppressions(connection)),
            ("rule", review_rule, _rules(connection)),
        ):
            _compare(connection, report, goes, kind=kind, table=table, log=log)
        over = {name: said.over for name, said in findings.items() if said.over is not None}
        for each in misplaced(connection, over):
            report.tampered(goes.size if each.seq is None else each.seq, each.words)


def _place(found: Place, report: Report, goes: Reach) -> None:
    if found.next is None:
        said = "is gone" if found.said is None else f"is {found.said}, as the gateway never said"
        words = f"the place up to which the rules have looked {said}"
        report.tampered(goes.size, words)
    elif found.next > max(goes.size, goes.sealed):
        words = f"the rules looked at entry {found.next - 1}, which is not there"
        report.tampered(goes.size, words)


def _signoffs(connection: Connection, report: Report, goes: Reach) -> None:
    forged = unproven(connection)
    for each in forged:
        words = f"entries {each.low} to {each.high - 1}: the log knows no such sign-off"
        report.tampered(each.low, words)
    rows = {str(each.id) for each in (*signoffs(connection), *forged)}
    for leaf in told(connection, "review.signoff"):
        if leaf.id not in rows:
            seq = goes.size if leaf.seq is None else leaf.seq
            report.tampered(seq, f"sign-off {leaf.id} is gone from its table")


def _findings(connection: Connection) -> dict[str, _Said]:
    found: dict[str, _Said] = {}
    for each in told(connection, "review.found", "review.taken", "review.decided"):
        known = found.setdefault(each.id, _Said(each.seq))
        known.seq = each.seq
        if each.event == "review.found" and each.subject == RULES.subject:
            known.values |= _opened(each)
        elif each.event == "review.taken":
            known.values |= {"owner": each.subject, "state": each.details.get("state")}
        elif each.event == "review.decided":
            known.values |= _decided(each, known.values)
            is_over = known.values["state"] in _DECIDED
            known.over = (each.seq if known.over is None else known.over) if is_over else None
    return found


def _opened(leaf: Told) -> dict[str, Json]:
    said = leaf.details
    return {
        "rule": said.get("rule"),
        "rule_version": said.get("version"),
        "level": said.get("level"),
        "key": said.get("group"),
        "suppressed_by": said.get("suppressed") or None,
        "state": State.NEW.value,
        "owner": None,
        "disposition": None,
        "reason": "",
        "decided_by": None,
    }


def _decided(leaf: Told, before: Mapping[str, Json]) -> dict[str, Json]:
    said, is_decided = leaf.details, leaf.details.get("after") in _DECIDED
    # Of a finding whose beginning was pruned nobody can say who had it before.
    owner = {"owner": before["owner"] or leaf.subject} if "owner" in before else {}
    return {
        **owner,
        "state": said.get("after"),
        "disposition": said.get("disposition"),
        "reason": said.get("reason"),
        "decided_by": leaf.subject if is_decided else None,
    }


def _suppressions(connection: Connection) -> dict[str, _Said]:
    found: dict[str, _Said] = {}
    for each in told(connection, "review.suppressed", "review.ended_suppression"):
        if each.event == "review.suppressed":
            said = each.details
            values = {"fields": said.get("fields"), "reason": said.get("reason")}
            made = values | {"until": _moment(said), "by": each.subject, "ended_at": None}
            found[str(said.get("suppression"))] = _Said(each.seq, made)
        else:
            known = found.setdefault(each.id, _Said(each.seq))
            known.values["ended_at"] = each.body["ts"]
    return found


def _moment(said: Mapping[str, Any]) -> str | None:
    try:
        return timestamp(datetime.fromisoformat(str(said.get("until"))))
    except ValueError:
        return None


def _rules(connection: Connection) -> dict[str, _Said]:
    found: dict[str, _Said] = {}
    for each in told(connection, *_RULE_EVENTS):
        after = each.details.get("after")
        after = after if isinstance(after, dict) else {}
        values: dict[str, Json] = {
            "is_on": after.get("on"),
            "text": after.get("text"),
            "why": each.details.get("why"),
            "by": each.subject,
        }
        found[f"{each.id} {each.details.get('version')}"] = _Said(each.seq, values)
    return found


def _compare(
    connection: Connection,
    report: Report,
    goes: Reach,
    *,
    kind: str,
    table: Table,
    log: Mapping[str, _Said],
) -> None:
    since = _first_moment(connection, goes)
    names: set[str] = set()
    for row in connection.execute(select(table)).mappings():
        name = _name(row)
        names.add(name)
        said = log.get(name)
        if said is None:
            if since is None or _made(row) > since + _SLACK:
                report.tampered(goes.first, f"the log knows no {kind} {name}")
            continue
        for wrong in _differing(row, said.values):
            words = f"{kind} {name}: its {wrong} is not what the log says"
            report.tampered(goes.size if said.seq is None else said.seq, words)
    for name in log.keys() - names:
        seq = log[name].seq
        words = f"{kind} {name} is gone from its table"
        report.tampered(goes.size if seq is None else seq, words)


def _first_moment(connection: Connection, goes: Reach) -> datetime | None:
    """When a pruned log begins; None if nothing was pruned."""
    if not goes.first:
        return None
    at = connection.execute(select(func.min(audit_index.c.at))).scalar()
    return None if at is None else datetime.fromtimestamp(at / 1000, UTC)


def _name(row: RowMapping) -> str:
    return str(row["id"]) if "id" in row else f"{row['name']} {row['version']}"


def _made(row: RowMapping) -> datetime:
    found: datetime = row["opened_at"] if "opened_at" in row else row["at"]
    return found


def _differing(row: RowMapping, said: Mapping[str, Json]) -> Iterator[str]:
    for name, value in said.items():
        if canonical(bounded(_plain(row[name]))) != canonical(value):
            yield name.replace("_", " ")


def _plain(value: Any) -> Json:  # noqa: ANN401 - whatever a column holds
    if isinstance(value, datetime):
        return timestamp(value)
    if value is None or isinstance(value, str | int | Mapping | Sequence):
        return value
    return str(value)

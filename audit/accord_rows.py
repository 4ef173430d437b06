"""The tables of requests and holds held against what the sealer heard (`audit.accords`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, or_, select, update

from audit.accords import Accord, Accords
from audit.tables_anchors import log_hold, log_request


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is not what the entries say. `request` is whether it is one, or a hold."""

    id: str
    request: bool
    words: str


@dataclass(frozen=True, slots=True)
class Rows:
    """What the tables say: requests that are open or approved, holds that keep."""

    requests: Mapping[str, Row[Any]]
    holds: Mapping[str, datetime]


def look(connection: Connection, known: Accords) -> Rows:
    """Read the rows. To be done before the entries are read that are to explain them.

    A row and its entry are of one commit: what is seen here has its entry there. Rows that
    come later are looked at in the next round.
    """
    row, hold = log_request.c, log_hold.c
    asked = select(log_request).where(
        or_(row.state.in_(("open", "approved")), row.id.in_([*known.open, *known.agreed]))
    )
    keeping = select(hold.id, hold.since).where(hold.lifted_at.is_(None))
    return Rows(
        requests={each.id: each for each in connection.execute(asked)},
        holds={each.id: each.since for each in connection.execute(keeping)},
    )


@dataclass(frozen=True, slots=True)
class Heard:
    """What was known before a round's entries, at any time during it, and after.

    Rows are read a moment before the entries, so they may show what the entries then ended.
    """

    before: Accords
    after: Accords
    requests: Mapping[str, Accord]
    holds: Mapping[str, str]

    @classmethod
    def of(cls, before: Accords) -> Heard:
        """Return it when nothing has been heard yet."""
        return cls(before, before, {**before.open, **before.agreed}, dict(before.holds))

    def heard(self, body: bytes) -> Heard:
        """Return it after one more entry, for which the gateway gave its word."""
        after = self.after.heard(body)
        if after is self.after:
            return self
        requests = {**self.requests, **after.open, **after.agreed}
        return Heard(self.before, after, requests, {**self.holds, **after.holds})


def differences(rows: Rows, heard: Heard) -> Sequence[Difference]:
    """What does not fit. To be asked once nothing waits any more."""
    return [*_invented(rows, heard), *_gone(rows, heard), *_holds(rows, heard)]


def finished(rows: Rows, heard: Heard) -> Sequence[str]:
    """The erasures that the gateway has carried out: nobody needs to remember them."""
    return [
        name
        for name, agreed in heard.before.agreed.items()
        if agreed.kind == "erase" and name in rows.requests
        if rows.requests[name].state in {"done", "failed"}
    ]


def _invented(rows: Rows, heard: Heard) -> Iterator[Difference]:
    for name, row in rows.requests.items():
        known = heard.requests.get(name)
        if row.state not in {"open", "approved"}:
            continue
        if known is None:
            yield Difference(name, True, "nobody proposed it, or it was over")
        elif row.state == "approved" and not known.second:
            yield Difference(name, True, "no second officer agreed to it")
        elif wrong := _wrong(row, known):
            yield Difference(name, True, f"its {wrong} is not what the entries say")


def _gone(rows: Rows, heard: Heard) -> Iterator[Difference]:
    """Requests that still stand, as the entries say, and by their rows do not."""
    for name in heard.before.open.keys() & heard.after.open.keys():
        row = rows.requests.get(name)
        if row is None or row.state != "open":
            yield Difference(name, True, "it is open, and its row says otherwise")
    for name in heard.before.agreed.keys() & heard.after.agreed.keys():
        row, kind = rows.requests.get(name), heard.after.agreed[name].kind
        if row is None or (kind == "prune" and row.state != "approved"):
            yield Difference(name, True, "it was approved, and its row says otherwise")


def _holds(rows: Rows, heard: Heard) -> Iterator[Difference]:
    for name, since in rows.holds.items():
        known = heard.holds.get(name)
        if known is None or datetime.fromisoformat(known) != since:
            yield Difference(name, False, "no officer placed this hold")
    for name in heard.before.holds.keys() & heard.after.holds.keys():
        if name not in rows.holds:
            yield Difference(name, False, "it was removed or lifted, and nobody agreed to that")


def _wrong(row: Row[Any], known: Accord) -> str:
    """The first field of a row that is not what was heard; empty if all are."""
    pairs = {
        "kind": (row.kind, known.kind),
        "target": (row.target, known.target),
        "terms": (row.terms, known.terms),
        "proposer": ((row.proposed_by, row.proposed_as), (known.by, known.office)),
    }
    if row.state == "approved":
        second = (known.second, known.second_office)
        pairs["approver"] = ((row.decided_by, row.decided_as), second)
    return next((name for name, (found, right) in pairs.items() if found != right), "")


def settle(connection: Connection, request: str, state: str, outcome: str) -> None:
    """Say in a request's row what became of it."""
    row = log_request.c
    values = {"state": state, "outcome": outcome}
    connection.execute(update(log_request).where(row.id == request).values(**values))

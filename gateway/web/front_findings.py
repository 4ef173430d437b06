"""The desk's rules that look at the log, and what they found, from the audit room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from audit.entry import Entry, Reader
from audit.record import Json
from audit.review import (
    figures,
    handing,
    queue,
    rulebook,
    suppressing,
)
from audit.review.figures import Figure
from audit.review.finding import Finding
from audit.review.queue import Wanted
from audit.review.rule import Rule
from audit.review.rule_text import read
from audit.review.rulebook import Kept
from audit.review.runner import Rehearsal, rehearse
from audit.review.suppressing import Suppression
from gateway.identity.registry import Registry
from gateway.identity.roll import Roll
from gateway.identity.rule_roles import surroundings
from gateway.web.desk import WebSettings
from gateway.web.desk_review import FindingSeen, Ruling, Verdict
from gateway.web.desk_values import SignedIn, Visit
from gateway.web.front_people import actor_of
from gateway.web.review_refusals import SuppressionTerms, refusing

SHOWN = 100
"""Entries of a finding that its page lists; the others are reached by the search."""


@dataclass(frozen=True, kw_only=True)
class FindingsFront:
    """Fulfils the part of `gateway.web.desk_review.ReviewDesk` about rules and findings."""

    registry: Registry
    roll: Roll = field(repr=False)
    settings: WebSettings

    def review_rules(self) -> Sequence[Kept]:
        """From the rule book."""
        with self.registry.store.read.connect() as connection:
            return rulebook.current(connection)

    def review_rule(self, name: str) -> Sequence[Kept]:
        """From the rule book."""
        with refusing(), self.registry.store.read.connect() as connection:
            return rulebook.versions(connection, name)

    def review_rehearse(
        self, person: SignedIn, text: str, *, days: int, visit: Visit
    ) -> tuple[Rule, Rehearsal]:
        """On record, like every look, with what was looked for: the text may ask for anybody."""
        rule = read(text)
        looked(self.registry, person, "rule", rule.name, visit=visit, asked=text)
        around = surroundings(self.roll, self.settings.timezone)
        read_only, since = self.registry.store.read, visit.now - timedelta(days=days)
        return rule, rehearse(read_only, around, rule, since=since, until=visit.now)

    def review_rule_save(self, person: SignedIn, ruling: Ruling, *, visit: Visit) -> Kept:
        """Keep."""
        with refusing(), self.registry.ledger.begin() as tx:
            return rulebook.change(
                tx,
                ruling.text,
                name=ruling.name,
                is_on=ruling.is_on,
                over=ruling.over,
                why=ruling.why,
                actor=actor_of(person, visit),
                now=visit.now,
            )

    def review_findings(
        self, person: SignedIn, wanted: Wanted, *, skip: int, visit: Visit
    ) -> tuple[Sequence[Finding], int]:
        """From the queue."""
        looked(self.registry, person, "findings", ",".join(wanted.states), visit=visit)
        with self.registry.store.read.connect() as connection:
            return queue.listed(connection, wanted, skip=skip)

    def review_finding(self, person: SignedIn, finding: UUID, *, visit: Visit) -> FindingSeen:
        """From the queue; entries from their bodies."""
        with refusing(), self.registry.store.read.connect() as connection:
            known = queue.one(connection, finding)
            numbers = queue.seqs_of(connection, finding)
            notes = queue.notes_of(connection, finding)
            rule = rulebook.as_of(connection, known.rule, known.rule_version)
        looked(self.registry, person, "finding", str(finding), visit=visit)
        return FindingSeen(
            finding=known,
            rule=rule,
            entries=_entries(self.registry, numbers[:SHOWN]),
            numbers=numbers,
            notes=notes,
        )

    def review_take(self, person: SignedIn, finding: UUID, *, version: int, visit: Visit) -> None:
        """Take."""
        with refusing(), self.registry.ledger.begin() as tx:
            actor = actor_of(person, visit)
            queue.take(tx, finding, version=version, actor=actor, now=visit.now)

    def review_decide(
        self, person: SignedIn, finding: UUID, verdict: Verdict, *, version: int, visit: Visit
    ) -> None:
        """Decide."""
        with refusing(), self.registry.ledger.begin() as tx:
            queue.decide(
                tx,
                finding,
                version=version,
                state=verdict.state,
                disposition=verdict.disposition,
                reason=verdict.reason,
                actor=actor_of(person, visit),
                now=visit.now,
            )

    def review_decide_all(
        self, person: SignedIn, wanted: Wanted, verdict: Verdict, *, expected: int, visit: Visit
    ) -> int:
        """Decide about each."""
        with refusing(), self.registry.ledger.begin() as tx:
            return queue.decide_all(
                tx,
                wanted,
                expected=expected,
                disposition=verdict.disposition,
                reason=verdict.reason,
                actor=actor_of(person, visit),
                now=visit.now,
            )

    def review_remark(self, person: SignedIn, finding: UUID, text: str, *, visit: Visit) -> None:
        """Remark."""
        with refusing(), self.registry.ledger.begin() as tx:
            queue.remark(tx, finding, text, actor=actor_of(person, visit), now=visit.now)

    def review_suppress(
        self,
        person: SignedIn,
        finding: UUID,
        fields: Sequence[str],
        *,
        until: date | None,
        reason: str,
        visit: Visit,
    ) -> None:
        """Until the end of the day, by the office's clock; no day is no end, and refused."""
        zone = ZoneInfo(self.settings.timezone)
        end = visit.now
        if until is not None:
            end = datetime.combine(until + timedelta(days=1), time(), zone)
        with refusing(SuppressionTerms), self.registry.ledger.begin() as tx:
            suppressing.suppress(
                tx,
                finding,
                fields,
                until=end,
                reason=reason,
                actor=actor_of(person, visit),
                now=visit.now,
            )

    def review_unsuppress(self, person: SignedIn, suppression: UUID, *, visit: Visit) -> None:
        """End it."""
        with refusing(), self.registry.ledger.begin() as tx:
            actor = actor_of(person, visit)
            suppressing.end_suppression(tx, suppression, actor=actor, now=visit.now)

    def review_suppressions(self) -> Sequence[Suppression]:
        """From the queue."""
        with self.registry.store.read.connect() as connection:
            return suppressing.suppressions(connection)

    def review_hand_over(
        self, person: SignedIn, finding: UUID, *, visit: Visit
    ) -> Mapping[str, Json]:
        """Record it; the file is what the incident desk is handed."""
        with refusing(), self.registry.ledger.begin() as tx:
            actor = actor_of(person, visit)
            return handing.hand_over(tx, finding, None, actor=actor, now=visit.now)[0]

    def review_figures(self, *, since: datetime) -> Sequence[Figure]:
        """From the queue."""
        with self.registry.store.read.connect() as connection:
            return figures.figures(connection, since=since)


def looked(
    registry: Registry, person: SignedIn, kind: str, what: str, *, visit: Visit, asked: str = ""
) -> None:
    """Put a look on record: the same one again within a minute is counted."""
    actor, where = actor_of(person, visit), f"{kind}:{what}"
    place = f"{person.current.subject} {where} {asked}"
    if registry.tally.is_first(
        "review.looked", "", actor=actor, place=place, now=visit.now, outcome="success"
    ):
        details: dict[str, Json] = {"filter": asked} if asked else {}
        registry.ledger.append(
            "review.looked", actor=actor, now=visit.now, object=where, details=details
        )


def _entries(registry: Registry, numbers: Sequence[int]) -> Sequence[Entry]:
    reader = Reader(registry.store.read)
    return [entry for seq in numbers if (entry := reader.one(seq)) is not None]

"""The desk's review of the log, from the audit room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from audit.entry import Entry, Reader
from audit.query import Query
from audit.record import Json
from audit.review import (
    coverage,
    evidence,
    figures,
    handing,
    queue,
    rulebook,
    signing,
    stretch,
    suppressing,
)
from audit.review.coverage import Day
from audit.review.evidence import Package, Purpose
from audit.review.figures import Figure
from audit.review.finding import Finding
from audit.review.queue import Wanted
from audit.review.rule import Rule
from audit.review.rule_text import read
from audit.review.rulebook import Kept
from audit.review.runner import Rehearsal, Runner
from audit.review.signing import Signoff
from audit.review.suppressing import Suppression
from gateway.identity.registry import Registry
from gateway.identity.roll import Roll
from gateway.identity.rule_roles import surroundings
from gateway.web.desk import WebSettings
from gateway.web.desk_review import Bounds, FindingSeen, Night, Ruling, Verdict
from gateway.web.desk_values import SignedIn, Visit
from gateway.web.front_people import actor_of
from gateway.web.review_refusals import refusing

SHOWN = 100
"""Entries of a finding that its page lists; the others are reached by the search."""


@dataclass(frozen=True, kw_only=True)
class ReviewFront:
    """Fulfils `gateway.web.desk_review.ReviewDesk`."""

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
        """On record, like every look."""
        rule = read(text)
        self._review_looked(person, "rule", rule.name, visit=visit)
        runner = Runner(
            begin=self.registry.ledger.begin,
            read=self.registry.store.read,
            around=surroundings(self.roll, self.settings.timezone),
        )
        since = visit.now - timedelta(days=days)
        return rule, runner.rehearse(rule, since=since, until=visit.now)

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
        self._review_looked(person, "findings", ",".join(wanted.states), visit=visit)
        with self.registry.store.read.connect() as connection:
            return queue.listed(connection, wanted, skip=skip)

    def review_finding(self, person: SignedIn, finding: UUID, *, visit: Visit) -> FindingSeen:
        """From the queue; entries from their bodies."""
        with refusing(), self.registry.store.read.connect() as connection:
            known = queue.one(connection, finding)
            numbers = queue.seqs_of(connection, finding)
            notes = queue.notes_of(connection, finding)
        self._review_looked(person, "finding", str(finding), visit=visit)
        return FindingSeen(
            finding=known,
            entries=self._review_entries(numbers[:SHOWN]),
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
        with refusing(), self.registry.ledger.begin() as tx:
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

    def review_night(
        self,
        person: SignedIn,
        query: Query,
        *,
        low: int | None,
        page_from: int | None,
        visit: Visit,
    ) -> Night | None:
        """Read from the bodies; what is rendered is noted in the same commit as the look."""
        read_only, who = self.registry.store.read, person.current.subject
        with refusing():
            with read_only.connect() as connection:
                start = signing.next_low(connection) if low is None else low
                span = stretch.waiting(connection, start)
            if span is None:
                return None
            first = span.low if page_from is None else page_from
            seen = stretch.reviewed(read_only, span, query, who, page_from=first)
        with self.registry.ledger.begin() as tx:
            signing.note_shown(tx, who, query, first, seen.page_end, now=visit.now)
            tx.record(
                "review.looked",
                actor=actor_of(person, visit),
                now=visit.now,
                object=f"range:{first}-{seen.page_end}",
                details={"filter": query.text() or "*", "rows": len(seen.page)},
            )
        with read_only.connect() as connection:
            shown, unread = seen.shown(signing.shown_spans(connection, who, query))
            findings = queue.within(connection, span.low, span.high)
        return Night(seen=seen, shown=shown, unread=unread, findings=findings)

    def review_sign(
        self, person: SignedIn, bounds: Bounds, query: Query, *, note: str, visit: Visit
    ) -> None:
        """Read all of it again, under the root that the page showed, then sign."""
        read_only, who = self.registry.store.read, person.current.subject
        with refusing():
            span = stretch.bound(
                read_only, low=bounds.low, high=bounds.high, size=bounds.size, root=bounds.root
            )
            seen = stretch.reviewed(read_only, span, query, who)
            with self.registry.ledger.begin() as tx:
                actor, proof = actor_of(person, visit), " ".join(person.current.amr)
                signing.sign(tx, seen, note=note, actor=actor, proof=proof, now=visit.now)

    def review_signoffs(self) -> Sequence[Signoff]:
        """All."""
        with self.registry.store.read.connect() as connection:
            return signing.signoffs(connection)

    def review_own(
        self, person: SignedIn, signoff: UUID, *, visit: Visit
    ) -> tuple[Signoff, Sequence[Entry]]:
        """The reviewer's acts, from the bodies under the signed root."""
        known = next((each for each in self.review_signoffs() if each.id == signoff), None)
        read_only = self.registry.store.read
        with refusing():
            if known is None:
                raise queue.FindingUnknown(signoff)
            span = stretch.bound(
                read_only, low=known.low, high=known.high, size=known.size, root=known.root
            )
            acts = stretch.own_acts(read_only, span, known.reviewer)
        self._review_looked(person, "signoff", str(signoff), visit=visit)
        return known, acts

    def review_second(self, person: SignedIn, signoff: UUID, *, visit: Visit) -> None:
        """In the one of their offices that may."""
        offices = sorted({"auditor", "security_admin"} & person.current.roles)
        with refusing(), self.registry.ledger.begin() as tx:
            signing.second(
                tx,
                signoff,
                office=offices[0] if offices else "",
                actor=actor_of(person, visit),
                proof=" ".join(person.current.amr),
                now=visit.now,
            )

    def review_coverage(self, *, since: date, count: int, now: datetime) -> Sequence[Day]:
        """By the office's days."""
        zone = ZoneInfo(self.settings.timezone)
        with self.registry.store.read.connect() as connection:
            return coverage.days(connection, since=since, count=count, zone=zone, now=now)

    def review_evidence(
        self,
        person: SignedIn,
        query: Query,
        numbers: Sequence[int] | None,
        *,
        why: str,
        to: str,
        visit: Visit,
    ) -> Package:
        """Make it, record its hash, hand it out."""
        with refusing():
            purpose = Purpose(
                why=" ".join(why.split()),
                to=" ".join(to.split()),
                actor=actor_of(person, visit),
                by=person.current.name,
                zone=self.settings.timezone,
                now=visit.now,
            )
            made = evidence.make(
                self.registry.store.read,
                query,
                purpose,
                policy=self.settings.audit_policy,
                numbers=numbers,
            )
        self.registry.ledger.append(
            "audit.evidence",
            actor=actor_of(person, visit),
            now=visit.now,
            object=f"package:{made.sha256[:16]}",
            details=made.details(query, purpose),
        )
        return made

    def _review_entries(self, numbers: Sequence[int]) -> Sequence[Entry]:
        reader = Reader(self.registry.store.read)
        return [entry for seq in numbers if (entry := reader.one(seq)) is not None]

    def _review_looked(self, person: SignedIn, kind: str, what: str, *, visit: Visit) -> None:
        """Put a look on record: the same one again within a minute is counted."""
        actor, where = actor_of(person, visit), f"{kind}:{what}"
        place = f"{person.current.subject} {where}"
        if self.registry.tally.is_first(
            "review.looked", "", actor=actor, place=place, now=visit.now, outcome="success"
        ):
            self.registry.ledger.append("review.looked", actor=actor, now=visit.now, object=where)

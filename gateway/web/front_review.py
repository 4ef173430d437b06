"""The desk's signing off of the log, its coverage and evidence, from the audit room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from audit.entry import Entry
from audit.query import Query
from audit.review import (
    coverage,
    evidence,
    evidence_about,
    queue,
    signed,
    signing,
    stretch,
)
from audit.review.coverage import Day
from audit.review.evidence import Package
from audit.review.evidence_about import Purpose
from audit.review.signed import Signoff
from gateway.access.catalogue import Catalogue
from gateway.identity.registry import Registry
from gateway.identity.roll import Roll
from gateway.web.desk import WebSettings
from gateway.web.desk_review import Bounds, Night
from gateway.web.desk_values import SignedIn, Visit
from gateway.web.evidence_words import wording_of
from gateway.web.front_findings import looked
from gateway.web.front_people import actor_of
from gateway.web.review_refusals import refusing


@dataclass(frozen=True, kw_only=True)
class ReviewFront:
    """Fulfils the rest of `gateway.web.desk_review.ReviewDesk`: sign-offs, coverage, evidence."""

    registry: Registry
    catalogue: Catalogue
    roll: Roll = field(repr=False)
    settings: WebSettings

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
                start = signed.next_low(connection) if low is None else low
                span = stretch.waiting(connection, start)
            if span is None:
                return None
            first = max(span.low, page_from or 0)  # what lies before is not on the page
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
            return signed.signoffs(connection)

    def review_unproven(self) -> Sequence[Signoff]:
        """By the log, each row beside its leaf."""
        with self.registry.store.read.connect() as connection:
            return signed.unproven(connection)

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
        looked(self.registry, person, "signoff", str(signoff), visit=visit)
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
        finding: UUID | None,
        *,
        why: str,
        to: str,
        visit: Visit,
    ) -> Package:
        """Make it, record its hash, hand it out."""
        read_only, of = self.registry.store.read, None
        with refusing():
            purpose = Purpose(
                why=" ".join(why.split()),
                to=" ".join(to.split()),
                actor=actor_of(person, visit),
                by=person.current.name,
                zone=self.settings.timezone,
                now=visit.now,
            )
            if finding is not None:
                with read_only.connect() as connection:
                    of = evidence_about.found(connection, finding)
            made = evidence.make(
                read_only,
                query,
                purpose,
                policy=self.settings.audit_policy,
                of_finding=of,
                wording=wording_of(
                    self.registry, self.roll, self.catalogue, timezone=self.settings.timezone
                ),
            )
        self.registry.ledger.append(
            "audit.evidence",
            actor=actor_of(person, visit),
            now=visit.now,
            object=f"package:{made.sha256[:16]}",
            details=made.details(purpose),
        )
        return made

"""The catalogue of internal services: who answers for each, where it is, when it may open.

    catalogue = Catalogue(store=store, ledger=ledger, around=Surroundings(...))
    catalogue.add(service_from_toml(text, around), actor=actor, now=now)
    catalogue.approve("ledger", evaluation, actor=another, now=now)

Readers get an immutable snapshot that is dropped as soon as the zone's epoch has moved, so a
change made by any process counts from the next request on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from audit.ledger import Ledger, Transaction
from audit.record import Actor
from gateway.access import grants
from gateway.access.evaluation import Evaluation
from gateway.access.refusals import (
    ApprovedByItsAuthor,
    ServiceChanged,
    ServiceExists,
    ServiceUnknown,
)
from gateway.access.rows import UNAPPROVED, WORDS, approval_of, changes, from_row, to_columns
from gateway.access.service import Claim, Label, PathRule, Service
from gateway.access.service_file import service_from_toml
from gateway.access.service_rules import InvalidService, Problem, Surroundings, check
from gateway.access.tables import ServiceRow
from gateway.identity import epoch
from gateway.store.engines import Store
from policies import versions
from policies.dossier import publishing
from policies.rules import RuleSet

__all__ = [
    "ApprovedByItsAuthor",
    "Catalogue",
    "Claim",
    "Evaluation",
    "InvalidService",
    "Label",
    "PathRule",
    "Problem",
    "Service",
    "ServiceChanged",
    "ServiceExists",
    "ServiceUnknown",
    "Surroundings",
    "service_from_toml",
]


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """Every service at one epoch."""

    epoch: int
    by_slug: Mapping[str, Service]
    by_host: Mapping[str, Service]


class Catalogue:
    """The services of one zone. Safe to use from many threads."""

    def __init__(self, *, store: Store, ledger: Ledger, around: Surroundings) -> None:
        self.around = around
        self._store = store
        self._ledger = ledger
        self._lock = Lock()
        self._snapshot: _Snapshot | None = None

    def by_host(self, host: str) -> Service | None:
        """Return the service at a canonical host name (lower case, without port)."""
        return self._current().by_host.get(host)

    def by_slug(self, slug: str) -> Service | None:
        """Return the service of this slug."""
        return self._current().by_slug.get(slug)

    def all(self) -> tuple[Service, ...]:
        """Return every service, sorted by slug, those that are shut included."""
        return tuple(self._current().by_slug.values())

    def add(self, service: Service, *, actor: Actor, now: datetime) -> Service:
        """Add a service. It stays shut until it is approved.

        Raises:
            InvalidService: with every fault at once.
            ServiceExists: the slug or the host is taken.
        """
        check(service, self.around)
        fresh = replace(service, **UNAPPROVED, changed_by=actor.subject)
        with self._ledger.begin() as tx:
            _refuse_taken(tx.session, fresh, new=True)
            row = ServiceRow(**to_columns(fresh))
            tx.session.add(row)
            _record(tx, "service.added", fresh, actor, now, {"upstream": fresh.upstream})
            tx.session.flush()
            return from_row(row)

    def update(self, service: Service, *, actor: Actor, now: datetime) -> Service:
        """Replace a service; its `row_version` says which reading of it was edited.

        A change of anything but names and descriptions takes the approval away: what was
        evaluated is no longer what would open.

        Raises:
            InvalidService, ServiceUnknown, ServiceExists.
            ServiceChanged: somebody else was quicker.
        """
        check(service, self.around)
        with self._ledger.begin() as tx:
            row = _locked(tx.session, service.slug)
            before = from_row(row)
            if before.row_version != service.row_version:
                raise ServiceChanged(service.slug)
            _refuse_taken(tx.session, service, new=False)
            changed = changes(before, service)
            if not changed:
                return before
            approval = approval_of(before) if changed.keys() <= WORDS else UNAPPROVED
            after = replace(service, **approval, changed_by=actor.subject)
            _write(row, after)
            _record(tx, "service.changed", after, actor, now, {"changed": changed})
            tx.session.flush()
            return from_row(row)

    def approve(
        self, slug: str, evaluation: Evaluation, *, actor: Actor, now: datetime, version: int
    ) -> Service:
        """Open a service on the strength of an evaluation, by another person than its author.

        `version` is the `row_version` that was looked at: nobody approves what they did not see.

        Raises:
            InvalidService: the evaluation lies in the future or ends in the past.
            ServiceUnknown, ServiceChanged.
            ApprovedByItsAuthor: four eyes are needed.
        """
        evaluation.check(now)
        with self._ledger.begin() as tx:
            row = _locked(tx.session, slug)
            if row.row_version != version:
                raise ServiceChanged(slug)
            if row.changed_by == actor.subject:
                raise ApprovedByItsAuthor(slug)
            row.evaluated_at, row.evaluated_by = evaluation.at, evaluation.by
            row.valid_until = evaluation.valid_until
            row.approved_at, row.approved_by = now, actor.subject
            _record(tx, "service.approved", from_row(row), actor, now, evaluation.details())
            tx.session.flush()
            return from_row(row)

    def remove(self, slug: str, *, actor: Actor, now: datetime) -> int:
        """Take a service out, and in the same act every rule and grant about it; return how many.

        Else a service added later under this slug would be open to whom nobody let in.

        Raises:
            ServiceUnknown.
        """
        with self._ledger.begin() as tx:
            row = _locked(tx.session, slug)
            publishing.take_out(tx, slug, actor=actor, now=now)
            count = _withdraw_rules(tx, slug, actor, now)
            count += grants.end_for_service(tx, slug, actor=actor, now=now)
            details = {"host": row.host, "upstream": row.upstream, "rules": count}
            _record(tx, "service.removed", from_row(row), actor, now, details)
            tx.session.delete(row)
        return count

    def _current(self) -> _Snapshot:
        with self._store.read.connect() as connection:
            at = epoch.read(connection)
        snapshot = self._snapshot
        if snapshot is not None and snapshot.epoch >= at:
            return snapshot
        with self._lock, self._store.reading() as session:
            # The epoch first: what is read after it is at least as new as it says.
            at = epoch.read(session.connection())
            self._snapshot = snapshot = _load(session, at)
        return snapshot


def _load(session: Session, at: int) -> _Snapshot:
    rows = session.scalars(select(ServiceRow).order_by(ServiceRow.slug)).all()
    services = [from_row(row) for row in rows]
    return _Snapshot(
        epoch=at,
        by_slug={each.slug: each for each in services},
        by_host={each.host: each for each in services},
    )


def _locked(session: Session, slug: str) -> ServiceRow:
    row = session.get(ServiceRow, slug, with_for_update=True)
    if row is None:
        raise ServiceUnknown(slug)
    return row


def _withdraw_rules(tx: Transaction, slug: str, actor: Actor, now: datetime) -> int:
    rules = versions.current(tx.session) or RuleSet()
    kept = tuple(rule for rule in rules.rules if not rule.is_about(slug))
    count = len(rules.rules) - len(kept)
    if count:
        note = f"service {slug} removed"
        versions.publish(tx, replace(rules, rules=kept), actor=actor, now=now, note=note)
    return count


def _refuse_taken(session: Session, service: Service, *, new: bool) -> None:
    same_host = ServiceRow.host == service.host
    taken = select(ServiceRow.slug).where(
        (ServiceRow.slug == service.slug) | same_host
        if new
        else same_host & (ServiceRow.slug != service.slug)
    )
    if session.scalar(taken.limit(1)) is not None:
        raise ServiceExists(service.slug, service.host)


def _write(row: ServiceRow, service: Service) -> None:
    for column, value in to_columns(service).items():
        setattr(row, column, value)


def _record(
    tx: Transaction,
    event: str,
    service: Service,
    actor: Actor,
    now: datetime,
    details: Mapping[str, Any],
) -> None:
    """Record the change, and have every process drop its snapshot."""
    tx.record(
        event,
        actor=actor,
        now=now,
        object=f"svc:{service.slug}",
        service=service.slug,
        details=details,
    )
    epoch.bump(tx)

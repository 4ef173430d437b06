"""The desk's keeping of the log, from the custody room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

from audit import paper
from audit.paper import Paper
from gateway.custody import agreeing, receipts, views
from gateway.custody.asked import Asked, Kind
from gateway.custody.receipts import Act
from gateway.custody.refusals import KeepingTerms, KeepingUnknown
from gateway.custody.room import OFFICES, Custody, Officer, voucher_of
from gateway.custody.views import Status
from gateway.identity import agreement, people
from gateway.identity.registry import Registry
from gateway.web.desk import WebSettings
from gateway.web.desk_custody import Named
from gateway.web.desk_values import SignedIn, Visit
from gateway.web.front_people import actor_of


@dataclass(frozen=True, kw_only=True)
class CustodyFront:
    """Fulfils `gateway.web.desk_custody.CustodyDesk`."""

    registry: Registry
    settings: WebSettings

    @property
    def _custody(self) -> Custody:
        registry = self.registry
        return Custody(
            ledger=registry.ledger,
            read=registry.store.read,
            keep=self.settings.keep,
            voucher=voucher_of(registry.vault).vkey,
            in_office=agreement.subject_in_office,
            forwards=self.settings.forwards,
        )

    def first_key(self) -> str | None:
        """The first key."""
        return paper.first_key(self.registry.store.read)

    def paper(self) -> Paper | None:
        """The newest."""
        return paper.newest(self.registry.store.read)

    def keeping(self, *, now: datetime) -> Status:
        """Look."""
        return views.status(self._custody, now=now)

    def keeping_requests(self, status: Status) -> Sequence[Named]:
        """With names."""
        return [
            Named(
                asked=each,
                about=self._about(each),
                proposed_by=self.named(each.proposed_by),
                decided_by="" if each.decided_by is None else self.named(each.decided_by),
            )
            for each in status.requests
        ]

    def named(self, subject: str) -> str:
        """A person's name; an operator's account as it is."""
        kind, _, rest = subject.partition(":")
        if kind != "person":
            return rest or subject
        try:
            found = people.by_id(self.registry, UUID(rest))
        except ValueError:
            return subject
        return subject if found is None else found.name

    def _about(self, asked: Asked) -> str:
        if asked.kind == Kind.LIFT:
            return str(asked.terms.get("case", ""))
        return self.named(asked.target) if asked.target.startswith("person:") else asked.target

    def propose_pruning(self, person: SignedIn, *, reason: str, visit: Visit) -> None:
        """Propose."""
        by = _officer(person, visit)
        agreeing.propose_pruning(self._custody, reason, by=by, now=visit.now)

    def propose_lift(self, person: SignedIn, hold: str, *, reason: str, visit: Visit) -> None:
        """Propose."""
        by = _officer(person, visit)
        agreeing.propose_lift(self._custody, hold, reason, by=by, now=visit.now)

    def propose_erasure(
        self, person: SignedIn, *, login: str, entry: str, reason: str, visit: Visit
    ) -> None:
        """Propose."""
        login, entry = login.strip(), entry.strip()
        if bool(login) == bool(entry):
            raise KeepingTerms("target")
        target = f"entry:{entry}"
        if login:
            found = people.by_login(self.registry, login)
            if found is None:
                raise KeepingUnknown(login)
            target = found.subject
        by = _officer(person, visit)
        agreeing.propose_erasure(self._custody, target, reason, by=by, now=visit.now)

    def place_hold(
        self, person: SignedIn, *, case: str, since: date, reason: str, visit: Visit
    ) -> None:
        """From the beginning of the day, by the zone's clock."""
        start = datetime.combine(since, time(), ZoneInfo(self.settings.timezone))
        by = _officer(person, visit)
        agreeing.place_hold(self._custody, case, start, reason, by=by, now=visit.now)

    def approve_keeping(self, person: SignedIn, request: str, *, visit: Visit) -> Asked:
        """Approve."""
        by = _officer(person, visit)
        return agreeing.approve(self._custody, request, by=by, now=visit.now)

    def refuse_keeping(self, person: SignedIn, request: str, *, visit: Visit) -> None:
        """Refuse."""
        agreeing.refuse(self._custody, request, by=_officer(person, visit), now=visit.now)

    def receipts(self, person: SignedIn) -> Sequence[Act]:
        """One's own."""
        return receipts.mine(self.registry.store.read, person.current.subject)

    def receipt(self, person: SignedIn, index: int, *, visit: Visit) -> bytes:
        """Make it; that it was made is recorded like every look into the log."""
        made = receipts.file(self.registry.store.read, person.current.subject, index)
        actor = actor_of(person, visit)
        self.registry.ledger.append(
            "audit.proved", actor=actor, now=visit.now, object=f"audit:{index}"
        )
        return made


def _officer(person: SignedIn, visit: Visit) -> Officer:
    """Who acts, in the one of their offices that counts here; the room refuses anybody else."""
    offices = sorted(OFFICES & person.current.roles)
    return Officer(actor_of(person, visit), offices[0] if offices else "")

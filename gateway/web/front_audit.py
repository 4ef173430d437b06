"""The desk's log, from the audit room: every look at it leaves an entry of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

from audit import activity, health, saved
from audit.activity import By, Share, Slot
from audit.beside import Unseal
from audit.entry import Entry, Reader
from audit.index_row import digest
from audit.query import Query
from audit.record import Json, Secret, commitment
from audit.saved import SavedSearch, TooManySaved
from audit.search import Count, Page, Search
from gateway.access.catalogue import Catalogue
from gateway.identity import units
from gateway.identity.registry import Registry
from gateway.identity.roll import Roll
from gateway.refusals import Refused
from gateway.web.desk import WebSettings
from gateway.web.desk_audit import Card, OpenedValue, RuleUsed
from gateway.web.desk_values import SignedIn, Visit
from gateway.web.front_audit_cards import cards
from gateway.web.front_people import actor_of
from gateway.web.i18n import either
from policies import versions
from policies.version_rows import StoredRulesDifferError


class EntryUnknown(Refused):
    """There is no sealed entry with that number."""

    code: ClassVar[str] = "entry_unknown"


class SearchUnnamed(Refused):
    """A saved search has a name of 1 to 60 characters."""

    code: ClassVar[str] = "search_unnamed"


class SearchesFull(Refused):
    """The person keeps as many searches as one may."""

    code: ClassVar[str] = "searches_full"


class SearchUnknown(Refused):
    """The person has no saved search of that id."""

    code: ClassVar[str] = "search_unknown"


@dataclass(frozen=True, kw_only=True)
class AuditFront:
    """Fulfils `gateway.web.desk_audit.AuditDesk`."""

    registry: Registry
    catalogue: Catalogue
    roll: Roll = field(repr=False)
    settings: WebSettings
    unseal: Unseal = field(repr=False)

    @cached_property
    def _reader(self) -> Reader:
        return Reader(self.registry.store.read)

    @cached_property
    def _search(self) -> Search:
        return Search(self.registry.store.read, self._reader)

    def log_searched(
        self,
        person: SignedIn,
        query: Query,
        *,
        before: int | None,
        after: int | None,
        visit: Visit,
    ) -> tuple[Page, Count]:
        """Record, then look."""
        self._looked(person, "audit.searched", query.text() or "*", visit=visit)
        page = self._search.page(query, before=before, after=after)
        return page, self._search.count(query)

    def log_entry(self, person: SignedIn, seq: int, *, visit: Visit) -> Entry:
        """Record, then read. Raises EntryUnknown."""
        entry = self._entry_at(seq)
        self._looked(person, "audit.read", f"audit:{seq}", visit=visit)
        return entry

    def log_values_opened(
        self, person: SignedIn, seq: int, *, visit: Visit
    ) -> Sequence[OpenedValue]:
        """Record each opening by itself, then open. Raises EntryUnknown."""
        entry = self._entry_at(seq)
        self.registry.ledger.append(
            "audit.value_opened",
            actor=actor_of(person, visit),
            now=visit.now,
            object=f"audit:{seq}",
            details={"values": list(entry.personal)},
        )
        kept = {name: (salt, value) for name, salt, value in self._reader.values(entry.eid)}
        return [self._opened(entry, name, kept.get(name)) for name in entry.personal]

    def log_receipt(self, person: SignedIn, seq: int, *, visit: Visit) -> bytes:
        """Make it, and record that it was handed out. Raises EntryUnknown."""
        made = self._reader.receipt(seq)
        if made is None:
            raise EntryUnknown(seq)
        actor = actor_of(person, visit)
        self.registry.ledger.append(
            "audit.proved", actor=actor, now=visit.now, object=f"audit:{seq}"
        )
        return made.encode()

    def log_digest(self, field: str, value: str) -> str:
        """By the vault's blind index."""
        return digest(self.registry.vault.blind, field, value)

    def log_people(self) -> Mapping[str, str]:
        """From the roll."""
        return {each.subject: each.name for each in self.roll.entries()}

    def log_services(self) -> Mapping[str, str]:
        """From the catalogue."""
        return {each.slug: either(each.name_zh, each.name_en) for each in self.catalogue.all()}

    def log_units(self) -> Mapping[str, str]:
        """From the tree."""
        return {u.slug: either(u.name_zh, u.name_en) for u in units.tree(self.registry)}

    def log_subjects(self, typed: str) -> Sequence[str]:
        """By exact name, sign-in name or staff number; an id means itself."""
        if ":" in typed:
            return [typed]
        wanted = typed.casefold()
        return [
            each.subject
            for each in self.roll.entries()
            if wanted in {each.name.casefold(), each.login.casefold(), each.staff_number.casefold()}
        ]

    def log_rule(self, rule_id: str, version: str) -> RuleUsed:
        """From the published versions; a version that was tampered with shows no rule."""
        with self.registry.store.reading() as session:
            found = next((v for v in versions.history(session) if v.hash.startswith(version)), None)
            try:
                rules = None if found is None else versions.at(session, found.seq)
            except StoredRulesDifferError:
                rules = None
        named = () if rules is None else rules.rules
        query = Query(include={"event": (versions.EVENT,), "policy": (version,)})
        published = self._search.page(query, limit=1).entries
        return RuleUsed(
            id=rule_id,
            version=version,
            rule=next((rule for rule in named if rule.id == rule_id), None),
            publication=found,
            published=published[0].seq if published else None,
        )

    def log_saved(self, person: SignedIn) -> Sequence[SavedSearch]:
        """One's own and the shared."""
        with self.registry.store.reading() as session:
            return saved.of(session, person.current.subject)

    def log_save(
        self, person: SignedIn, query: Query, *, name: str, shared: bool, visit: Visit
    ) -> None:
        """Keep. Raises SearchUnnamed, SearchesFull."""
        actor = actor_of(person, visit)
        if not 1 <= len(name) <= saved.MAX_NAME or not name.isprintable():
            raise SearchUnnamed
        try:
            with self.registry.ledger.begin() as tx:
                saved.save(tx, query, name=name, shared=shared, actor=actor, now=visit.now)
        except TooManySaved:
            raise SearchesFull from None

    def log_unsave(self, person: SignedIn, search_id: UUID, *, visit: Visit) -> None:
        """Forget. Raises SearchUnknown."""
        actor = actor_of(person, visit)
        with self.registry.ledger.begin() as tx:
            gone = saved.remove(tx, search_id, actor=actor, now=visit.now)
        if not gone:
            raise SearchUnknown(search_id)

    def log_by_hour(self, *, since: datetime, until: datetime) -> Sequence[Slot]:
        """From the counts of the index."""
        return activity.by_hour(self.registry.store.read, since=since, until=until)

    def log_by_day(self, *, since: date, days: int) -> Sequence[Slot]:
        """In the days of the office."""
        zone = ZoneInfo(self.settings.timezone)
        return activity.by_day(self.registry.store.read, since=since, days=days, zone=zone)

    def log_refusals(self, by: By, *, since: datetime, until: datetime) -> Sequence[Share]:
        """From the counts of the index."""
        return activity.refusals(self.registry.store.read, by, since=since, until=until)

    def log_health(self, *, now: datetime) -> health.Health:
        """From the data base."""
        return health.look(self.registry.store.read, now=now)

    def log_cards(self, person: SignedIn, *, now: datetime) -> Sequence[Card]:
        """Each card looks for itself."""
        return cards(
            self.registry.store,
            self._search,
            subject=person.current.subject,
            policy=self.settings.audit_policy,
            now=now,
        )

    def _entry_at(self, seq: int) -> Entry:
        entry = self._reader.one(seq)
        if entry is None:
            raise EntryUnknown(seq)
        return entry

    def _opened(self, entry: Entry, name: str, kept: tuple[bytes, bytes] | None) -> OpenedValue:
        if kept is None:
            return OpenedValue(name=name, value=None)
        salt, sealed = kept
        plain = self.unseal(entry.eid, name, sealed)
        value = None if plain is None else plain.decode("utf-8", "replace")
        committed = entry.fields.get("c", {}).get(name)
        fits = value is not None and committed == commitment(Secret(name, salt, value))
        return OpenedValue(name=name, value=value, fits=fits)

    def _looked(
        self, person: SignedIn, event: str, what: str, *, visit: Visit, rule_work: bool = False
    ) -> None:
        """Put a look on record: the same one again within a minute is counted.

        `rule_work`: a decision was looked up to make, try or test rules. It is another look than
        that of the log's own pages: one does not count as the other's repetition.
        """
        actor, tally = actor_of(person, visit), self.registry.tally
        place = f"{person.current.subject} {what}{' rule_work' if rule_work else ''}"
        if tally.is_first(event, "", actor=actor, place=place, now=visit.now, outcome="success"):
            details: dict[str, Json] = {"filter": what} if event == "audit.searched" else {}
            if rule_work:
                details["rule_work"] = True
            self.registry.ledger.append(
                event,
                actor=actor,
                now=visit.now,
                object=what if event == "audit.read" else None,
                details=details,
            )

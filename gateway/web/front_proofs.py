"""The desk's tests and explanations, from the changes room and the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from audit.entry import Entry
from audit.query import BadQuery, Query
from gateway.access.labelling import CatalogueLabels
from gateway.changes import acts, explaining, testing, waiting
from gateway.changes.explaining import Explained
from gateway.changes.testing import Asked, Tried
from gateway.identity import people
from gateway.web.desk_proofs import DecisionUnknown, PastDecision, VersionTests
from gateway.web.desk_values import SignedIn, Visit
from gateway.web.front_audit import AuditFront
from gateway.web.front_changes import ChangesFront
from gateway.web.front_people import actor_of
from policies import baseline, versions
from policies.cases import Case
from policies.change.mutation import scores
from policies.change.texts import read as read_text
from policies.dossier.dossiers import Dossier, listed
from policies.questions import Access
from policies.rules import RuleSet

_DECIDED = "decision.*"


@dataclass(frozen=True, kw_only=True)
class ProofsFront(ChangesFront, AuditFront):
    """Fulfils `gateway.web.desk_proofs.ProofsDesk`."""

    def draft_tests(self, ref: str, *, now: datetime) -> Sequence[Tried] | None:
        """Run them on the people as they are."""
        found = acts.dossier(self._room, ref)
        document = read_text(found.text).document
        if document is None:
            return None
        with self.registry.store.reading() as session:
            base = versions.at(session, found.base_seq) or RuleSet()
        members = explaining.members(self._room)
        return testing.tried(document.rules, base, members, now=int(now.timestamp()))

    def put_test(
        self, person: SignedIn, ref: str, edit: int, asked: Asked, *, instead: str,
        language: str, visit: Visit,
    ) -> None:  # fmt: skip
        """Save the draft with it."""
        case = self._case(asked, language=language, now=visit.now)
        text = self._with_case(acts.dossier(self._room, ref), case, visit, instead=instead)
        self._save(person, ref, edit, text, visit)

    def keep_test(
        self, person: SignedIn, ref: str, line: str, *, expect: str, visit: Visit
    ) -> None:
        """On the draft as it is: a test more spoils nothing that somebody else wrote."""
        case = testing.case_of_line(line)
        case = testing.checked((expect, *case.columns[1:]))
        found = acts.dossier(self._room, ref)
        self._save(person, ref, found.edit, self._with_case(found, case, visit), visit)

    def drop_test(self, person: SignedIn, ref: str, edit: int, case: str, *, visit: Visit) -> None:
        """Save the draft without it."""
        text = testing.without_case(acts.dossier(self._room, ref).text, case)
        self._save(person, ref, edit, text, visit)

    def proofs(self, seq: int, *, now: datetime) -> VersionTests | None:
        """Run, and tested themselves."""
        with self.registry.store.reading() as session:
            rules = versions.at(session, seq)
            before = versions.at(session, seq - 1) or RuleSet()
        if rules is None:
            return None
        members, moment = explaining.members(self._room), int(now.timestamp())
        scored = scores(rules, members, now=moment)
        house = frozenset(baseline.load().rules)  # the office's own are what its tests are for
        return VersionTests(
            tests=testing.tried(rules, before, members, now=moment),
            scores=sorted(
                scored,
                key=lambda each: (each.rule in house, each.is_needed, each.noticed, each.rule),
            ),
        )

    def ask_rules(self, asked: Asked, *, draft: str, language: str, now: datetime) -> Explained:
        """Ask the engine, and every rule by itself."""
        case = self._case(asked, language=language, now=now)
        return explaining.question(self._room, case, draft=draft, now=now)

    def ask_who(
        self, asked: Asked, *, draft: str, language: str, now: datetime
    ) -> Sequence[Access]:
        """Everybody is asked about."""
        anybody = replace(asked, who="role:staff")
        case = self._case(anybody, language=language, now=now)
        return explaining.who_may(self._room, case, draft=draft, now=now)

    def past_decision(
        self, person: SignedIn, decision: str, *, draft: str, visit: Visit
    ) -> PastDecision:
        """From the sealed entry."""
        for entry in self._of_decisions([decision]):
            past = explaining.past(self._room, entry.body, draft=draft)
            if past is not None:
                what = f"audit:{entry.seq}"
                self._looked(person, "audit.read", what, visit=visit, rule_work=True)
                return PastDecision(entry=entry, past=past)
        raise DecisionUnknown(decision)

    def past_decisions(
        self, person: SignedIn, decisions: Sequence[str], *, visit: Visit
    ) -> Sequence[Entry]:
        """From the index, checked against the tree."""
        found = self._of_decisions(decisions)
        if found:
            what = Query(include={"decision": tuple(decisions)}).text()
            self._looked(person, "audit.searched", what, visit=visit, rule_work=True)
        return found

    def suggest_test(self, person: SignedIn, decision: str, *, visit: Visit) -> None:
        """Tell them, on record."""
        found = self._of_decisions([decision])
        if not found:
            raise DecisionUnknown(decision)
        waiting.suggest(self._room, decision, actor=actor_of(person, visit), now=visit.now)

    def open_drafts(self) -> Sequence[Dossier]:
        """Those open."""
        with self.registry.store.reading() as session:
            return [each for each in listed(session) if each.is_open]

    def changes_waiting(self, person: SignedIn) -> int:
        """Count."""
        return waiting.number(self._room, person.current.subject)

    def _case(self, asked: Asked, *, language: str, now: datetime) -> Case:
        levels = {each.subject: each.clearance for each in people.all_people(self.registry)}
        return testing.case_of(
            asked,
            self.lexicon(language, now=now),
            zone=self._room.zone,
            label=CatalogueLabels(self.catalogue.all()).label,
            clearance=lambda who: levels.get(who, 0),
        )

    def _with_case(
        self, found: Dossier, case: Case, visit: Visit, *, instead: str = ""
    ) -> str | None:
        members, moment = explaining.members(self._room), int(visit.now.timestamp())
        return testing.with_case(found.text, case, members, now=moment, instead=instead)

    def _of_decisions(self, decisions: Sequence[str]) -> Sequence[Entry]:
        if not decisions:
            return ()
        try:
            query = Query(include={"decision": tuple(decisions), "event": (_DECIDED,)})
        except BadQuery:  # no decision has such a number
            return ()
        return self._search.page(query, limit=len(decisions)).entries

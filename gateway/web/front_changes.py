"""The desk's changes of the rules, from the changes room."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.access.catalogue import Catalogue
from gateway.access.decide import Access
from gateway.changes import acts, editing, looking, wording
from gateway.changes.editing import Leaf, Part
from gateway.changes.refusals import refused
from gateway.changes.room import Room, known
from gateway.web.desk import WebSettings
from gateway.web.desk_changes import ChangeCard, Offer
from gateway.web.desk_values import SignedIn, Visit
from gateway.web.front_engine import EngineFront
from gateway.web.front_people import actor_of
from gateway.web.labels import ROLES
from gateway.web.moments import utc_now
from policies import uses, versions
from policies.change.comparing import Comparison, compare
from policies.change.completion import complete
from policies.change.findings import Finding
from policies.change.lexicon import Lexicon
from policies.change.sentences import Sentence
from policies.change.texts import Form
from policies.change.texts import read as read_text
from policies.change.validate import validate
from policies.dossier import drafting
from policies.dossier.dossiers import (
    Dossier,
    State,
    Step,
    Stopped,
    Why,
    examination,
    in_state,
    listed,
    published_as,
    runs,
    steps,
    writers,
)
from policies.dossier.drafting import Terms
from policies.problems import RuleProblems
from policies.rules import Rule, RuleSet
from policies.version_rows import StoredRulesDifferError

_AT_MOST = 400
"""Lines that a comparison shows."""


@dataclass(frozen=True, kw_only=True)
class ChangesFront(EngineFront):
    """Fulfils `gateway.web.desk_changes.ChangesDesk`."""

    catalogue: Catalogue
    access: Access
    settings: WebSettings

    @property
    def _room(self) -> Room:
        networks = self.access.networks
        return Room(registry=self.registry, catalogue=self.catalogue, networks=networks)

    def changes(self) -> Sequence[tuple[Dossier, str]]:
        """With authors' names."""
        with self.registry.store.reading() as session:
            found = listed(session)
        names = {each: self.named(each) for each in {one.author for one in found}}
        return [(each, names[each.author]) for each in found]

    def change(self, ref: str, *, now: datetime) -> ChangeCard:
        """Look everything up. Raises ChangeRefused (unknown)."""
        found = acts.dossier(self._room, ref)
        with self.registry.store.reading() as session:
            story, examined = steps(session, ref), examination(session, ref)
            wrote = writers(session, found)
            is_behind = found.is_open and drafting.is_behind(session, found)
            try:
                conflicts = drafting.conflicts(session, found) if is_behind else ()
            except Stopped:  # an unreadable draft has no places to compare
                conflicts = ()
        return ChangeCard(
            dossier=found,
            author=self.named(found.author),
            approver=self.named(found.approver) if found.approver else "",
            writers=wrote,
            steps=[(replace(each, actor=self.named(each.actor)), n) for each, n in runs(story)],
            examination=examined,
            is_current=examined is not None and examined.edit == found.edit,
            is_dead=examined is not None and looking.is_dead(examined, now),
            is_behind=is_behind,
            conflicts=conflicts,
            since_refusal=_since_refusal(found, story),
        )

    def on_trial(self) -> Dossier | None:
        """There is one at most."""
        with self.registry.store.reading() as session:
            return next(iter(in_state(session, State.TRIAL)), None)

    def lexicon(self, language: str, *, now: datetime) -> Lexicon:
        """Units, roles, people and services by the names the office gives them."""
        roles = {key: str(word) for key, word in ROLES.items()}
        windows = self.settings.windows
        return wording.lexicon(self._room, language, now=now, roles=roles, windows=windows)

    def draft_leaf(
        self, ref: str, *, language: str, sought: str, part: Part | None, page: int, now: datetime
    ) -> Leaf | None:
        """A page of its rules with their uses."""
        found = acts.dossier(self._room, ref)
        with self.registry.store.reading() as session:
            base = versions.at(session, found.base_seq) or RuleSet()
            counted = uses.uses(session)
        lexicon = self.lexicon(language, now=now)
        return editing.leaf(
            found.text, base, lexicon, known=known(self._room), uses=counted, now=now,
            sought=sought, part=part, page=page,
        )  # fmt: skip

    def draft_findings(self, ref: str, *, now: datetime) -> Sequence[Finding]:
        """Validate it."""
        found = acts.dossier(self._room, ref)
        moment = int(now.timestamp())
        return validate(found.text, known=known(self._room), now=moment).findings

    def draft_text(self, ref: str, form: Form) -> str | None:
        """In its own form it always has a text."""
        found = acts.dossier(self._room, ref)
        return found.text if form is Form.CSV else editing.in_form(found.text, form)

    def say(self, sentence: str, *, language: str, now: datetime) -> Sentence:
        """Read it with the office's words."""
        return editing.said(sentence, self.lexicon(language, now=now))

    def offers(self, before: str, *, language: str, now: datetime) -> Sequence[Offer]:
        """With the office's words."""
        found = complete(before, len(before), self.lexicon(language, now=now))
        return [
            Offer(words=each.text.strip(), before=before[: each.start] + each.text)
            for each in found
        ]

    def open_change(self, person: SignedIn, terms: Terms, *, visit: Visit) -> str:
        """Open it."""
        return acts.begin(self._room, terms, actor=actor_of(person, visit), now=visit.now)

    def return_to_version(self, person: SignedIn, seq: int, *, why: str, visit: Visit) -> str:
        """Open it."""
        actor = actor_of(person, visit)
        return acts.return_to(self._room, seq, actor=actor, now=visit.now, why=why)

    def set_terms(
        self, person: SignedIn, ref: str, edit: int, terms: Terms, *, visit: Visit
    ) -> None:
        """Save them."""
        actor = actor_of(person, visit)
        acts.save(self._room, ref, edit=edit, actor=actor, now=visit.now, terms=terms)

    def put_rule(
        self, person: SignedIn, ref: str, edit: int, sentence: Sentence, *, instead: str,
        visit: Visit,
    ) -> bool:  # fmt: skip
        """Save the draft with it."""
        if sentence.rule is None:
            raise refused(Why.UNREADABLE)
        text = editing.put(acts.dossier(self._room, ref).text, sentence.rule, instead=instead)
        return self._save(person, ref, edit, text, visit)

    def drop_rule(self, person: SignedIn, ref: str, edit: int, rule: str, *, visit: Visit) -> bool:
        """Save the draft without it."""
        text = editing.without(acts.dossier(self._room, ref).text, rule)
        return self._save(person, ref, edit, text, visit)

    def mend_rule(
        self, person: SignedIn, ref: str, edit: int, rule: str, word: str, near: str, *,
        visit: Visit,
    ) -> bool:  # fmt: skip
        """Save the draft with the word in its place."""
        text = editing.mended(acts.dossier(self._room, ref).text, rule, word, near)
        return self._save(person, ref, edit, text, visit)

    def set_text(
        self, person: SignedIn, ref: str, edit: int, text: str, form: Form, *, visit: Visit
    ) -> bool:
        """Save it as it was typed; TOML must be readable to become the draft's own text."""
        try:
            given = editing.from_form(text.replace("\r\n", "\n"), form)
        except RuleProblems as problems:
            raise refused(Why.UNREADABLE, str(problems)) from None
        return self._save(person, ref, edit, given, visit)

    def examine_change(self, person: SignedIn, ref: str, *, days: int, visit: Visit) -> None:
        """In a thread beside the page."""
        actor = actor_of(person, visit)
        looking.start(self._room, ref, actor=actor, clock=utc_now, days=days)

    def submit_change(self, person: SignedIn, ref: str, edit: int, *, visit: Visit) -> None:
        """Ask."""
        actor = actor_of(person, visit)
        acts.submit(self._room, ref, edit=edit, actor=actor, now=visit.now)

    def approve_change(
        self, person: SignedIn, ref: str, edit: int, shown: str, *, visit: Visit
    ) -> None:
        """Approve."""
        actor = actor_of(person, visit)
        acts.approve(self._room, ref, edit=edit, shown=shown, actor=actor, now=visit.now)

    def refuse_change(
        self, person: SignedIn, ref: str, edit: int, *, reason: str, visit: Visit
    ) -> None:
        """Refuse."""
        actor = actor_of(person, visit)
        acts.refuse(self._room, ref, edit=edit, actor=actor, now=visit.now, reason=reason)

    def withdraw_change(self, person: SignedIn, ref: str, *, reason: str, visit: Visit) -> None:
        """Withdraw."""
        actor = actor_of(person, visit)
        acts.withdraw(self._room, ref, actor=actor, now=visit.now, reason=reason)

    def rebase_change(self, person: SignedIn, ref: str, edit: int, *, visit: Visit) -> None:
        """Rebase."""
        acts.rebase(self._room, ref, edit=edit, actor=actor_of(person, visit), now=visit.now)

    def publish_change(self, person: SignedIn, ref: str, *, visit: Visit) -> None:
        """Publish."""
        acts.publish(self._room, ref, actor=actor_of(person, visit), now=visit.now)

    def confirm_change(self, person: SignedIn, ref: str, *, visit: Visit) -> None:
        """Confirm."""
        actor, since = actor_of(person, visit), person.created
        acts.confirm(self._room, ref, actor=actor, now=visit.now, signed_in=since)

    def roll_back_change(self, person: SignedIn, ref: str, *, visit: Visit) -> None:
        """Roll back."""
        acts.roll_back(self._room, ref, actor=actor_of(person, visit), now=visit.now, why="by_hand")

    def draft_difference(self, ref: str) -> Comparison | None:
        """Against the version it began with, whatever was published since."""
        found = acts.dossier(self._room, ref)
        document = read_text(found.text).document
        if document is None:
            return None
        try:
            with self.registry.store.reading() as session:
                base = versions.at(session, found.base_seq) or RuleSet()
        except StoredRulesDifferError:  # the page says so, and still offers the way back
            return None
        return compare(base, document.rules)

    def version_difference(self, seq: int) -> Comparison | None:
        """Row by row."""
        with self.registry.store.reading() as session:
            after = versions.at(session, seq)
            before = versions.at(session, seq - 1) or RuleSet()
        return None if after is None else compare(before, after)

    def change_of_version(self, seq: int) -> str | None:
        """By its number."""
        with self.registry.store.reading() as session:
            return published_as(session, seq)

    def version_of_decision(self, version: str, at: datetime) -> int | None:
        """By its hash."""
        with self.registry.store.reading() as session:
            return versions.number(session, version, at)

    def rule_of_version(self, seq: int, rule: str) -> tuple[Rule, int] | None:
        """With the version that brought it."""
        with self.registry.store.reading() as session:
            rules = (versions.at(session, seq) or RuleSet()).rules
            found = next((each for each in rules if each.id == rule), None)
            return None if found is None else (found, versions.first_with(session, seq, found))

    def _save(self, person: SignedIn, ref: str, edit: int, text: str | None, visit: Visit) -> bool:
        if text is None:
            raise refused(Why.UNREADABLE)
        actor = actor_of(person, visit)
        return edit != acts.save(self._room, ref, edit=edit, actor=actor, now=visit.now, text=text)


def _since_refusal(found: Dossier, story: Sequence[Step]) -> Sequence[str]:
    """The lines that differ from the draft that was refused last."""
    refused = [each.text for each in story if each.text is not None]
    if not refused:
        return ()
    lines = difflib.unified_diff(refused[-1].splitlines(), found.text.splitlines(), n=0)
    return [line for line in lines if line[:1] in "+-" and not line.startswith(("+++", "---"))][
        :_AT_MOST
    ]

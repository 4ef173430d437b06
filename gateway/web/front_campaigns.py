"""The desk's reviews of the rules, from the changes room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from gateway.changes import acts, campaigns
from gateway.changes.campaign_refusals import refusing
from gateway.changes.refusals import refused
from gateway.identity import natural_persons, units
from gateway.identity.memberships import memberships
from gateway.web.desk_campaigns import (
    Apart,
    Both,
    CampaignCard,
    CampaignLine,
    CampaignRow,
    UsedRule,
)
from gateway.web.desk_values import SignedIn, Visit
from gateway.web.front_changes import ChangesFront
from gateway.web.front_people import actor_of
from gateway.web.moments import utc_now
from policies import uses, versions
from policies.acts_kept import KeptActs
from policies.campaigns import campaigns as kept
from policies.campaigns.campaigns import Campaign, Line, Terms
from policies.campaigns.deciding import Answer
from policies.campaigns.shortening import end_of
from policies.change.lexicon import Lexicon
from policies.change.phrasing import write
from policies.change.separation import OFFICERS_APART, united
from policies.change.sides import State
from policies.change.texts import Document
from policies.change.texts import read as read_text
from policies.dossier.dossiers import Why
from policies.duties import Duty
from policies.rules import RuleSet

_SHOWN = 200


@dataclass(frozen=True, kw_only=True)
class CampaignsFront(ChangesFront):
    """Fulfils `gateway.web.desk_campaigns.CampaignsDesk`."""

    def campaigns(
        self, person: SignedIn, *, sees_all: bool, now: datetime
    ) -> Sequence[CampaignRow]:
        """With how far each is."""
        subject = person.current.subject
        with self.registry.store.reading() as session:
            found = kept.listed(session)
            counts = kept.progress(session)
            seen = [
                each
                for each in found
                if sees_all or any(map(campaigns.decides(session, each, subject, now),
                                       kept.lines(session, each.id)))
            ]  # fmt: skip
        return [
            CampaignRow(
                campaign=each,
                decided=counts.get(each.id, (0, 0))[0],
                total=counts.get(each.id, (0, 0))[1],
                is_overdue=each.is_overdue(now),
            )
            for each in seen
        ]

    def campaign(
        self, person: SignedIn, ref: str, *, sees_all: bool, language: str, now: datetime
    ) -> CampaignCard:
        """With its rules as sentences."""
        with refusing(), self.registry.store.reading() as session:
            found = kept.find(session, ref)
            lines = kept.up_to_date(session, kept.lines(session, ref))
            may = campaigns.decides(session, found, person.current.subject, now)
            mine = {each.number for each in lines if may(each)}
        shown = [each for each in lines if sees_all or each.number in mine]
        if not shown and not sees_all:
            with refusing():
                raise kept.Stopped(kept.Why.UNKNOWN)
        lexicon = self.lexicon(language, now=now)
        return CampaignCard(
            campaign=found,
            opened_by=self.named(found.opened_by),
            closed_by=self.named(found.closed_by) if found.closed_by else "",
            lines=[self._line(each, found, lexicon, each.number in mine) for each in shown],
            decided=sum(bool(each.verdict) for each in shown),
            is_dead=found.is_dead(now),
            is_overdue=found.is_overdue(now),
        )

    def _line(
        self,
        line: Line,
        found: Campaign,
        lexicon: Lexicon,
        may_decide: bool,  # noqa: FBT001 - one of the row's own values
    ) -> CampaignLine:
        rule = line.parsed
        ends = end_of(rule.win)
        return CampaignLine(
            line=line,
            sentence=write(rule, lexicon),
            ends=None if ends is None else datetime.fromtimestamp(ends, UTC),
            is_unused=line.is_unused(found),
            may_decide=may_decide,
            decided_by=self.named(line.decided_by) if line.decided_by else "",
        )

    def scopes(self, language: str) -> Sequence[tuple[str, str]]:
        """By their names."""
        is_english = language.startswith("en")
        services = [
            (f"svc:{each.slug}", each.name_en if is_english else each.name_zh)
            for each in self.catalogue.all()
        ]
        tree = [
            (f"unit:{each.slug}", each.name_en if is_english else each.name_zh)
            for each in units.tree(self.registry)
        ]
        return [*services, *tree]

    def open_campaign(self, person: SignedIn, terms: Terms, *, visit: Visit) -> str:
        """Begin, and gather in a thread."""
        actor = actor_of(person, visit)
        ref = campaigns.begin(self._room, terms, actor=actor, now=visit.now)
        campaigns.start(self._room, ref, actor=actor, clock=utc_now)
        return ref

    def gather_campaign(self, person: SignedIn, ref: str, *, visit: Visit) -> None:
        """In a thread."""
        campaigns.start(self._room, ref, actor=actor_of(person, visit), clock=utc_now)

    def decide_in_campaign(
        self, person: SignedIn, ref: str, answer: Answer, *, visit: Visit
    ) -> None:
        """Decide."""
        campaigns.decide(self._room, ref, answer, actor=actor_of(person, visit), now=visit.now)

    def close_campaign(
        self, person: SignedIn, ref: str, *, leaves_undecided: bool, visit: Visit
    ) -> str:
        """Close."""
        actor = actor_of(person, visit)
        return campaigns.close(
            self._room, ref, actor=actor, now=visit.now, leaves_undecided=leaves_undecided
        )

    def withdraw_campaign(self, person: SignedIn, ref: str, *, reason: str, visit: Visit) -> None:
        """Withdraw."""
        actor = actor_of(person, visit)
        campaigns.withdraw(self._room, ref, actor=actor, now=visit.now, reason=reason)

    def used_rules(self, *, language: str, now: datetime) -> Sequence[UsedRule]:
        """Pages of the gateway are left out: the log counts no visits to them."""
        with self.registry.store.reading() as session:
            rules = versions.current(session) or RuleSet()
            counted, since = uses.uses(session), uses.ages(session)
        lexicon = self.lexicon(language, now=now)
        return [
            UsedRule(
                rule=rule,
                sentence=write(rule, lexicon),
                use=counted.get(rule.id),
                since=since.get(rule.line),
            )
            for rule in rules.rules
            if uses.is_counted(rule)
        ]

    def kept_apart(self, *, now: datetime) -> Apart:
        """Of the version in force."""
        with self.registry.store.reading() as session:
            rules = versions.current(session) or RuleSet()
        return self._apart(rules, now)

    def draft_duties(self, ref: str, *, now: datetime) -> Apart | None:
        """Of the draft's text."""
        document = read_text(acts.dossier(self._room, ref).text).document
        return None if document is None else self._apart(document.rules, now)

    def put_duty(self, person: SignedIn, ref: str, edit: int, duty: Duty, *, visit: Visit) -> None:
        """Save it."""
        rules = self._document(ref).rules
        if duty not in rules.duties:
            rules = replace(rules, duties=(*rules.duties, duty))
        self._keep(person, ref, edit, rules, visit)

    def drop_duty(self, person: SignedIn, ref: str, edit: int, duty: str, *, visit: Visit) -> None:
        """Save it."""
        rules = self._document(ref).rules
        left = tuple(each for each in rules.duties if each.id != duty)
        self._keep(person, ref, edit, replace(rules, duties=left), visit)

    def _document(self, ref: str) -> Document:
        document = read_text(acts.dossier(self._room, ref).text).document
        if document is None:
            raise refused(Why.UNREADABLE)
        return document

    def _keep(self, person: SignedIn, ref: str, edit: int, rules: RuleSet, visit: Visit) -> None:
        text = replace(self._document(ref), rules=rules).text()
        self._save(person, ref, edit, text, visit)

    def _apart(self, rules: RuleSet, now: datetime) -> Apart:
        with self.registry.store.reading() as session:
            members = memberships(session)
            both = KeptActs(session, self.registry.vault.mac).breaches(
                rules.duties_on_records, most=_SHOWN, same=natural_persons.several(session)
            )
        found = united(State(rules, members), since=int(now.timestamp()))
        return Apart(
            duties=(*OFFICERS_APART, *rules.duties),
            united=list(found)[:_SHOWN],
            both=[Both(duty=each.duty, earlier=each.earlier, later=each.later) for each in both],
            acts=[(each.slug, act.name) for each in self.catalogue.all() for act in each.acts],
        )

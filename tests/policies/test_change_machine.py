"""Any steps of changes, by anybody, at any time, in any order: what must hold always holds."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from change_desk import ANNA, AUDITOR, BELA, CLERK, NOON, OFFICE, PEOPLE, Desk, person
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from audit.ledger import Ledger
from audit.record import Actor
from gateway.store.engines import open_store
from gateway.vault import Vault
from policies import versions
from policies.change.keepers import LEAST, offices
from policies.dossier import approving, drafting, publishing
from policies.dossier.dossiers import Dossier, State, Stopped, find, in_state, listed, steps
from policies.dossier.drafting import Terms
from policies.dossier.examining import SECURITY, WAYS_BACK
from policies.engine import build
from policies.rules import RuleSet

TWIN = person(9)
"""A second account of the first administrator's."""
ONE_PERSON = [(ANNA, TWIN)]
ANYBODY = st.sampled_from([ANNA, BELA, TWIN, CLERK]).map(lambda each: Actor(subject=each))
SMALL = RuleSet(tuple(rule for rule in OFFICE.rules if rule.sub == SECURITY))
ROWS = (
    "p, unit:caiwu, intranet, svc:budget/files/**, GET|HEAD, *, *, 2, *, allow\n",
    "p, unit:baomi, intranet, svc:ledger/**, GET, *, *, 2, *, allow\n",  # the authors' own unit
    f"p, {CLERK}, *, svc:ledger/**, *, *, *, *, *, deny\n",
    "p, role:security_admin, *, app:policy.publish, use, *, *, *, *, deny\n",  # shuts the way back
    "p, unit:baomi, *, app:policy.read, use, *, *, *, 1795000000~1796000000, deny\n",
    "p, *, *, app:policy.change, use, *, lan|vpn|government|internet, *, *, deny\n",
    f"p, {AUDITOR}, *, app:audit.view, use, *, *, 2, *, allow\n",  # not theirs to give
    "p, unit:caiwu, intranet, svc:budget/**, GET\n",  # no rule at all
)
EDITED = st.lists(st.sampled_from(ROWS), min_size=1, max_size=2, unique=True).map("".join)


class Changes(RuleBasedStateMachine):
    """People at the desk; `approved` remembers what was approved, to hold publications against."""

    refs = Bundle("refs")

    def __init__(self, schema: Path, vault: Vault) -> None:
        super().__init__()
        self.directory = tempfile.mkdtemp(prefix="hangu-changes-")
        shutil.copy(schema, Path(self.directory) / "zone.db")
        store = open_store(f"sqlite:///{self.directory}/zone.db", info={"vault": vault})
        ledger = Ledger(
            store.write, zone="intranet", seal=lambda _e, _f, value: value, info=store.info
        )
        self.desk = Desk(ledger, store)
        self.now = NOON
        self.in_force = [SMALL.hash]
        self.approved: dict[str, tuple[str, str, str]] = {}
        self.told: dict[str, int] = {}
        self.edited: dict[str, set[str]] = {}

    @initialize(target=refs)
    def found(self) -> str:
        """The first rules, and a first change that is approved."""
        self.desk.found(SMALL)
        return self.go_the_straight_way(
            who=Actor(subject=ANNA), by=Actor(subject=BELA), place=0, publishes=False
        )

    def teardown(self) -> None:
        """Close and forget."""
        self.desk.store.close()
        shutil.rmtree(self.directory)

    @rule(minutes=st.sampled_from([1, 4, 11, 61]))
    def time_passes(self, minutes: int) -> None:
        """The clock goes on."""
        self.now += timedelta(minutes=minutes)

    @rule(target=refs, who=ANYBODY, rows=EDITED, wait=st.sampled_from([None, 5, 60]))
    def draft(self, who: Actor, rows: str, wait: int | None) -> str:
        """Somebody opens a change, perhaps with a moment for its publication."""
        at = None if wait is None else self.now + timedelta(minutes=wait)
        terms = Terms(title="t", why="because", most_people=5, publish_at=at)
        with self.desk.ledger.begin() as tx:
            text = self.desk.rules().text() + rows
            return drafting.begin(tx, terms, actor=who, now=self.now, text=text)

    @rule(target=refs, who=ANYBODY, back=st.integers(1, 9))
    def draft_a_return(self, who: Actor, back: int) -> str:
        """Somebody opens a change that returns to one of the versions that were."""
        with self.desk.store.reading() as session:
            old = versions.at(session, 1 + back % len(self.in_force))
        assert old is not None
        terms = Terms(title="back", why="because", most_people=5)
        with self.desk.ledger.begin() as tx:
            return drafting.begin(tx, terms, actor=who, now=self.now, text=old.text())

    @rule(ref=refs, who=ANYBODY, rows=EDITED, late=st.booleans())
    def edit(self, *, ref: str, who: Actor, rows: str, late: bool) -> None:
        """Somebody saves the draft, perhaps over an older one."""
        text, edit = self.desk.rules().text() + rows, self.desk.at(ref).edit - late
        with suppress(Stopped), self.desk.ledger.begin() as tx:
            drafting.save(tx, ref, edit=edit, actor=who, now=self.now, text=text)
            self.edited.setdefault(ref, set()).add(who.subject)

    @rule(ref=refs, who=ANYBODY)
    def rebase(self, ref: str, who: Actor) -> None:
        """Somebody takes over what was published meanwhile."""
        with suppress(Stopped), self.desk.ledger.begin() as tx:
            drafting.rebase(tx, ref, edit=self.desk.at(ref).edit, actor=who, now=self.now)
            self.edited.setdefault(ref, set()).add(who.subject)

    @rule(ref=refs)
    def look(self, ref: str) -> None:
        """The effect is looked at."""
        self.desk.look(ref)

    @rule(ref=refs, who=ANYBODY)
    def submit(self, ref: str, who: Actor) -> None:
        """Somebody asks for approval."""
        with suppress(Stopped), self.desk.ledger.begin() as tx:
            approving.submit(tx, ref, edit=self.desk.at(ref).edit, actor=who, now=self.now)

    @rule(ref=refs, who=ANYBODY, shown=st.booleans())
    def approve(self, *, ref: str, who: Actor, shown: bool) -> None:
        """Somebody approves what was shown, or what another change shows."""
        with self.desk.store.reading() as session:
            found = approving.examination(session, ref)
        name = found.hash if found is not None and shown else "0" * 64
        with suppress(Stopped):
            with self.desk.ledger.begin() as tx:
                edit = self.desk.at(ref).edit
                approving.approve(
                    tx, ref, shown=name, edit=edit, actor=who, now=self.now, same=ONE_PERSON
                )
            assert found is not None
            assert shown
            assert not found.blockers
            self.hands_are_three(self.desk.at(ref), found.effect["gaining"])
            self.approved[ref] = (self.desk.at(ref).text, found.hash, who.subject)

    @rule(
        target=refs,
        who=st.just(Actor(subject=ANNA)),
        by=st.sampled_from([Actor(subject=each) for each in (BELA, BELA, TWIN)]),
        place=st.integers(0, 9),
        publishes=st.sampled_from([True, True, False]),
    )
    def go_the_straight_way(self, *, who: Actor, by: Actor, place: int, publishes: bool) -> str:
        """A change is written, looked at, submitted, approved and perhaps published at one go."""
        ref = self.draft(who, ROWS[0].replace("files", f"files-{place}"), None)
        self.look(ref)
        self.submit(ref, who)
        self.approve(ref=ref, who=by, shown=True)
        if publishes:
            self.publish(ref, who)
        return ref

    @rule(who=ANYBODY, keeps=st.booleans())
    def end_the_trial(self, *, who: Actor, keeps: bool) -> None:
        """Somebody confirms what is on trial, or takes it back."""
        with self.desk.store.reading() as session:
            running = in_state(session, State.TRIAL)
        for each in running:
            if keeps:
                self.confirm(ref=each.id, who=who, old_session=False)
            else:
                self._back(each.id, who, "by_hand")

    @rule(ref=refs, who=ANYBODY)
    def refuse(self, ref: str, who: Actor) -> None:
        """Somebody sends it back."""
        edit = self.desk.at(ref).edit
        with suppress(Stopped), self.desk.ledger.begin() as tx:
            approving.refuse(tx, ref, edit=edit, actor=who, now=self.now, reason="not so")

    @rule(ref=refs, who=ANYBODY)
    def withdraw(self, ref: str, who: Actor) -> None:
        """Somebody gives it up."""
        with suppress(Stopped), self.desk.ledger.begin() as tx:
            drafting.withdraw(tx, ref, actor=who, now=self.now, reason="no need")

    @rule(ref=refs, who=ANYBODY)
    def publish(self, ref: str, who: Actor) -> None:
        """Somebody publishes."""
        before = self.desk.at(ref)
        with suppress(Stopped):
            with self.desk.ledger.begin() as tx:
                rules = publishing.publish(tx, find(tx.session, ref), actor=who, now=self.now)
            self.published(before, rules)

    @rule(ref=refs, who=ANYBODY, old_session=st.booleans())
    def confirm(self, *, ref: str, who: Actor, old_session: bool) -> None:
        """Somebody keeps the version on trial, perhaps from an old session."""
        before = self.desk.at(ref)
        signed_in = self.now - timedelta(days=1) if old_session else self.now
        with suppress(Stopped):
            with self.desk.ledger.begin() as tx:
                publishing.confirm(tx, ref, actor=who, now=self.now, signed_in=signed_in)
            assert not old_session
            assert before.confirm_by is not None
            assert self.now < before.confirm_by

    @rule(ref=refs, who=ANYBODY)
    def roll_back(self, ref: str, who: Actor) -> None:
        """Somebody ends the trial."""
        self._back(ref, who, "by_hand")

    @rule()
    def sweep(self) -> None:
        """A worker's round: what is due is published, what has run out is rolled back."""
        with self.desk.store.reading() as session:
            due = [
                each
                for each in in_state(session, State.APPROVED)
                if publishing.is_due(each, self.now)
            ]
            running = in_state(session, State.TRIAL)
        for each in due:
            self.publish(each.id, Actor(subject="system:changes"))
        for each in running:
            if why := publishing.ended_by_itself(each, self.now):
                self._back(each.id, Actor(subject="system:changes"), why)

    def _back(self, ref: str, who: Actor, why: str) -> None:
        before = self.desk.at(ref)
        with suppress(Stopped):
            with self.desk.ledger.begin() as tx:
                rules = publishing.roll_back(tx, ref, actor=who, now=self.now, why=why)
            assert rules.hash == self.in_force[before.base_seq - 1]
            self.in_force.append(rules.hash)

    def published(self, before: Dossier, rules: RuleSet) -> None:
        """It was approved, in this very text, and its moment has come."""
        text, _, approver = self.approved[before.id]
        assert (before.state, before.text, before.approver) == (State.APPROVED, text, approver)
        assert before.publish_at is None or self.now >= before.publish_at
        assert before.base_seq == len(self.in_force)
        assert rules == RuleSet.parse(text)
        self.in_force.append(rules.hash)

    def hands_are_three(self, found: Dossier, gaining: list[str]) -> None:
        """Writers, approver and whoever gains are different people, second accounts included."""
        alike: dict[str, str] = {TWIN: ANNA}
        wrote = {found.author, *self.edited.get(found.id, ())}
        writers = {alike.get(each, each) for each in wrote}
        approver = alike.get(found.approver, found.approver)
        assert approver not in writers
        assert {*writers, approver}.isdisjoint(alike.get(each, each) for each in gaining)

    @invariant()
    def one_version_is_in_force_and_none_is_lost(self) -> None:
        """The history is what was published, in order; the newest decides."""
        with self.desk.store.reading() as session:
            told = [(each.seq, each.hash) for each in reversed(versions.history(session))]
            running = in_state(session, State.TRIAL)
            now = versions.current(session)
        if told:  # before the first rules nothing is there
            assert told == list(enumerate(self.in_force, start=1))
            assert now is not None
            assert now.hash == self.in_force[-1]
        assert len(running) <= 1
        assert [each.seq for each in running] == [len(self.in_force)] * len(running)

    @invariant()
    def an_approval_is_there_only_while_it_holds(self) -> None:
        """Every other state has none; no step that was told is ever taken out of the story."""
        with self.desk.store.reading() as session:
            found = listed(session)
            stories = {each.id: len(steps(session, each.id)) for each in found}
        for each in found:
            if each.state in (State.DRAFT, State.SUBMITTED):
                assert (each.approval, each.approver) == (None, "")
            if each.state is State.APPROVED:
                assert each.text == self.approved[each.id][0]
            assert stories[each.id] >= self.told.get(each.id, 1)
        self.told = stories

    @invariant()
    def two_can_always_undo_it(self) -> None:
        """Whatever is in force, now and later: two security administrators reach every page."""
        rules = self.desk.rules()
        if rules.rules:
            ways: dict[str, Any] = {SECURITY: WAYS_BACK[SECURITY]}
            now: datetime = self.now
            (way,) = offices(
                build(rules, PEOPLE),
                ways,
                able=lambda _person: 2,
                zone="intranet",
                now=int(now.timestamp()),
            )
            assert way.is_safe
            assert len(way.keepers) >= LEAST


@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
def test_whatever_people_do_with_changes_one_approved_version_is_in_force(
    sqlite_template: Path, zone_vault: Vault
) -> None:
    """Random people, random times, every step of a change; each run on a database of its own."""
    run_state_machine_as_test(
        lambda: Changes(sqlite_template, zone_vault),
        settings=settings(
            max_examples=30,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )

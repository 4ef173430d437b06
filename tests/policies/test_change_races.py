"""Steps of changes taken at the same moment, on real databases: exactly one of them counts."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from threading import Barrier, Thread

import pytest
from change_desk import AUTHOR, NEW, NOON, OFFICE, Desk
from quicker import quicker
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from audit.ledger import Ledger
from audit.tables import audit_event
from gateway.store.engines import Store
from policies import versions
from policies.dossier import drafting
from policies.dossier.dossiers import Dossier, State, Stopped, Why, steps
from policies.dossier.examining import SECURITY
from policies.rules import RuleSet
from policies.tables import policy_beside, policy_category, policy_rule, policy_version
from policies.tables_dossier import policy_dossier

ROUNDS = int(os.environ.get("HANGU_RACES", "200"))
FEW = max(1, ROUNDS // 16)
SMALL = RuleSet(tuple(rule for rule in OFFICE.rules if rule.sub == SECURITY))
"""Only what undoes changes: a round is about the race, not about reading rules."""
OTHER = NEW.replace("budget", "ledger")
WON = "won"


@pytest.fixture
def desk(ledger: Ledger, store: Store) -> Desk:
    made = Desk(ledger, store)
    made.found(SMALL)
    return made


def race(*steps: Callable[[], object]) -> list[str]:
    """Take the steps from as many threads at one moment; tell what became of each, in order."""
    start, told = Barrier(len(steps)), [""] * len(steps)

    def take(place: int, step: Callable[[], object]) -> None:
        start.wait()
        try:
            step()
        except Stopped as stopped:
            told[place] = stopped.why
        else:
            told[place] = WON

    threads = [Thread(target=take, args=each) for each in enumerate(steps)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return told


def seqs(desk: Desk) -> list[int]:
    with desk.store.reading() as session:
        return [each.seq for each in versions.history(session)]


def published(desk: Desk) -> int:
    """How many publications the log tells of."""
    with desk.store.reading() as session:
        bodies = session.scalars(select(audit_event.c.body))
        return sum(b'"ev":"policy.published"' in bytes(body) for body in bodies)


def rewind(desk: Desk, *before: Dossier) -> None:
    """Put the tables back to before the race: a round costs two publications and this."""
    with desk.ledger.begin(unaudited_because="a test begins its next round") as tx:
        for table in (policy_rule, policy_category, policy_beside, policy_version):
            tx.session.execute(delete(table).where(table.c.seq > 1))
        for each in before:
            own = policy_dossier.c.id == each.id
            tx.session.execute(update(policy_dossier).where(own).values(**asdict(each)))


def edit(desk: Desk, ref: str, text: str) -> None:
    with desk.ledger.begin() as tx:
        drafting.save(tx, ref, edit=1, actor=AUTHOR, now=NOON, text=text)


def tidy(desk: Desk, *refs: str) -> None:
    """Return to the first rules and clear the desk for the next round."""
    for ref in refs:
        if desk.at(ref).state is State.TRIAL:
            desk.roll_back(ref, NOON)
    for ref in refs:
        if desk.at(ref).is_open:
            with desk.ledger.begin() as tx:
                drafting.withdraw(tx, ref, actor=AUTHOR, now=NOON, reason="another was first")


def test_attack_two_publications_at_once_put_one_version_in_force_and_tell_the_other(
    desk: Desk,
) -> None:
    """Both have read the same newest version when they begin; the number is taken by one."""
    refs = desk.approved(), desk.approved(OTHER)
    before = [desk.at(ref) for ref in refs]
    outcomes: Counter[str] = Counter()
    for round_ in range(ROUNDS):
        told = race(*(partial(desk.publish, ref) for ref in refs))
        assert sorted(told)[1] == WON, (round_, told)
        outcomes[min(told)] += 1
        assert seqs(desk) == [2, 1]
        winner, loser = refs if told[0] == WON else refs[::-1]
        assert desk.at(winner).state is State.TRIAL
        assert desk.at(loser).state is State.APPROVED
        assert desk.rules() == RuleSet.parse(desk.at(winner).text)
        rewind(desk, *before)
    assert outcomes.keys() <= {Why.REBASE, Why.TRIAL_RUNS}
    assert outcomes.total() == ROUNDS
    assert published(desk) == 1 + ROUNDS


def test_attack_an_edit_at_the_moment_of_publication_never_changes_what_is_published(
    desk: Desk,
) -> None:
    for _ in range(FEW):
        ref = desk.approved()
        was = desk.at(ref).text
        told = race(partial(desk.publish, ref), partial(edit, desk, ref, was + OTHER))
        assert tuple(told) in {(WON, Why.WRONG_STATE), (Why.NOT_APPROVED, WON)}
        assert "svc:ledger" not in desk.rules().text()
        assert desk.at(ref).state is (State.TRIAL if told[0] == WON else State.DRAFT)
        tidy(desk, ref)


def test_attack_an_edit_at_the_moment_of_approval_leaves_no_approval_of_it(desk: Desk) -> None:
    for _ in range(FEW):
        ref = desk.open()
        desk.look(ref)
        desk.submit(ref)
        shown, was = desk.shown(ref), desk.at(ref).text
        approve = partial(desk.approve, ref, shown=shown, edit=1)
        told = race(approve, partial(edit, desk, ref, was + OTHER))
        assert told[1] == WON
        found = desk.at(ref)
        assert (found.state, found.approval, found.edit) == (State.DRAFT, None, 2)
        tidy(desk, ref)


def test_attack_confirming_at_the_moment_of_the_return_is_one_or_the_other(desk: Desk) -> None:
    for _ in range(FEW):
        ref = desk.approved()
        desk.publish(ref)
        then = NOON + timedelta(minutes=2)
        told = race(partial(desk.confirm, ref, then, then), partial(desk.roll_back, ref, then))
        assert sorted(told) == [WON, Why.WRONG_STATE]
        kept = told[0] == WON
        assert desk.at(ref).state is (State.CONFIRMED if kept else State.ROLLED_BACK)
        assert ("svc:budget" in desk.rules().text()) is kept
        if kept:
            back = desk.open(text=SMALL.text())
            desk.look(back)
            desk.submit(back)
            desk.approve(back)
            desk.publish(back)
            desk.confirm(back, then, then)


def test_attack_two_approvals_at_once_are_one(desk: Desk) -> None:
    """The second finds it approved; there is one step and one signature."""
    for _ in range(FEW):
        ref = desk.open()
        desk.look(ref)
        desk.submit(ref)
        approve = partial(desk.approve, ref, shown=desk.shown(ref), edit=1)
        assert sorted(race(approve, approve)) == [WON, Why.WRONG_STATE]
        with desk.store.reading() as session:
            told = [each.what for each in steps(session, ref)]
        assert told == ["opened", "submitted", "approved"]
        tidy(desk, ref)


def test_a_version_number_that_another_took_at_the_same_moment_asks_to_rebase(desk: Desk) -> None:
    """Whoever publishes without a change, as a service leaving does, waits for no change."""
    ref = desk.approved()
    with quicker(desk.store.write, "policy_version"), pytest.raises(Stopped) as first:
        desk.publish(ref)
    assert first.value.why is Why.REBASE
    assert desk.at(ref).state is State.APPROVED
    desk.publish(ref)
    with quicker(desk.store.write, "policy_version"), pytest.raises(Stopped) as back:
        desk.roll_back(ref, NOON)
    assert back.value.why is Why.REBASE
    assert desk.at(ref).state is State.TRIAL
    assert seqs(desk) == [2, 1]


@pytest.mark.parametrize("table", ["policy_rule", "policy_dossier_step"])
def test_any_other_clash_of_rows_is_a_fault_and_no_call_to_rebase(desk: Desk, table: str) -> None:
    ref = desk.approved()
    with quicker(desk.store.write, table), pytest.raises(IntegrityError):
        desk.publish(ref)
    assert desk.at(ref).state is State.APPROVED
    assert seqs(desk) == [1]

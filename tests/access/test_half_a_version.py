"""A version of which only some rows are there decides nothing, in any worker."""

from __future__ import annotations

import pytest
from access_world import AUTHOR, RULES, World, canonical, service
from sqlalchemy import delete

from gateway.access.policy_point import PolicyPoint
from gateway.access.refusals import PolicyUnavailable
from gateway.identity import epoch
from policies import versions
from policies.rules import RuleSet
from policies.signature import Statement
from policies.tables import policy_rule
from policies.version_rows import store, take_number

_WHY = "a writer that is killed between the rows of a version"
SHUT = "p, *, *, svc:ledger/**, *, *, *, *, *, deny\n"


def half(world: World, rules: RuleSet, kept: RuleSet) -> int:
    """Commit a version's number, signed for `rules`, and only some of its rows."""
    with world.ledger.begin(unaudited_because=_WHY) as tx:
        newest = versions.newest(tx.session)
        assert newest is not None
        seq = newest.seq + 1
        stated = Statement(
            seq=seq, hash=rules.hash, created_at=world.clock, author=AUTHOR.subject, note="half"
        )
        take_number(tx.session, stated)
        store(tx.session, seq, kept)
        epoch.bump(tx)
    return seq


@pytest.mark.parametrize("rows", [0, 2, -1])
def test_attack_kill_9_between_the_rows_of_a_version_that_takes_access_away(
    world: World, rows: int
) -> None:
    """The old worker does not go on by the older rules, a new one does not begin with half."""
    entry = world.open(service())
    before = world.current("zhang")
    assert world.access.check(before, entry, canonical("/"), world.clock).allowed
    whole = RuleSet.parse(RULES + SHUT)
    allows = tuple(each for each in whole.rules if each.allows)
    seq = half(world, whole, RuleSet(allows[:rows] if rows >= 0 else allows))

    with pytest.raises(PolicyUnavailable):
        world.access.check(world.current("zhang"), entry, canonical("/"), world.clock)
    with pytest.raises(PolicyUnavailable):
        PolicyPoint(world.store).now()

    with world.ledger.begin(unaudited_because="whoever goes on writes it whole") as tx:
        tx.session.execute(delete(policy_rule).where(policy_rule.c.seq == seq))
        store(tx.session, seq, whole)
    engine = PolicyPoint(world.store).now()
    assert engine.published.hash == whole.hash
    verdict = world.access.check(world.current("zhang"), entry, canonical("/"), world.clock)
    assert not verdict.allowed
    assert verdict.version == whole.version


def test_attack_rows_are_added_to_a_version_after_it_was_signed(small_world: World) -> None:
    """A worker that has it in memory decides by what was signed; a new one by nothing."""
    entry = small_world.open(service())
    person = small_world.current("zhang")
    verdict = small_world.access.check(person, entry, canonical("/"), small_world.clock)
    more = RuleSet.parse("p, *, *, svc:payroll/**, *, *, *, *, *, allow\n")
    with small_world.ledger.begin(unaudited_because="a hand in the database") as tx:
        newest = versions.newest(tx.session)
        assert newest is not None
        columns = dict(zip([c.name for c in policy_rule.columns][2:], more.rules[0].columns,
                           strict=True))  # fmt: skip
        tx.session.execute(policy_rule.insert().values(seq=newest.seq, position=900, **columns))
        epoch.bump(tx)
    again = small_world.access.check(
        small_world.current("zhang"), entry, canonical("/"), small_world.clock
    )
    assert (again.allowed, again.version) == (verdict.allowed, verdict.version)
    with pytest.raises(PolicyUnavailable):
        PolicyPoint(small_world.store).now()

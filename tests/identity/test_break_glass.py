"""The sealed account: opened by two for a third, for a short time, and never twice unreviewed."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from identity_world import ADMIN, PASSWORD, Enrolled, World
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from audit.record import Actor
from gateway.identity import (
    break_glass,
    break_glass_acts,
    break_glass_views,
    enrolment,
    people,
    sessions,
)
from gateway.identity import break_glass_refusals as no
from gateway.identity.agreement import OpenerLeft
from gateway.identity.break_glass import Proposal
from gateway.identity.current import Current
from gateway.identity.returning import LinkNeedsTwo
from gateway.identity.tables import Password, Totp
from gateway.identity.tables_break_glass import Opening
from gateway.refusals import Refused

REASON = "系统管理员失联，财务岗位无人可登录"


@dataclass
class Glass:
    """An office with a sealed account and everybody it takes."""

    world: World
    account: UUID
    system: Enrolled
    security: Enrolled
    second: Enrolled
    user: Enrolled

    def propose(self, by: UUID | None = None, user: UUID | None = None, minutes: int = 60) -> UUID:
        """Propose."""
        who = by or self.system.id
        proposal = Proposal(
            account_id=self.account, user_id=user or self.user.id, minutes=minutes, reason=REASON
        )
        return break_glass.propose(
            self.world.registry, proposal, by=who, actor=as_(who), now=self.world.clock
        )

    def confirm(self, opening: UUID, by: UUID | None = None) -> str:
        """Confirm; the code."""
        who = by or self.security.id
        return break_glass.confirm(
            self.world.registry, opening, by=who, actor=as_(who), now=self.world.clock
        )

    def current(self, token: str) -> Current | None:
        """Whose session it is now."""
        return sessions.find(self.world.registry, token, now=self.world.clock)

    def signed_in(self, person: Enrolled) -> Current:
        """The person's own session."""
        found = self.current(self.world.sign_in(person))
        assert found is not None
        return found

    def enter(self, code: str, by: Current) -> str:
        """Enter; the token."""
        now = self.world.clock
        entered = break_glass.enter(
            self.world.registry, code, by=by, actor=as_(by.person_id), now=now
        )
        return entered.token

    def opened(self, minutes: int = 60) -> tuple[UUID, str]:
        """All the way to a session of the account."""
        opening = self.propose(minutes=minutes)
        code = self.confirm(opening)
        return opening, self.enter(code, self.signed_in(self.user))

    def review(self, opening: UUID, by: UUID) -> None:
        """Write the finding."""
        break_glass.review(
            self.world.registry, opening, REASON, by=by, actor=as_(by), now=self.world.clock
        )


def as_(person_id: UUID) -> Actor:
    """A person, acting."""
    return Actor(subject=f"person:{person_id}")


@pytest.fixture
def glass(world: World) -> Glass:
    """The office."""
    account = break_glass.prepare(
        world.registry, login="glass-1", unit="finance", actor=ADMIN, now=world.clock
    )
    return Glass(
        world=world,
        account=account,
        system=world.enrol("wang.jian", roles=("system_admin",)),
        security=world.enrol("chen.min", roles=("security_admin",)),
        second=world.enrol("qian.yi", roles=("security_admin",)),
        user=world.enrol("li.lei", roles=("staff",)),
    )


def test_a_sealed_account_has_nothing_to_sign_in_with(glass: Glass) -> None:
    """No password, no factor, no link, and nobody can make it one."""
    registry = glass.world.registry
    with registry.store.reading() as session:
        assert session.get(Password, glass.account) is None
        assert session.get(Totp, glass.account) is None
    with pytest.raises(no.AccountSealed):
        enrolment.issue(registry, glass.account, actor=ADMIN, now=glass.world.clock)
    found = people.by_id(registry, glass.account)
    assert found is not None
    assert found.state == "disabled"


def test_two_officers_open_it_for_a_third_person(glass: Glass) -> None:
    """The session is the account's, bears the case, and is over with the timer."""
    _, token = glass.opened(minutes=60)
    current = glass.current(token)
    assert current is not None
    assert current.person_id == glass.account
    assert current.roles == {"break_glass"}
    assert current.case
    registry, clock = glass.world.registry, glass.world.clock
    glass.world.wait(timedelta(minutes=20))
    assert sessions.present(registry, token, now=glass.world.clock) is not None
    glass.world.wait(timedelta(minutes=25))
    assert sessions.present(registry, token, now=glass.world.clock) is not None
    glass.world.clock = clock + timedelta(minutes=61)
    assert glass.current(token) is None  # used until now, and over all the same
    assert break_glass.sweep(registry, now=glass.world.clock) == 1


def test_class_24_no_one_sits_in_two_chairs(glass: Glass) -> None:
    """Proposer, confirmer and user are three people; the user holds no office."""
    with pytest.raises(no.SamePerson):
        glass.propose(user=glass.system.id)
    with pytest.raises(no.UserRefused):
        glass.propose(user=glass.security.id)
    with pytest.raises(no.UserRefused):
        glass.propose(user=glass.account)
    with pytest.raises(no.SamePerson):
        glass.propose(by=glass.user.id, user=glass.second.id)
    opening = glass.propose()
    for each in (glass.system.id, glass.user.id):
        with pytest.raises(no.SamePerson):
            glass.confirm(opening, each)
    registry = glass.world.registry
    roles = ["security_admin"]
    people.set_roles(registry, glass.user.id, roles, actor=ADMIN, now=glass.world.clock)
    with pytest.raises(Refused):
        glass.confirm(opening)


def test_the_database_itself_wants_three_people(glass: Glass) -> None:
    """A row that says otherwise cannot be stored."""
    opening, _ = glass.opened()
    registry = glass.world.registry
    same = update(Opening).where(Opening.id == opening).values(confirmed_by=glass.system.id)
    with registry.ledger.begin(unaudited_because="an attack") as tx:
        with pytest.raises(IntegrityError):
            tx.session.execute(same)
        tx.session.rollback()


def test_a_proposal_is_over_after_a_day(glass: Glass) -> None:
    """It cannot be confirmed, and makes room for another."""
    opening = glass.propose()
    with pytest.raises(no.NotSealed):
        glass.propose()
    glass.world.wait(timedelta(hours=24))
    with pytest.raises(no.OpeningOver):
        glass.confirm(opening)
    glass.confirm(glass.propose())


@pytest.mark.parametrize("minutes", [0, 14, 241])
def test_the_timer_has_bounds(glass: Glass, minutes: int) -> None:
    """A quarter of an hour to four hours."""
    with pytest.raises(no.TermsRefused):
        glass.propose(minutes=minutes)


def test_the_code_is_one_persons_once_and_for_a_time(glass: Glass) -> None:
    """Not another's, not twice, not after the timer; every wrong try is on record."""
    code = glass.confirm(glass.propose())
    for other in (glass.second, glass.system):
        with pytest.raises(no.EntryRefused):
            glass.enter(code, glass.signed_in(other))
    mine = glass.signed_in(glass.user)
    glass.enter(code, mine)
    with pytest.raises(no.EntryRefused):
        glass.enter(code, mine)
    assert glass.world.names().count("break_glass.refused") == 3


def test_the_code_is_worth_nothing_after_the_timer_or_after_closing(glass: Glass) -> None:
    """Whichever comes first."""
    registry = glass.world.registry
    opening = glass.propose(minutes=15)
    code = glass.confirm(opening)
    glass.world.wait(timedelta(minutes=15))
    with pytest.raises(no.EntryRefused):
        glass.enter(code, glass.signed_in(glass.user))
    break_glass.close(registry, opening, actor=ADMIN, now=glass.world.clock)
    glass.review(opening, glass.second.id)
    opening = glass.propose()
    code = glass.confirm(opening)
    break_glass.close(registry, opening, actor=ADMIN, now=glass.world.clock)
    with pytest.raises(no.EntryRefused):
        glass.enter(code, glass.signed_in(glass.user))


def test_an_officer_closes_it_at_once(glass: Glass) -> None:
    """The session ends in the same act, and cannot be closed twice."""
    opening, token = glass.opened()
    registry, now = glass.world.registry, glass.world.clock
    break_glass.close(registry, opening, actor=as_(glass.system.id), now=now)
    assert glass.current(token) is None
    with pytest.raises(no.OpeningOver):
        break_glass.close(registry, opening, actor=as_(glass.system.id), now=now)


def test_it_stays_shut_until_somebody_without_a_part_in_it_reviewed(glass: Glass) -> None:
    """Neither opener, confirmer nor user reviews; then it may be opened once more."""
    opening, _ = glass.opened()
    with pytest.raises(no.NotOver):
        glass.review(opening, glass.second.id)
    registry = glass.world.registry
    break_glass.close(registry, opening, actor=ADMIN, now=glass.world.clock)
    with pytest.raises(no.NotSealed):
        glass.propose()
    for each in (glass.system, glass.security, glass.user):
        with pytest.raises(no.SamePerson):
            glass.review(opening, each.id)
    glass.review(opening, glass.second.id)
    with pytest.raises(no.OpeningOver):
        glass.review(opening, glass.second.id)
    glass.propose()


def test_a_session_under_an_emergency_opens_nothing_further(glass: Glass) -> None:
    """It proposes, confirms and reviews nothing."""
    _, token = glass.opened()
    current = glass.current(token)
    assert current is not None
    other = break_glass.prepare(
        glass.world.registry, login="glass-2", unit="finance", actor=ADMIN, now=glass.world.clock
    )
    glass.account = other
    with pytest.raises(no.SamePerson):
        glass.propose(by=current.person_id)
    opening = glass.propose()
    with pytest.raises(no.SamePerson):
        glass.confirm(opening, current.person_id)


def test_what_was_done_stands_under_the_opening(glass: Glass) -> None:
    """Each act bears the case; acts are for sessions of an opening alone."""
    opening, token = glass.opened()
    current = glass.current(token)
    assert current is not None
    registry, now = glass.world.registry, glass.world.clock
    actor = Actor(subject=current.subject, case=current.case)
    break_glass_acts.end_sessions(registry, glass.user.id, by=current, actor=actor, now=now)
    break_glass_acts.invite(registry, glass.user.id, by=current, actor=actor, now=now)
    done = [each.event for each in break_glass_views.acts(registry, opening)]
    assert done[:3] == ["break_glass.proposed", "break_glass.opened", "break_glass.entered"]
    assert "enrolment.issued" in done
    officer = glass.signed_in(glass.second)
    with pytest.raises(no.EntryRefused):
        break_glass_acts.disable(
            registry, glass.user.id, reason="", by=officer, actor=ADMIN, now=now
        )
    with pytest.raises(no.AccountSealed):
        break_glass_acts.disable(
            registry, glass.account, reason="", by=current, actor=actor, now=now
        )


def test_attack_one_opening_does_not_hand_out_the_three_offices(glass: Glass) -> None:
    """A link makes its bearer the person: whoever took three would be all three officers."""
    auditor = glass.world.enrol("zhao.lei", roles=("auditor",))
    _, token = glass.opened()
    current = glass.current(token)
    assert current is not None
    registry, now = glass.world.registry, glass.world.clock
    actor = Actor(subject=current.subject, case=current.case)

    def invite(person: Enrolled) -> str:
        return break_glass_acts.invite(registry, person.id, by=current, actor=actor, now=now)

    for opener in (glass.system, glass.security):
        with pytest.raises(LinkNeedsTwo):
            invite(opener)
    invite(glass.second)
    with pytest.raises(LinkNeedsTwo):
        invite(auditor)
    assert invite(glass.second)  # the first link was lost


def test_attack_who_was_shut_out_gets_no_rights_back_through_a_sealed_account(
    glass: Glass,
) -> None:
    former = glass.world.enrol("qian.er", roles=("security_admin",))
    people.disable(glass.world.registry, former.id, actor=ADMIN, now=glass.world.clock)
    _, token = glass.opened()
    current = glass.current(token)
    assert current is not None
    registry, now = glass.world.registry, glass.world.clock
    actor = Actor(subject=current.subject, case=current.case)
    link = break_glass_acts.invite(registry, former.id, by=current, actor=actor, now=now)
    glass.world.finish(former.id, link, PASSWORD, login="qian.er")
    found = people.by_id(registry, former.id)
    assert found is not None
    assert not found.roles
    assert found.clearance == 0


def test_an_account_with_more_rights_does_not_open(glass: Glass) -> None:
    """Somebody gave it a role meanwhile."""
    opening = glass.propose()
    roles = ["break_glass", "staff"]
    registry = glass.world.registry
    people.set_roles(registry, glass.account, roles, actor=ADMIN, now=glass.world.clock)
    with pytest.raises(no.NotSealed):
        glass.confirm(opening)


def test_two_officers_confirm_at_once_and_one_code_is_made(glass: Glass) -> None:
    """The other is too late."""
    opening = glass.propose()
    gate, found = threading.Barrier(2), []

    def confirm(by: UUID) -> None:
        gate.wait()
        try:
            found.append(glass.confirm(opening, by))
        except no.OpeningOver:
            found.append("")

    threads = [
        threading.Thread(target=confirm, args=(each.id,)) for each in (glass.security, glass.second)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(bool(each) for each in found) == 1
    with glass.world.registry.store.reading() as session:
        assert len(session.scalars(select(Opening)).all()) == 1


@pytest.mark.parametrize("how", ["disabled", "of another role"])
def test_nothing_is_confirmed_for_a_proposer_who_has_left_the_office_since(
    glass: Glass, how: str
) -> None:
    """On record; and whoever is in office may refuse it and propose anew."""
    world, opening = glass.world, glass.propose(by=glass.second.id)
    if how == "disabled":
        people.disable(world.registry, glass.second.id, actor=ADMIN, now=world.clock)
    else:
        people.set_roles(world.registry, glass.second.id, ["staff"], actor=ADMIN, now=world.clock)
    with pytest.raises(OpenerLeft):
        glass.confirm(opening, glass.system.id)
    entry = world.events()[-1]
    assert (entry["ev"], entry["why"]) == ("agreement.refused", "opener_left")
    assert "break_glass.opened" not in world.names()
    actor = as_(glass.system.id)
    break_glass.refuse(world.registry, opening, by=glass.system.id, actor=actor, now=world.clock)
    assert glass.confirm(glass.propose(by=glass.system.id))

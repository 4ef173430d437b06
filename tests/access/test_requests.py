"""Requests for access: who may decide, what a grant gives, and how it ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from request_world import FORTNIGHT, REASON, Bureau, actor, add_service, build_bureau
from sqlalchemy import update

from audit.record import Actor
from gateway.access import request_refusals as no
from gateway.access.refusals import ServiceUnknown
from gateway.access.request_sweep import sweep
from gateway.access.requests import Wish
from gateway.access.tables_requests import AccessRequest
from gateway.identity import enrolment, epoch, people
from gateway.refusals import Refused

OPERATOR = Actor(subject="operator:test")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def bureau(database_url: str, tmp_path: Path, now: datetime) -> Iterator[Bureau]:
    """The office, on each kind of database."""
    made = build_bureau(database_url, tmp_path, now)
    yield made
    made.world.registry.store.close()


@pytest.fixture
def small(sqlite_url: str, tmp_path: Path, now: datetime) -> Iterator[Bureau]:
    """The same on SQLite alone."""
    made = build_bureau(sqlite_url, tmp_path, now)
    yield made
    made.world.registry.store.close()


def state(bureau: Bureau, request: UUID) -> tuple[str, str | None]:
    """Where a request stands, and why it ended."""
    with bureau.world.registry.store.reading() as session:
        row = session.get_one(AccessRequest, request)
        return row.state, row.ended_why


def test_a_request_becomes_a_grant_that_ends_by_itself(bureau: Bureau) -> None:
    """Nothing before the answer, reading after it, nothing at the second of its end."""
    asked = bureau.ask()
    assert asked.owners == 2
    assert not bureau.may(bureau.asker)
    bureau.approve(asked.id, days=7)
    end = bureau.now + timedelta(days=7)
    decision = bureau.decide(bureau.asker)
    assert decision.is_allowed
    assert decision.grants
    assert not bureau.may(bureau.asker, action="POST")
    assert bureau.may(bureau.asker, now=end - timedelta(seconds=1))
    assert not bureau.may(bureau.asker, now=end)
    given = [entry for entry in bureau.world.events() if entry["ev"] == "grant.given"]
    assert given[0]["rules"] == list(decision.rules)
    assert given[0]["d"]["grants"] == decision.grants  # type: ignore[index]


def test_writing_is_granted_only_where_it_was_asked_for(small: Bureau) -> None:
    """A request for both gives both."""
    small.approve(small.ask(writes=True).id)
    assert small.may(small.asker, action="POST")


def test_the_owner_of_the_unit_above_decides_as_well(small: Bureau) -> None:
    """The chief, whose unit lies above the one in charge."""
    small.approve(small.ask().id, small.chief)
    assert small.may(small.asker)


def test_nobody_decides_on_their_own_request(small: Bureau) -> None:
    """An owner who asks waits for the other owner."""
    asked = small.ask(small.owner)
    assert asked.owners == 1
    for act in (small.approve, lambda each: _refuse(small, each, small.owner)):
        with pytest.raises(no.OwnRequest):
            act(asked.id)
    small.approve(asked.id, small.chief)


def _refuse(bureau: Bureau, request: UUID, by: UUID) -> None:
    bureau.requests.refuse(request, reason=REASON, by=by, actor=actor(by), now=bureau.now)


def test_class_23_only_a_living_owner_in_charge_decides(bureau: Bureau) -> None:
    """Not an owner of another unit, nor staff, nor one who left, lost the role or moved up."""
    asked = bureau.ask()
    clerk = bureau.person("li.na", "treasury", "staff")
    for each in (bureau.stranger, clerk):
        with pytest.raises(no.NotInCharge):
            bureau.approve(asked.id, each)
    registry = bureau.world.registry
    people.disable(registry, bureau.chief, actor=OPERATOR, now=bureau.now)
    people.set_roles(registry, bureau.owner, ["staff"], actor=OPERATOR, now=bureau.now)
    for each in (bureau.chief, bureau.owner):
        with pytest.raises(no.NotInCharge):
            bureau.approve(asked.id, each)
    assert not bureau.may(bureau.asker)


def test_the_approver_gives_less_time_but_never_more(small: Bureau) -> None:
    """Not a second beyond what was asked for, and no end that is past."""
    asked = small.ask()
    for days in (14.001, 0, -1):
        with pytest.raises(no.EndRefused):
            small.approve(asked.id, days=days)
    small.approve(asked.id, days=1)


@pytest.mark.parametrize("span", [timedelta(0), timedelta(days=-1), timedelta(days=90, seconds=1)])
def test_an_end_beyond_the_longest_or_in_the_past_is_refused(
    small: Bureau, span: timedelta
) -> None:
    """Ninety days are the most."""
    with pytest.raises(no.EndRefused):
        small.ask(span=span)


@pytest.mark.parametrize("reason", ["", "要用", " " * 40, "很" * 501])
def test_a_reason_is_needed(small: Bureau, reason: str) -> None:
    """Ten characters at least, blanks not counted; five hundred at most."""
    wish = Wish(writes=False, reason=reason, until=small.now + FORTNIGHT)
    with pytest.raises(no.ReasonNeeded):
        small.requests.ask(small.asker, "ledger", wish, actor=OPERATOR, now=small.now)


def test_officers_do_no_business_by_request(small: Bureau) -> None:
    """Neither when asking nor when they became officers meanwhile."""
    registry = small.world.registry
    admin = small.person("chen.min", "bureau", "system_admin")
    with pytest.raises(no.NotForOfficers):
        small.ask(admin)
    asked = small.ask()
    people.set_roles(registry, small.asker, ["auditor"], actor=OPERATOR, now=small.now)
    with pytest.raises(no.NotForOfficers):
        small.approve(asked.id)


def test_what_lies_above_the_clearance_cannot_be_asked_for(small: Bureau) -> None:
    """No owner can grant it, so nobody waits for an answer."""
    entry = small.catalogue.by_slug("ledger")
    assert entry is not None
    with small.world.registry.ledger.begin(unaudited_because="a test") as tx:
        tx.session.connection().exec_driver_sql("UPDATE service SET classification = 3")
    with pytest.raises(no.BeyondClearance):
        small.ask()


def test_one_open_request_for_a_person_and_a_service(bureau: Bureau) -> None:
    """Another may follow once it is answered or withdrawn."""
    first = bureau.ask()
    with pytest.raises(no.AlreadyAsked):
        bureau.ask()
    bureau.requests.withdraw(first.id, by=bureau.asker, actor=OPERATOR, now=bureau.now)
    assert state(bureau, first.id)[0] == "withdrawn"
    second = bureau.ask()
    _refuse(bureau, second.id, bureau.owner)
    assert state(bureau, second.id)[0] == "refused"
    bureau.ask()


def test_a_request_of_another_is_not_found(small: Bureau) -> None:
    """Withdrawing is one's own."""
    asked = small.ask()
    with pytest.raises(no.RequestUnknown):
        small.requests.withdraw(asked.id, by=small.owner, actor=OPERATOR, now=small.now)
    with pytest.raises(no.RequestUnknown):
        small.approve(UUID(int=7))


def test_a_renewal_takes_the_place_of_the_grant(bureau: Bureau) -> None:
    """Access goes on without a gap; the old grant is over."""
    first = bureau.ask(span=timedelta(days=2))
    bureau.approve(first.id, days=2)
    bureau.world.wait(timedelta(days=1))
    second = bureau.ask()
    assert bureau.may(bureau.asker)
    bureau.approve(second.id)
    assert state(bureau, first.id) == ("ended", "renewed")
    assert bureau.may(bureau.asker, now=bureau.now + timedelta(days=13))


def test_a_grant_is_taken_back_by_owner_officer_or_operator(bureau: Bureau) -> None:
    """At once, by the next decision; a stranger cannot, nor can it be done twice."""
    officer = bureau.person("chen.min", "bureau", "security_admin")
    for by in (bureau.owner, officer, None):
        asked = bureau.ask()
        bureau.approve(asked.id)
        with pytest.raises(no.NotInCharge):
            _revoke(bureau, asked.id, bureau.stranger)
        _revoke(bureau, asked.id, by)
        assert not bureau.may(bureau.asker)
        with pytest.raises(no.RequestSettled):
            _revoke(bureau, asked.id, by)


def _revoke(bureau: Bureau, request: UUID, by: UUID | None) -> None:
    who = OPERATOR if by is None else actor(by)
    bureau.requests.revoke(request, reason=REASON, by=by, actor=who, now=bureau.now)


def test_the_person_gives_a_grant_back(small: Bureau) -> None:
    """Withdrawing what was granted ends it."""
    asked = small.ask()
    small.approve(asked.id)
    small.requests.withdraw(asked.id, by=small.asker, actor=OPERATOR, now=small.now)
    assert not small.may(small.asker)
    assert state(small, asked.id) == ("ended", "given_back")


def test_tidying_changes_no_decision(bureau: Bureau) -> None:
    """Before and after the sweep the engine answers alike; then the row says it is over."""
    asked, late = bureau.ask(), bureau.ask(bureau.stranger, span=timedelta(days=1))
    bureau.approve(asked.id)
    bureau.world.wait(timedelta(days=11))
    registry = bureau.world.registry
    assert bureau.may(bureau.asker)
    assert sweep(registry, now=bureau.now) == 1  # the one that nobody answered
    assert state(bureau, late.id) == ("ended", "lapsed")
    assert bureau.may(bureau.asker)
    bureau.world.wait(timedelta(days=3))
    assert not bureau.may(bureau.asker)
    assert sweep(registry, now=bureau.now) == 1
    assert sweep(registry, now=bureau.now) == 0
    assert state(bureau, asked.id) == ("ended", "expired")
    assert not bureau.may(bureau.asker)
    assert bureau.decide(bureau.asker).grants == ""


def test_a_person_who_left_and_came_back_has_lost_the_grant(bureau: Bureau) -> None:
    """Disabled: no decision allows, and the sweep makes it final. An open request lapses too."""
    asked = bureau.ask()
    bureau.approve(asked.id)
    registry = bureau.world.registry
    waiting = bureau.ask(bureau.stranger)
    for each in (bureau.asker, bureau.stranger):
        people.disable(registry, each, actor=OPERATOR, now=bureau.now)
    assert not bureau.may(bureau.asker)
    with pytest.raises(no.PersonGone):
        bureau.approve(waiting.id)
    assert sweep(registry, now=bureau.now) == 2
    link = enrolment.issue(registry, bureau.asker, actor=OPERATOR, now=bureau.now)
    bureau.world.finish(bureau.asker, link, "another good password", login="zhang.wei")
    assert not bureau.may(bureau.asker)
    assert state(bureau, asked.id) == ("ended", "person_gone")


def test_a_service_of_the_same_name_inherits_no_grant(bureau: Bureau) -> None:
    """Removing a service ends its grants and requests in the same act."""
    asked = bureau.ask()
    bureau.approve(asked.id)
    waiting = bureau.ask(bureau.stranger)
    bureau.catalogue.remove("ledger", actor=OPERATOR, now=bureau.now)
    with pytest.raises(ServiceUnknown):
        bureau.ask()
    add_service(bureau)
    assert not bureau.may(bureau.asker)
    assert state(bureau, waiting.id) == ("ended", "service_removed")


def test_a_grant_written_behind_our_back_opens_nothing(bureau: Bureau) -> None:
    """A database administrator copies one to another person, or brings one back to life."""
    mine, other = bureau.ask(), bureau.ask(bureau.stranger)
    bureau.approve(mine.id)
    assert bureau.may(bureau.asker)
    registry = bureau.world.registry
    with registry.store.reading() as session:
        row = session.get_one(AccessRequest, mine.id)
        values = {
            "state": "granted",
            "given_from": row.given_from,
            "given_until": row.given_until,
            "decided_by": row.decided_by,
            "rule_sealed": row.rule_sealed,
        }
    with registry.ledger.begin(unaudited_because="an attack") as tx:
        copied = update(AccessRequest).where(AccessRequest.id == other.id).values(**values)
        tx.session.execute(copied)
        epoch.bump(tx)
    assert not bureau.may(bureau.stranger)
    assert bureau.may(bureau.asker)
    _revoke(bureau, mine.id, None)
    with registry.ledger.begin(unaudited_because="an attack") as tx:
        revived = update(AccessRequest).where(AccessRequest.id == mine.id).values(**values)
        tx.session.execute(revived)
        epoch.bump(tx)
    assert not bureau.may(bureau.asker)


def race(*acts: Callable[[], object]) -> list[type[BaseException] | None]:
    """Do these at once; return what each was refused for."""
    gate = threading.Barrier(len(acts))
    found: list[type[BaseException] | None] = [None] * len(acts)

    def run(place: int, act: Callable[[], object]) -> None:
        gate.wait()
        try:
            act()
        except Refused as refusal:
            found[place] = type(refusal)

    threads = [threading.Thread(target=run, args=each) for each in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_two_owners_decide_at_once_and_one_of_them_does(bureau: Bureau) -> None:
    """The other is told that somebody was quicker."""
    for _ in range(5):
        asked = bureau.ask()
        found = race(
            lambda id_=asked.id: bureau.approve(id_),  # type: ignore[misc]
            lambda id_=asked.id: _refuse(bureau, id_, bureau.chief),  # type: ignore[misc]
        )
        assert sorted(found, key=str) == sorted([None, no.RequestSettled], key=str)
        assert bureau.may(bureau.asker) is (found[0] is None)
        if found[0] is None:
            _revoke(bureau, asked.id, None)


def test_withdrawal_and_approval_at_once_leave_no_grant(bureau: Bureau) -> None:
    """Whichever comes first: a withdrawal after the approval gives the grant back."""
    for _ in range(5):
        asked = bureau.ask()
        race(
            lambda id_=asked.id: bureau.approve(id_),  # type: ignore[misc]
            lambda id_=asked.id: bureau.requests.withdraw(  # type: ignore[misc]
                id_, by=bureau.asker, actor=OPERATOR, now=bureau.now
            ),
        )
        assert state(bureau, asked.id)[0] in {"withdrawn", "ended"}
        assert not bureau.may(bureau.asker)


def test_asking_twice_at_once_makes_one_request(bureau: Bureau) -> None:
    """The second is refused, not an error."""
    found = race(*[bureau.ask] * 4)
    assert sorted(found, key=str) == sorted([None, *[no.AlreadyAsked] * 3], key=str)


def test_disabling_and_approving_at_once_leave_no_access(bureau: Bureau) -> None:
    """Either the approval is refused, or what it gave is worth nothing."""
    asked = bureau.ask()
    registry = bureau.world.registry
    race(
        lambda: bureau.approve(asked.id),
        lambda: people.disable(registry, bureau.asker, actor=OPERATOR, now=bureau.now),
    )
    assert not bureau.may(bureau.asker)


def test_a_grant_builds_no_rules_anew(small: Bureau) -> None:
    """The index of the rules is taken over; only the grants beside it are new."""
    before = small.policy.now()
    small.approve(small.ask().id)
    after = small.policy.now()
    assert after is not before
    assert after._index is before._index  # type: ignore[attr-defined]

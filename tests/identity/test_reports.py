"""「不是我」: locked at once, decided by somebody else, and never an office without anybody."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from uuid import UUID, uuid4

import pytest
from identity_world import ADDRESS, ADMIN, PASSWORD, Enrolled, World

from audit.record import Actor
from gateway.identity import attempts, enrolment, people, reports, sessions, sign_in
from gateway.identity.links import EnrolmentOver, PersonLocked
from gateway.identity.reports import (
    AttemptUnknown,
    Decision,
    ReportClosed,
    ReportOfOneself,
    ReportReasonMissing,
    ReportUnknown,
)
from gateway.identity.sign_in import SignInRefused, StepOver
from gateway.identity.tables_guards import Tried

WHY = "Talked to 李雷 at his desk; his card was checked."


def disown(world: World, person: Enrolled, attempt: UUID | None = None) -> bool:
    """Say that the newest attempt was not the person's."""
    newest = attempts.of_person(world.registry, person.id)[0].id
    return reports.disown(
        world.registry,
        person.id,
        attempt or newest,
        actor=Actor(subject=f"person:{person.id}"),
        now=world.clock,
    )


def decide(
    world: World, report: UUID, decision: Decision, *, actor: Actor = ADMIN, reason: str = WHY
) -> str | None:
    """Decide a report."""
    return reports.close(
        world.registry, report, decision, reason=reason, actor=actor, now=world.clock
    )


@pytest.mark.asvs("V7.5.2")
def test_history_tells_the_owner_how_each_attempt_ended(world: World) -> None:
    """Where from, with what, and the failed ones as well; nothing of other people."""
    li, han = world.enrol(), world.enrol("han.mei")
    with pytest.raises(SignInRefused):
        world.password("li.lei", "wrong", address="203.0.113.9")
    world.wait()
    world.password("li.lei")
    world.wait()
    step = world.password("li.lei")
    with pytest.raises(SignInRefused):
        world.code(step.token, "000000")
    token = world.sign_in(li)
    seen = attempts.of_person(world.registry, li.id)
    assert [each.outcome for each in seen] == [
        Tried.ACCEPTED,
        Tried.CODE,
        Tried.HALF,
        Tried.PASSWORD,
    ]
    current = sessions.find(world.registry, token, now=world.clock)
    assert current is not None
    assert seen[0].session_ref == current.session_ref
    assert (seen[0].amr, seen[0].address) == (("pwd", "otp"), ADDRESS)
    assert seen[3].address == "203.0.113.9"
    assert not attempts.of_person(world.registry, han.id)
    assert attempts.one(world.registry, han.id, seen[0].id) is None


def test_attempts_are_sealed_in_the_database_and_name_nobody_who_does_not_exist(
    small_world: World,
) -> None:
    world = small_world
    world.enrol()
    for login in ("li.lei", "nobody"):
        with pytest.raises(SignInRefused):
            world.password(login, "wrong")
    with world.registry.store.read.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT person_id, address_sealed FROM sign_in_attempt"
        ).all()
    assert sorted(row[0] is None for row in rows) == [False, True]
    assert all(ADDRESS.encode() not in row[1] for row in rows)


def test_lock_ends_everything_and_sign_in_is_refused_as_ever(world: World) -> None:
    """Sessions, half-made sign-ins and links end; the text is that of a wrong password."""
    li = world.enrol()
    world.enrol("other")
    token = world.sign_in(li)
    step = world.password("li.lei")
    link = enrolment.issue(world.registry, li.id, actor=ADMIN, now=world.clock)
    assert disown(world, li)
    assert sessions.find(world.registry, token, now=world.clock) is None
    with pytest.raises(StepOver):
        world.code(step.token, li.code(world.clock))
    with pytest.raises(EnrolmentOver):
        enrolment.look(world.registry, link, now=world.clock)
    with pytest.raises(SignInRefused) as refusal:
        world.password("li.lei")
    assert (refusal.value.code, refusal.value.args) == ("sign_in_refused", ())
    assert reports.is_locked(world.registry, li.id)
    assert {"report.opened", "person.locked", "session.ended"} <= set(world.names())
    waiting = reports.waiting(world.registry)
    assert [(each.login, each.locked) for each in waiting] == [("li.lei", True)]
    assert waiting[0].attempt is not None


def test_nobody_goes_round_the_decision_with_a_new_link(world: World) -> None:
    """The system administrator may disable the person for good, which no report undoes."""
    li = world.enrol()
    world.sign_in(li)
    disown(world, li)
    with pytest.raises(PersonLocked):
        enrolment.issue(world.registry, li.id, actor=ADMIN, now=world.clock)
    people.disable(world.registry, li.id, actor=ADMIN, now=world.clock)
    decide(world, reports.waiting(world.registry)[0].id, Decision.UNLOCKED)
    with pytest.raises(SignInRefused):
        world.password("li.lei")


@pytest.mark.parametrize("decision", list(Decision))
def test_each_decision_does_what_it_says(world: World, decision: Decision) -> None:
    li = world.enrol()
    world.sign_in(li)
    disown(world, li)
    world.wait()
    report = reports.waiting(world.registry)[0].id
    token = decide(world, report, decision)
    assert (token is not None) == (decision is Decision.ENROLMENT)
    if decision is Decision.UNLOCKED:
        assert world.sign_in(li)
    else:
        with pytest.raises(SignInRefused):
            world.password("li.lei")
    if token is not None:
        again = world.finish(li.id, token, "other words by the window")
        assert world.sign_in(again)
    assert reports.waiting(world.registry) == []
    closed = reports.decided(world.registry)[0]
    assert (closed.decision, closed.reason, closed.closed_by) == (decision, WHY, ADMIN.subject)
    with pytest.raises(ReportClosed):
        decide(world, report, Decision.UNLOCKED)
    assert world.names()[-1] in {
        "report.closed",
        "person.unlocked",
        "enrolment.issued",
        "sign_in.accepted",
        "sign_in.refused",
    }


def test_class_36_nobody_decides_about_themselves_and_every_decision_has_a_reason(
    world: World,
) -> None:
    first = world.enrol("officer.one", roles=("security_admin",))
    world.enrol("officer.two", roles=("security_admin",))
    world.sign_in(first)
    disown(world, first)
    report = reports.waiting(world.registry)[0].id
    with pytest.raises(ReportOfOneself):
        decide(world, report, Decision.UNLOCKED, actor=Actor(subject=f"person:{first.id}"))
    for reason in ("", "  ", "x" * 501):
        with pytest.raises(ReportReasonMissing):
            decide(world, report, Decision.UNLOCKED, reason=reason)
    with pytest.raises(ReportUnknown):
        decide(world, uuid4(), Decision.UNLOCKED)
    assert len(reports.waiting(world.registry)) == 1


def test_attempt_of_somebody_else_or_one_reported_already_cannot_be_disowned(
    world: World,
) -> None:
    li, han = world.enrol(), world.enrol("han.mei")
    world.sign_in(li)
    world.sign_in(han)
    foreign = attempts.of_person(world.registry, han.id)[0].id
    for attempt in (foreign, uuid4()):
        with pytest.raises(AttemptUnknown):
            disown(world, li, attempt)
    disown(world, li)
    with pytest.raises(AttemptUnknown):
        disown(world, li)


def test_last_officer_loses_the_sessions_and_not_the_account(world: World) -> None:
    only = world.enrol("only.auditor", roles=("auditor",))
    token = world.sign_in(only)
    assert not disown(world, only)
    assert sessions.find(world.registry, token, now=world.clock) is None
    assert [each.locked for each in reports.waiting(world.registry)] == [False]
    assert world.sign_in(only)


def test_two_officers_who_lock_themselves_at_once_leave_one(world: World) -> None:
    """In a real race, on both databases."""
    officers = [world.enrol(f"auditor.{n}", roles=("auditor",)) for n in range(2)]
    for officer in officers:
        world.sign_in(officer)

    def lock(person: Enrolled) -> bool:
        return disown(world, person)

    with ThreadPoolExecutor(2) as pool:
        locked = list(pool.map(lock, officers))
    assert sorted(locked) == [False, True]


def test_report_is_decided_once_in_a_race(world: World) -> None:
    li = world.enrol()
    world.sign_in(li)
    disown(world, li)
    report = reports.waiting(world.registry)[0].id
    links = []

    def close(_: int) -> None:
        with suppress(ReportClosed):
            links.append(decide(world, report, Decision.ENROLMENT))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(close, range(6)))
    assert len(links) == 1


@pytest.mark.asvs("V7.4.1")
def test_known_browsers_are_strangers_after_a_report(world: World) -> None:
    """Whoever holds a copy of the device cookie has no budget left."""
    li = world.enrol()
    world.wait()
    step = world.password("li.lei")
    opened = sign_in.check_code(
        world.registry,
        pending_token=step.token,
        code=li.code(world.clock),
        address=ADDRESS,
        user_agent=None,
        now=world.clock,
    )
    disown(world, li)
    decide(world, reports.waiting(world.registry)[0].id, Decision.UNLOCKED)
    with pytest.raises(SignInRefused):
        sign_in.check_password(
            world.registry,
            login="li.lei",
            password="wrong",
            address="203.0.113.5",
            device=opened.device,
            now=world.clock,
        )
    newest = attempts.of_person(world.registry, li.id)[0]
    assert not newest.known_device
    assert PASSWORD not in str(newest)

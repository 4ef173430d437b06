"""Two officers decide: a lost device replaced in person, and who gets an office."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from threading import Barrier
from uuid import UUID, uuid4

import pytest
from identity_world import ADMIN, PASSWORD, Enrolled, World, secret_of
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError

from audit.record import Actor
from gateway.identity import (
    enrolment,
    notices,
    officer_case_views,
    officer_cases,
    people,
    rights,
    sessions,
    staff,
)
from gateway.identity.agreement import OpenerLeft
from gateway.identity.enrolment import EnrolmentNotBegun, EnrolmentOver
from gateway.identity.officer_case_refusals import (
    CaseOfficers,
    CaseOpen,
    CaseOver,
    CasePerson,
    CaseTerms,
    CaseUnknown,
    OfficeNeedsTwo,
    OfficeUnnumbered,
    RightsOfOneself,
)
from gateway.identity.officer_cases import LINK_LIFE, Confirmed
from gateway.identity.people import ClearanceRefused, PersonUnknown
from gateway.identity.rights import Rights
from gateway.identity.roles import LastOfficer, OfficersExclusive
from gateway.identity.sign_in import SignInRefused
from gateway.refusals import Refused

WHY = "The telephone was lost on the train; the identity card was shown."


@dataclass
class Bureau:
    """An office with its three officers and one of the staff."""

    world: World
    system: Enrolled
    security: Enrolled
    auditor: Enrolled
    clerk: Enrolled

    def open(self, by: Enrolled, person: UUID | None = None, **changes: object) -> UUID:
        """Open a reset for the clerk."""
        given = {"document": "id_card", "forget_password": False, "reason": WHY} | changes
        return officer_cases.open_reset(
            self.world.registry,
            person or self.clerk.id,
            by=by.id,
            actor=Actor(subject=f"person:{by.id}"),
            now=self.world.clock,
            **given,  # type: ignore[arg-type]
        )

    def confirm(self, case: UUID, by: Enrolled) -> Confirmed:
        """Confirm a case."""
        actor = Actor(subject=f"person:{by.id}")
        return officer_cases.confirm(
            self.world.registry, case, by=by.id, actor=actor, now=self.world.clock
        )

    def end(self, case: UUID, by: Enrolled) -> None:
        """Refuse or withdraw it."""
        actor = Actor(subject=f"person:{by.id}")
        officer_cases.end(self.world.registry, case, by=by.id, actor=actor, now=self.world.clock)

    def propose(self, office: str = "auditor", by: Enrolled | None = None) -> UUID:
        """Propose the clerk for an office."""
        who = by or self.security
        return officer_cases.propose_office(
            self.world.registry,
            self.clerk.id,
            office,
            reason=WHY,
            by=who.id,
            actor=Actor(subject=f"person:{who.id}"),
            now=self.world.clock,
        )

    def number(self) -> None:
        """Give the clerk a staff number."""
        staff.change(
            self.world.registry,
            self.clerk.id,
            staff_number="CZ-7",
            actor=ADMIN,
            now=self.world.clock,
        )

    def told(self, person: Enrolled) -> list[str]:
        """The kinds of notices a person has."""
        return [each.kind for each in notices.latest(self.world.registry, person.id)]


def made(world: World) -> Bureau:
    return Bureau(
        world,
        system=world.enrol("wang", roles=("system_admin",)),
        security=world.enrol("zhao", roles=("security_admin",)),
        auditor=world.enrol("chen", roles=("auditor",)),
        clerk=world.enrol("li.lei"),
    )


@pytest.fixture
def bureau(world: World) -> Bureau:
    """Return the office on each database."""
    return made(world)


@pytest.fixture
def small(small_world: World) -> Iterator[Bureau]:
    """Return the office on SQLite alone."""
    return made(small_world)


@pytest.mark.asvs("V6.4.3", "V6.4.4", "V6.4.6")
def test_a_lost_device_is_replaced_and_the_password_stays(bureau: Bureau) -> None:
    """Sign-in still asks for both; what the old device shows is worth nothing."""
    world, clerk = bureau.world, bureau.clerk
    session = world.sign_in(clerk)
    case = bureau.open(bureau.system)
    confirmed = bureau.confirm(case, bureau.security)
    assert confirmed.token is not None
    assert confirmed.expires == world.clock + LINK_LIFE
    assert sessions.find(world.registry, session, now=world.clock) is not None, "until it is used"
    with pytest.raises(EnrolmentOver):
        enrolment.begin(world.registry, confirmed.token, "another password 42", now=world.clock)
    with pytest.raises(EnrolmentNotBegun):
        enrolment.finish(world.registry, confirmed.token, "000000", now=world.clock)
    offer = enrolment.begin_factors(world.registry, confirmed.token, now=world.clock)
    new = Enrolled(clerk.id, clerk.login, secret_of(offer))
    enrolment.finish(world.registry, confirmed.token, new.code(world.clock), now=world.clock)
    assert sessions.find(world.registry, session, now=world.clock) is None
    world.wait()
    step = world.password(clerk.login, PASSWORD)
    with pytest.raises(SignInRefused):
        world.code(step.token, clerk.code(world.clock))
    assert world.code(step.token, new.code(world.clock)).token
    assert {"reset_confirmed", "factors_replaced"} <= set(bureau.told(clerk))
    for event in ("reset.opened", "reset.confirmed", "person.factors_replaced"):
        assert world.names().count(event) == 1
    assert WHY not in str(world.events())
    with pytest.raises(EnrolmentOver):
        enrolment.look(world.registry, confirmed.token, now=world.clock)


def test_a_forgotten_password_is_made_anew_by_the_person_alone(small: Bureau) -> None:
    world = small.world
    case = small.open(small.system, forget_password=True)
    link = small.confirm(case, small.security).token
    assert link is not None
    with pytest.raises(EnrolmentOver):
        enrolment.begin_factors(world.registry, link, now=world.clock)
    new = world.finish(small.clerk.id, link, "ocean violet trumpet 77")
    world.wait()
    with pytest.raises(SignInRefused):
        world.password("li.lei", PASSWORD)
    assert world.sign_in(new)


@pytest.mark.asvs("V6.4.4")
def test_nobody_is_two_of_opener_confirmer_and_the_person(bureau: Bureau) -> None:
    """And each is in the right office: nobody else gets a link, in whatever order."""
    for nobody in (bureau.security, bureau.auditor, bureau.clerk):
        with pytest.raises(CaseOfficers):
            bureau.open(nobody)
    case = bureau.open(bureau.system)
    for nobody in (bureau.system, bureau.auditor, bureau.clerk):
        with pytest.raises(CaseOfficers):
            bureau.confirm(case, nobody)
    second = bureau.world.enrol("wang2", roles=("system_admin",))
    with pytest.raises(CaseOfficers):
        bureau.confirm(case, second)
    assert "reset.confirmed" not in bureau.world.names()
    assert bureau.confirm(case, bureau.security).token


@pytest.mark.parametrize(
    ("whose", "opener", "confirmer"),
    [
        ("system", "security", "auditor"),
        ("security", "system", "auditor"),
        ("auditor", "system", "security"),
    ],
)
def test_an_officers_own_reset_is_done_by_the_other_two(
    small: Bureau, whose: str, opener: str, confirmer: str
) -> None:
    people_by = {name: getattr(small, name) for name in ("system", "security", "auditor")}
    about = people_by[whose]
    for name, officer in people_by.items():
        if name != opener:
            with pytest.raises(CaseOfficers):
                small.open(officer, about.id)
    case = small.open(people_by[opener], about.id)
    for name, officer in people_by.items():
        if name != confirmer:
            with pytest.raises(CaseOfficers):
                small.confirm(case, officer)
    assert small.confirm(case, people_by[confirmer]).token


def test_a_case_is_withdrawn_refused_or_lapses_and_is_over_then(bureau: Bureau) -> None:
    world = bureau.world
    for by in (bureau.system, bureau.security, bureau.auditor):
        case = bureau.open(bureau.system)
        with pytest.raises(CaseOpen):
            bureau.open(bureau.system)
        with pytest.raises(CaseOfficers):
            bureau.end(case, bureau.clerk)
        bureau.end(case, by)
        with pytest.raises(CaseOver):
            bureau.confirm(case, bureau.security)
        with pytest.raises(CaseOver):
            bureau.end(case, by)
        world.wait()
    case = bureau.open(bureau.system)
    world.wait(timedelta(hours=8))
    with pytest.raises(CaseOver):
        bureau.confirm(case, bureau.security)
    assert officer_case_views.one(world.registry, case, now=world.clock).state == "lapsed"
    assert officer_cases.sweep(world.registry, now=world.clock) == 1
    assert officer_cases.sweep(world.registry, now=world.clock) == 0
    again = bureau.open(bureau.system)
    world.wait(timedelta(hours=9))
    assert bureau.open(bureau.system) != again, "a lapsed one makes room"
    states = [c.state for c in officer_case_views.newest(world.registry, now=world.clock)]
    assert states == ["open", "lapsed", "lapsed", "refused", "refused", "withdrawn"]


def test_a_reset_wants_a_document_a_reason_and_somebody_to_reset(small: Bureau) -> None:
    world = small.world
    for wrong in ({"document": "a promise"}, {"reason": "short"}, {"reason": "x" * 501}):
        with pytest.raises(CaseTerms):
            small.open(small.system, **wrong)
    with pytest.raises(PersonUnknown):
        small.open(small.system, uuid4())
    with pytest.raises(CasePerson):
        small.open(small.system, world.invite("not.yet")[0])
    people.disable(world.registry, small.clerk.id, actor=ADMIN, now=world.clock)
    with pytest.raises(CasePerson):
        small.open(small.system)
    with pytest.raises(CaseUnknown):
        small.confirm(uuid4(), small.security)


def test_the_link_of_a_reset_is_dead_after_a_quarter_of_an_hour(small: Bureau) -> None:
    link = small.confirm(small.open(small.system), small.security).token
    assert link is not None
    small.world.wait(LINK_LIFE)
    with pytest.raises(EnrolmentOver):
        enrolment.begin_factors(small.world.registry, link, now=small.world.clock)
    assert small.world.sign_in(small.clerk), "the old device still works"


def test_class_32_twenty_confirmations_at_once_give_one_link(bureau: Bureau) -> None:
    case = bureau.open(bureau.system)
    barrier = Barrier(20)

    def confirm(_number: int) -> bool:
        barrier.wait()
        try:
            bureau.confirm(case, bureau.security)
        except CaseOver:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        assert sorted(pool.map(confirm, range(20)))[-2:] == [False, True]
    assert bureau.world.names().count("reset.confirmed") == 1


@pytest.mark.asvs("V6.6.2")
def test_a_database_writer_confirms_a_case_of_their_own(bureau: Bureau, database_url: str) -> None:
    """Neither with one officer nor with a changed person."""
    case = bureau.open(bureau.system)
    engine = create_engine(database_url)
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(
            text("UPDATE officer_case SET state = 'confirmed', closed_by = opened_by")
        )
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE officer_case SET person_id ="
                " (SELECT person_id FROM person_role WHERE role = 'auditor')"
            )
        )
    engine.dispose()
    with pytest.raises(CaseUnknown):
        bureau.confirm(case, bureau.security)
    assert f"officer_case:{case}" in {entry.get("obj") for entry in bureau.world.events()}
    assert bureau.world.names().count("row.forged") == 1


def test_an_office_is_proposed_and_confirmed_and_ends_every_other_role(bureau: Bureau) -> None:
    world, clerk = bureau.world, bureau.clerk
    with pytest.raises(OfficeUnnumbered):
        bureau.propose()
    bureau.number()
    for nobody in (bureau.system, bureau.auditor, clerk):
        with pytest.raises(CaseOfficers):
            bureau.propose(by=nobody)
    session = world.sign_in(clerk)
    case = bureau.propose()
    for nobody in (bureau.security, bureau.auditor, clerk):
        with pytest.raises(CaseOfficers):
            bureau.confirm(case, nobody)
    assert bureau.confirm(case, bureau.system).token is None
    found = people.by_id(world.registry, clerk.id)
    assert found is not None
    assert found.roles == {"auditor"}
    assert sessions.find(world.registry, session, now=world.clock) is None
    assert "office_given" in bureau.told(clerk)
    with pytest.raises(CasePerson):
        bureau.propose()
    for wrong in ("staff", "break_glass", "king"):
        with pytest.raises(OfficeNeedsTwo):
            bureau.propose(wrong)


def test_rights_are_given_by_another_person_with_a_reason_and_told(bureau: Bureau) -> None:
    world, clerk = bureau.world, bureau.clerk

    def change(roles: set[str], clearance: int = 2, *, by: Enrolled, reason: str = WHY) -> bool:
        return rights.change(
            world.registry,
            clerk.id,
            Rights(roles=frozenset(roles), clearance=clearance),
            reason=reason,
            by=by.id,
            actor=Actor(subject=f"person:{by.id}"),
            now=world.clock,
        )

    session = world.sign_in(clerk)
    assert not change({"staff"}, by=bureau.security)
    assert sessions.find(world.registry, session, now=world.clock) is not None
    assert change({"staff", "service_owner"}, 3, by=bureau.security)
    assert sessions.find(world.registry, session, now=world.clock) is None
    entry = world.events()
    changed = [each for each in entry if each["ev"] == "person.roles_changed"][-1]
    assert changed["d"] == {"gained": ["service_owner"], "lost": [], "clearance": 3, "was": 2}
    assert WHY not in str(entry)
    assert bureau.told(clerk)[0] == "rights_changed"
    wrong: list[tuple[type[Refused], dict[str, object]]] = [
        (RightsOfOneself, {"roles": {"staff"}, "by": clerk}),
        (OfficeNeedsTwo, {"roles": {"auditor"}, "by": bureau.security}),
        (OfficersExclusive, {"roles": {"auditor", "staff"}, "by": bureau.security}),
        (ClearanceRefused, {"roles": {"staff"}, "clearance": 5, "by": bureau.security}),
        (CaseTerms, {"roles": {"staff"}, "reason": "short", "by": bureau.security}),
        (CasePerson, {"roles": {"break_glass"}, "by": bureau.security}),
    ]
    count = len(world.events())
    for refusal, given in wrong:
        with pytest.raises(refusal):
            change(**given)  # type: ignore[arg-type]
    assert len(world.events()) == count


def test_the_last_of_an_office_is_not_talked_out_of_it_by_rights_or_another_office(
    small: Bureau,
) -> None:
    world = small.world
    with pytest.raises(LastOfficer):
        rights.change(
            world.registry,
            small.auditor.id,
            Rights(roles=frozenset({"staff"}), clearance=0),
            reason=WHY,
            by=small.security.id,
            actor=ADMIN,
            now=world.clock,
        )
    staff.change(world.registry, small.auditor.id, staff_number="S1", actor=ADMIN, now=world.clock)
    with pytest.raises(LastOfficer):
        officer_cases.propose_office(
            world.registry,
            small.auditor.id,
            "system_admin",
            reason=WHY,
            by=small.security.id,
            actor=ADMIN,
            now=world.clock,
        )


@pytest.mark.parametrize("kind", ["reset", "office"])
@pytest.mark.parametrize("how", ["disabled", "of another role"])
def test_nothing_is_confirmed_for_an_opener_who_has_left_the_office_since(
    bureau: Bureau, kind: str, how: str
) -> None:
    """On record; the case is still there to be refused."""
    world, registry = bureau.world, bureau.world.registry
    office = "system_admin" if kind == "reset" else "security_admin"
    opener = world.enrol("former", roles=(office,))
    bureau.number()
    case = bureau.open(opener) if kind == "reset" else bureau.propose(by=opener)
    if how == "disabled":
        people.disable(registry, opener.id, actor=ADMIN, now=world.clock)
    else:
        people.set_roles(registry, opener.id, ["staff"], actor=ADMIN, now=world.clock)
    second = bureau.security if kind == "reset" else bureau.system
    with pytest.raises(OpenerLeft):
        bureau.confirm(case, second)
    entry = world.events()[-1]
    assert (entry["ev"], entry["why"]) == ("agreement.refused", "opener_left")
    assert not {"reset.confirmed", "office.confirmed"} & set(world.names())
    bureau.end(case, second)

"""People who come, go and move in the moment between the last look at them and the commit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier, Thread
from uuid import UUID

import pytest
from change_world import approved, before_next_write, who, with_new_unit
from sqlalchemy import select, update
from web_office import SYSTEM, furnish, open_office

from audit.tables import audit_event
from gateway.changes import acts
from gateway.changes.refusals import ChangeRefused
from gateway.changes.room import Room
from gateway.identity import people, staff
from gateway.identity.tables import Totp
from policies import versions
from policies.dossier.dossiers import State, find

NOW = datetime.now(UTC)
ROUNDS = 4


@pytest.fixture
def room(database_url: str, tmp_path: Path) -> Iterator[Room]:
    """An office with a new unit and two security administrators, on each kind of database."""
    furnish(tmp_path, database=database_url)
    office = open_office(tmp_path, database=database_url)
    with_new_unit(office)
    yield office.room
    office.store.close()


def person(room: Room, login: str) -> UUID:
    found = people.by_login(room.registry, login)
    assert found is not None
    return found.id


def move(room: Room, login: str, unit: str) -> None:
    staff.change(room.registry, person(room, login), actor=SYSTEM, now=NOW, unit=unit)


def publish(room: Room, ref: str) -> None:
    acts.publish(room, ref, actor=who(room, "zhaomin"), now=NOW)


def newest(room: Room) -> int:
    with room.registry.store.reading() as session:
        found = versions.newest(session)
    assert found is not None
    return found.seq


def refused(room: Room, ref: str) -> str:
    """Publish in vain; return why, and see that nothing came of it."""
    before = newest(room)
    with pytest.raises(ChangeRefused) as caught:
        publish(room, ref)
    assert newest(room) == before
    with room.registry.store.reading() as session:
        assert find(session, ref).state is State.APPROVED
    return f"{caught.value.why} {caught.value.said}".strip()


def test_attack_the_second_keeper_is_shut_out_between_the_last_look_and_the_commit(
    room: Room,
) -> None:
    """One security administrator would be left, who could approve no way back."""
    ref = approved(room, NOW)
    gone = person(room, "linxia")
    before_next_write(
        room.registry.ledger, lambda: people.disable(room.registry, gone, actor=SYSTEM, now=NOW)
    )
    assert refused(room, ref) == "blocked lockout"


def test_attack_the_second_keeper_loses_the_code_between_the_last_look_and_the_commit(
    room: Room,
) -> None:
    """Factors move no epoch."""
    ref = approved(room, NOW)
    whose = person(room, "linxia")

    def lose() -> None:
        with room.registry.ledger.begin(unaudited_because="too many wrong codes") as tx:
            own = update(Totp).where(Totp.person_id == whose)
            tx.session.execute(own.values(disabled_at=NOW))

    before_next_write(room.registry.ledger, lose)
    assert refused(room, ref) == "blocked lockout"


def test_attack_the_approver_moves_into_the_gaining_unit_before_the_commit(room: Room) -> None:
    ref = approved(room, NOW)
    before_next_write(room.registry.ledger, lambda: move(room, "linxia", "lvyou"))
    assert refused(room, ref) == "approver_benefits"


def test_whoever_moves_beside_it_has_it_looked_at_again_and_hinders_nothing(room: Room) -> None:
    ref, before = approved(room, NOW), newest(room)
    before_next_write(room.registry.ledger, lambda: move(room, "liwen", "xinxi"))
    publish(room, ref)
    assert newest(room) == before + 1


def test_while_people_do_not_stand_still_nothing_is_published(room: Room) -> None:
    ref, ledger = approved(room, NOW), room.registry.ledger
    units = iter(["xinxi", "caiwu"] * 9)

    def again() -> None:
        move(room, "liwen", next(units))
        before_next_write(ledger, again)

    before_next_write(ledger, again)
    assert refused(room, ref) == "people_moved"
    ledger.brake = None
    publish(room, ref)


def test_attack_the_approver_moves_into_the_gaining_unit_at_the_same_moment(room: Room) -> None:
    """Whichever comes first, nothing is ever published that its approver gains by."""
    ref = approved(room, NOW)
    for _ in range(ROUNDS):
        before, start, told = newest(room), Barrier(2), [""]

        def take(place: Barrier = start, into: list[str] = told, what: str = ref) -> None:
            place.wait()
            try:
                publish(room, what)
            except ChangeRefused as refusal:
                into[0] = refusal.why

        thread = Thread(target=take)
        thread.start()
        start.wait()
        move(room, "linxia", "lvyou")
        thread.join()
        with room.registry.store.reading() as session:
            last = session.scalars(
                select(audit_event.c.body).order_by(audit_event.c.id.desc()).limit(6)
            )
            events = [bytes(body) for body in last][::-1]
        names = [n for body in events for n in (b"person.moved", b"policy.published") if n in body]
        if told == [""]:
            assert newest(room) == before + 1
            assert names.index(b"policy.published") < names.index(b"person.moved")
            acts.roll_back(room, ref, actor=SYSTEM, now=NOW, why="by_hand")
            move(room, "linxia", "baomi")
            ref = approved(room, NOW)
        else:
            assert told == ["approver_benefits"]
            assert newest(room) == before
            move(room, "linxia", "baomi")

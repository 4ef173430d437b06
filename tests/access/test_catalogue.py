"""Services are added, changed, approved and removed on record, and seen at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from access_world import APPROVER, AUTHOR, RULES, World, service
from sqlalchemy import text

from gateway.access.catalogue import (
    ApprovedByItsAuthor,
    Evaluation,
    InvalidService,
    ServiceChanged,
    ServiceExists,
    ServiceUnknown,
)
from policies import versions


def events(world: World) -> list[str]:
    with world.store.read.connect() as connection:
        bodies = connection.execute(text("SELECT body FROM audit_event ORDER BY id")).scalars()
        return [bytes(body).decode() for body in bodies]


def test_a_new_service_is_found_by_slug_and_host_but_stays_shut(world: World) -> None:
    added = world.catalogue.add(service(), actor=AUTHOR, now=world.clock)

    assert world.catalogue.by_slug("ledger") == added
    assert world.catalogue.by_host("ledger.gate.example.cn") == added
    assert world.catalogue.all() == (added,)
    assert added.closed(world.clock) == "service_not_evaluated"


def test_approval_opens_a_service_until_its_evaluation_ends(world: World) -> None:
    opened = world.open(service())

    assert opened.valid_until is not None
    assert opened.closed(world.clock) is None
    assert opened.closed(opened.valid_until) == "service_evaluation_expired"
    assert world.catalogue.by_slug("ledger") == opened


def test_who_entered_a_service_cannot_approve_it(world: World) -> None:
    added = world.catalogue.add(service(), actor=AUTHOR, now=world.clock)
    evaluation = Evaluation(
        at=world.clock, by="center", valid_until=world.clock + timedelta(days=1)
    )

    with pytest.raises(ApprovedByItsAuthor):
        world.catalogue.approve(
            "ledger", evaluation, actor=AUTHOR, now=world.clock, version=added.row_version
        )


@pytest.mark.parametrize(
    ("begins", "ends", "by"),
    [(1, 2, "center"), (-2, -1, "center"), (-2, 0, "center"), (-1, 1200, "center"), (-1, 1, "")],
)
def test_an_evaluation_lies_in_the_past_and_ends_in_a_bounded_future(
    small_world: World, begins: int, ends: int, by: str
) -> None:
    world = small_world
    added = world.catalogue.add(service(), actor=AUTHOR, now=world.clock)
    evaluation = Evaluation(
        at=world.clock + timedelta(days=begins),
        by=by,
        valid_until=world.clock + timedelta(days=ends),
    )

    with pytest.raises(InvalidService):
        world.catalogue.approve(
            "ledger", evaluation, actor=APPROVER, now=world.clock, version=added.row_version
        )


def test_a_changed_upstream_takes_the_approval_away_and_new_words_do_not(world: World) -> None:
    opened = world.open(service())

    renamed = world.catalogue.update(
        replace(opened, name_zh="总台账"), actor=AUTHOR, now=world.clock
    )
    assert renamed.closed(world.clock) is None

    moved = world.catalogue.update(
        replace(renamed, upstream="http://10.9.9.9"), actor=AUTHOR, now=world.clock
    )
    assert moved.closed(world.clock) == "service_not_evaluated"


def test_an_update_cannot_smuggle_an_approval_in(world: World) -> None:
    added = world.catalogue.add(service(), actor=AUTHOR, now=world.clock)
    forged = replace(
        added,
        name_zh="改名",
        evaluated_at=world.clock,
        evaluated_by="me",
        approved_at=world.clock,
        approved_by="me",
        valid_until=world.clock + timedelta(days=1),
    )

    changed = world.catalogue.update(forged, actor=AUTHOR, now=world.clock)

    assert changed.closed(world.clock) == "service_not_evaluated"


def test_the_second_of_two_editors_is_refused(world: World) -> None:
    read = world.catalogue.add(service(), actor=AUTHOR, now=world.clock)
    world.catalogue.update(replace(read, name_en="First"), actor=AUTHOR, now=world.clock)

    with pytest.raises(ServiceChanged):
        world.catalogue.update(replace(read, name_en="Second"), actor=AUTHOR, now=world.clock)


def test_nobody_approves_another_version_than_they_saw(world: World) -> None:
    read = world.catalogue.add(service(), actor=AUTHOR, now=world.clock)
    world.catalogue.update(replace(read, upstream="http://10.9.9.9"), actor=AUTHOR, now=world.clock)

    with pytest.raises(ServiceChanged):
        world.approve(read)


def test_slug_and_host_belong_to_one_service(world: World) -> None:
    world.catalogue.add(service(), actor=AUTHOR, now=world.clock)
    second = world.catalogue.add(service("wiki"), actor=AUTHOR, now=world.clock)

    with pytest.raises(ServiceExists):
        world.catalogue.add(service(), actor=AUTHOR, now=world.clock)
    with pytest.raises(ServiceExists):
        world.catalogue.add(
            service("other", host="ledger.gate.example.cn"), actor=AUTHOR, now=world.clock
        )
    with pytest.raises(ServiceExists):
        world.catalogue.update(
            replace(second, host="ledger.gate.example.cn"), actor=AUTHOR, now=world.clock
        )


def test_a_removed_service_is_gone_at_once(world: World) -> None:
    world.open(service())
    assert world.catalogue.by_slug("ledger")

    world.catalogue.remove("ledger", actor=AUTHOR, now=world.clock)

    assert world.catalogue.by_slug("ledger") is None
    with pytest.raises(ServiceUnknown):
        world.catalogue.remove("ledger", actor=AUTHOR, now=world.clock)


def test_a_removed_service_takes_its_rules_along_in_the_same_act(world: World) -> None:
    """Else a later service of that slug would be open to people nobody let in."""
    world.open(service())
    other = "p, role:staff, intranet, svc:ledger-two/**, GET, *, *, 2, *, allow\n"
    world.publish(RULES + other)

    assert world.catalogue.remove("ledger", actor=AUTHOR, now=world.clock) == 4

    with world.store.reading() as session:
        left = versions.current(session)
        assert left is not None
        assert left.text() == other
        assert versions.history(session)[0].note == "service ledger removed"


def test_every_change_is_on_record_with_what_it_changed(world: World) -> None:
    opened = world.open(service())
    world.catalogue.update(
        replace(opened, upstream="http://10.9.9.9"), actor=AUTHOR, now=world.clock
    )
    world.catalogue.remove("ledger", actor=AUTHOR, now=world.clock)

    recorded = [body for body in events(world) if '"svc":"ledger"' in body]
    names = [body.split('"ev":"')[1].split('"')[0] for body in recorded]
    assert names == ["service.added", "service.approved", "service.changed", "service.removed"]
    assert '"from":"http://127.0.0.1:9","to":"http://10.9.9.9"' in recorded[2]


def test_another_process_sees_a_change_with_its_next_request(world: World) -> None:
    other = type(world.catalogue)(
        store=world.store, ledger=world.ledger, around=world.catalogue.around
    )
    assert other.by_slug("ledger") is None

    opened = world.open(service())

    assert other.by_slug("ledger") == opened

"""`kill -9` at every moment of a change: what was done is whole, what was not is not there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from change_desk import NOON, Desk
from forking import Talk, forks
from killed_change import ZONE, open_desk
from sqlalchemy import func, select

from audit.tables import audit_event
from gateway.vault import KeyFile, create_keyring
from policies import versions
from policies.dossier import publishing
from policies.dossier.dossiers import State, steps

FEWEST = 5
"""Things said to the database in the shortest step: fewer would mean that none was counted."""


@pytest.fixture(scope="module")
def fork() -> Iterator[Callable[[], Talk]]:
    """Start a process that takes one step."""
    with forks("killed_change") as begin:
        yield begin


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Desk]:
    root = KeyFile(tmp_path / "root")
    root.create()
    (tmp_path / "keys").mkdir(mode=0o700)
    create_keyring(tmp_path / "keys", zone=ZONE, root=root)
    made = open_desk(database_url, tmp_path)
    made.found()
    yield made
    made.store.close()


def whole(desk: Desk, ref: str) -> tuple[object, ...]:
    """Everything that a step of a change touches."""
    with desk.store.reading() as session:
        records = session.scalar(select(func.count()).select_from(audit_event))
        seqs = [each.seq for each in versions.history(session)]
        told = [each.what for each in steps(session, ref)]
    return desk.at(ref), seqs, told, records, desk.rules().hash


@pytest.mark.parametrize(
    ("act", "ends"),
    [("publish", State.TRIAL), ("confirm", State.CONFIRMED), ("roll_back", State.ROLLED_BACK)],
)
def test_attack_killed_at_any_moment_a_step_is_taken_whole_or_not_at_all(
    desk: Desk, fork: Callable[[], Talk], database_url: str, tmp_path: Path, act: str, ends: State
) -> None:
    ref = desk.approved()
    now = NOON + timedelta(minutes=1)
    if act != "publish":
        desk.publish(ref)
    before = whole(desk, ref)

    def taken(at: int) -> bool:
        asked = {"url": database_url, "directory": str(tmp_path), "act": act, "ref": ref}
        talk = fork()
        talk.say(asked | {"now": now.isoformat(), "at": at})
        return talk.hear() is not None

    at = 1
    while not taken(at):
        assert whole(desk, ref) == before, f"killed before the {at}th"
        at += 1
    assert at > FEWEST
    assert desk.at(ref).state is ends
    _, seqs, told, records, _ = whole(desk, ref)
    assert (len(seqs), len(told), records) == (
        len(before[1]) + (act != "confirm"),  # type: ignore[arg-type] - lists, by `whole`
        len(before[2]) + 1,  # type: ignore[arg-type]
        before[3] + (1 if act == "confirm" else 2),  # type: ignore[operator]
    )


def test_attack_killed_right_after_the_commit_nothing_of_the_trial_is_forgotten(
    desk: Desk, fork: Callable[[], Talk], database_url: str, tmp_path: Path
) -> None:
    """The publisher never heard of its success; the deadline holds for whoever comes next."""
    ref = desk.approved()
    asked = {"url": database_url, "directory": str(tmp_path), "act": "publish", "ref": ref}
    talk = fork()
    talk.say(asked | {"now": NOON.isoformat(), "at": -1})
    assert talk.hear() is None
    found = desk.at(ref)
    assert (found.state, found.seq) == (State.TRIAL, 2)
    late: datetime = NOON + timedelta(minutes=found.confirm_minutes)
    assert publishing.ended_by_itself(found, late) == "not_confirmed"

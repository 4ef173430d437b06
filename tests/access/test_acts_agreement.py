"""The acts on records answer to the log: what a hand wrote or deleted is found, and mended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from access_world import AUTHOR, World, build_world
from acts_office import check, entries, opened
from sqlalchemy import Connection, Engine, delete, insert, select, update

from audit import verify
from audit.repair import unguarded
from audit.tables import audit_event
from audit.tables_anchors import log_pruned
from audit.verify import Report
from audit.vouching import Vouched
from gateway.access.service import Service
from gateway.custody.room import voucher_of
from gateway.store.engines import open_for_migration
from policies.acts_agreement import Agreement
from policies.acts_kept import KeptActs, digest_of
from policies.tables_running import record_act

LONG = "/docs/" + "x" * 300
KEPT = record_act.c


@dataclass(frozen=True)
class Worked:
    """An office in which two people did four acts; who created a record may not approve it."""

    world: World
    entry: Service
    engine: Engine

    def does(self, who: str, method: str, path: str) -> bool:
        """Ask as this person, a second later; return whether it was allowed."""
        self.world.clock += timedelta(seconds=1)
        return check(self.world, self.entry, method, path, who=who).allowed

    def by_hand(self, hand: Callable[[Connection], object]) -> None:
        """Write the database past the gateway."""
        with self.engine.begin() as connection:
            hand(connection)

    @property
    def agreement(self) -> Agreement:
        """What holds the table against the log."""
        vault = self.world.vault
        return Agreement(mac=vault.mac, vouched=Vouched(voucher_of(vault).vkey))

    def found(self) -> list[str]:
        """What verify says of the acts."""
        report = Report()
        self.agreement.inspect(self.world.store.read, report)
        assert report.code == (verify.TAMPERED if report.findings else verify.INTACT)
        assert all(each.index is not None for each in report.findings)
        return [each.words for each in report.findings]

    def mend(self) -> int:
        """Make the table say what the log says."""
        with self.world.ledger.begin(unaudited_because="nothing differs") as tx:
            return self.agreement.mend(tx, actor=AUTHOR, now=self.world.clock)

    def rows(self) -> list[tuple[object, ...]]:
        """The table, without words and moments."""
        with self.engine.begin() as connection:
            rows = connection.execute(select(record_act).order_by(KEPT.at))
            return [(row.person, row.act, row.record_hash, row.decision) for row in rows]


@pytest.fixture
def office(database_url: str, tmp_path: Path, now: datetime) -> Iterator[Worked]:
    """On each kind of database."""
    world = build_world(database_url, tmp_path, now)
    world.person("li")
    worked = Worked(world, opened(world), open_for_migration(database_url))
    assert worked.does("zhang", "PUT", "/docs/17")
    assert worked.does("zhang", "PUT", LONG)
    assert worked.does("li", "POST", "/docs/17/approve")
    assert worked.does("li", "PUT", "/docs/18")
    yield worked
    world.store.close()
    worked.engine.dispose()


def test_honest_work_is_no_alarm_and_needs_no_mending(office: Worked) -> None:
    assert office.does("zhang", "PUT", "/docs/17")  # again, by another decision
    assert office.found() == []
    assert office.mend() == 0
    assert "policy.acts_mended" not in {each["ev"] for each in entries(office.world)}


FORGED: dict[str, Callable[[Connection], object]] = {
    "a row is gone": lambda c: c.execute(delete(record_act).where(KEPT.act == "approve")),
    "all are gone": lambda c: c.execute(delete(record_act)),
    "another's act": lambda c: c.execute(
        update(record_act).where(KEPT.act == "approve").values(person="person:nobody")
    ),
    "another act": lambda c: c.execute(
        update(record_act).where(KEPT.act == "approve").values(act="edit")
    ),
    "another record": lambda c: c.execute(
        update(record_act).where(KEPT.act == "approve").values(record_hash="0" * 64)
    ),
    "another name of the record": lambda c: c.execute(
        update(record_act).where(KEPT.act == "approve").values(record="svc:ledger/docs/9")
    ),
    "another decision": lambda c: c.execute(
        update(record_act).where(KEPT.act == "approve").values(decision="0" * 32)
    ),
    "an older moment": lambda c: c.execute(
        update(record_act).values(at=datetime.fromisoformat("2020-01-01T00:00:00+00:00"))
    ),
    "no word": lambda c: c.execute(update(record_act).values(mac=b"")),
    "an act from nowhere": lambda c: c.execute(
        insert(record_act).values(
            person="person:nobody",
            record_hash=digest_of("svc:ledger/docs/17"),
            act="create",
            record="svc:ledger/docs/17",
            decision="0" * 32,
            at=datetime.fromisoformat("2020-01-01T00:00:00+00:00"),
            mac=b"x" * 32,
        )
    ),
}


@pytest.mark.parametrize("way", FORGED)
def test_attack_acts_written_or_deleted_by_hand_are_found_and_mended(
    office: Worked, way: str
) -> None:
    before = office.rows()
    office.by_hand(FORGED[way])
    assert office.found()
    assert office.mend()
    assert office.found() == []
    assert office.rows() == before
    assert not office.does("zhang", "POST", "/docs/17/approve")
    assert not office.does("zhang", "POST", f"{LONG}/approve")
    assert not office.does("li", "PUT", "/docs/17")
    assert [each["ev"] for each in entries(office.world)].count("policy.acts_mended") == 1


def test_attack_a_deleted_act_whose_other_side_was_done_meanwhile_is_found(office: Worked) -> None:
    """The decision does not miss the row; the log shows both sides in one hand."""
    office.by_hand(lambda c: c.execute(delete(record_act).where(KEPT.act == "create")))
    assert office.does("zhang", "POST", "/docs/17/approve")
    assert len([each for each in office.found() if "its row is gone" in each]) == 3
    office.mend()
    with office.world.store.reading() as session:
        duties = office.world.policy.engine(at=0).published.duties_on_records
        both = KeptActs(session, office.world.vault.mac).breaches(duties, most=9)
    assert [(each.earlier.act, each.later.act) for each in both] == [("create", "approve")]


def test_attack_an_act_done_again_after_its_row_was_deleted_hides_nothing(office: Worked) -> None:
    office.by_hand(lambda c: c.execute(delete(record_act).where(KEPT.act == "create")))
    assert office.does("zhang", "PUT", "/docs/17")
    assert any("done first by decision" in each for each in office.found())


def test_attack_an_invented_act_bars_and_accuses_nobody(office: Worked) -> None:
    """And it does not stand in the way when the act is really done."""
    world, digest = office.world, digest_of("svc:ledger/docs/30")
    own = {"person": world.current("zhang").subject, "record_hash": digest}
    row = {"record": "svc:ledger/docs/30", "decision": "0" * 32, "at": world.clock, "mac": b"x"}
    for act in ("create", "approve"):
        office.by_hand(lambda c, a=act: c.execute(insert(record_act).values(act=a, **own, **row)))
    with world.store.reading() as session:
        duties = world.policy.engine(at=0).published.duties_on_records
        assert not KeptActs(session, world.vault.mac).breaches(duties, most=9)
    assert office.does("zhang", "POST", "/docs/30/approve")
    assert not office.does("zhang", "PUT", "/docs/30")


def test_attack_an_entry_without_the_gateways_word_puts_no_act_into_the_table(
    office: Worked,
) -> None:
    """And its own row, if there is one, is not accused: a repaired entry has no word either."""
    office.by_hand(lambda c: c.execute(delete(record_act).where(KEPT.act == "approve")))
    strip(office)
    assert office.found() == []
    assert office.mend() == 0


def strip(office: Worked) -> None:
    """Take the word from every entry, as somebody does who takes the triggers away first."""
    with office.engine.begin() as connection, unguarded(connection):
        connection.execute(update(audit_event).values(vouch=None))


def test_of_pruned_entries_rows_are_believed_by_their_word_alone(office: Worked) -> None:
    before = office.rows()
    with office.engine.begin() as connection, unguarded(connection):
        connection.execute(delete(audit_event))
        connection.execute(update(log_pruned).values(upto=256, done=256))
    assert office.found() == []
    assert office.does("zhang", "PUT", "/docs/17")
    assert office.found() == []
    office.by_hand(FORGED["an act from nowhere"])
    assert len(office.found()) == 1
    assert office.mend() == 1
    assert office.rows() == before

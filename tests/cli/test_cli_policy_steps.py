"""Changes and reviews of the rules at the terminal, each step a named person's, fit for hooks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
import time_machine
from cli_terminal import OPERATOR, PASSWORD, START, Terminal, enrolled

from gateway.access.service_file import EXAMPLE
from gateway.cli.office import opened
from gateway.identity import people

GRANT = "p, unit:finance, intranet, svc:ledger/**, GET|HEAD, *, *, 2, *, allow"
ACTS = """
[[acts]]
name = "create"
methods = ["PUT"]
path = "/vouchers/{record}"
"""


@dataclass
class Room:
    """A terminal, two security administrators and an auditor, and a clock that people share."""

    terminal: Terminal
    clock: time_machine.Traveller
    moment: datetime
    keys: dict[str, str] = field(default_factory=dict)

    @property
    def zone(self) -> str:
        """The zone's directory."""
        return str(self.terminal.zone)

    def wait(self, span: timedelta) -> None:
        """Let time pass for every command."""
        self.moment += span
        self.clock.move_to(self.moment, tick=False)

    def signs(self, login: str) -> tuple[str, str]:
        """Sit down as somebody, with a code that was not used yet."""
        self.wait(timedelta(seconds=31))
        self.terminal.sit_down(PASSWORD, pyotp.TOTP(self.keys[login]).at(self.moment))
        return ("--as", login)

    def policy(self, *words: str, by: str = "") -> str:
        """Run a command of `hangu policy` that must succeed."""
        name, *rest = words
        signed = self.signs(by) if by else ()
        return self.terminal.run("policy", *name.split(), self.zone, *rest, *signed)

    def refused(self, *words: str, by: str = "") -> str:
        """Run one that must fail."""
        name, *rest = words
        signed = self.signs(by) if by else ()
        return self.terminal.fails("policy", *name.split(), self.zone, *rest, *signed)

    def draft(self, *lines: str, by: str = "chen") -> str:
        """Draft the rules in force with some lines more; return the change's id."""
        file = Path(self.zone).parent / "draft.csv"
        file.write_text(self.policy("show") + "".join(f"{line}\n" for line in lines))
        said = self.policy(
            "draft", str(file), "--title", "台账给财务处", "--why", "财办〔2026〕12号",
            "--most-people", "9", by=by,
        )  # fmt: skip
        return said.split()[2]


@pytest.fixture
def room(terminal: Terminal) -> Iterator[Room]:
    """A zone with one service, a second security administrator, and everybody enrolled."""
    zone = str(terminal.zone)
    for slug in ("finance", "archives", "it-centre"):
        terminal.run("unit", "add", zone, slug, "--name-zh", slug, "--name-en", slug)
    file = terminal.zone.parent / "ledger.toml"
    file.write_text(EXAMPLE)
    terminal.run("service", "add", zone, str(file))
    with opened(terminal.zone) as office:
        people.create(
            office.registry, login="gu", name="顾言", unit="office", roles=["security_admin"],
            clearance=2, actor=OPERATOR, now=START,
        )  # fmt: skip
    keys = {login: enrolled(terminal.zone, login) for login in ("chen", "gu", "zhao")}
    begin = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=5)
    with time_machine.travel(begin, tick=False) as clock:
        yield Room(terminal, clock, begin, keys)


def in_force(room: Room) -> bool:
    return GRANT in room.policy("show")


def test_a_change_goes_through_two_hands_and_is_confirmed(room: Room) -> None:
    change = room.draft(GRANT)
    assert "submitted" in room.policy("changes")
    assert "author_approves" in room.refused("approve", change, by="chen")
    assert "not_approved" in room.refused("publish", change, by="chen")
    assert "is approved" in room.policy("approve", change, by="gu")
    assert not in_force(room)
    assert "on trial" in room.policy("publish", change, by="chen")
    assert in_force(room)
    assert "published" in room.refused("publish", change, by="gu")
    assert "is confirmed" in room.policy("confirm", change, by="chen")
    assert "wrong_state" in room.refused("rollback", change, by="gu")
    said = room.policy("history", "2")
    assert "+ " in said
    assert "1 rules more, 0 fewer" in said
    newest = json.loads(room.policy("history", "--json").splitlines()[0])
    assert (newest["number"], newest["signed"], newest["by"]) == (2, True, "chen")


def test_a_trial_is_rolled_back_by_hand(room: Room) -> None:
    change = room.draft(GRANT)
    room.policy("approve", change, by="gu")
    room.policy("publish", change, by="gu")
    assert "is rolled back" in room.policy("rollback", change, by="gu")
    assert not in_force(room)
    assert "rolled_back" in room.policy("changes")


def test_nobody_confirms_after_the_time_is_over(room: Room) -> None:
    change = room.draft(GRANT)
    room.policy("approve", change, by="gu")
    room.policy("publish", change, by="gu")
    room.wait(timedelta(minutes=11))
    assert "too_late" in room.refused("confirm", change, by="gu")


def test_a_change_is_sent_back_with_a_reason(room: Room) -> None:
    change = room.draft(GRANT)
    assert "no_reason" in room.refused("refuse", change, "--reason", "x", by="gu")
    assert "is sent back" in room.policy("refuse", change, "--reason", "范围太宽", by="gu")
    assert "wrong_state" in room.refused("approve", change, by="gu")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("", "nothing"),
        ("p, unit:nobody, intranet, svc:ledger/**, GET, *, *, 2, *, allow", "errors"),
    ],
)
def test_a_draft_that_stands_in_its_own_way_is_kept_and_not_submitted(
    room: Room, line: str, why: str
) -> None:
    file = Path(room.zone).parent / "draft.csv"
    file.write_text(room.policy("show") + line)
    said = room.refused(
        "draft", str(file), "--title", "无", "--why", "试验", "--most-people", "9", by="chen"
    )
    assert f"in its way: {why}" in said
    assert " draft " in room.policy("changes")


def test_bad_input_is_named_before_anybody_types_a_password(room: Room) -> None:
    said = room.refused("approve", "zz", "--as", "gu")
    assert "0 changes begin with 'zz'" in said
    assert "No such option" in room.refused("changes", "--nothing")
    assert "There is no version 99" in room.refused("history", "99")
    assert "does not exist" in room.refused("draft", "missing.csv", "--as", "gu")
    bad = Path(room.zone).parent / "bad.csv"
    bad.write_bytes(b"\xff")
    said = room.refused(
        "draft", str(bad), "--title", "t", "--why", "ww", "--most-people", "1", "--as", "gu"
    )
    assert ":1:1: error: byte 0xff is no UTF-8" in said


def test_who_is_no_security_administrator_takes_no_step(room: Room) -> None:
    change = room.draft(GRANT)
    for step in ("approve", "publish", "confirm", "rollback"):
        assert "security_admin" in room.refused(step, change, by="zhao")
    room.wait(timedelta(minutes=1))
    room.terminal.sit_down(PASSWORD, "000000")
    assert "wait for the next" in room.terminal.fails(
        "policy", "approve", room.zone, change, "--as", "gu"
    )


def published(room: Room, *lines: str) -> None:
    change = room.draft(*lines)
    room.policy("approve", change, by="gu")
    room.policy("publish", change, by="chen")
    room.policy("confirm", change, by="chen")


def test_a_review_begins_at_the_terminal_and_ends_in_a_change(room: Room) -> None:
    published(room, GRANT)
    assert "none" in room.policy("campaign list")
    day = (room.moment + timedelta(days=120)).date().isoformat()
    room.wait(timedelta(days=91))
    said = room.policy("campaign start", "--title", "年度复核", "--due", day, by="chen")
    assert "asks about 1 rules; 1 were not used at all" in said
    ref = said.split()[2]
    found = json.loads(room.policy("campaign show", ref, "--json"))
    (row,) = found["rules"]
    assert (found["state"], row["uses"], row["missed"], row["unused"]) == ("open", 0, 0, True)
    assert row["line"] == GRANT
    assert "none would have been denied" in room.policy("campaign show", ref)
    assert "undecided: 1" in room.refused("campaign close", ref, by="chen")
    said = room.policy(
        "campaign decide", ref, "--unused", "--verdict", "remove", "--reason", "无人使用", by="gu"
    )
    assert "1 rules" in said
    said = room.policy("campaign close", ref, by="chen")
    assert "is drafted" in said
    assert " draft " in room.policy("changes")
    assert in_force(room)
    listed = json.loads(room.policy("campaign list", "--json"))
    assert (listed["state"], listed["decided"], listed["total"]) == ("closed", 1, 1)


def test_an_overdue_review_is_exit_code_one(room: Room) -> None:
    published(room, GRANT)
    day = (room.moment + timedelta(days=2)).date().isoformat()
    ref = room.policy(
        "campaign start", "--title", "复核", "--due", day, "--reviewers", "security_admin", by="gu"
    ).split()[2]
    room.policy("campaign show", ref)
    room.wait(timedelta(days=5))
    room.refused("campaign show", ref)
    assert "overdue" in room.policy("campaign list")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--title", "t", "--due", "2020-01-01"), "terms: due_at"),
        (("--title", "t", "--due", "yesterday"), "YYYY-MM-DD"),
        (("--title", " ", "--due", "2030-01-01"), "terms: title"),
        (("--title", "t", "--due", "2030-01-01", "--scope", "role:x"), "terms: scope"),
        (("--title", "t", "--due", "2030-01-01", "--days", "0"), "--days"),
    ],
)
def test_a_review_with_bad_terms_asks_no_password(
    room: Room, words: tuple[str, ...], said: str
) -> None:
    assert said in room.refused("campaign start", *words, "--as", "chen")


def test_answers_that_cannot_be_are_refused(room: Room) -> None:
    published(room, GRANT)
    day = (room.moment + timedelta(days=20)).date().isoformat()
    ref = room.policy("campaign start", "--title", "复核", "--due", day, by="gu").split()[2]
    decide = ("campaign decide", ref, "--reason", "不再需要", "--verdict")
    assert "No rule is named" in room.refused(*decide, "keep", "--as", "gu")
    assert "unknown" in room.refused(*decide, "keep", "--rule", "7", by="gu")
    assert "until" in room.refused(*decide, "shorten", "--rule", "1", by="gu")
    assert "not_yours" in room.refused(*decide, "keep", "--rule", "1", by="zhao")
    assert "0 reviews begin with" in room.refused("campaign close", "zz", "--as", "gu")


def test_separation_names_who_holds_both_sides_and_leaves_with_one(room: Room) -> None:
    said = room.policy("separation", "--json")
    assert json.loads(said)["united"] == []
    with opened(Path(room.zone)) as office:
        person, _ = people.create(
            office.registry, login="he", name="何平", unit="finance", roles=["cashier", "clerk"],
            clearance=1, actor=OPERATOR, now=room.moment,
        )  # fmt: skip
        assert person
    enrolled_key = enrolled(Path(room.zone), "he")
    assert enrolled_key
    file = Path(room.zone).parent / "draft.csv"
    file.write_text(room.policy("show") + "s, held, *, role:cashier, role:clerk\n")
    room.terminal.run("policy", "import", room.zone, str(file), "--note", "试验", "--yes")
    room.terminal.printed()
    with pytest.raises(SystemExit) as leaving:
        room.terminal.run("policy", "separation", room.zone, "--json")
    assert leaving.value.code == 1
    (found,) = json.loads(room.terminal.printed())["united"]
    assert (found["person"], found["one"], found["other"]) == (
        "he",
        ["role:cashier"],
        ["role:clerk"],
    )


def test_attack_an_imported_file_shuts_the_office_out_that_could_undo_it(room: Room) -> None:
    """By a mistake, most likely: a file of the services' rules alone."""
    file = Path(room.zone).parent / "services.csv"
    file.write_text(GRANT + "\n")
    before = room.policy("show")
    said = " ".join(room.refused("import", str(file), "--note", "试验", "--yes").split())
    assert "would lose their way back: role:security_admin" in said
    assert room.policy("show") == before
    room.policy("import", str(file), "--note", "试验", "--yes", "--shut-out")
    assert GRANT in room.policy("show")
    # Whoever is shut out already loses nothing by going on.
    file.write_text(before)
    room.policy("import", str(file), "--note", "试验", "--yes")
    assert room.policy("show") == before


def test_changes_are_listed_for_programs_as_well(room: Room) -> None:
    short = room.draft(GRANT)
    (found,) = json.loads(room.policy("changes", "--json"))["changes"]
    assert found["id"].startswith(short)
    assert (found["title"], found["state"], found["author"]) == (
        "台账给财务处",
        "submitted",
        "chen",
    )


def test_a_service_file_is_checked_without_being_added(room: Room, tmp_path: Path) -> None:
    file = tmp_path / "vouchers.toml"
    file.write_text(EXAMPLE.replace('"ledger"', '"vouchers"', 1) + ACTS)
    said = room.terminal.run("service", "check", room.zone, str(file))
    assert "describes vouchers" in said
    file.write_text(EXAMPLE + ACTS.replace("{record}", "17"))
    said = room.terminal.fails("service", "check", room.zone, str(file))
    assert "acts[0].path: exactly one segment {record}" in said
    assert "vouchers" not in room.terminal.run("service", "list", room.zone)

"""`hangu policy check`, `test`, `diff`, `replay`, `convert`: fit for people, hooks and CI."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cli_terminal import START, Terminal
from sqlalchemy import update

from audit.record import Actor
from gateway.access.service_file import EXAMPLE
from gateway.cli import main, policy_sentences
from gateway.cli.office import opened
from gateway.identity import epoch, standing
from gateway.identity.tables import Person, State
from gateway.web import catalogues, labels
from policies.change.lexicon import Language

GRANT = "p, unit:finance, intranet, svc:ledger/**, GET, *, *, 2, *, allow"
MUST = "t, allow, unit:finance, intranet, svc:ledger/a, cat:none, GET, 1, 1, lan, 2, *"
MUST_NOT = "t, deny, role:staff, intranet, svc:ledger/a, cat:none, GET, 1, 1, lan, 2, *"


@pytest.fixture
def terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Terminal:
    """A terminal beside a zone with one clerk and one service nobody may use."""
    zone = tmp_path / "zone"
    officers = ("--system-admin", "wang:王建", "--security-admin", "chen:陈敏")
    place = ("--public-url", "https://gate.example.cn", "--auditor", "zhao:赵磊")
    main(["init", str(zone), "--zone", "intranet", "--office", "河山局", *place, *officers])
    for slug in ("finance", "tax", "it-centre", "archives"):
        main(["unit", "add", str(zone), slug, "--name-zh", slug, "--name-en", slug])
    main(["person", "add", str(zone), "liu", "刘洋", "--unit", "finance", "--role", "staff"])
    file = tmp_path / "ledger.toml"
    file.write_text(EXAMPLE)
    main(["service", "add", str(zone), str(file)])
    with opened(zone) as office, office.ledger.begin() as tx:
        tx.session.execute(update(Person).values(state=State.ACTIVE))
        standing.believe_all(tx.session)
        epoch.bump(tx)
        tx.record("person.enrolled", actor=Actor(subject="operator:test"), now=START)
    capsys.readouterr()
    return Terminal(zone, capsys, monkeypatch)


def draft(terminal: Terminal, *lines: str) -> str:
    """The rules in force with some lines more, in a file."""
    file = terminal.zone.parent / "draft.csv"
    base = terminal.run("policy", "show", str(terminal.zone))
    file.write_text("".join(f"{line}\n" for line in (*base.splitlines(), *lines)))
    return str(file)


def test_a_good_draft_passes_and_a_bad_one_is_named_with_line_and_fix(terminal: Terminal) -> None:
    good = draft(terminal, GRANT, MUST)
    assert "rules, version" in terminal.run("policy", "check", good)
    bad = draft(terminal, GRANT.replace("finance", "finanse"), "p, *, *, svc:ledger/**")
    terminal.fails("policy", "check", bad)
    with pytest.raises(SystemExit) as leaving:
        main(["policy", "check", bad, "--zone", str(terminal.zone), "--json"])
    assert leaving.value.code == 1


def test_an_unknown_unit_is_named_with_the_nearest(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = draft(terminal, GRANT.replace("finance", "finanse"))
    with pytest.raises(SystemExit) as leaving:
        main(["policy", "check", bad, "--zone", str(terminal.zone), "--json"])
    assert leaving.value.code == 1
    found = json.loads(capsys.readouterr().out)["findings"]
    unknown = next(each for each in found if each["code"] == "unknown")
    assert (unknown["column"], unknown["fix"]) == (4, "write unit:finance")


def test_tests_run_and_mutants_are_told(terminal: Terminal) -> None:
    zone = str(terminal.zone)
    good = draft(terminal, GRANT, MUST, MUST_NOT)
    assert "2 tests pass" in terminal.run("policy", "test", good, "--zone", zone)
    said = json.loads(terminal.run("policy", "test", good, "--zone", zone, "--mutants", "--json"))
    mine = next(each for each in said["mutants"] if each["line"] == GRANT)
    assert mine["noticed"]["deleted"]
    assert mine["noticed"]["sub"]
    assert mine["noticed"]["act"] is None
    bad = draft(terminal, MUST)
    with pytest.raises(SystemExit) as leaving:
        main(["policy", "test", bad, "--zone", zone])
    assert leaving.value.code == 1


def test_the_difference_names_people_by_login_and_is_told_by_status(terminal: Terminal) -> None:
    zone = str(terminal.zone)
    more = draft(terminal, GRANT)
    said = terminal.run("policy", "diff", more, "--zone", zone)
    assert "liu" in said
    assert "1 person gains something, 0 lose something (in intranet)." in said
    (change,) = json.loads(terminal.run("policy", "diff", more, "--zone", zone, "--json"))[
        "changes"
    ]
    assert (change["gains"], change["service"], change["witness"]["action"]) == (
        True,
        "ledger",
        "GET",
    )
    with pytest.raises(SystemExit) as leaving:
        main(["policy", "diff", more, "--zone", zone, "--exit-code"])
    assert leaving.value.code == 1
    terminal.complaints()
    assert "none" in terminal.run("policy", "diff", draft(terminal), "--zone", zone, "--exit-code")
    terminal.fails("policy", "diff", more)


def test_a_zone_where_nobody_asked_anything_has_nothing_to_replay(terminal: Terminal) -> None:
    said = terminal.run("policy", "replay", draft(terminal, GRANT), "--zone", str(terminal.zone))
    assert "0 decisions, 0 different ones" in said


def test_rules_go_from_csv_to_toml_and_back_unchanged(terminal: Terminal) -> None:
    file = draft(terminal, "# why liu may", GRANT, MUST)
    toml, csv = (str(terminal.zone.parent / name) for name in ("again.toml", "again.csv"))
    terminal.run("policy", "convert", file, toml)
    terminal.run("policy", "convert", toml, csv)
    text = Path(csv).read_text()
    assert f"# why liu may\n{GRANT}\n" in text
    assert (
        terminal.run("policy", "check", csv).split()[-1]
        == terminal.run("policy", "check", toml).split()[-1]
    )


@pytest.mark.parametrize("language", ["zh", "en"])
def test_rules_become_sentences_and_the_sentences_the_same_rules(
    terminal: Terminal, language: str
) -> None:
    zone, spoken = str(terminal.zone), terminal.zone.parent / "rules.txt"
    file = draft(terminal, GRANT, MUST)
    spoken.write_text(
        terminal.run("policy", "sentences", file, "--zone", zone, "--language", language)
    )
    said = {"zh": "finance 可 在 政务内网区 查看", "en": "finance may view"}[language]
    assert said in spoken.read_text()
    back = ("--parse", "--zone", zone, "--language", language)
    text = terminal.run("policy", "sentences", str(spoken), *back)
    again = terminal.zone.parent / "again.csv"
    again.write_text(text)
    for name in (file, str(again)):
        terminal.run("policy", "convert", name, f"{name}.canonical.csv")
    assert Path(f"{file}.canonical.csv").read_text() == Path(f"{again}.canonical.csv").read_text()


def test_a_sentence_that_is_none_is_named_with_its_line_and_status(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = terminal.zone.parent / "bad.txt"
    bad.write_text("finance 可 飞往 月球\n")
    with pytest.raises(SystemExit) as leaving:
        main(["policy", "sentences", str(bad), "--parse", "--zone", str(terminal.zone)])
    assert leaving.value.code == 1
    assert f"{bad}:1:11: error: " in capsys.readouterr().err


def test_sentences_are_read_in_the_language_that_fits_unless_one_is_named(
    terminal: Terminal,
) -> None:
    said = terminal.zone.parent / "said.txt"
    said.write_text("finance may read svc:ledger/** with two factors\n")
    asked = ("policy", "sentences", str(said), "--parse", "--zone", str(terminal.zone))
    assert "p, unit:finance, *, svc:ledger/**, GET|HEAD, *, *, 2" in terminal.run(*asked)
    assert "reads as English" in terminal.fails(*asked, "--language", "zh")
    assert "unit:finance" in terminal.run(*asked, "--language", "en")


def test_sentences_of_nothing_say_what_to_name(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HANGU_ZONE_DIR", raising=False)
    assert "--zone" in terminal.fails("policy", "sentences")
    assert "file" in terminal.fails("policy", "sentences", "--parse")


def test_the_tests_of_the_version_in_force_run_and_are_told_in_words(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    zone = str(terminal.zone)
    assert "0 tests" in terminal.run("policy", "test", "--zone", zone)
    file = draft(terminal, GRANT.replace("allow", "deny"), MUST)
    with pytest.raises(SystemExit) as leaving:
        main(["policy", "test", file, "--zone", zone, "--language", "en"])
    assert leaving.value.code == 1
    assert "finance must be allowed: view" in capsys.readouterr().out


def test_the_roles_are_called_as_on_the_pages() -> None:
    english = {slug: str(word._args[0]) for slug, word in labels.ROLES.items()}
    assert policy_sentences.ROLES[Language.EN] == english
    chinese = catalogues.read("zh_Hans_CN")
    assert policy_sentences.ROLES[Language.ZH] == {
        slug: chinese.get(word).string for slug, word in english.items()
    }


def test_a_test_of_a_rule_that_ends_is_told_before_it_fails_and_why_afterwards(
    terminal: Terminal,
) -> None:
    zone, now = str(terminal.zone), int(datetime.now(UTC).timestamp())
    ending = draft(terminal, GRANT.replace("2, *,", f"2, {now - 9}~1893456000,"), MUST)
    said = terminal.run("policy", "test", ending, "--zone", zone)
    assert "warning t-" in said
    assert f"fails from 2030-01-01 08:00 on: {MUST}" in said
    assert "write a time inside its window" in said
    over = draft(terminal, past := GRANT.replace("2, *,", f"2, {now - 9}~{now - 2},"), MUST)
    with pytest.raises(SystemExit):
        main(["policy", "test", over, "--zone", zone])
    assert f"The rule it stood on is over: {past}; take the test out" in terminal.printed()


def test_what_is_wrong_is_printed_as_editors_and_ci_read_it(terminal: Terminal) -> None:
    file = terminal.zone.parent / "bad.csv"
    file.write_text(f"{GRANT}\np, unit:finance, moon, svc:ledger/**, GET, *, *, 2, *, allow\n")
    zone = str(terminal.zone)
    with pytest.raises(SystemExit):
        main(["policy", "check", str(file), "--zone", zone])
    assert re.search(rf"^{file}:2:18: error: zone is 'moon'; ", terminal.printed(), re.MULTILINE)
    for command in ("replay", "diff", "test"):
        said = terminal.fails("policy", command, str(file), "--zone", zone)
        assert f"{file} cannot be read as rules" in said
        assert f"{file}:2:18: error: zone is 'moon'; " in said
        assert "published" not in said


def test_a_warning_has_its_place_too(terminal: Terminal) -> None:
    file = draft(terminal, GRANT.replace("2, *,", "2, 1~2,"))
    number = Path(file).read_text().count("\n")
    said = terminal.run("policy", "check", file)
    assert re.search(rf"(?m)^{file}:{number}:\d+: warning: its last window is over; ", said)


@pytest.mark.parametrize("text", ["", "# to be written\n"])
def test_a_file_without_a_rule_is_a_mistake(terminal: Terminal, text: str) -> None:
    file = terminal.zone.parent / "empty.csv"
    file.write_text(text)
    assert f"{file} holds no rules." in terminal.fails("policy", "check", str(file))
    zone = ("--zone", str(terminal.zone))
    for command in ("diff", "replay"):
        assert f"{file} holds no rules." in terminal.fails("policy", command, str(file), *zone)


def test_the_help_names_the_variable_of_the_zone_and_one_language_is_the_default(
    terminal: Terminal,
) -> None:
    for command in ("check", "test", "diff", "replay", "sentences"):
        assert "HANGU_ZONE_DIR" in terminal.run("policy", command, "--help")
    for command in ("sentences", "test", "history"):
        assert "[default: zh]" in " ".join(terminal.run("policy", command, "--help").split())

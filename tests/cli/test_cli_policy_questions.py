"""`hangu policy explain`, `who-can` and `bench`: answers a person can act on."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import update

from audit.record import Actor
from gateway.access.policy_point import load
from gateway.access.service_file import EXAMPLE
from gateway.cli import main
from gateway.cli.office import opened
from gateway.identity import epoch, people, standing
from gateway.identity.tables import Person, State
from policies.decision import Request
from policies.recorded import question

Run = Callable[..., str]


@pytest.fixture
def zone(tmp_path: Path) -> str:
    """A zone with its three officers, one clerk, and one service granted to the clerk's unit."""
    at = str(tmp_path / "zone")
    officers = ("--system-admin", "wang:王建", "--security-admin", "chen:陈敏")
    place = ("--public-url", "https://gate.example.cn", "--auditor", "zhao:赵磊")
    main(["init", at, "--zone", "intranet", "--office", "河山局", *place, *officers])
    for slug in ("finance", "tax", "archives", "it-centre"):
        main(["unit", "add", at, slug, "--name-zh", slug, "--name-en", slug])
    main(["person", "add", at, "liu", "刘洋", "--unit", "finance", "--role", "staff"])
    file = tmp_path / "ledger.toml"
    file.write_text(EXAMPLE)
    main(["service", "add", at, str(file)])
    main(["policy", "grant", at, "--to", "unit:finance", "--service", "ledger"])
    return at


@pytest.fixture
def run(zone: str, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `hangu policy` and return what it prints, or what it complains about."""
    capsys.readouterr()

    def ask(command: str, *words: str) -> str:
        main(["policy", command, *([] if command == "bench" else [zone]), *words])
        return capsys.readouterr().out

    return ask


def activated(zone: str, login: str) -> None:
    """Make a person active, as the end of an enrolment does."""
    with opened(Path(zone)) as office, office.ledger.begin() as tx:
        person = people.by_login(office.registry, login)
        assert person is not None
        tx.session.execute(update(Person).where(Person.id == person.id).values(state=State.ACTIVE))
        standing.believe_all(tx.session)
        epoch.bump(tx)
        tx.record("person.enrolled", actor=Actor(subject="operator:test"), now=datetime.now(UTC))


def test_explain_names_what_matched_and_the_way_out(run: Run, zone: str) -> None:
    """A missing code, an action nobody granted, a person nobody enrolled yet."""
    assert "unknown_subject" in run("explain", "liu", "app:portal.view", "use")
    activated(zone, "liu")
    allowed = run("explain", "liu", "svc:ledger/a", "get")
    assert "allow (allowed)" in allowed
    assert "matched r-" in allowed
    asked = ("explain", "liu", "svc:ledger/a")
    weak = run(*asked, "get", "--strength", "1", "--language", "en")
    assert "step_up (stronger_sign_in)" in weak
    assert "A rule allows it after a stronger sign-in." in weak
    assert "the rule wants" in weak
    assert "shortest way: sign in with" in weak
    posted = run(*asked, "post")
    assert "没有规则准许" in posted
    assert "刘洋 可" in posted
    assert "person:" not in posted
    found = json.loads(run(*asked, "post", "--json"))
    assert (found["outcome"], found["fix"][0]["change"]) == ("deny", "grant")
    assert found["fix"][0]["value"].startswith("p, person:")


def test_explain_says_times_as_dates_and_keeps_seconds_for_programs(run: Run, zone: str) -> None:
    """Of a grant that ended."""
    activated(zone, "liu")
    with opened(Path(zone)) as office:
        text = office.rules().text()
    ended = "p, unit:finance, *, svc:ledger/**, GET, *, *, 2, 1780000000~1780003600, allow"
    rows = [each for each in text.splitlines() if "unit:finance" not in each]
    file = Path(zone).parent / "ended.csv"
    file.write_text("\n".join([*rows, ended, ""]))
    run("import", str(file), "--note", "试验", "--yes")
    said = run("explain", "liu", "svc:ledger/a", "get")
    assert "2026-05-29 04:26:40 至 2026-05-29 05:26:40" in said
    assert "1780000000" not in said
    near = json.loads(run("explain", "liu", "svc:ledger/a", "get", "--json"))["near"]
    times = [one["needs"] for each in near for one in each["failed"] if one["condition"] == "time"]
    assert times == ["1780000000~1780003600"]


def test_who_can_lists_people_by_name(run: Run, zone: str) -> None:
    """With the sign-in each needs."""
    assert "none" in run("who-can", "svc:ledger/a", "get")
    activated(zone, "liu")
    said = run("who-can", "svc:ledger/a", "get")
    assert "刘洋" in said
    assert "finance 可" in said
    (found,) = json.loads(run("who-can", "svc:ledger/a", "get", "--json"))["people"]
    assert found["login"] == "liu"
    assert found["subject"].startswith("person:")
    assert all(each.startswith("r-") for each in found["rules"])
    assert "none" in run("who-can", "svc:ledger/a", "post")


def test_what_cannot_be_asked_is_said(zone: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Words with a way out."""
    for words, said in {
        ("explain", zone, "nobody", "app:portal.view", "use"): "nobody called nobody",
        ("who-can", zone, "svc:wiki/a", "get"): "There is no service wiki",
        ("who-can", zone, "ledger", "get"): "Say svc:SLUG/PATH",
    }.items():
        with pytest.raises(SystemExit):
            main(["policy", *words])
        assert said in capsys.readouterr().err


def test_bench_measures_as_many_rules_as_it_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """As a table, and as JSON for programs."""
    main(["policy", "bench", "--rules", "20", "--json", "--reference-seconds", "0.1"])
    found = json.loads(capsys.readouterr().out)
    assert found["rules"] == 20
    assert found["reference"]["differences"] == 0
    main(["policy", "bench", "--rules", "20", "--reference-seconds", "0"])
    assert "p99 µs" in capsys.readouterr().out


def decided(zone: str, path: str) -> str:
    """Have the clerk's request decided and recorded as at the gate; return the decision's id."""
    with opened(Path(zone)) as office:
        person = people.by_login(office.registry, "liu")
        assert person is not None
        with office.store.reading() as session:
            engine = load(session).engine
        asked = Request(
            subject=person.subject,
            zone="intranet",
            object=f"svc:ledger{path}",
            action="GET",
            strength=2,
            now=int(datetime.now(UTC).timestamp()),
        )
        found = engine.decide(asked)
        name = uuid4().hex
        office.ledger.append(
            "decision.allowed" if found.is_allowed else "decision.denied",
            actor=Actor(subject=person.subject),
            now=datetime.now(UTC),
            object=asked.object,
            reason=str(found.reason),
            service="ledger",
            decision=name,
            policy=found.version,
            rules=found.rules,
            details={"q": question(engine, asked)},
        )
    return name


def test_replay_decision_makes_it_again_after_the_rules_have_changed(run: Run, zone: str) -> None:
    activated(zone, "liu")
    name = decided(zone, "/a")
    main(["policy", "revoke", zone, "--to", "unit:finance", "--service", "ledger"])
    said = run("replay-decision", name)
    assert "counted as role:staff, unit:finance" in said
    assert said.count("allow (allowed) by r-") == 2
    assert json.loads(run("replay-decision", name, "--json"))["same"] is True


@pytest.mark.parametrize(
    ("name", "words"),
    [("0" * 32, "The log holds no such decision."), ("DROP TABLE", "32 digits")],
)
def test_replay_decision_says_what_it_cannot_find(
    zone: str, capsys: pytest.CaptureFixture[str], name: str, words: str
) -> None:
    with pytest.raises(SystemExit):
        main(["policy", "replay-decision", zone, name])
    assert words in capsys.readouterr().err


def test_workers_of_a_zone_that_does_not_run_are_none_and_that_is_an_exit_code(
    zone: str, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    with pytest.raises(SystemExit) as leaving:
        main(["policy", "workers", zone, "--json"])
    assert leaving.value.code == 1
    assert json.loads(capsys.readouterr().out)["workers"] == []


def test_uses_counts_what_the_log_has_numbered(run: Run, zone: str) -> None:
    """Nothing is sealed here, so every grant is unused; pages are not judged at all."""
    activated(zone, "liu")
    decided(zone, "/a")
    (told,) = run("uses", "--unused", "--json").splitlines()
    assert (json.loads(told)["uses"], "svc:ledger" in json.loads(told)["line"]) == (0, True)
    assert "never" in run("uses", "--recount")

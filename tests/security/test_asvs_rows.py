"""Requirements of the ASVS that hold of the whole program: proved by looking at all of it."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from web_fixtures import app, compiled_catalogues, office, office_template, stranger
from web_office import HOST, PASSWORD, PEOPLE, Browser, Office, officer

from gateway.identity import people, sign_in, tokens
from gateway.identity.sign_in import SignInRefused, Throttled
from gateway.identity.tables import Session
from gateway.identity.written import WAYS
from gateway.schema import METADATA
from gateway.web.access import declarations

__all__ = ["app", "compiled_catalogues", "office", "office_template", "stranger"]

ROOT = Path(__file__).parents[2]
PACKAGES = ("gateway", "policies", "audit", "incident", "config")
CLOCKS = {"gateway/office.py", "gateway/cli/zone.py", "gateway/web/moments.py", "audit/verify.py"}
"""Where the server's clock is read; the verifier runs on an inspector's own machine."""

PLAY = ["gateway/cli/sample_data.py", "policies/bench_model.py", "policies/shadow.py"]
"""They import `random`: none of them makes or handles a secret."""


def sources() -> Iterator[tuple[str, ast.Module]]:
    """Every module of the program."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8"))


def imported(module: ast.Module) -> set[str]:
    """The top names of what a module imports."""
    names: set[str] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            names |= {each.name.partition(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


def columns() -> set[str]:
    """The names of all columns of the zone's database."""
    return {
        column.name
        for metadata in METADATA
        for table in metadata.tables.values()
        for column in table.columns
    }


@pytest.mark.asvs("V6.2.8")
@pytest.mark.parametrize(
    "typed",
    [
        f"{PASSWORD} ",
        f" {PASSWORD}",
        PASSWORD[:-1],
        f"{PASSWORD}\0",
        PASSWORD.replace("，", ","),
        f"{PASSWORD[:-1]}诗",
    ],
)
def test_password_counts_only_exactly_as_it_was_chosen(office: Office, typed: str) -> None:
    """No blank trimmed, no width folded, no tail cut."""
    now = datetime.now(UTC)
    with pytest.raises(SignInRefused):
        sign_in.check_password(
            office.registry, login="liwen", password=typed, address="10.1.1.1", now=now
        )


@pytest.mark.asvs("V6.2.8")
def test_last_of_many_bytes_counts(office: Office) -> None:
    """Hashes that stop at 72 bytes would take any password that begins like the right one."""
    hasher = office.registry.hasher
    long = "汉" * 40
    assert hasher.verify(hasher.hash(long), long)
    assert not hasher.verify(hasher.hash(long), f"{long[:-1]}漢")


@pytest.mark.asvs("V6.3.2")
@pytest.mark.parametrize("login", ["admin", "administrator", "root", "hangu", "test", "guest"])
def test_usual_names_and_passwords_open_nothing(office: Office, login: str) -> None:
    """There is no account that comes with the program."""
    for password in (login, "admin", "123456", "password"):
        with pytest.raises((SignInRefused, Throttled)):
            sign_in.check_password(
                office.registry,
                login=login,
                password=password,
                address="10.1.1.1",
                now=datetime.now(UTC),
            )


@pytest.mark.asvs("V6.3.6")
def test_nothing_is_sent_or_known_of_mail() -> None:
    """So no link or code by mail can be a factor."""
    assert [name for name, module in sources() if imported(module) & {"smtplib", "imaplib"}] == []
    assert not {name for name in columns() if "mail" in name}


@pytest.mark.asvs("V6.4.2")
def test_no_column_could_hold_a_hint_or_a_secret_question() -> None:
    """Nor is there a page that asks for one, since it would have nowhere to keep it."""
    decided = {"answer_sealed"}  # what an owner wrote to a request for access
    words = {"hint", "question", "answer"}
    assert not {name for name in columns() - decided if words & {*name.split("_")}}


@pytest.mark.asvs("V6.4.6")
@pytest.mark.parametrize("login", ["wangqiang", "zhaomin", "chenjing"])
def test_no_page_lets_an_officer_type_another_persons_password(
    app: Flask, office: Office, login: str
) -> None:
    """Every page of theirs, those about one person included; their own password apart."""
    browser = officer(app, office, login)
    about = people.by_login(office.registry, "liwen")
    assert about is not None
    seen = 0
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.arguments - {"person_id"}:
            continue
        page = browser.get(rule.rule.replace("<uuid:person_id>", str(about.id)))
        if page.status_code == 200 and page.mimetype == "text/html":
            seen += 1
            typed = 'type="password"' in page.text
            assert typed == (rule.rule == "/account/password"), rule.rule
    assert seen >= 8


@pytest.mark.asvs("V6.1.3")
def test_every_route_that_opens_a_session_is_a_way_that_is_written_down(app: Flask) -> None:
    """The rules of sign-in name each of them; a new one is missed here."""
    opens = {
        "sign_in.submit_code": {"password_and_code"},
        "ways.submit_recovery": {"password_and_recovery_code"},
        "ways.submit_second": {"password_and_passkey"},
        "ways.submit_only": {"passkey"},
    }
    first = {"sign_in.submit"}  # the password alone leads to a second step and no further
    found = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/sign-in") and "POST" in (rule.methods or ())
    }
    assert found == opens.keys() | first
    assert set.union(*opens.values()) == {way.code for way in WAYS}


@pytest.mark.asvs("V6.5.3")
def test_all_chance_comes_from_the_system() -> None:
    """But for what is no secret: made-up data, and which decisions are checked twice."""
    assert [name for name, module in sources() if imported(module) & {"random", "numpy"}] == PLAY


@pytest.mark.asvs("V6.5.8")
def test_clock_is_read_in_few_places_and_never_the_clients() -> None:
    """Whatever depends on time is handed it, so that no room can look at another clock."""
    readers = {
        name
        for name, module in sources()
        for node in ast.walk(module)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in {"datetime.now", "datetime.utcnow", "time.time", "date.today"}
    }
    assert readers <= CLOCKS, readers - CLOCKS


@pytest.mark.asvs("V6.5.8")
def test_date_that_a_browser_sends_moves_nothing(stranger: Browser, office: Office) -> None:
    """A code of an hour ago stays old although the request says it is an hour ago."""
    stranger.password("liwen")
    then = datetime.now(UTC) - timedelta(hours=1)
    date = {"Date": then.strftime("%a, %d %b %Y %H:%M:%S GMT")}
    code = {"code": office.code("liwen", then)}
    answer = stranger.post("/sign-in/code", code, page="/sign-in/code", headers=date)
    assert answer.status_code == 403
    assert stranger.cookie() is None


@pytest.mark.asvs("V7.2.3")
def test_tokens_are_256_bits_and_the_database_holds_only_their_hash(office: Office) -> None:
    """A hundred thousand of them, all different."""
    made = {tokens.new() for _ in range(100_000)}
    assert len(made) == 100_000
    assert {len(each) for each in made} == {43}
    token = office.session("liwen", ago=timedelta(minutes=1))
    with office.store.reading() as session:
        kept = session.execute(select(Session.token_hash)).scalars().all()
    assert hashlib.sha256(token.encode()).digest() in kept or tokens.digest(token) in kept
    for path in (office.registry.store.write.url.database or "",):
        assert token.encode() not in Path(path).read_bytes()


@pytest.mark.asvs("V7.4.4")
@pytest.mark.parametrize("login", sorted(PEOPLE))
def test_every_page_of_the_signed_in_has_the_way_out(
    app: Flask, office: Office, login: str
) -> None:
    """Each page that the role may see, without the files and the machines' answers."""
    browser = Browser(app, office)
    token = office.session(login, ago=timedelta(minutes=1))
    browser.client.set_cookie("__Host-hangu-intranet", token, domain=HOST)
    known = declarations(app)
    seen = 0
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.arguments:
            continue
        if known[rule.endpoint].permission is None:
            continue
        page = browser.get(rule.rule)
        if page.status_code == 200 and page.mimetype == "text/html":
            seen += 1
            assert 'action="/sign-out"' in page.text, rule.rule
    assert seen >= 2

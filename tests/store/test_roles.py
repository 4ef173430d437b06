"""The accounts on a real PostgreSQL: what each may do, and what it is refused whoever it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sealed_log import ledger_of
from sqlalchemy import Engine, create_engine, insert, make_url, text
from sqlalchemy.exc import DBAPIError

from audit.keep import Keep
from audit.record import Actor, Event, compose
from audit.sealer import Sealer
from audit.tables import audit_event
from gateway.identity.tables import Unit
from gateway.schema import METADATA
from gateway.store import roles
from gateway.store.demand import (
    DEMANDING,
    DEMANDING_POLICY,
    DEMANDING_REVIEW,
    UNDEMANDING,
)
from gateway.store.engines import Store, open_for_migration, open_store

ACTOR = Actor(subject="person:7", address="10.1.2.3")
TABLES = [name for metadata in METADATA for name in metadata.tables]
_UNIT = "INSERT INTO unit (slug, name_zh, name_en) VALUES ('x', 'x', 'x')"


class Accounts:
    """A database with its two accounts, and the stores that each of them opens."""

    def __init__(self, url: str) -> None:
        self.owner = url
        owner = create_engine(url)
        with owner.begin() as connection:
            for statement in roles.statements(app="gw_app", seal="gw_seal", tables=TABLES):
                connection.execute(text(statement))
        owner.dispose()
        self.app: Store = open_store(_as(url, "gw_app"))
        self.seal: Store = open_store(_as(url, "gw_seal"))
        self.ledger = ledger_of(self.app)

    def raw(self, role: str) -> Engine:
        """An engine without any guard of ours."""
        store = self.app if role == "app" else self.seal
        return open_for_migration(store.write.url.render_as_string(hide_password=False))


def _as(url: str, role: str) -> str:
    return make_url(url).set(username=role).render_as_string(hide_password=False)


@pytest.fixture
def accounts(postgresql_url: str) -> Iterator[Accounts]:
    """Return a database with its accounts, with one entry recorded and sealed."""
    made = Accounts(postgresql_url)
    yield made
    made.app.close()
    made.seal.close()


@pytest.fixture
def sealed(accounts: Accounts, now: datetime, tmp_path: Path) -> Accounts:
    """Return the same with one unit made by the gateway's account and sealed by the sealer's."""
    with accounts.ledger.begin() as tx:
        tx.session.add(Unit(slug="finance", name_zh="财务处", name_en="Finance", parent=None))
        tx.record("unit.created", actor=ACTOR, now=now, object="unit:finance")
    accounts.ledger.append("decision.denied", actor=ACTOR, now=now)
    keep = Keep.create(tmp_path / "sealer", origin="gate.example/audit", now=now)
    sealer = Sealer(
        keep,
        zone="intranet",
        begin=accounts.seal.write.begin,
        read=accounts.seal.read,
    )
    assert sealer.round(now) == 3
    return accounts


def refused(engine: Engine, *statements: str) -> str:
    try:
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))
    except DBAPIError as error:
        return str(error)
    finally:
        engine.dispose()
    return "not refused"


def test_gateway_and_sealer_can_do_their_work(sealed: Accounts) -> None:
    with sealed.app.read.connect() as connection:
        assert connection.execute(text("SELECT size FROM log_state")).scalar() == 3


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE audit_event SET body = ''",
        "UPDATE audit_event SET seq = NULL",
        "UPDATE audit_event SET seq = 99 WHERE seq = 0",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event",
        "INSERT INTO audit_event (eid, body, leaf, created, seq) VALUES ('x', '', '', now(), 7)",
        "UPDATE log_state SET size = 0",
        "DELETE FROM log_tile",
        "INSERT INTO log_checkpoint VALUES (1, '')",
        "DELETE FROM audit_alarm",
        "INSERT INTO audit_alarm VALUES ('missing', 'x', '', 1, '', now(), NULL, NULL)",
        "ALTER TABLE audit_event DISABLE TRIGGER ALL",
        "DROP TRIGGER audit_event_keep ON audit_event",
        "DROP TABLE audit_event",
        "SET session_replication_role = replica",
        "CREATE TABLE mine (x int)",
        "SELECT setval('audit_event_id_seq', 1)",
        "ALTER SEQUENCE audit_event_id_seq RESTART",
    ],
)
def test_the_gateways_account_can_only_add_to_the_log(sealed: Accounts, attack: str) -> None:
    said = refused(sealed.raw("app"), attack)
    # Entries may be deleted when their time is over: the trigger knows when (audit.pruning).
    assert any(why in said for why in ("permission denied", "must be owner", "before their time"))


def test_the_gateways_account_makes_no_temporary_table(sealed: Accounts) -> None:
    assert "permission denied" in refused(sealed.raw("app"), "CREATE TEMP TABLE x (y int)")


@pytest.mark.parametrize(
    ("attack", "why"),
    [
        # All entries gone, by a `log_pruned` that says that the time of all of them is over.
        (
            (
                "CREATE TEMP TABLE log_pruned AS SELECT 99 AS upto",
                "DELETE FROM public.audit_event",
            ),
            "before their time",
        ),
        (
            (
                "CREATE TEMP SEQUENCE audit_event_id_seq",
                "CREATE TEMP TABLE audit_event AS SELECT nextval('audit_event_id_seq') AS id",
                _UNIT,
            ),
            "without a record in the audit log",
        ),
    ],
)
def test_attack_a_temporary_table_stands_in_for_none_of_ours(
    sealed: Accounts, attack: tuple[str, ...], why: str
) -> None:
    """A session's own tables are looked up first, unless a function says otherwise."""
    owner = create_engine(sealed.owner)
    with owner.begin() as connection:
        connection.execute(text(f"GRANT TEMPORARY ON DATABASE {owner.url.database} TO gw_app"))
    owner.dispose()
    assert why in refused(sealed.raw("app"), *attack)


def test_every_function_that_reads_a_table_looks_among_ours_first(accounts: Accounts) -> None:
    asked = text(
        "SELECT proname, proconfig FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace "
        "WHERE nspname = 'public' AND prosrc LIKE '%FROM %'"
    )
    with accounts.app.read.connect() as connection:
        found = {row.proname: row.proconfig for row in connection.execute(asked)}
    assert found.keys() >= {"audit_demand", "audit_event_guard", "person_role_apart"}
    assert set(map(tuple, found.values())) == {("search_path=pg_catalog, public, pg_temp",)}


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE audit_event SET body = ''",
        "UPDATE audit_event SET seq = 99 WHERE seq = 0",
        "DELETE FROM audit_event",
        "UPDATE log_state SET size = 0",
        "UPDATE log_tile SET hashes = ''",
        "DELETE FROM log_tile",
        "SELECT * FROM person",
        "SELECT * FROM audit_secret",
        "UPDATE audit_alarm SET seen = now()",
        "ALTER TABLE audit_event DISABLE TRIGGER ALL",
    ],
)
def test_the_sealers_account_can_only_number_and_seal(sealed: Accounts, attack: str) -> None:
    said = refused(sealed.raw("seal"), attack)
    assert any(why in said for why in ("permission denied", "must be owner", "never", "only grows"))


@pytest.mark.parametrize(
    "attack",
    [
        (_UNIT,),
        ("UPDATE unit SET name_en = 'Taken over'",),
        ("DELETE FROM unit",),
        # An older entry, a setting, or a number alone cannot stand in for a record.
        ("SELECT nextval('audit_event_id_seq')", _UNIT),
        ("SET LOCAL hangu.audited = 'yes'", _UNIT),
        ("SET CONSTRAINTS ALL DEFERRED", _UNIT),
    ],
)
def test_raw_sql_through_the_gateways_account_does_not_commit_without_a_record(
    sealed: Accounts, attack: tuple[str, ...]
) -> None:
    assert "without a record in the audit log" in refused(sealed.raw("app"), *attack)


def test_a_session_that_recorded_before_needs_a_new_record(sealed: Accounts, now: datetime) -> None:
    record = compose(Event(name="unit.created", actor=ACTOR, at=now, zone="intranet"))
    engine = sealed.raw("app")
    row = {"eid": record.eid, "body": record.body, "leaf": record.leaf, "created": now}
    with engine.connect() as connection:
        connection.execute(insert(audit_event).values(**row))
        connection.execute(text(_UNIT))
        connection.commit()
        connection.execute(text("UPDATE unit SET name_en = 'again'"))
        with pytest.raises(DBAPIError, match="without a record"):
            connection.commit()
    engine.dispose()


def test_every_table_demands_a_record_or_says_why_not() -> None:
    said = DEMANDING.keys() | DEMANDING_POLICY.keys() | DEMANDING_REVIEW.keys()
    said |= UNDEMANDING.keys()
    assert set(TABLES) - roles.LOG.keys() <= said <= set(TABLES)
    assert not DEMANDING.keys() & UNDEMANDING.keys()


@pytest.mark.parametrize(
    ("app", "seal"),
    [("gw app", "gw_seal"), ("x; DROP ROLE y", "gw_seal"), ("same", "same"), ("A", "b"), ("", "b")],
)
def test_names_that_are_not_plain_are_refused(app: str, seal: str) -> None:
    with pytest.raises(ValueError, match=r"plain name|two accounts"):
        list(roles.statements(app=app, seal=seal, tables=TABLES))

"""Each migration on both databases: reaches the mapped schema, keeps the data, half-runs undone."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event, inspect, make_url, text

from audit.ledger import Ledger
from audit.record import Actor, Event, Record, compose
from gateway.schema import METADATA
from gateway.store import migrate
from gateway.store.engines import open_for_migration, open_store


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the URL of an empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.db"
        return
    server: str = request.getfixturevalue("postgresql")
    name = f"m{uuid.uuid4().hex}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0"))
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


def tables(url: str) -> set[str]:
    engine = create_engine(url)
    found = set(inspect(engine).get_table_names())
    engine.dispose()
    return found


def test_migrating_from_nothing_gives_exactly_the_mapped_tables(empty_url: str) -> None:
    migrate.upgrade(empty_url)
    assert migrate.differences(empty_url, METADATA) == []


def test_a_table_that_drifted_from_its_class_is_noticed(empty_url: str) -> None:
    migrate.upgrade(empty_url)
    engine = create_engine(empty_url)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit_event ADD COLUMN extra INTEGER"))
    engine.dispose()
    assert any("extra" in difference for difference in migrate.differences(empty_url, METADATA))


def test_upgrading_again_changes_nothing_and_keeps_the_entries(
    empty_url: str, now: datetime
) -> None:
    migrate.upgrade(empty_url)
    store = open_store(empty_url)
    ledger = Ledger(store.write, zone="intranet", seal=lambda _eid, _field, value: value)
    ledger.append("unit.created", actor=Actor(subject="system:test"), now=now)
    migrate.upgrade(empty_url)
    with store.reading() as session:
        assert session.execute(text("SELECT count(*) FROM audit_event")).scalar() == 1
    assert migrate.current(store.read) == migrate.head()
    store.close()


def test_going_down_and_up_again_leaves_the_same_schema(empty_url: str) -> None:
    migrate.upgrade(empty_url)
    migrate.downgrade(empty_url, to="base")
    assert tables(empty_url) <= {"alembic_version"}
    migrate.upgrade(empty_url)
    assert migrate.differences(empty_url, METADATA) == []


@pytest.mark.parametrize("failing", [1, 5, 12, 20, 28])
def test_a_migration_killed_half_way_leaves_the_database_as_it_was(
    empty_url: str, failing: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(url: str) -> object:
        engine = open_for_migration(url)
        seen = iter(range(failing))

        def fail(*_arguments: object) -> None:
            if next(seen, None) is None:
                raise ConnectionError

        event.listen(engine, "before_cursor_execute", fail)
        return engine

    with monkeypatch.context() as patch:
        patch.setattr(migrate, "open_for_migration", opened)
        with pytest.raises(ConnectionError):
            migrate.upgrade(empty_url)
    assert tables(empty_url) == set()
    migrate.upgrade(empty_url)
    assert migrate.differences(empty_url, METADATA) == []


def _as_the_first_release_wrote(url: str, made: Record, now: datetime) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO audit_event (eid, body, leaf, created) VALUES (:e, :b, :l, :at)"),
            {"e": made.eid, "b": made.body, "l": made.leaf, "at": now.replace(tzinfo=None)},
        )
        (kept,) = made.secrets
        connection.execute(
            text("INSERT INTO audit_secret VALUES (:e, :f, :s, :v)"),
            {"e": made.eid, "f": kept.field, "s": kept.salt, "v": kept.value.encode()},
        )
    engine.dispose()


def test_entries_recorded_before_the_log_was_sealed_are_kept_through_its_migration(
    empty_url: str, now: datetime
) -> None:
    """0002: an entry written under the first schema is there, unsealed, after the second."""
    migrate.upgrade(empty_url, to="0001")
    store = open_store(empty_url)
    actor = Actor(subject="system:test", address="10.0.0.1")
    made = compose(Event(name="unit.created", actor=actor, at=now, zone="intranet"))
    _as_the_first_release_wrote(empty_url, made, now)
    eid = made.eid
    query = text("SELECT eid, body, leaf, seq FROM audit_event")
    with store.reading() as session:
        before = [tuple(row) for row in session.execute(query)]
    migrate.upgrade(empty_url)
    with store.reading() as session:
        assert [tuple(row) for row in session.execute(query)] == before
        assert session.execute(text("SELECT count(*) FROM audit_secret")).scalar() == 1
    store.close()
    assert (before[0][0], before[0][3]) == (eid, None)
    migrate.downgrade(empty_url, to="0001")
    engine = create_engine(empty_url)
    with engine.connect() as connection:
        assert [tuple(row) for row in connection.execute(query)] == before
    engine.dispose()

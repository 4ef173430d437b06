"""A zone, opened for the time of one command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.settings import load
from gateway.cli.trouble import Trouble
from gateway.office import Office, compose
from gateway.store import migrate
from gateway.store.engines import Store


@contextmanager
def opened(directory: Path) -> Iterator[Office]:
    """Open the zone in `directory`.

    Raises:
        SettingsError: its settings cannot be used.
        Trouble: its database is at another release's schema.
        Refused: its key ring does not open.
    """
    store, office = compose(load(directory))
    try:
        require_schema(store)
        yield office
    finally:
        store.close()


def require_schema(store: Store) -> None:
    """Raise Trouble unless the database has this release's schema."""
    found, wanted = migrate.current(store.read), migrate.head()
    if found is None:
        raise Trouble(
            "The database is empty: it was never filled, or another one than was meant.",
            "Look at database.url in hangu.toml; bring a lost one back from its backup.",
        )
    if found != wanted:
        raise Trouble(
            f"The database has schema {found}, this release needs {wanted}.",
            "Stop the zone, make a backup, and run: hangu migrate DIR",
        )

"""Bring a zone's database to the schema of this release, and tell whether it is there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, MetaData

from gateway.store.base import Base
from gateway.store.engines import open_for_migration

SCRIPTS = Path(__file__).parent / "migrations"


def head() -> str:
    """Return the newest revision that this release knows."""
    revision = ScriptDirectory(str(SCRIPTS)).get_current_head()
    if revision is None:
        raise RuntimeError(f"no migrations in {SCRIPTS}")
    return revision


def current(engine: Engine) -> str | None:
    """Return the revision that the database is at; None when it has no schema."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(url: str, *, to: str = "head") -> None:
    """Upgrade the database in one transaction: killed anywhere, it is as before."""
    _run(url, command.upgrade, to)


def downgrade(url: str, *, to: str) -> None:
    """Take the schema, and with it the data of what is dropped, back to revision `to`."""
    _run(url, command.downgrade, to)


def draft(url: str, message: str, metadata: Sequence[MetaData]) -> None:
    """Write a new migration from the difference between `metadata` and a migrated database."""
    _run(url, command.revision, message, True, metadata=_merged(metadata))


def _run(
    url: str, act: Callable[..., object], *arguments: object, metadata: MetaData | None = None
) -> None:
    engine = open_for_migration(url)
    try:
        with engine.begin() as connection:
            config = Config()
            config.set_main_option("script_location", str(SCRIPTS))
            config.attributes.update(connection=connection, metadata=metadata)
            act(config, *arguments)
    finally:
        engine.dispose()


def differences(url: str, metadata: Sequence[MetaData]) -> list[str]:
    """Return what the migrated database lacks or has beyond the mapped tables."""
    engine = open_for_migration(url)
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            return [repr(found) for found in compare_metadata(context, _merged(metadata))]
    finally:
        engine.dispose()


def _merged(metadata: Sequence[MetaData]) -> MetaData:
    """Return one metadata holding all tables: compared singly, each would miss the others'."""
    merged = MetaData(naming_convention=Base.metadata.naming_convention)
    for each in metadata:
        for table in each.sorted_tables:
            table.to_metadata(merged)
    return merged

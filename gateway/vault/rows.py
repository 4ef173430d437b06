"""What sealing asks of an ORM row: its vault, its identity, and what the database holds of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import inspect, select
from sqlalchemy.orm import Mapper, object_session
from sqlalchemy.orm.attributes import get_history

from gateway.vault.vault import Vault

VAULT = "vault"
"""The key of `Session.info` under which the zone's vault travels."""

VERSION = "row_version"
PENDING = "_sealed_pending"


class NoVaultError(RuntimeError):
    """The row is not in a session that carries a vault, or that session never had `install`."""


class UnsealableRowError(TypeError):
    """The mapping cannot hold sealed columns: no single UUID key, or no `row_version`."""


class Pending(dict[str, Any]):
    """Plaintexts assigned and not yet flushed, by column attribute. Shows none of them."""

    def __repr__(self) -> str:
        return f"<{len(self)} unsealed>"


def mapper(row: object) -> Mapper[Any]:
    """The mapper of the row's class."""
    found: Mapper[Any] = inspect(row).mapper  # type: ignore[attr-defined, unused-ignore]
    return found


def vault(row: object) -> Vault:
    """The vault of the row's session. Raises NoVaultError."""
    session = object_session(row)
    found = None if session is None else session.info.get(VAULT)
    if not isinstance(found, Vault):
        raise NoVaultError(f"{type(row).__name__} is not in a session with a vault")
    return found


def committed(row: object, attribute: str | None) -> Any:  # noqa: ANN401 - any column's type
    """The value the database holds, whatever was assigned since."""
    if attribute is None:
        return None
    current = getattr(row, attribute)
    history = get_history(row, attribute)
    if history.deleted:
        return history.deleted[0]
    session = object_session(row)
    if session is None or not (history.added and persistent(row)):
        return current
    # Assigned while expired: SQLAlchemy never loaded what was there.
    mapped = mapper(row)
    query = select(mapped.columns[attribute]).where(mapped.primary_key[0] == row_id(row))
    with session.no_autoflush:
        return session.scalar(query)


def persistent(row: object) -> bool:
    """Whether the row is in the database already."""
    return bool(inspect(row).persistent)  # type: ignore[attr-defined, unused-ignore]


def row_id(row: object) -> UUID:
    """The row's primary key, made now if its default has not made it yet."""
    mapped = mapper(row)
    if len(mapped.primary_key) != 1:
        raise UnsealableRowError(f"{mapped.class_.__name__} needs one UUID primary key")
    column = mapped.primary_key[0]
    attribute = mapped.get_property_by_column(column).key
    value = getattr(row, attribute)
    if value is None and column.default is not None and column.default.is_callable:
        value = column.default.arg(None)
        setattr(row, attribute, value)
    if not isinstance(value, UUID):
        raise UnsealableRowError(f"{mapped.class_.__name__}.{attribute} must be a UUID by now")
    return value

"""Rows that give power carry a MAC, so that whoever can write the database cannot make one.

    class Ticket(Attested, Base):
        __attested__ = ("token_hash", "session_hash", "service", "expires", "used_at")

The ORM writes `mac` with every insert and with every update of one of these columns; an update
of a row whose MAC does not fit fails, so that no later change lends a forged row its MAC.
Whoever reads such a row asks `fits` before believing it. Statements that bypass the ORM may
only take power away, and set `mac` to None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from hmac import compare_digest
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import event
from sqlalchemy.orm import Mapped, Mapper, mapped_column
from sqlalchemy.orm.attributes import get_history

from gateway.refusals import Refused
from gateway.vault.rows import committed, mapper, vault
from gateway.vault.vault import Vault

MAC = "mac"


class ForgedRow(Refused):
    """A row that opens something was not written by this zone; `table` and `key` name it."""

    code: ClassVar[str] = "row_forged"

    def __init__(self, table: str, key: str) -> None:
        self.table, self.key = table, key
        super().__init__(f"{table} {key}")


class Attested:
    """A mixin for mapped classes. `__attested__` names the columns that the MAC binds."""

    __attested__: ClassVar[tuple[str, ...]]
    mac: Mapped[bytes | None] = mapped_column()


def mac_of(keys: Vault, table: str, values: Iterable[object]) -> bytes:
    """The MAC of a row's bound values, in their declared order."""
    return keys.mac(f"row/{table}", *map(_plain, values))


def fits(row: Attested, keys: Vault | None = None) -> bool:
    """Tell whether this zone wrote the row as the database holds it."""
    bound = [committed(row, name) for name in row.__attested__]
    held = committed(row, MAC)
    right = mac_of(keys or vault(row), _table(row), bound)
    return held is not None and compare_digest(held, right)


def require(row: Attested) -> None:
    """Raises ForgedRow unless this zone wrote the row."""
    if not fits(row):
        raise ForgedRow(_table(row), key_of(row))


def key_of(row: object) -> str:
    """A row's primary key as text."""
    found = mapper(row).primary_key_from_instance(row)
    return "/".join(each.hex() if isinstance(each, bytes) else str(each) for each in found)


@event.listens_for(Mapper, "before_insert")
def _attest_new(mapped: Mapper[Any], _connection: object, row: object) -> None:
    if isinstance(row, Attested):
        for name in row.__attested__:
            if getattr(row, name) is None:
                setattr(row, name, _default(mapped.columns[name].default))
        _attest(row)


@event.listens_for(Mapper, "before_update")
def _attest_changed(_mapper: Mapper[Any], _connection: object, row: object) -> None:
    if not isinstance(row, Attested):
        return
    if any(get_history(row, name).has_changes() for name in (*row.__attested__, MAC)):
        require(row)
        _attest(row)


def _default(given: Any) -> object:  # noqa: ANN401 - SQLAlchemy's kinds of defaults
    """What the insert would put there, made now, since the MAC binds it."""
    if given is None or not (given.is_callable or given.is_scalar):
        return None
    return given.arg(None) if given.is_callable else given.arg


def _attest(row: Attested) -> None:
    values = [getattr(row, name) for name in row.__attested__]
    row.mac = mac_of(vault(row), _table(row), values)


def _table(row: object) -> str:
    return str(mapper(row).local_table.name)  # type: ignore[attr-defined]


def _moment(value: datetime) -> bytes:
    at = value if value.tzinfo is UTC else value.astimezone(UTC)
    return b"t" + at.isoformat().encode()


_KINDS: Mapping[type, Callable[[Any], bytes]] = {
    type(None): lambda _: b"-",
    bool: lambda value: b"y" if value else b"n",
    bytes: lambda value: b"b" + value,
    datetime: _moment,
    int: lambda value: b"i%d" % value,
    str: lambda value: b"s" + value.encode(),
    UUID: lambda value: b"u" + value.bytes,
}
"""A value's bytes, by its kind; the first letter is the kind, so that no two look alike."""


def _plain(value: object) -> bytes:
    """One value in bytes. An enumeration is the text or number that it stands for."""
    kind = _KINDS.get(type(value))
    if kind is not None:
        return kind(value)
    return next(_KINDS[each](value) for each in (str, int) if isinstance(value, each))

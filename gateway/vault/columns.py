"""Sealed columns of ORM rows: plaintext in the program, sealed bytes in the database.

    class Person(Base):
        id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
        row_version: Mapped[int] = mapped_column()
        login_sealed: Mapped[bytes]
        login = SealedText("login_sealed")
        __mapper_args__ = {"version_id_col": row_version, "version_id_generator": False}

Reading opens with the vault in `object_session(row).info["vault"]`; assigning keeps the
plaintext until the flush, which raises `row_version` by one and seals every sealed column of
the row anew, since the version is part of what each of them is bound to. With `version_id_col`
the second of two concurrent writers fails (StaleDataError).

Statements that bypass the unit of work (bulk inserts, `update()`) must not touch sealed columns,
labels or `row_version`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Generic, Self, TypeVar, overload
from weakref import WeakSet

from sqlalchemy import event
from sqlalchemy.orm import Mapper, Session, sessionmaker
from sqlalchemy.orm.attributes import flag_dirty, get_history

from gateway.vault.chunked import Flaw, Unopenable
from gateway.vault.rows import (
    PENDING,
    VERSION,
    NoVaultError,
    Pending,
    UnsealableRowError,
    committed,
    mapper,
    persistent,
    row_id,
    vault,
)
from gateway.vault.vault import DATA

T = TypeVar("T")

_INSTALLED: WeakSet[object] = WeakSet()


class Sealed(Generic[T]):
    """A descriptor over a sealed column. Use one of its three forms below.

    `label` names the attribute whose value (as text) labels the content: changing it by the ORM
    seals anew, changing it behind the ORM's back makes the content unopenable.
    """

    def __init__(self, column: str, *, label: str | None = None) -> None:
        self.column = column
        self.label = label

    @overload
    def __get__(self, row: None, owner: type) -> Self: ...
    @overload
    def __get__(self, row: object, owner: type) -> T: ...
    def __get__(self, row: object | None, owner: type) -> Self | T:
        """The plaintext. Raises NoVaultError, or Unopenable naming table, column and row."""
        if row is None:
            return self
        pending = row.__dict__.get(PENDING, {})
        if self.column in pending:
            value: T = pending[self.column]
            return value
        return self._open(row)

    def __set__(self, row: object, value: T) -> None:
        self._pack(value)  # a value that cannot be sealed is refused here, not in the flush
        row.__dict__.setdefault(PENDING, Pending())[self.column] = value
        flag_dirty(row)

    def _pack(self, value: T) -> bytes | None:
        raise NotImplementedError

    def _unpack(self, plaintext: bytes | None) -> T:
        raise NotImplementedError

    def _open(self, row: object) -> T:
        sealed = committed(row, self.column)
        if sealed is None:
            return self._unpack(None)
        place = self._place(row, committed(row, VERSION), committed(row, self.label))
        plaintext = vault(row).open(sealed, **place)
        try:
            return self._unpack(plaintext)
        except UnicodeDecodeError:  # its message would carry the plaintext
            raise Unopenable(Flaw.TEXT, f"{place['table']}.{place['column']}") from None

    def _seal(self, row: object, value: T, version: int) -> None:
        plaintext = self._pack(value)
        label = None if self.label is None else getattr(row, self.label)
        place = self._place(row, version, label)
        sealed = None if plaintext is None else vault(row).seal(plaintext, **place)
        setattr(row, self.column, sealed)

    def _place(self, row: object, version: int, label: object) -> dict[str, Any]:
        column = mapper(row).columns[self.column]
        return {
            "purpose": DATA,
            "table": column.table.name,
            "column": column.name,
            "row": row_id(row).bytes,
            "version": version,
            "label": b"" if label is None else str(label).encode(),
        }


class SealedText(Sealed[str]):
    """A text in a column that is never NULL."""

    def _pack(self, value: str) -> bytes:
        return value.encode()

    def _unpack(self, plaintext: bytes | None) -> str:
        if plaintext is None:
            raise Unopenable(Flaw.TRUNCATED, self.column)
        return plaintext.decode()


class FoundText(SealedText):
    """A text with its blind index in another column, by which rows with an equal text are found.

    The index is made anew whenever the row is sealed, so that no assignment can leave it behind.
    `folded` says which texts count as equal, `under` which key makes the index.
    """

    def __init__(
        self, column: str, *, index: str, under: str, folded: Callable[[str], str]
    ) -> None:
        super().__init__(column)
        self.index = index
        self.under = under
        self.folded = folded

    def _seal(self, row: object, value: str, version: int) -> None:
        super()._seal(row, value, version)
        setattr(row, self.index, vault(row).blind(self.under, self.folded(value)))


class SealedTextOrNone(Sealed[str | None]):
    """A text or None; None is NULL in the database, and so visible there."""

    def _pack(self, value: str | None) -> bytes | None:
        return None if value is None else value.encode()

    def _unpack(self, plaintext: bytes | None) -> str | None:
        return None if plaintext is None else plaintext.decode()


class SealedBytes(Sealed[bytes | None]):
    """Bytes or None (a one-time-password secret); None is NULL in the database."""

    def _pack(self, value: bytes | None) -> bytes | None:
        return None if value is None else memoryview(value).tobytes()  # an int is no bytes

    def _unpack(self, plaintext: bytes | None) -> bytes | None:
        return plaintext


def install(target: Session | sessionmaker[Session] | type[Session]) -> None:
    """Have flushes of `target` seal what was assigned. May be called twice."""
    # Not `event.contains`: it goes by id(), and a dead target's id may be this one's by now.
    if target not in _INSTALLED:
        event.listen(target, "before_flush", _seal_pending)
        _INSTALLED.add(target)


def reseal(row: object) -> None:
    """Seal the row anew at the next flush, under the current key; for the sweep of a rotation."""
    row.__dict__.setdefault(PENDING, Pending())
    flag_dirty(row)


@cache
def _sealed_of(mapped: Mapper[Any]) -> tuple[Sealed[Any], ...]:
    classes = reversed(mapped.class_.__mro__)  # a subclass may replace a descriptor
    found = {name: part for cls in classes for name, part in vars(cls).items()}
    return tuple(part for part in found.values() if isinstance(part, Sealed))


def _seal_pending(session: Session, _context: object, _instances: object) -> None:
    for row in [*session.new, *session.dirty]:
        sealed = _sealed_of(mapper(row))
        if sealed and _needs_sealing(row, sealed):
            _seal_row(row, sealed)


def _needs_sealing(row: object, sealed: tuple[Sealed[Any], ...]) -> bool:
    if PENDING in row.__dict__ or not persistent(row):
        return True
    bound = {VERSION, *(part.label for part in sealed if part.label is not None)}
    return any(get_history(row, name).has_changes() for name in bound)


def _seal_row(row: object, sealed: tuple[Sealed[Any], ...]) -> None:
    if not hasattr(row, VERSION):
        raise UnsealableRowError(f"{type(row).__name__} needs {VERSION}")
    stored = persistent(row)
    pending = row.__dict__.get(PENDING, {})
    written = sealed if stored else [part for part in sealed if part.column in pending]
    # Open everything before anything changes: the old version and label are what it is bound to.
    plain = [(part, part.__get__(row, type(row))) for part in written]
    version = committed(row, VERSION) + 1 if stored else 1
    for part, value in plain:
        part._seal(row, value, version)  # noqa: SLF001 - the two halves of one mechanism
    setattr(row, VERSION, version)
    row.__dict__.pop(PENDING, None)


@event.listens_for(Mapper, "before_insert")
@event.listens_for(Mapper, "before_update")
def _refuse_unsealed(_mapper: object, _connection: object, row: object) -> None:
    """Without `install`, an assignment would be lost in silence."""
    if PENDING in row.__dict__:
        raise NoVaultError(f"{type(row).__name__}: this session has no columns.install")


@event.listens_for(Mapper, "expire")
def _forget(row: object | None, attributes: list[str] | None) -> None:
    """A rollback or refresh drops assigned plaintexts as it drops other changes."""
    if row is None:  # collected already: there is nothing left to drop
        return
    pending = row.__dict__.get(PENDING)
    if pending is None:
        return
    for column in list(pending) if attributes is None else attributes:
        pending.pop(column, None)
    if not pending:
        del row.__dict__[PENDING]

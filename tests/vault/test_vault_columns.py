"""Sealed columns: sealed in the file, plain in the program, and never in the wrong row."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker
from sqlalchemy.orm.exc import StaleDataError

from gateway.vault.chunked import AES_256, Flaw, Unopenable
from gateway.vault.columns import (
    SealedBytes,
    SealedText,
    SealedTextOrNone,
    install,
    reseal,
)
from gateway.vault.rows import NoVaultError, UnsealableRowError
from gateway.vault.vault import Vault, ZoneKey


class Base(DeclarativeBase):
    pass


class Reader(Base):
    __tablename__ = "reader"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    row_version: Mapped[int] = mapped_column()
    age: Mapped[int] = mapped_column(default=0)
    login_sealed: Mapped[bytes]
    phone_sealed: Mapped[bytes | None]
    secret_sealed: Mapped[bytes | None]
    login = SealedText("login_sealed")
    phone = SealedTextOrNone("phone_sealed")
    secret = SealedBytes("secret_sealed")
    __mapper_args__ = {"version_id_col": row_version, "version_id_generator": False}  # noqa: RUF012 - SQLAlchemy's own form


class Paper(Base):
    __tablename__ = "paper"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    row_version: Mapped[int] = mapped_column()
    level: Mapped[int]
    body_sealed: Mapped[bytes]
    body = SealedText("body_sealed", label="level")
    __mapper_args__ = {"version_id_col": row_version, "version_id_generator": False}  # noqa: RUF012 - SQLAlchemy's own form


class Numbered(Base):
    __tablename__ = "numbered"

    id: Mapped[int] = mapped_column(primary_key=True)
    row_version: Mapped[int]
    name_sealed: Mapped[bytes]
    name = SealedText("name_sealed")


def vault_of(zone: str = "intranet", current: int = 1) -> Vault:
    keys = {n: ZoneKey(suite=AES_256, secret=bytes([n]) * 32) for n in (1, 2)}
    return Vault(zone=zone, current=current, stable=1, _keys=keys)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path}/x.db")
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def sessions(engine: Engine) -> sessionmaker[Session]:
    made = sessionmaker(engine, info={"vault": vault_of()})
    install(made)
    return made


def stored(engine: Engine, statement: str) -> list[tuple[object, ...]]:
    with engine.begin() as connection:
        result = connection.execute(text(statement))
        return [tuple(row) for row in result] if result.returns_rows else []


def add(sessions: sessionmaker[Session], **values: object) -> UUID:
    with sessions.begin() as session:
        row = Reader(**values)
        session.add(row)
        session.flush()
        return row.id


def test_a_value_is_sealed_in_the_file_and_plain_in_the_program(
    engine: Engine, sessions: sessionmaker[Session], tmp_path: Path
) -> None:
    row_id = add(sessions, login="kanarienvogel", phone=None, secret=b"\x00\xff")
    with sessions() as session:
        row = session.get_one(Reader, row_id)
        assert (row.login, row.phone, row.secret) == ("kanarienvogel", None, b"\x00\xff")
        assert row.row_version == 1
        assert row.login_sealed.startswith(b"EGW1")
    engine.dispose()
    assert not any(b"kanarienvogel" in path.read_bytes() for path in tmp_path.iterdir())


def test_every_change_raises_the_version_and_seals_all_columns_anew(
    sessions: sessionmaker[Session],
) -> None:
    row_id = add(sessions, login="a", phone="1")
    with sessions.begin() as session:
        row = session.get_one(Reader, row_id)
        before = row.login_sealed
        row.phone = "2"
        assert row.phone == "2"
    with sessions() as session:
        row = session.get_one(Reader, row_id)
        assert (row.login, row.phone, row.row_version) == ("a", "2", 2)
        assert row.login_sealed != before


def test_a_change_of_plain_columns_alone_seals_nothing(sessions: sessionmaker[Session]) -> None:
    row_id = add(sessions, login="a")
    with sessions.begin() as session:
        session.get_one(Reader, row_id).age = 7
    with sessions() as session:
        row = session.get_one(Reader, row_id)
        assert (row.age, row.login, row.row_version) == (7, "a", 1)


@settings(max_examples=25, deadline=None)
@given(
    values=st.lists(
        st.tuples(st.text(st.characters(codec="utf-8"), max_size=20), st.booleans()), min_size=1
    )
)
def test_any_history_of_changes_reads_back(values: list[tuple[str, bool]]) -> None:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine, info={"vault": vault_of()}) as session:
        install(session)
        row = Reader(login="")
        session.add(row)
        for value, committing in values:
            row.login, row.phone = value, value[::-1]
            assert row.login == value
            if committing:
                session.commit()
            else:
                session.flush()
            session.expire(row)
            assert (row.login, row.phone) == (value, value[::-1])
    engine.dispose()


def test_the_second_of_two_writers_fails(sessions: sessionmaker[Session]) -> None:
    row_id = add(sessions, login="a")
    keep = {"expire_on_commit": False}
    with sessions(**keep) as first, sessions(**keep) as second:
        one, two = first.get_one(Reader, row_id), second.get_one(Reader, row_id)
        first.commit()
        second.commit()  # both have read, neither holds a lock
        one.login = "first"
        first.commit()
        two.login = "second"
        with pytest.raises(StaleDataError):
            second.commit()
        second.rollback()
        assert two.login == "first"


def test_t1_two_swapped_rows_do_not_open(engine: Engine, sessions: sessionmaker[Session]) -> None:
    a, b = add(sessions, login="a"), add(sessions, login="b")
    stored(engine, "CREATE TABLE copy AS SELECT id, login_sealed FROM reader")
    other = "(SELECT login_sealed FROM copy WHERE copy.id <> reader.id)"
    stored(engine, f"UPDATE reader SET login_sealed = {other}")
    with sessions() as session:
        for row_id in (a, b):
            with pytest.raises(Unopenable) as caught:
                _ = session.get_one(Reader, row_id).login
            assert caught.value.flaw is Flaw.COMMITMENT
            assert row_id.hex in caught.value.where


def test_t1_a_value_moved_to_the_next_column_does_not_open(
    engine: Engine, sessions: sessionmaker[Session]
) -> None:
    row_id = add(sessions, login="a", phone="b")
    stored(engine, "UPDATE reader SET phone_sealed = login_sealed")
    with sessions() as session, pytest.raises(Unopenable):
        _ = session.get_one(Reader, row_id).phone


def test_t2_a_row_copied_to_the_other_zone_does_not_open(
    engine: Engine, sessions: sessionmaker[Session]
) -> None:
    row_id = add(sessions, login="a")
    with Session(engine, info={"vault": vault_of("extranet")}) as session:
        with pytest.raises(Unopenable) as caught:
            _ = session.get_one(Reader, row_id).login
        assert caught.value.flaw is Flaw.ZONE


def test_t3_a_level_edited_in_the_database_closes_the_body(
    engine: Engine, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        session.add(Paper(level=2, body="text"))
    with sessions.begin() as session:
        paper = session.scalars(select(Paper)).one()
        paper.level = 3  # by the rules: sealed anew, a new version
    with sessions() as session:
        paper = session.scalars(select(Paper)).one()
        assert (paper.body, paper.level, paper.row_version) == ("text", 3, 2)
    stored(engine, "UPDATE paper SET level = 0")
    with sessions() as session:
        paper = session.scalars(select(Paper)).one()
        with pytest.raises(Unopenable) as caught:
            _ = paper.body
        assert caught.value.flaw is Flaw.COMMITMENT


def test_a_label_assigned_to_an_expired_row_still_seals_anew(
    sessions: sessionmaker[Session],
) -> None:
    with sessions() as session:
        paper = Paper(level=2, body="text")
        session.add(paper)
        session.commit()
        paper.level = 3
        assert paper.body == "text"
        session.commit()
        assert (paper.body, paper.level, paper.row_version) == ("text", 3, 2)


def test_an_older_value_under_a_newer_version_does_not_open(
    engine: Engine, sessions: sessionmaker[Session]
) -> None:
    row_id = add(sessions, login="old")
    [(yesterday,)] = stored(engine, "SELECT hex(login_sealed) FROM reader")
    with sessions.begin() as session:
        session.get_one(Reader, row_id).login = "new"
    stored(engine, f"UPDATE reader SET login_sealed = x'{yesterday}'")
    with sessions() as session, pytest.raises(Unopenable):
        _ = session.get_one(Reader, row_id).login


def test_a_version_set_by_hand_still_seals_anew(sessions: sessionmaker[Session]) -> None:
    row_id = add(sessions, login="a")
    with sessions.begin() as session:
        session.get_one(Reader, row_id).row_version = 40
    with sessions() as session:
        row = session.get_one(Reader, row_id)
        assert (row.login, row.row_version) == ("a", 2)


def test_a_rollback_forgets_what_was_assigned(sessions: sessionmaker[Session]) -> None:
    row_id = add(sessions, login="a")
    with sessions() as session:
        row = session.get_one(Reader, row_id)
        row.login = "b"
        session.rollback()
        assert row.login == "a"
        row.phone = "5"
        session.flush()
        session.rollback()
        assert row.row_version == 1
        assert row.phone != "5"


def test_no_plaintext_shows_in_repr_or_in_the_log(
    sessions: sessionmaker[Session], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with sessions.begin() as session:
        row = Reader(login="kanarienvogel")
        session.add(row)
        assert "kanarienvogel" not in repr(row) + repr(vars(row))
        session.flush()
        assert "kanarienvogel" not in repr(row) + repr(vars(row))
    assert "kanarienvogel" not in caplog.text


def test_a_row_outside_a_session_with_a_vault_says_so(
    engine: Engine, sessions: sessionmaker[Session]
) -> None:
    row_id = add(sessions, login="a")
    with sessions() as session:
        row = session.get_one(Reader, row_id)
    with pytest.raises(NoVaultError, match="Reader is not in a session with a vault"):
        _ = row.login
    with Session(engine) as bare, pytest.raises(NoVaultError):
        _ = bare.get_one(Reader, row_id).login


def test_a_session_without_install_loses_no_assignment_in_silence(
    engine: Engine, sessions: sessionmaker[Session]
) -> None:
    row_id = add(sessions, login="a")
    with Session(engine, info={"vault": vault_of()}) as bare:
        bare.get_one(Reader, row_id).login = "b"
        with pytest.raises(NoVaultError, match="install"):
            bare.flush()
        bare.rollback()
        bare.add(Reader(login="c"))
        with pytest.raises(NoVaultError, match="install"):
            bare.flush()


def test_a_row_without_a_uuid_key_cannot_be_sealed(sessions: sessionmaker[Session]) -> None:
    with sessions() as session:
        session.add(Numbered(id=1, name="a"))
        with pytest.raises(UnsealableRowError, match="must be a UUID"):
            session.flush()


def test_a_sweep_moves_rows_to_the_current_key(
    engine: Engine, sessions: sessionmaker[Session]
) -> None:
    row_id = add(sessions, login="a", phone="b")
    vault = vault_of(current=2)
    with Session(engine, info={"vault": vault}) as session:
        install(session)
        row = session.get_one(Reader, row_id)
        assert vault.key_id_of(row.login_sealed) == 1
        reseal(row)
        session.commit()
        assert vault.key_id_of(row.login_sealed) == 2
        assert (row.login, row.phone, row.row_version) == ("a", "b", 2)


def test_a_refused_assignment_does_not_wait_for_the_flush() -> None:
    row = Reader(login="a")
    with pytest.raises(AttributeError):
        row.login = None  # type: ignore[assignment]
    assert row.login == "a"


def test_install_twice_seals_once(sessions: sessionmaker[Session]) -> None:
    install(sessions)
    row_id = add(sessions, login="a")
    with sessions() as session:
        assert session.get_one(Reader, row_id).row_version == 1


def test_a_number_is_no_bytes() -> None:
    with pytest.raises(TypeError):
        Reader(secret=5)

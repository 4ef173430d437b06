"""An office in which people enrol, sign in and out: the whole identity room on a real database."""

from __future__ import annotations

import json
import re
from base64 import b32decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import event, select

from audit.ledger import Ledger
from audit.record import Actor
from audit.tables import audit_event, audit_secret
from gateway.identity import enrolment, people, sign_in, throttle, totp, units
from gateway.identity.hashing import Hasher
from gateway.identity.registry import Limits, Registry
from gateway.identity.sign_in import NewSession, PendingSignIn
from gateway.store.engines import open_store
from gateway.vault import KeyFile, create_keyring, install

ADMIN = Actor(subject="operator:test")
PASSWORD = "zebra quartz violin 42"
ADDRESS = "10.1.2.3"
BROWSER = "Mozilla/5.0 (made up)"
STEP = timedelta(seconds=30)

LIMITS = Limits(
    staff_idle=timedelta(minutes=30),
    staff_life=timedelta(hours=12),
    officer_idle=timedelta(minutes=15),
    officer_life=timedelta(hours=8),
    enrolment_life=timedelta(hours=24),
    totp_back_steps=1,
    password_min=15,
    step_life=timedelta(minutes=5),
)


class Died(RuntimeError):
    """The process was killed at this statement."""


@dataclass
class Enrolled:
    """A person with all they know and have."""

    id: UUID
    login: str
    secret: bytes = field(repr=False)
    password: str = PASSWORD

    def code(self, now: datetime) -> str:
        """What the app shows now."""
        return totp.code_at(self.secret, totp.step_at(now))


@dataclass
class World:
    """The office. Its clock moves only by `wait`, so codes of enrolment and sign-in differ."""

    registry: Registry
    clock: datetime

    def wait(self, span: timedelta = STEP) -> datetime:
        """Let time pass."""
        self.clock += span
        return self.clock

    def invite(
        self, login: str = "li.lei", *, roles: tuple[str, ...] = ("staff",), name: str = "李雷"
    ) -> tuple[UUID, str]:
        """Create a person of the finance unit, clearance 2; return id and link."""
        return people.create(
            self.registry,
            login=login,
            name=name,
            unit="finance",
            roles=roles,
            clearance=2,
            actor=ADMIN,
            now=self.clock,
        )

    def enrol(self, login: str = "li.lei", *, roles: tuple[str, ...] = ("staff",)) -> Enrolled:
        """Create and enrol a person, and let a step pass so that the code is a new one."""
        person_id, link = self.invite(login, roles=roles)
        enrolled = self.finish(person_id, link, PASSWORD, login=login)
        self.wait()
        return enrolled

    def finish(
        self, person_id: UUID, link: str, password: str, *, login: str = "li.lei"
    ) -> Enrolled:
        """Go all the way through a link."""
        offered = enrolment.begin(self.registry, link, password, now=self.clock)
        enrolled = Enrolled(person_id, login, secret_of(offered), password)
        enrolment.finish(self.registry, link, enrolled.code(self.clock), now=self.clock)
        return enrolled

    def password(
        self, login: str, password: str = PASSWORD, *, address: str | None = ADDRESS
    ) -> PendingSignIn:
        """Give a password."""
        return sign_in.check_password(
            self.registry, login=login, password=password, address=address, now=self.clock
        )

    def code(self, step: str, code: str, *, previous: str | None = None) -> NewSession:
        """Give a code."""
        return sign_in.check_code(
            self.registry,
            pending_token=step,
            code=code,
            address=ADDRESS,
            user_agent=BROWSER,
            now=self.clock,
            previous=previous,
        )

    def sign_in(self, person: Enrolled, *, previous: str | None = None) -> str:
        """Sign in with a fresh code; return the session token."""
        self.wait()
        step = self.password(person.login, person.password)
        return self.code(step.token, person.code(self.clock), previous=previous).token

    def forget_lanes(self) -> None:
        """Forget all failures, as two quiet months would."""
        with self.registry.ledger.begin(unaudited_because="a test") as tx:
            throttle.forget(tx.session, now=self.clock + timedelta(days=60))

    def events(self) -> list[dict[str, object]]:
        """Return the recorded entries' bodies, oldest first."""
        with self.registry.store.reading() as session:
            bodies = session.execute(select(audit_event.c.body).order_by(audit_event.c.id))
            return [json.loads(body) for (body,) in bodies]

    def names(self, after: int = 0) -> list[object]:
        """Return the names of what was recorded."""
        return [entry["ev"] for entry in self.events()[after:]]

    def personal(self) -> list[tuple[str, bytes]]:
        """Return the personal values that were recorded apart, as (field, value)."""
        with self.registry.store.reading() as session:
            rows = session.execute(select(audit_secret.c.field, audit_secret.c.value))
            return [(row.field, row.value) for row in rows]

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """Collect the statements of both engines."""
        seen: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            seen.append(re.sub(r"\s+", " ", statement))

        engines = (self.registry.store.write, self.registry.store.read)
        for engine in engines:
            event.listen(engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            for engine in engines:
                event.remove(engine, "before_cursor_execute", note)

    @contextmanager
    def dying_at(self, number: int, *, committed: bool = False) -> Iterator[list[str]]:
        """Die at the n-th call of the database, statements and commits counted together.

        `committed`: a commit at that place is done, and nobody hears of it any more.
        """
        killer = _Killer(number, committed=committed)
        engines = (self.registry.store.write, self.registry.store.read)
        for engine in engines:
            real = engine.dialect.do_commit
            event.listen(engine, "before_cursor_execute", killer.statement)
            vars(engine.dialect)["do_commit"] = partial(killer.commit, real)
        try:
            yield killer.seen
        finally:
            for engine in engines:
                event.remove(engine, "before_cursor_execute", killer.statement)
                del vars(engine.dialect)["do_commit"]


class _Killer:
    """Counts the calls of the database and dies at one of them."""

    def __init__(self, number: int, *, committed: bool) -> None:
        self.seen: list[str] = []
        self._number = number
        self._committed = committed

    def statement(self, _connection: object, _cursor: object, text: str, *_rest: object) -> None:
        """Die before the statement."""
        self.seen.append(text)
        if len(self.seen) == self._number:
            raise Died(text)

    def commit(self, real: Callable[[Any], None], connection: object) -> None:
        """Die before the commit or after it."""
        self.seen.append("COMMIT")
        dies = len(self.seen) == self._number
        if self._committed or not dies:
            real(connection)
        if dies:
            raise Died("COMMIT")


def secret_of(offered: totp.TotpOffer) -> bytes:
    """Return the secret as the app would read it."""
    return b32decode(offered.secret_text.replace(" ", ""))


def cheap_hasher(*, passes: int = 1, at_once: int = 4) -> Hasher:
    """Return a hasher whose hashes cost next to nothing."""
    return Hasher(memory=8, passes=passes, at_once=at_once)


def build_world(url: str, directory: Path, now: datetime) -> World:
    """Open a store with its vault and ledger, and found one unit."""
    root = KeyFile(directory / "root")
    root.create()
    (directory / "keys").mkdir(mode=0o700)
    vault = create_keyring(directory / "keys", zone="intranet", root=root)
    store = open_store(url, info={"vault": vault})
    ledger = Ledger(
        store.write, zone="intranet", seal=lambda _eid, _field, value: value, info={"vault": vault}
    )
    install(ledger.sessions)
    registry = Registry(
        store=store,
        ledger=ledger,
        vault=vault,
        limits=LIMITS,
        hasher=cheap_hasher(),
        zone="intranet",
        issuer="函谷",
    )
    world = World(registry=registry, clock=now)
    for slug, zh, en in (("finance", "财政处", "Finance"), ("health", "卫健处", "Health")):
        units.create(registry, slug=slug, parent=None, name_zh=zh, name_en=en, actor=ADMIN, now=now)
    return world

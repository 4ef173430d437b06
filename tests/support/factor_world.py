"""People with passkeys and recovery codes, in the office of the identity tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from identity_world import ADDRESS, BROWSER, Enrolled, World
from soft_passkey import SoftKey

from audit.record import Actor
from gateway.identity import (
    factors,
    passkey_making,
    passkey_sign_in,
    passkeys,
    pending_step,
    recovery,
    second_step,
    sessions,
)
from gateway.identity.current import Current
from gateway.identity.factors import Change
from gateway.identity.opening import Browser, NewSession
from gateway.identity.passkeys import Site
from gateway.refusals import Refused

SITE = Site(id="pass.example.gov.cn", origin="https://pass.example.gov.cn", name="函谷")
HERE = Browser(address=ADDRESS, user_agent=BROWSER)
BROWSER_TOKEN = "b" * 43
OTHER_BROWSER = "c" * 43


@dataclass
class Holder:
    """A signed-in person. `token` is the session's."""

    world: World
    person: Enrolled
    token: str

    @property
    def now(self) -> Current:
        """Who the session stands for at present."""
        found = sessions.find(self.world.registry, self.token, now=self.world.clock)
        assert found is not None
        return found

    @property
    def actor(self) -> Actor:
        """The person in the log."""
        return Actor(subject=self.now.subject)

    def change(self) -> Change:
        """A change that leaves this session alone."""
        return Change(actor=self.actor, now=self.world.clock, keep=self.token)

    def key(self) -> SoftKey:
        """A security key that holds nothing yet."""
        return SoftKey(origin=SITE.origin, rp=SITE.id)

    def add(self, key: SoftKey | None = None, name: str = "办公电脑") -> SoftKey:
        """Register a passkey."""
        key = key or self.key()
        registry, who = self.world.registry, self.now
        options = passkey_making.creation_options(registry, SITE, who, now=self.world.clock)
        factors.add_passkey(
            registry, SITE, who, name=name, answer=key.make(options), change=self.change()
        )
        return key

    def codes(self) -> Sequence[str]:
        """Make recovery codes."""
        return recovery.make(
            self.world.registry,
            self.person.id,
            actor=self.actor,
            now=self.world.clock,
            keep=self.token,
        )


def holder(world: World, login: str = "li.lei", *, roles: tuple[str, ...] = ("staff",)) -> Holder:
    """Enrol and sign in."""
    person = world.enrol(login, roles=roles)
    return Holder(world, person, world.sign_in(person))


def only_options(world: World, browser: str = BROWSER_TOKEN) -> str:
    """What a browser is asked for a passkey alone."""
    return passkey_sign_in.options(world.registry, SITE, browser, now=world.clock)


def only(world: World, answer: str, browser: str = BROWSER_TOKEN) -> NewSession:
    """Sign in by a passkey alone."""
    return passkey_sign_in.check(
        world.registry,
        SITE,
        browser_token=browser,
        answer=answer,
        browser=HERE,
        now=world.clock,
    )


def second_options(world: World, step: str) -> str:
    """What a browser is asked after the password."""
    whose = pending_step.owner(world.registry, step, now=world.clock)
    ceremony = pending_step.ceremony_of(step)
    return passkeys.request_options(
        world.registry, SITE, ceremony, now=world.clock, person_id=whose
    )


def second(world: World, step: str, answer: str) -> NewSession:
    """Take the second step by a passkey."""
    return second_step.check_passkey(
        world.registry, SITE, pending_token=step, answer=answer, browser=HERE, now=world.clock
    )


def recover(world: World, step: str, code: str) -> NewSession:
    """Take the second step by a recovery code."""
    return second_step.check_recovery(
        world.registry, pending_token=step, code=code, browser=HERE, now=world.clock
    )


def at_once(act: Callable[[], Any], times: int) -> tuple[list[Any], list[BaseException]]:
    """Do one thing in so many threads; return what came of it, and what was raised."""
    done: list[Any] = []
    raised: list[BaseException] = []

    def one(_number: int) -> None:
        try:
            done.append(act())
        except Refused as refusal:
            raised.append(refusal)

    with ThreadPoolExecutor(times) as pool:
        list(pool.map(one, range(times)))
    return done, raised

"""The one engine that decides now: never older than the epoch the request was read at.

Rules and memberships change rarely, decisions are many. Every change of either moves the
zone's epoch; each request brings the epoch it read with its session, and if that is newer
than the engine's, the engine is built anew before anything is decided. A new engine takes
the old one's place by one assignment; an engine is never changed.

In a serving process there is a lease as well (`gateway.access.pulse`): a worker that could not
tell the zone's database by which version it decides, for longer than the agreed age, decides
nothing.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from gateway.access import grants
from gateway.access.refusals import PolicyUnavailable
from gateway.identity import epoch
from gateway.identity.memberships import memberships
from gateway.refusals import Refused
from gateway.store.engines import Store
from policies import separation, versions
from policies.decision import Decision, Request
from policies.engine import CompiledEngine, MembershipProblems, build
from policies.rules import RuleProblems
from policies.shadow import ShadowCheck
from policies.version_rows import StoredRulesDifferError

log = logging.getLogger("hangu.access")


LONGEST_SILENCE = timedelta(seconds=10)
"""The usual age of a lease (`policy.worker_age`)."""


class NoRulesInForce(Refused):
    """No rule set was ever published: nobody may do anything (class 15)."""

    code = "policy_missing"


class VersionWentBackError(RuntimeError):
    """The newest version bears a lower number than one that decided already."""


@dataclass(frozen=True, slots=True)
class Built:
    """An engine, the number of the version it decides by, and how long it took to build."""

    seq: int
    engine: CompiledEngine
    build_ms: int = 0


@dataclass(frozen=True, slots=True)
class _Loaded:
    epoch: int
    built: Built


Load = Callable[[Session, Built | None], Built]
"""Builds the engine of what the database holds; may take over what the last one has of it."""


def load(session: Session, last: Built | None = None) -> Built:
    """Build the engine of the rules in force, the people as they are, and the temporary grants.

    What `last` was built of is not built again: a grant to one person costs as much as all
    grants, and not as all rules. Rules are named by their content, and memberships are compared.

    Raises:
        NoRulesInForce: nothing was published yet.
        VersionWentBackError: somebody took published versions away.
    """
    start = time.perf_counter()
    newest = versions.newest(session)
    if newest is None:
        raise NoRulesInForce
    if last is not None and newest.seq < last.seq:
        raise VersionWentBackError(f"version {newest.seq} after {last.seq}")
    members = memberships(session)
    rules = None if last is None or last.seq != newest.seq else last.engine.published
    if rules is None and (rules := versions.at(session, newest.seq)) is None:
        raise NoRulesInForce
    known = None if last is None else last.engine
    if known is None or known.published.hash != rules.hash or known.memberships != members:
        separation.check(rules)
        known = build(rules, members)
    engine = known.with_grants(grants.in_force(session))
    return Built(newest.seq, engine, round(1000 * (time.perf_counter() - start)))


class Lease:
    """The right to decide, given for `age` from the moment before the last look at the database.

    Time is what passes for the machine, also while it is suspended (CLOCK_BOOTTIME): a process
    that was stopped for an hour has no lease when it goes on.
    """

    def __init__(self, age: timedelta, *, clock: Callable[[], float] | None = None) -> None:
        self.clock = clock or _since_boot
        self.age = age.total_seconds()
        self._until = float("-inf")

    def renew(self, *, since: float) -> None:
        """Hold for the age from `since`, a time of `clock` before the look began."""
        self._until = since + self.age

    def end(self) -> None:
        """Hold no longer."""
        self._until = float("-inf")

    def holds(self) -> bool:
        """Tell whether decisions may be made now."""
        return self.clock() < self._until


def _since_boot() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class PolicyPoint:
    """Holds the current engine. Safe to use from many threads.

    Args:
        lease: without one it decides as long as it is asked, as commands do.
        shadow: takes a sample of what is decided.
    """

    def __init__(
        self,
        store: Store,
        *,
        load: Load = load,
        lease: Lease | None = None,
        shadow: ShadowCheck | None = None,
    ) -> None:
        self._store = store
        self._load = load
        self._lease = lease
        self._shadow = shadow
        self._lock = Lock()
        self._loaded: _Loaded | None = None

    @property
    def age(self) -> timedelta:
        """After how long without a beat a worker of this zone decides nothing."""
        return LONGEST_SILENCE if self._lease is None else timedelta(seconds=self._lease.age)

    def engine(self, *, at: int) -> CompiledEngine:
        """Return an engine at least as new as epoch `at`.

        Raises:
            PolicyUnavailable: none can be built, or the lease is over. There is no falling back
                on an older one: it may still allow what was taken away.
        """
        if self._lease is not None and not self._lease.holds():
            raise PolicyUnavailable("this worker has not reached the database for too long")
        loaded = self._loaded
        if loaded is None or loaded.epoch < at:
            loaded = self._renew(at)
        return loaded.built.engine

    def decide(self, engine: CompiledEngine, request: Request) -> Decision:
        """Decide by an engine of this point; a sample of all decisions is checked later."""
        decision = engine.decide(request)
        if self._shadow is not None:
            self._shadow.offer(engine, request, decision)
        return decision

    def now(self) -> CompiledEngine:
        """Return the engine of this moment, for callers that have not read the epoch."""
        return self.engine(at=self._epoch())

    def refresh(self) -> Built:
        """Build what the database holds at this moment, lease or not.

        Raises:
            PolicyUnavailable: its cause says why it cannot be built.
        """
        at = self._epoch()
        loaded = self._loaded
        if loaded is None or loaded.epoch < at:
            loaded = self._renew(at)
        return loaded.built

    def _epoch(self) -> int:
        try:
            with self._store.read.connect() as connection:
                return epoch.read(connection)
        except SQLAlchemyError as error:
            raise PolicyUnavailable from error

    def _renew(self, at: int) -> _Loaded:
        with self._lock:
            loaded = self._loaded
            if loaded is not None and loaded.epoch >= at:  # another thread was quicker
                return loaded
            try:
                with self._store.reading() as session:
                    # The epoch first: what is read after it is at least as new as it says.
                    loaded = _Loaded(
                        epoch.read(session.connection()),
                        self._load(session, loaded.built if loaded else None),
                    )
            except _CANNOT_LOAD as error:
                log.exception("no engine can be built")
                raise PolicyUnavailable from error
            self._loaded = loaded
            return loaded


_CANNOT_LOAD = (
    SQLAlchemyError,
    NoRulesInForce,
    RuleProblems,
    MembershipProblems,
    VersionWentBackError,
    StoredRulesDifferError,
)

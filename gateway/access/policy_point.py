"""The one engine that decides now: never older than the epoch the request was read at.

Rules and memberships change rarely, decisions are many. Every change of either moves the
zone's epoch; each request brings the epoch it read with its session, and if that is newer
than the engine's, the engine is built anew before anything is decided. A new engine takes
the old one's place by one assignment; an engine is never changed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
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
from policies.engine import CompiledEngine, Engine, MembershipProblems, build
from policies.rules import RuleProblems

log = logging.getLogger("hangu.access")

Load = Callable[[Session, Engine | None], Engine]
"""Builds the engine of what the database holds; may take over what the last one has of it."""


class NoRulesInForce(Refused):
    """No rule set was ever published: nobody may do anything (class 15)."""

    code = "policy_missing"


@dataclass(frozen=True, slots=True)
class _Loaded:
    epoch: int
    engine: Engine


def load(session: Session, last: Engine | None = None) -> CompiledEngine:
    """Build the engine of the rules in force, the people as they are, and the temporary grants.

    What `last` was built of is not built again: a grant to one person costs as much as all
    grants, and not as all rules. Rules are named by their content, and memberships are compared.

    Raises:
        NoRulesInForce: nothing was published yet.
    """
    members = memberships(session)
    known = last if isinstance(last, CompiledEngine) else None
    if known is None or known.published.hash != versions.newest(session):
        rules = versions.current(session)
        if rules is None:
            raise NoRulesInForce
        separation.check(rules)
        known = build(rules, members)
    elif known.memberships != members:
        known = build(known.published, members)
    return known.with_grants(grants.in_force(session))


class PolicyPoint:
    """Holds the current engine. Safe to use from many threads."""

    def __init__(self, store: Store, *, load: Load = load) -> None:
        self._store = store
        self._load = load
        self._lock = Lock()
        self._loaded: _Loaded | None = None

    def engine(self, *, at: int) -> Engine:
        """Return an engine at least as new as epoch `at`.

        Raises:
            PolicyUnavailable: none can be built. There is no falling back on an older one:
                it may still allow what was taken away.
        """
        loaded = self._loaded
        if loaded is None or loaded.epoch < at:
            loaded = self._renew(at)
        return loaded.engine

    def now(self) -> Engine:
        """Return the engine of this moment, for callers that have not read the epoch."""
        try:
            with self._store.read.connect() as connection:
                at = epoch.read(connection)
        except SQLAlchemyError as error:
            raise PolicyUnavailable from error
        return self.engine(at=at)

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
                        self._load(session, loaded.engine if loaded else None),
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
    versions.StoredRulesDifferError,
)

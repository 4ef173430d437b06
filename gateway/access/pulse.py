"""A worker's pulse: it looks at the database, says by which version it decides, and may go on.

Each beat reads the rules in force, builds them if they are new, writes the worker's row and
renews its lease to decide. Whatever of this fails, the lease runs out: rules that cannot be
used, a database that cannot be read or written, one that was put in the place of another, and
a process that was stopped and goes on later.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from audit.ledger import Ledger
from audit.rounds import Rounds
from gateway.access.policy_point import Lease, NoRulesInForce, PolicyPoint, VersionWentBackError
from gateway.access.refusals import PolicyUnavailable
from gateway.refusals import Refused
from gateway.store.engines import Store
from policies import versions, workers
from policies.version_rows import StoredRulesDifferError
from policies.workers import Acknowledgement, Trouble, Worker

log = logging.getLogger("hangu.access")

BEATS = 4
"""In one age of the lease, so that a beat or two may fail."""
_LIFE_SIGN = "a worker's sign of life; what changes is recorded"
_NODE = 120  # characters of a host's name that are kept


def this_worker(now: datetime) -> Worker:
    """Return this process as the others shall know it."""
    node = socket.gethostname()[:_NODE]
    return Worker(id=secrets.token_hex(16), node=node, pid=os.getpid(), started_at=now)


class Pulse(Rounds):
    """The thread that keeps one worker's right to decide.

    Args:
        lease: the one that `policy` asks; it is renewed four times in its age.
    """

    def __init__(
        self,
        worker: Worker,
        *,
        store: Store,
        ledger: Ledger,
        policy: PolicyPoint,
        lease: Lease,
        clock: Callable[[], datetime],
    ) -> None:
        self._every = lease.age / BEATS
        super().__init__("pulse", rest=self._every, ending=self._every)
        self.worker = worker
        self._store = store
        self._ledger = ledger
        self._policy = policy
        self._lease = lease
        self._clock = clock
        self._place = store.place()

    def start(self) -> None:
        """Beat once before the first request, then go on by itself."""
        self.beat()
        super().start()

    def stop(self) -> None:
        """End, and leave the list of workers."""
        super().stop()
        self._lease.end()
        try:
            with self._ledger.begin(unaudited_because=_LIFE_SIGN) as tx:
                workers.leave(tx, self.worker)
        except (SQLAlchemyError, Refused):
            log.warning("this worker could not leave the list; it will be shown as silent")

    def beat(self) -> bool:
        """Look, say, and renew; return whether the worker may decide."""
        since = self._lease.clock()
        try:
            said = self._look()
            with self._ledger.begin(unaudited_because=_LIFE_SIGN) as tx:
                workers.beat(tx, self.worker, said, now=self._clock())
        except SQLAlchemyError:
            log.exception("no beat: the database does not answer")
            return False
        except Refused as refusal:  # the log is not being sealed
            log.warning("no beat: %s", refusal.code)
            return False
        if said.trouble:
            self._lease.end()
            log.error("this worker decides nothing: %s", said.trouble)
            return False
        self._lease.renew(since=since)
        return True

    def _round(self) -> float:
        self.beat()
        return self._every

    def _look(self) -> Acknowledgement:
        """Return what this worker decides by, or why it cannot. Raises SQLAlchemyError."""
        if self._is_replaced():
            return Acknowledgement(trouble=Trouble.STORE_REPLACED)
        try:
            built = self._policy.refresh()
        except PolicyUnavailable as refusal:
            cause = refusal.__cause__
            if isinstance(cause, SQLAlchemyError):
                raise cause from refusal
            return Acknowledgement(trouble=_trouble_of(cause))
        if (trouble := self._doubt()) is not None:
            return Acknowledgement(trouble=trouble)
        return Acknowledgement(
            seq=built.seq, hash=built.engine.published.hash, build_ms=built.build_ms
        )

    def _doubt(self) -> Trouble | None:
        """Return what speaks against the newest version, built long ago or not."""
        with self._store.reading() as session:
            # In this order: what is acknowledged was published before.
            acknowledged = workers.highest(session)
            try:
                newest = versions.newest(session)
            except StoredRulesDifferError:
                log.exception("the version in force is not this zone's")
                return Trouble.RULES_UNUSABLE
        return Trouble.WENT_BACK if newest is None or newest.seq < acknowledged else None

    def _is_replaced(self) -> bool:
        try:
            return self._store.place() != self._place
        except OSError:
            return True


def _trouble_of(cause: BaseException | None) -> Trouble:
    if isinstance(cause, NoRulesInForce):
        return Trouble.NO_RULES
    return Trouble.WENT_BACK if isinstance(cause, VersionWentBackError) else Trouble.RULES_UNUSABLE

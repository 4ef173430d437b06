"""Argon2id with a bounded number of hashes at once: memory is the attacker's lever, too.

Source: OWASP Password Storage (47104 KiB and one pass, or its equals), RFC 9106; Authelia
issues 866 and 1044 show what unbounded hashing does to a small machine.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import BoundedSemaphore
from typing import ClassVar

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from gateway.refusals import Refused

PATIENCE = timedelta(seconds=3)


class Busy(Refused):
    """Too many passwords are being checked at once; try again in a few seconds."""

    code: ClassVar[str] = "busy"


class Hasher:
    """Hashes and checks passwords, at most `at_once` at a time in this process.

    Args:
        memory: KiB of one hash.
        passes: passes over that memory.
        at_once: hashes computed at the same time.
        patience: how long a caller waits for its turn before it is refused as Busy.
    """

    def __init__(
        self, *, memory: int, passes: int, at_once: int, patience: timedelta = PATIENCE
    ) -> None:
        self._argon2 = PasswordHasher(time_cost=passes, memory_cost=memory, parallelism=1)
        self._turns = BoundedSemaphore(at_once)
        self._patience = patience.total_seconds()
        self.decoy = self._argon2.hash(secrets.token_urlsafe())

    def hash(self, password: str) -> str:
        """Return the PHC text of a fresh salted hash. Raises Busy."""
        with self._turn():
            return self._argon2.hash(password)

    def verify(self, encoded: str, password: str) -> bool:
        """Tell whether `password` is the one that was hashed. Raises Busy."""
        with self._turn():
            try:
                return self._argon2.verify(encoded, password)
            except VerifyMismatchError:
                return False

    def outgrown(self, encoded: str) -> bool:
        """Tell whether the hash was made with other parameters than today's."""
        return self._argon2.check_needs_rehash(encoded)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._turns.acquire(timeout=self._patience):
            raise Busy
        try:
            yield
        finally:
            self._turns.release()

"""What every use case of this room is handed: the zone's database, ledger, vault and limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from audit.ledger import Ledger
from gateway.identity.hashing import Hasher
from gateway.identity.standing import HighWater
from gateway.identity.tally import Tally
from gateway.store.engines import Store
from gateway.vault import Vault

_NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The zone's limits, from its settings.

    `idle` is silence and `life` the age after which a session is over, for staff and for the
    three officers (NIST SP 800-63B-4, 2.2.3 and 2.3.3). `enrolment_life` is at most a day.
    `totp_back_steps` is 0 or 1, `password_min` counts characters, `step_life` is the time
    from the password to the code.
    """

    staff_idle: timedelta
    staff_life: timedelta
    officer_idle: timedelta
    officer_life: timedelta
    enrolment_life: timedelta
    totp_back_steps: int
    password_min: int
    step_life: timedelta
    password_profile: str = "nist"  # noqa: S105 - the name of a profile
    """`nist` or `dengbao3`: see `profiles`."""
    context_words: tuple[str, ...] = ()
    """Words of the office that no password may hold."""
    fresh_life: timedelta = timedelta(minutes=5)
    """How long a confirmed act may be done again without another code."""
    kept_form_bytes: int = 262144
    """Largest form that is kept while its sender signs in again; 0 keeps none."""
    phishing_resistant_roles: frozenset[str] = frozenset()
    """Names of roles whose holders sign in with a passkey."""
    stale_after: timedelta = timedelta(days=90)
    """Unused for longer, an account is on the report of stale ones."""

    def __post_init__(self) -> None:
        if self.totp_back_steps not in {0, 1}:
            raise ValueError("totp_back_steps is 0 or 1 (RFC 6238, 5.2)")

    def of(self, *, officer: bool) -> tuple[timedelta, timedelta]:
        """Return (idle, life) of a session."""
        if officer:
            return self.officer_idle, self.officer_life
        return self.staff_idle, self.staff_life


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """The parts that the use cases work with. `issuer` is the office's name in the apps."""

    store: Store
    ledger: Ledger
    vault: Vault
    limits: Limits
    hasher: Hasher
    zone: str
    issuer: str
    tally: Tally = field(default_factory=Tally)
    """Refusals of this process that repeat."""
    seen: HighWater = field(default_factory=HighWater, repr=False)
    """The newest rows of people that this process has read."""
    _decoy: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        sealed = self.vault.seal(
            self.hasher.decoy.encode(),
            purpose="data",
            table="password",
            column="hash_sealed",
            row=_NOBODY.bytes,
            version=1,
        )
        object.__setattr__(self, "_decoy", sealed)

    def open_hash(self, person: UUID | None, sealed: bytes | None, version: int | None) -> str:
        """Return a person's password hash; for nobody the decoy's, with the same work."""
        if person is None or sealed is None or version is None:
            person, sealed, version = _NOBODY, self._decoy, 1
        plain = self.vault.open(
            sealed,
            purpose="data",
            table="password",
            column="hash_sealed",
            row=person.bytes,
            version=version,
        )
        return plain.decode()

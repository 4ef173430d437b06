"""The desk's part about factors: one's own, and the ways to sign in beside the code."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from gateway.identity.factor_views import FactorView, Reminder
from gateway.identity.phishing import Owed

if TYPE_CHECKING:
    from gateway.identity.totp import TotpOffer
    from gateway.web.desk_values import Opened, SignedIn, Visit


class FactorsDesk(Protocol):
    """What people sign in with. Options are JSON for the browser's passkey interface."""

    def factors(self, person: SignedIn) -> Sequence[FactorView]:
        """What the person signs in with."""

    def reminders(self, person: SignedIn, *, now: datetime) -> Sequence[Reminder]:
        """What the person should see to, the most pressing first."""

    def passkey_owed(self, person: SignedIn) -> Owed | None:
        """What the session lacks if a role asks for a passkey."""

    def passkey_creation(self, person: SignedIn, *, visit: Visit) -> str:
        """Options for a new passkey."""

    def add_passkey(self, person: SignedIn, *, name: str, answer: str, visit: Visit) -> None:
        """Take a new passkey. Refuses what proves nothing, is known, or is one too many."""

    def rename_passkey(self, person: SignedIn, key: UUID, name: str, *, visit: Visit) -> None:
        """Name one. Refuses one that is not the person's."""

    def remove_passkey(self, person: SignedIn, key: UUID, *, visit: Visit) -> None:
        """Remove one. Refuses the last way in."""

    def offer_authenticator(self, person: SignedIn, *, visit: Visit) -> TotpOffer:
        """A new authenticator's secret, which waits for its first code."""

    def replace_authenticator(self, person: SignedIn, code: str, *, visit: Visit) -> None:
        """Put the new authenticator in the place of the old. Refuses a wrong code."""

    def remove_authenticator(self, person: SignedIn, *, visit: Visit) -> None:
        """Remove the authenticator. Refuses if there is no passkey."""

    def make_recovery(self, person: SignedIn, *, visit: Visit) -> Sequence[str]:
        """New recovery codes in the place of all old ones."""

    def save_recovery(self, person: SignedIn, code: str, *, visit: Visit) -> None:
        """Take one of the codes as the sign that they are saved. Refuses a foreign one."""

    def second_ways(self, step_token: str, *, now: datetime) -> frozenset[str]:
        """What may follow the password: totp, recovery, passkey. Refuses a dead step."""

    def second_passkey(self, step_token: str, *, now: datetime) -> str:
        """Options for a passkey after the password. Refuses a dead step."""

    def only_passkey(self, browser_token: str, *, now: datetime) -> str:
        """Options for a passkey alone."""

    def check_recovery(
        self, *, step_token: str, code: str, previous: str | None, visit: Visit
    ) -> Opened:
        """A recovery code as the second step."""

    def check_passkey(
        self, *, step_token: str, answer: str, previous: str | None, visit: Visit
    ) -> Opened:
        """A passkey as the second step."""

    def check_passkey_only(
        self, *, browser_token: str, answer: str, previous: str | None, visit: Visit
    ) -> Opened:
        """A passkey as the only step."""

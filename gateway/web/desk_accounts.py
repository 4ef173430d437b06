"""The desk's part about accounts: people, units, staff lists, and what is stale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from gateway.identity.factor_views import FactorView
from gateway.identity.roll import Entry
from gateway.identity.roll_search import Found, Wanted
from gateway.identity.sessions import SessionView
from gateway.identity.staff_import import Imported, Slip
from gateway.identity.staff_plan import Plan
from gateway.identity.stale import Stale
from gateway.identity.units import UnitView

if TYPE_CHECKING:
    from gateway.web.desk_values import SignedIn, Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One person as the system administrator may see them: kinds of factors, never secrets."""

    entry: Entry
    factors: Sequence[FactorView]
    sessions: Sequence[SessionView]
    """The live ones, newest first."""
    last_sign_in: datetime | None
    link_until: datetime | None
    """Until when an enrolment link works."""
    locked: bool
    """Shut until a report is decided."""
    is_officer: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """What is asked for a new account. There is no password, and there are no rights."""

    login: str
    name: str
    unit: str
    staff_number: str


class AccountsDesk(Protocol):
    """What the pages of people and units call."""

    def people_found(self, wanted: Wanted, *, now: datetime) -> Found:
        """One page of the roll."""

    def account(self, person_id: UUID, *, now: datetime) -> Account:
        """One person. Refuses an unknown one."""

    def create_account(self, person: SignedIn, new: NewAccount, *, visit: Visit) -> Slip:
        """Invite somebody, without any right."""

    def change_account(
        self, person: SignedIn, subject: UUID, new: NewAccount, *, visit: Visit
    ) -> bool:
        """Rename, move or number; whether anything was different. The login stays."""

    def disable_account(
        self, person: SignedIn, subject: UUID, *, reason: str, visit: Visit
    ) -> None:
        """Shut somebody out at once."""

    def restore_account(self, person: SignedIn, subject: UUID, *, visit: Visit) -> Slip:
        """Invite somebody disabled again, without rights."""

    def invite_again(self, person: SignedIn, subject: UUID, *, visit: Visit) -> Slip:
        """A new link for who has not enrolled."""

    def end_session_of(self, person: SignedIn, subject: UUID, ref: str, *, visit: Visit) -> None:
        """End one session of somebody. Refuses an unknown one."""

    def stale_accounts(self, *, now: datetime) -> Sequence[Stale]:
        """The accounts that nobody uses."""

    def stale_days(self) -> int:
        """After how many days without sign-in an account counts as unused."""

    def keep_staff_list(
        self, person: SignedIn, content: bytes, *, disable_missing: bool, visit: Visit
    ) -> UUID:
        """Keep an uploaded list for its preview."""

    def staff_plan(self, person: SignedIn, draft: UUID, *, now: datetime) -> tuple[Plan, bool]:
        """What one's own draft would change, and whether it disables who is missing."""

    def import_staff_list(
        self, person: SignedIn, draft: UUID, *, seal: str, visit: Visit
    ) -> Imported:
        """Do what the preview of `seal` said, or nothing."""

    def unit_tree(self) -> Sequence[UnitView]:
        """All units, each after its parent."""

    def unit_people(self) -> Mapping[str, int]:
        """How many people are in each unit itself, the disabled not counted."""

    def create_unit(
        self, person: SignedIn, slug: str, *, parent: str | None, name_zh: str, name_en: str,
        visit: Visit,
    ) -> None:  # fmt: skip
        """Add a unit."""

    def rename_unit(
        self, person: SignedIn, slug: str, *, name_zh: str, name_en: str, visit: Visit
    ) -> None:
        """Give a unit other names."""

    def move_unit(self, person: SignedIn, slug: str, *, parent: str | None, visit: Visit) -> None:
        """Hang a unit elsewhere."""

    def close_unit(self, person: SignedIn, slug: str, *, visit: Visit) -> None:
        """Take an empty unit away."""

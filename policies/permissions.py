"""Every permission on the gateway's own pages.

A permission is named `area.verb`: the area is the noun of the page, the verb what is done
there. A name that is published in rules keeps its meaning for ever; a changed meaning gets
a new name. The members stand in alphabetical order.
"""

from __future__ import annotations

from enum import StrEnum


class Permission(StrEnum):
    """What a page may require. In rules a permission is the object `app:<permission>`."""

    ACCESS_DECIDE = "access.decide"
    """Deciding on requests for the services one's unit is in charge of."""
    ACCESS_REQUEST = "access.request"
    """Asking for a service for a time, and one's own requests."""
    ACCESS_REVOKE = "access.revoke"
    """The grants in force that one answers for, and ending one before its time."""
    ACCOUNT_CHANGE_FACTORS = "account.change_factors"
    """Adding, naming, replacing and removing one's own factors of sign-in."""
    ACCOUNT_CHANGE_PASSWORD = "account.change_password"  # noqa: S105 - a name
    """Changing one's own password."""
    ACCOUNT_DISOWN = "account.disown"
    """Saying of a sign-in under one's own name that it was not one's own."""
    ACCOUNT_VIEW = "account.view"
    """One's own account: name, unit, roles, the sign-in factors, the open sessions."""
    AUDIT_VIEW = "audit.view"
    """The audit log."""
    BREAK_GLASS_ACT = "break_glass.act"
    """The few acts of a sealed account while it is open."""
    BREAK_GLASS_CLOSE = "break_glass.close"
    """Closing an open sealed account before its time."""
    BREAK_GLASS_ENTER = "break_glass.enter"
    """Using an opened sealed account that one was named for."""
    BREAK_GLASS_PROPOSE = "break_glass.propose"
    """Proposing to a second officer to open a sealed account."""
    BREAK_GLASS_REVIEW = "break_glass.review"
    """Writing the finding on an opening that is over."""
    BREAK_GLASS_VIEW = "break_glass.view"
    """The sealed accounts, their openings, and what was done under each."""
    CATALOGUE_VIEW = "catalogue.view"
    """The administration of the service catalogue: every service with its settings."""
    LANE_OPEN = "lane.open"
    """Letting a closed or slow lane of sign-in attempts take attempts again."""
    LANE_VIEW = "lane.view"
    """The lanes of sign-in attempts that are slow or closed."""
    PERSON_CHANGE = "person.change"
    """Changing a person's name, unit or staff number: nothing that is a right by itself."""
    PERSON_CREATE = "person.create"
    """Inviting a person, without any role."""
    PERSON_DISABLE = "person.disable"
    """Disabling an account, and bringing one back without its rights."""
    PERSON_IMPORT = "person.import"
    """Importing a staff list."""
    PERSON_VIEW = "person.view"
    """The accounts: the list, one person's account without secrets, the stale ones."""
    POLICY_CLOSE_ALARM = "policy.close_alarm"
    """Saying what became of a disagreement between the engines."""
    POLICY_VIEW = "policy.view"
    """The rules at work: versions, the workers that decide by them, disagreements, uses."""
    PORTAL_VIEW = "portal.view"
    """The portal: the services one may open."""
    REPORT_CLOSE = "report.close"
    """Deciding a report of a sign-in that was not the person's own."""
    REPORT_VIEW = "report.view"
    """The reports of sign-ins that were not the person's own."""
    SERVICE_OPEN = "service.open"
    """Asking for entry to a service; whether it opens is decided by the service's own rules."""
    SERVICE_VIEW = "service.view"
    """A service's description: who is in charge of it, who runs it, who uses it."""
    SESSION_END_ANY = "session.end_any"
    """Ending all sessions of another person."""
    SESSION_END_OWN = "session.end_own"
    """Ending one's own sessions."""
    UNIT_CHANGE = "unit.change"
    """Adding, renaming, moving and closing units."""
    UNIT_VIEW = "unit.view"
    """The tree of units."""

    @property
    def object(self) -> str:
        """The object that stands for this permission in rules and requests."""
        return f"app:{self.value}"

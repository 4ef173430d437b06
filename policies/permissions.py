"""Every permission on the gateway's own pages.

A permission is named `area.verb`: the area is the noun of the page, the verb what is done
there. A name that is published in rules keeps its meaning for ever; a changed meaning gets
a new name. The members stand in alphabetical order.
"""

from __future__ import annotations

from enum import StrEnum


class Permission(StrEnum):
    """What a page may require. In rules a permission is the object `app:<permission>`."""

    ACCOUNT_CHANGE_PASSWORD = "account.change_password"  # noqa: S105 - a name
    """Changing one's own password."""
    ACCOUNT_DISOWN = "account.disown"
    """Saying of a sign-in under one's own name that it was not one's own."""
    ACCOUNT_VIEW = "account.view"
    """One's own account: name, unit, roles, the sign-in factors, the open sessions."""
    AUDIT_VIEW = "audit.view"
    """The audit log."""
    CATALOGUE_VIEW = "catalogue.view"
    """The administration of the service catalogue: every service with its settings."""
    LANE_OPEN = "lane.open"
    """Letting a closed or slow lane of sign-in attempts take attempts again."""
    LANE_VIEW = "lane.view"
    """The lanes of sign-in attempts that are slow or closed."""
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

    @property
    def object(self) -> str:
        """The object that stands for this permission in rules and requests."""
        return f"app:{self.value}"

"""What this room refuses, beside ambiguous requests: one class, one stable code each."""

from __future__ import annotations

from typing import ClassVar

from gateway.refusals import Refused


class ServiceExists(Refused):
    """Another service has this slug or this host."""

    code: ClassVar[str] = "service_exists"


class ServiceUnknown(Refused):
    """No service has this slug or host."""

    code: ClassVar[str] = "service_unknown"


class ServiceChanged(Refused):
    """Somebody else changed the service after it was read."""

    code: ClassVar[str] = "service_changed"


class ApprovedByItsAuthor(Refused):
    """Who entered or last changed a service may not be the one who approves it."""

    code: ClassVar[str] = "service_approved_by_author"


class PolicyUnavailable(Refused):
    """No engine can be built of the rules in force; so nothing is allowed (class 15)."""

    code: ClassVar[str] = "policy_unavailable"


class StoreUnavailable(Refused):
    """The database does not answer: without session and record there is no decision."""

    code: ClassVar[str] = "store_unavailable"


class LogBusy(Refused):
    """More decisions wait for being recorded than can be kept waiting; this one was not made."""

    code: ClassVar[str] = "log_busy"


class ProxyUnproven(Refused):
    """The decision was asked for by somebody who is not our proxy (class 6)."""

    code: ClassVar[str] = "proxy_unproven"


class ForwardedHeaderUntrusted(Refused):
    """A forwarding header came over a connection that is not our proxy's (classes 6-8)."""

    code: ClassVar[str] = "forwarded_header_untrusted"


class ForwardedHeaderInvalid(Refused):
    """Our proxy's own facts are missing, doubled or unreadable (class 7)."""

    code: ClassVar[str] = "forwarded_header_invalid"


class OwnPath(Refused):
    """A request for the gateway's own paths on a service's host was put to the decision."""

    code: ClassVar[str] = "own_path"


class AssertionRefused(Refused):
    """A signed assertion does not prove what it should (class 27)."""

    code: ClassVar[str] = "assertion_refused"

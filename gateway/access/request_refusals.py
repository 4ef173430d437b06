"""What requests for access are refused for: one class, one stable code each."""

from __future__ import annotations

from typing import ClassVar

from gateway.refusals import Refused


class RequestUnknown(Refused):
    """There is no such request, or it is nothing of yours."""

    code: ClassVar[str] = "request_unknown"


class RequestSettled(Refused):
    """Somebody was quicker: the request is decided, withdrawn or over already."""

    code: ClassVar[str] = "request_settled"


class AlreadyAsked(Refused):
    """An open request of this person for this service waits for its answer."""

    code: ClassVar[str] = "request_exists"


class ReasonNeeded(Refused):
    """A reason has 10 to 500 characters."""

    code: ClassVar[str] = "request_reason"


class EndRefused(Refused):
    """The end lies in the future, within the longest time, and not after what was asked for."""

    code: ClassVar[str] = "request_end"


class OwnRequest(Refused):
    """Nobody decides on their own request."""

    code: ClassVar[str] = "request_own"


class NotInCharge(Refused):
    """Only a living service owner of the unit in charge, or of one above it, decides."""

    code: ClassVar[str] = "request_not_in_charge"


class BeyondClearance(Refused):
    """The service's label is above the person's clearance; no grant changes that."""

    code: ClassVar[str] = "request_clearance"


class NotForOfficers(Refused):
    """The three officers and the sealed account do no business through the gateway."""

    code: ClassVar[str] = "request_officer"


class PersonGone(Refused):
    """The person cannot sign in any more, so there is nothing to grant."""

    code: ClassVar[str] = "request_person_gone"

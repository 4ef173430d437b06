"""What is refused about the keeping of the log."""

from __future__ import annotations

from typing import ClassVar

from gateway.refusals import Refused


class KeepingUnknown(Refused):
    """There is no such request, hold, person or entry."""

    code: ClassVar[str] = "keeping_unknown"


class KeepingTerms(Refused):
    """Reason, case, day or target is missing or has not the form it must have."""

    code: ClassVar[str] = "keeping_terms"


class KeepingOver(Refused):
    """The request was decided already, or the hold is lifted."""

    code: ClassVar[str] = "keeping_over"


class KeepingSame(Refused):
    """The second officer is the first one, or of the same office."""

    code: ClassVar[str] = "keeping_same"


class KeepingForged(Refused):
    """The request's row is not what the log says of it: somebody else wrote it."""

    code: ClassVar[str] = "keeping_forged"


class NothingDue(Refused):
    """There is nothing to prune or to erase; the message says what stands in the way."""

    code: ClassVar[str] = "keeping_nothing"


class ReceiptUnknown(Refused):
    """It is no act of this person for which a receipt is handed out."""

    code: ClassVar[str] = "receipt_unknown"


class ReceiptEarly(Refused):
    """The act is not sealed yet."""

    code: ClassVar[str] = "receipt_early"

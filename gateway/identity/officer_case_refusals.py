"""What is refused about cases of two officers: one class, one stable code each."""

from __future__ import annotations

from typing import ClassVar

from gateway.refusals import Refused


class CaseUnknown(Refused):
    """There is no such case."""

    code: ClassVar[str] = "case_unknown"


class CaseOver(Refused):
    """The case was decided, withdrawn, or nobody confirmed it in time."""

    code: ClassVar[str] = "case_over"


class CaseOpen(Refused):
    """A case of this kind is open for the person already: confirm or withdraw that one."""

    code: ClassVar[str] = "case_open"


class CaseOfficers(Refused):
    """Who opens, who confirms and whom it is about are three people, each in the right office."""

    code: ClassVar[str] = "case_officers"


class CaseTerms(Refused):
    """The reason has 10 to 500 characters, and a reset says which document was shown."""

    code: ClassVar[str] = "case_terms"


class CasePerson(Refused):
    """Nothing to reset: the person has not enrolled, is disabled, or is a sealed account."""

    code: ClassVar[str] = "case_person"


class OfficeUnnumbered(Refused):
    """An office goes to somebody with a staff number: one natural person has one account."""

    code: ClassVar[str] = "office_unnumbered"


class RightsOfOneself(Refused):
    """Nobody gives rights to themself."""

    code: ClassVar[str] = "rights_of_oneself"


class OfficeNeedsTwo(Refused):
    """An office is proposed by the security administrator and confirmed by the system one."""

    code: ClassVar[str] = "office_needs_two"

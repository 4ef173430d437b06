"""What is refused about sealed accounts: one class, one stable code each."""

from __future__ import annotations

from typing import ClassVar

from gateway.refusals import Refused


class OpeningUnknown(Refused):
    """There is no such sealed account or opening."""

    code: ClassVar[str] = "opening_unknown"


class NotSealed(Refused):
    """The account is proposed, open or not yet reviewed: one opening after the other."""

    code: ClassVar[str] = "opening_not_sealed"


class OpeningOver(Refused):
    """The proposal or the opening is over."""

    code: ClassVar[str] = "opening_over"


class NotOver(Refused):
    """A review follows the end of an opening."""

    code: ClassVar[str] = "opening_not_over"


class SamePerson(Refused):
    """Proposer, confirmer, user and reviewer are different people, each in their own office."""

    code: ClassVar[str] = "opening_same_person"


class UserRefused(Refused):
    """Who uses the account is an active person who holds none of the three offices."""

    code: ClassVar[str] = "opening_user"


class TermsRefused(Refused):
    """An opening lasts 15 to 240 minutes, and its reason and finding have 10 to 500 characters."""

    code: ClassVar[str] = "opening_terms"


class EntryRefused(Refused):
    """The opening code is wrong, used, over, or meant for somebody else."""

    code: ClassVar[str] = "opening_code"


class AccountSealed(Refused):
    """A sealed account has no link, no password and no factor; two officers open it."""

    code: ClassVar[str] = "account_sealed"

"""What the review's pages refuse, and which of the review's own errors each stands for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import ClassVar

from audit.review.evidence import NothingSigned
from audit.review.evidence_about import BadPurpose
from audit.review.queue import BadDecision, FindingMoved, FindingUnknown
from audit.review.rulebook import ReasonNeeded, RuleMoved, RuleUnknown
from audit.review.stretch import SignoffRefused
from gateway.refusals import Refused


class ReviewUnknown(Refused):
    """There is no such finding, rule, suppression or sign-off."""

    code: ClassVar[str] = "review_unknown"


class ReviewMoved(Refused):
    """Somebody else was faster."""

    code: ClassVar[str] = "review_moved"


class DecisionIncomplete(Refused):
    """A decision lacks what the argument names."""

    code: ClassVar[str] = "decision_incomplete"


class NeverSuppressed(Refused):
    """What is critical is always asked about."""

    code: ClassVar[str] = "never_suppressed"


class SuppressionTerms(Refused):
    """A suppression names 1 to 3 fields and ends within 90 days."""

    code: ClassVar[str] = "suppression_terms"


class RuleReason(Refused):
    """A change of a rule gives its reason."""

    code: ClassVar[str] = "rule_reason"


class SignoffStale(Refused):
    """The page is not of the log as it is: its range or its root is another."""

    code: ClassVar[str] = "signoff_stale"


class SignoffTampered(Refused):
    """Bodies or tiles of the range are not what was sealed."""

    code: ClassVar[str] = "signoff_tampered"


class SignoffTwice(Refused):
    """It is signed already."""

    code: ClassVar[str] = "signoff_twice"


class SignoffTerms(Refused):
    """The filter or the note cannot be signed."""

    code: ClassVar[str] = "signoff_terms"


class SignoffSame(Refused):
    """Nobody reviews their own acts."""

    code: ClassVar[str] = "signoff_same"


class EvidencePurpose(Refused):
    """A package says why it leaves, and to whom."""

    code: ClassVar[str] = "evidence_purpose"


class EvidenceNothing(Refused):
    """Nothing that fits is signed yet."""

    code: ClassVar[str] = "evidence_nothing"


_SIGNOFF: Mapping[str, type[Refused]] = {
    "range": SignoffStale,
    "root": SignoffStale,
    "changed": SignoffTampered,
    "twice": SignoffTwice,
    "same": SignoffSame,
    "office": SignoffSame,
}
_DECISION: Mapping[str, type[Refused]] = {
    "level": NeverSuppressed,
    "fields": SuppressionTerms,
    "until": SuppressionTerms,
}


@contextmanager
def refusing(incomplete: type[Refused] = DecisionIncomplete) -> Iterator[None]:
    """Turn the review's errors into refusals; a form that lacks something is `incomplete`."""
    try:
        yield
    except (FindingUnknown, RuleUnknown) as error:
        raise ReviewUnknown(str(error)) from None
    except (FindingMoved, RuleMoved) as error:
        raise ReviewMoved(str(error)) from None
    except ReasonNeeded:
        raise RuleReason from None
    except BadDecision as error:
        raise _DECISION.get(str(error), incomplete)(str(error)) from None
    except SignoffRefused as error:
        raise _SIGNOFF.get(error.code, SignoffTerms)(error.code) from None
    except BadPurpose:
        raise EvidencePurpose from None
    except NothingSigned as error:
        raise EvidenceNothing(str(error)) from None

"""The zone's rules of sign-in and sessions, written down from what is in force.

A text beside the program would soon be wrong; this one is made of the same values that the
program works with. Asked for by OWASP ASVS 5.0, 6.1.1 to 6.1.3, 7.1.1 and 7.1.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from gateway.identity import paces, totp
from gateway.identity.profiles import PROFILES, Deviation, Profile, deviations
from gateway.identity.registry import Limits
from gateway.identity.second_step import MAX_CODES
from gateway.identity.tables_factors import CODES


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way to sign in. `strength` is what rules ask for, `aal` that of NIST SP 800-63B-4.

    `can_be_phished`: a false page could pass on what the person enters there.
    """

    code: str
    strength: int
    aal: int
    can_be_phished: bool


WAYS = (
    Way(code="password_and_code", strength=2, aal=2, can_be_phished=True),
    Way(code="password_and_recovery_code", strength=2, aal=2, can_be_phished=True),
    Way(code="password_and_passkey", strength=3, aal=2, can_be_phished=False),
    Way(code="passkey", strength=3, aal=2, can_be_phished=False),
)
"""Every way there is. A link of enrolment opens no session: it only sets the means of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """How guessing is slowed in one kind of lane.

    `free` failures cost nothing, then the wait grows to `longest`; after `closed_after` (None:
    never) without a success between them nothing opens there until the owner or an officer
    opens the lane again.
    """

    kind: str
    free: int
    longest: timedelta
    closed_after: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Everything at once. `codes_each_step` wrong codes end a step, `codes_in_a_row` the factor.

    `at_once` is how many sessions a person may have: None, as many as they like, each of which
    they see and can end.
    """

    ways: tuple[Way, ...]
    lanes: tuple[Lane, ...]
    codes_each_step: int
    codes_in_a_row: int
    code_life: timedelta
    profile: Profile
    password_min: int
    context_words: tuple[str, ...]
    deviations: tuple[Deviation, ...]
    passkey_roles: tuple[str, ...]
    """Roles whose holders sign in with a passkey alone or after the password."""
    recovery_codes: int
    staff: tuple[timedelta, timedelta]
    officers: tuple[timedelta, timedelta]
    at_once: int | None = None


def written(limits: Limits) -> Written:
    """Write down the rules of a zone with these limits. Sessions: (idle, longest)."""
    profile = PROFILES[limits.password_profile]
    own = [
        Lane(
            kind=kind,
            free=profile.pace.free,
            longest=profile.pace.longest,
            closed_after=paces.CLOSED_AFTER,
        )
        for kind in (paces.DEVICE, paces.PLACE, paces.NAME)
    ]
    shared = [
        Lane(kind=kind, free=free, longest=longest, closed_after=None)
        for kind, free, longest in (
            (paces.ADDRESS, paces.ADDRESS_FREE, paces.LONGEST),
            (paces.OVERALL, paces.OVERALL_FREE, paces.OVERALL_LONGEST),
        )
    ]
    return Written(
        ways=WAYS,
        lanes=(*own, *shared),
        codes_each_step=MAX_CODES,
        codes_in_a_row=totp.MAX_FAILURES,
        code_life=timedelta(seconds=30) * (1 + limits.totp_back_steps),
        profile=profile,
        password_min=limits.password_min,
        context_words=limits.context_words,
        deviations=deviations(limits.password_profile, minimum=limits.password_min),
        passkey_roles=tuple(sorted(limits.phishing_resistant_roles)),
        recovery_codes=CODES,
        staff=limits.of(officer=False),
        officers=limits.of(officer=True),
    )

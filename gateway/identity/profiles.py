"""Password profiles: two standards that contradict each other, by name, with what each gives up.

`nist` follows NIST SP 800-63B-4, 3.1.1.2 and ASVS 5.0, 6.2: length, a list of what is guessed
first, no composition, no expiry, growing waits. `dengbao3` follows what assessors of GB/T
22239-2019, 8.1.4.1 a and b expect at level 3: 8 characters of 3 classes, changed every 90
days, shut for 30 minutes after 5 failures, signed out after 30 minutes of silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from gateway.identity.paces import GROWING, Pace

NIST = "nist"
DENGBAO3 = "dengbao3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """A rule of a standard that the profile does not follow, and why that is borne.

    `code` is stable and names the words of the pages; `rule` cites the standard.
    """

    code: str
    rule: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a zone asks of passwords beside their length.

    `least` is the fewest characters that `password_min` may ask for; `classes` of small
    letters, capital letters, digits and others must be mixed; `max_age` forces a change at
    the next sign-in; `pace` is how a name's lane slows; no session may be silent for longer
    than `idle`.
    """

    name: str
    source: str
    least: int
    classes: int
    max_age: timedelta | None
    pace: Pace
    idle: timedelta
    deviations: tuple[Deviation, ...]


PROFILES: Mapping[str, Profile] = {
    NIST: Profile(
        name=NIST,
        source="NIST SP 800-63B-4, 3.1.1.2 and 3.2.2; OWASP ASVS 5.0, 6.2",
        least=8,
        classes=1,
        max_age=None,
        pace=GROWING,
        idle=timedelta(hours=1),
        deviations=(
            Deviation(
                code="no_complexity",
                rule="GB/T 22239-2019 8.1.4.1 a",
                text="no mixture of character classes is asked for: length and a list of guessed "
                "passwords take its place",
            ),
            Deviation(
                code="no_expiry",
                rule="GB/T 22239-2019 8.1.4.1 a",
                text="passwords do not expire: they are changed when there is a sign that "
                "somebody else knows them",
            ),
            Deviation(
                code="growing_wait",
                rule="GB/T 22239-2019 8.1.4.1 b",
                text="failures slow down strangers instead of shutting the account, which anybody "
                "could do to anybody; after 100 the password is closed to strangers",
            ),
        ),
    ),
    DENGBAO3: Profile(
        name=DENGBAO3,
        source="GB/T 22239-2019, 8.1.4.1 a and b",
        least=8,
        classes=3,
        max_age=timedelta(days=90),
        pace=Pace(free=4, first=timedelta(minutes=30), longest=timedelta(minutes=30)),
        idle=timedelta(minutes=30),
        deviations=(
            Deviation(
                code="complexity",
                rule="NIST SP 800-63B-4 3.1.1.2, ASVS 6.2.5",
                text="three classes of characters must be mixed, which both forbid: people answer "
                "with Passwort1!",
            ),
            Deviation(
                code="expiry",
                rule="NIST SP 800-63B-4 3.1.1.2, ASVS 6.2.10",
                text="passwords expire after 90 days, which both forbid: people answer with a "
                "number at the end",
            ),
            Deviation(
                code="hard_lock",
                rule="ASVS 6.1.1",
                text="five failures shut a lane for 30 minutes; it is the lane of the strangers "
                "or of one device, so the owner's other devices still work",
            ),
        ),
    ),
}

SHORT = Deviation(
    code="short",
    rule="NIST SP 800-63B-4 3.1.1.2, ASVS 6.2.1",
    text="fewer than 15 characters are allowed; borne because a password is never the only factor",
)
RECOMMENDED = 15
"""Fewest characters that NIST SP 800-63B-4 asks of a password that is the only factor."""


def deviations(name: str, *, minimum: int) -> tuple[Deviation, ...]:
    """Return what a profile gives up with passwords of at least `minimum` characters."""
    found = PROFILES[name].deviations
    return (*found, SHORT) if minimum < RECOMMENDED else found

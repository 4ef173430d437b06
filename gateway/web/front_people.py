"""The desk's people: sessions, sign-in, enrolment and one's own account, from the identity room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from audit.record import Actor
from gateway.identity import enrolment, links, recovery, sessions, sign_in
from gateway.identity.hashing import Busy
from gateway.identity.links import EnrolmentOver
from gateway.identity.registry import Registry
from gateway.refusals import Refused
from gateway.web.desk import (
    AuthenticatorOffer,
    Invitation,
    OpenSession,
    RecentSignIn,
    Step,
)
from gateway.web.desk_values import Opened, SignedIn, Visit
from gateway.web.front_units import UnitNames

SIGN_INS_SHOWN = 10


class SessionUnknown(Refused):
    """No live session of this person has that reference."""

    code: ClassVar[str] = "session_unknown"


@dataclass(frozen=True, kw_only=True)
class PeopleDesk:
    """The half of `Desk` that is about people."""

    registry: Registry
    units: UnitNames

    def session(
        self, token: str, *, service: str | None, now: datetime, address: str = ""
    ) -> SignedIn | None:
        """Find the session and keep it awake."""
        current = sessions.find(self.registry, token, now=now, service=service)
        if current is None:
            return None
        sessions.touch(self.registry, token, seen=current.last_seen, now=now)
        return SignedIn(
            current=current,
            unit=self.units.name(current.unit, epoch=current.epoch),
            created=current.created,
            ends_unless_used=current.ends_unless_used,
            token=token,
            service=service,
            address=address,
        )

    def check_password(self, *, login: str, password: str, visit: Visit) -> Step:
        """First factor."""
        pending = sign_in.check_password(
            self.registry,
            login=login,
            password=password,
            address=visit.address,
            user_agent=visit.user_agent,
            device=visit.device,
            now=visit.now,
        )
        return Step(token=pending.token, expires=pending.expires)

    def check_code(
        self, *, step_token: str, code: str, previous: str | None, visit: Visit
    ) -> Opened:
        """Second factor."""
        opened = sign_in.check_code(
            self.registry,
            pending_token=step_token,
            code=code,
            address=visit.address,
            user_agent=visit.user_agent,
            now=visit.now,
            previous=previous,
            device=visit.device,
        )
        return Opened(opened.token, opened.device)

    def sign_out(self, person: SignedIn, *, visit: Visit) -> None:
        """End the sign-in with all services, from whichever host it was asked."""
        actor = actor_of(person, visit)
        sessions.end(self.registry, person.token, actor=actor, now=visit.now, parent_too=True)

    def invitation(self, token: str, *, now: datetime) -> Invitation:
        """Whom the link is for."""
        seen = enrolment.look(self.registry, token, now=now)
        return Invitation(
            name=seen.name,
            login=seen.login,
            unit=self.units.name(seen.unit),
            expires=seen.expires,
            factors_only=seen.factors_only,
        )

    def set_password(self, token: str, *, password: str, visit: Visit) -> AuthenticatorOffer:
        """Keep the candidates."""
        offer = enrolment.begin(
            self.registry, token, password, now=visit.now, address=visit.address
        )
        return AuthenticatorOffer(secret_text=offer.secret_text, uri=offer.uri)

    def begin_factors(self, token: str, *, visit: Visit) -> AuthenticatorOffer:
        """Keep the candidate."""
        offer = enrolment.begin_factors(self.registry, token, now=visit.now, address=visit.address)
        return AuthenticatorOffer(secret_text=offer.secret_text, uri=offer.uri)

    def confirm_authenticator(self, token: str, *, code: str, visit: Visit) -> Sequence[str]:
        """Open the account, then make the codes; if that fails, the account's page reminds."""
        whose = enrolment.finish(self.registry, token, code, now=visit.now, address=visit.address)
        actor = Actor(subject=f"person:{whose}", address=visit.address)
        try:
            return recovery.make(self.registry, whose, actor=actor, now=visit.now)
        except Busy:
            return ()

    def saved_at_enrolment(self, token: str, *, code: str, visit: Visit) -> None:
        """Only the link that was just used says whose codes they are; it opens nothing."""
        whose = links.used_by(self.registry, token, now=visit.now)
        if whose is None:
            raise EnrolmentOver
        actor = Actor(subject=f"person:{whose}", address=visit.address)
        recovery.save(self.registry, whose, code, actor=actor, now=visit.now)

    def sessions(self, person: SignedIn, *, now: datetime) -> Sequence[OpenSession]:
        """The live ones, this one first."""
        current = person.current
        idle, life = self.registry.limits.of(officer=current.is_officer)
        live = [
            OpenSession(
                ref=each.ref,
                address=each.address or "",
                user_agent=each.user_agent or "",
                created=each.created,
                last_seen=each.last_seen,
                is_this_one=each.ref == current.session_ref,
                amr=each.amr,
            )
            for each in sessions.of_person(self.registry, person.current.person_id)
            if each.ended_at is None and now < min(each.last_seen + idle, each.created + life)
        ]
        return sorted(live, key=lambda each: not each.is_this_one)

    def recent_sign_ins(self, person: SignedIn) -> Sequence[RecentSignIn]:
        """The newest, the present one included."""
        return [
            RecentSignIn(
                at=each.created,
                address=each.address or "",
                user_agent=each.user_agent or "",
                ended_at=each.ended_at,
                ended_why=each.ended_why,
            )
            for each in sessions.of_person(self.registry, person.current.person_id)[:SIGN_INS_SHOWN]
        ]

    def end_session(self, person: SignedIn, ref: str, *, visit: Visit) -> None:
        """End one. Raises SessionUnknown."""
        own, actor = person.current.person_id, actor_of(person, visit)
        if not sessions.end_by_ref(self.registry, own, ref, actor=actor, now=visit.now):
            raise SessionUnknown(ref)

    def end_other_sessions(self, person: SignedIn, *, visit: Visit) -> int:
        """End all others."""
        return sessions.end_all(
            self.registry,
            person.current.person_id,
            actor=actor_of(person, visit),
            now=visit.now,
            except_token=person.token,
        )


def actor_of(person: SignedIn, visit: Visit) -> Actor:
    """Who acts, for the log."""
    current = person.current
    return Actor(
        subject=current.subject,
        session=current.session_ref,
        unit=current.unit,
        address=visit.address,
        case=current.case,
    )

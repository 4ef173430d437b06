"""Review campaigns in this office: the log is asked, the owners are told, the rows are decided.

Gathering is long work; how far it is stands in the database, as with examinations of drafts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy.orm import Session

from audit.record import Actor
from gateway.access import owners
from gateway.access.request_notices import tell_all
from gateway.changes.background import Background, Pace
from gateway.changes.campaign_refusals import refusing
from gateway.changes.refusals import refusing as refusing_changes
from gateway.changes.room import Room
from gateway.identity.memberships import memberships
from policies import uses, versions
from policies.campaigns import campaigns, deciding, gathering
from policies.campaigns.campaigns import Campaign, Line, State, Stopped, Terms, Why
from policies.campaigns.deciding import Answer
from policies.campaigns.leaning import leaning
from policies.change import replay
from policies.engine import build
from policies.rules import RuleSet

CLOCK = Actor(subject="system:campaigns")
OFFICE = "security_admin"
_WHY = "how far the rows of a campaign have come"
_GATHERINGS = Background("gathering")


def begin(room: Room, terms: Terms, *, actor: Actor, now: datetime) -> str:
    """Begin a campaign; its rows are still to be gathered. Raises CampaignRefused."""
    since = now - timedelta(days=terms.days)
    total = replay.entries(room.registry.store.read, since=since)
    with refusing(), room.registry.ledger.begin() as tx:
        return gathering.begin(tx, terms, actor=actor, now=now, total=total)


def gather(
    room: Room,
    ref: str,
    *,
    actor: Actor,
    clock: Callable[[], datetime],
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Sequence[Line]:
    """Ask the log what each rule did, open the campaign, and tell its owners. Return the rows.

    Raises:
        CampaignRefused: unknown; wrong_state, if it was gathered meanwhile.
    """
    with refusing(), room.registry.store.reading() as session:
        found = campaigns.find(session, ref)
        rules = versions.at(session, found.seq) or RuleSet()
        engine = build(rules, memberships(session))
        counted = uses.uses(session)
    bodies = replay.bodies(
        room.registry.store.read, since=found.opened_at - timedelta(days=found.days)
    )
    tell = partial(_tell, room, found, clock, Pace(), progress)
    leans = leaning(bodies, engine, progress=tell)
    units = {each.slug: each.in_charge for each in room.catalogue.all()}
    with refusing(), room.registry.ledger.begin() as tx:
        lines = gathering.fill(
            tx, ref, leans, uses=counted, in_charge=lambda slug: units.get(slug, ""), actor=actor,
            now=clock(),
        )  # fmt: skip
        tell_all(tx, _asked(tx.session, lines), "campaign_waiting", now=clock(), title=found.title)
    progress(found.total, found.total)
    return lines


def start(room: Room, ref: str, *, actor: Actor, clock: Callable[[], datetime]) -> None:
    """Gather beside the page; the page looks how far it is.

    Raises:
        CampaignRefused: unknown; wrong_state, if its rows are there already.
    """
    with refusing(), room.registry.store.reading() as session:
        if campaigns.find(session, ref).state is not State.GATHERING:
            raise Stopped(Why.WRONG_STATE)
    _GATHERINGS.start(ref, lambda: gather(room, ref, actor=actor, clock=clock))


def decide(room: Room, ref: str, answer: Answer, *, actor: Actor, now: datetime) -> None:
    """Decide on rows, as one who answers for each of them. Raises CampaignRefused."""
    with refusing(), room.registry.ledger.begin() as tx:
        found = campaigns.find(tx.session, ref)
        may = decides(tx.session, found, actor.subject, now)
        deciding.decide(tx, ref, answer, actor=actor, now=now, may=may)


def close(
    room: Room, ref: str, *, actor: Actor, now: datetime, leaves_undecided: bool = False
) -> str:
    """Close a campaign; return the change that came of it, empty if none.

    Raises:
        CampaignRefused, ChangeRefused.
    """
    uses.count(room.registry.ledger)  # what was used a moment ago counts as well
    with refusing(), refusing_changes(), room.registry.ledger.begin() as tx:
        return deciding.close(tx, ref, actor=actor, now=now, leaves_undecided=leaves_undecided)


def withdraw(room: Room, ref: str, *, actor: Actor, now: datetime, reason: str) -> None:
    """End a campaign of which nothing comes. Raises CampaignRefused."""
    with refusing(), room.registry.ledger.begin() as tx:
        deciding.withdraw(tx, ref, actor=actor, now=now, reason=reason)


def decides(
    session: Session, campaign: Campaign, subject: str, now: datetime
) -> Callable[[Line], bool]:
    """Return whether a person decides on a row at this moment.

    A unit's service owners decide on its rows; the security administrators on rows of no unit,
    and in place of owners that there are none of, or that let the day pass.
    """
    who = UUID(subject.removeprefix("person:"))
    is_officer = who in session.scalars(owners.living_with(OFFICE)).all()
    known: dict[str, Sequence[UUID]] = {}

    def may(line: Line) -> bool:
        if line.unit and line.unit not in known:
            known[line.unit] = owners.of_unit(session, line.unit)
        answering = known[line.unit] if line.unit else ()
        if who in answering:
            return True
        return is_officer and (not answering or campaign.is_overdue(now))

    return may


def sweep(room: Room, *, now: datetime) -> int:
    """Say of campaigns that they are overdue, once; return of how many it was said."""
    with room.registry.store.reading() as session:
        late = deciding.overdue(session, now)
    return sum(_warn(room, ref, now) for ref in late)


def _warn(room: Room, ref: str, now: datetime) -> bool:
    with room.registry.ledger.begin() as tx:
        found = deciding.warn(tx, ref, actor=CLOCK, now=now)
        if found is not None:
            open_ = [each for each in campaigns.lines(tx.session, ref) if not each.verdict]
            officers = tx.session.scalars(owners.living_with(OFFICE)).all()
            people = {*officers, *_asked(tx.session, open_)}
            tell_all(tx, sorted(people), "campaign_overdue", now=now, title=found.title)
    return found is not None


def _asked(session: Session, lines: Sequence[Line]) -> list[UUID]:
    """The service owners who have rows to decide on."""
    units = deciding.reviewing_units(lines)
    return sorted({who for unit in units for who in owners.of_unit(session, unit)})


def _tell(
    room: Room,
    found: Campaign,
    clock: Callable[[], datetime],
    pace: Pace,
    progress: Callable[[int, int], None],
    done: int,
) -> None:
    progress(done, found.total)
    if not pace.is_due():
        return
    with room.registry.ledger.begin(unaudited_because=_WHY) as tx:
        gathering.advance(tx.session, found.id, done=done, now=clock())

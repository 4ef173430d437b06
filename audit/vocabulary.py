"""The names of everything that is recorded, with their class in the Open Cybersecurity Schema.

A name that is not listed here cannot be recorded: the log's readers, rules and exports
depend on the list being complete.
Source: OCSF 1.x, class and activity identifiers (schema.ocsf.io).
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Kind(NamedTuple):
    """The OCSF class and, within it, the activity of an event."""

    class_uid: int
    activity: int


class Outcome(StrEnum):
    """How the recorded act ended."""

    SUCCESS = "success"
    FAILURE = "failure"
    DENIED = "denied"


_ACCOUNT_CHANGE = 3001
_AUTHENTICATION = 3002
_ENTITY = 3004
_USER_ACCESS = 3005
_LIFECYCLE = 6002
_WEB_ACCESS = 6004
_EVENT_LOG = 1008
_OTHER = 99

EVENTS: dict[str, Kind] = {
    "access.lapsed": Kind(_USER_ACCESS, _OTHER),
    "access.refused": Kind(_USER_ACCESS, _OTHER),
    "access.requested": Kind(_USER_ACCESS, _OTHER),
    "access.withdrawn": Kind(_USER_ACCESS, _OTHER),
    "agreement.refused": Kind(_USER_ACCESS, _OTHER),
    "audit.disagreed": Kind(_EVENT_LOG, _OTHER),
    "audit.evidence": Kind(_EVENT_LOG, 3),
    "audit.exported": Kind(_EVENT_LOG, 3),
    "audit.missing": Kind(_EVENT_LOG, _OTHER),
    "audit.missing_seen": Kind(_EVENT_LOG, _OTHER),
    "audit.proved": Kind(_EVENT_LOG, 3),
    "audit.repaired": Kind(_EVENT_LOG, _OTHER),
    "audit.indexed": Kind(_EVENT_LOG, _OTHER),
    "audit.read": Kind(_EVENT_LOG, _OTHER),
    "audit.search_removed": Kind(_EVENT_LOG, _OTHER),
    "audit.search_saved": Kind(_EVENT_LOG, _OTHER),
    "audit.searched": Kind(_EVENT_LOG, _OTHER),
    "audit.unannounced": Kind(_EVENT_LOG, _OTHER),
    "audit.unwatched": Kind(_EVENT_LOG, _OTHER),
    "audit.value_opened": Kind(_EVENT_LOG, _OTHER),
    "audit.verified": Kind(_EVENT_LOG, _OTHER),
    "break_glass.closed": Kind(_USER_ACCESS, _OTHER),
    "break_glass.entered": Kind(_USER_ACCESS, _OTHER),
    "break_glass.opened": Kind(_USER_ACCESS, _OTHER),
    "break_glass.prepared": Kind(_USER_ACCESS, _OTHER),
    "break_glass.proposed": Kind(_USER_ACCESS, _OTHER),
    "break_glass.refused": Kind(_USER_ACCESS, _OTHER),
    "break_glass.reviewed": Kind(_USER_ACCESS, _OTHER),
    "clock.stepped": Kind(_LIFECYCLE, _OTHER),
    "decision.allowed": Kind(_WEB_ACCESS, 1),
    "decision.denied": Kind(_WEB_ACCESS, 2),
    "decision.step_up": Kind(_WEB_ACCESS, 4),
    "enrolment.issued": Kind(_ACCOUNT_CHANGE, 4),
    "enrolment.refused": Kind(_ACCOUNT_CHANGE, _OTHER),
    "enrolment.started": Kind(_ACCOUNT_CHANGE, 3),
    "factor.added": Kind(_ACCOUNT_CHANGE, 10),
    "factor.disabled": Kind(_ACCOUNT_CHANGE, 11),
    "factor.spared": Kind(_ACCOUNT_CHANGE, _OTHER),
    "form.discarded": Kind(_WEB_ACCESS, _OTHER),
    "form.kept": Kind(_WEB_ACCESS, _OTHER),
    "form.offered": Kind(_WEB_ACCESS, 1),
    "form.refused": Kind(_WEB_ACCESS, 2),
    "form.sent": Kind(_WEB_ACCESS, 1),
    "factor.offered": Kind(_ACCOUNT_CHANGE, _OTHER),
    "factor.refused": Kind(_ACCOUNT_CHANGE, _OTHER),
    "factor.removed": Kind(_ACCOUNT_CHANGE, 11),
    "factor.renamed": Kind(_ACCOUNT_CHANGE, _OTHER),
    "factor.replaced": Kind(_ACCOUNT_CHANGE, 10),
    "grant.ended": Kind(_USER_ACCESS, 2),
    "grant.given": Kind(_USER_ACCESS, 1),
    "key.rotate": Kind(_EVENT_LOG, 5),
    "lane.closed": Kind(_AUTHENTICATION, _OTHER),
    "lane.opened": Kind(_AUTHENTICATION, _OTHER),
    "log.heartbeat": Kind(_EVENT_LOG, _OTHER),
    "office.confirmed": Kind(_USER_ACCESS, 1),
    "office.proposed": Kind(_USER_ACCESS, _OTHER),
    "officer_case.ended": Kind(_ENTITY, _OTHER),
    "page.denied": Kind(_WEB_ACCESS, 2),
    "password.change_refused": Kind(_ACCOUNT_CHANGE, 3),
    "password.changed": Kind(_ACCOUNT_CHANGE, 3),
    "person.created": Kind(_ACCOUNT_CHANGE, 1),
    "person.disabled": Kind(_ACCOUNT_CHANGE, 5),
    "person.enrolled": Kind(_ACCOUNT_CHANGE, 10),
    "person.factors_replaced": Kind(_ACCOUNT_CHANGE, 10),
    "person.locked": Kind(_ACCOUNT_CHANGE, 9),
    "person.mended": Kind(_ACCOUNT_CHANGE, _OTHER),
    "person.moved": Kind(_ACCOUNT_CHANGE, _OTHER),
    "person.numbered": Kind(_ACCOUNT_CHANGE, _OTHER),
    "person.renamed": Kind(_ACCOUNT_CHANGE, _OTHER),
    "person.restored": Kind(_ACCOUNT_CHANGE, 2),
    "person.roles_changed": Kind(_USER_ACCESS, 1),
    "person.unlocked": Kind(_ACCOUNT_CHANGE, _OTHER),
    "policy.acknowledged": Kind(_ENTITY, _OTHER),
    "policy.acts_mended": Kind(_ENTITY, _OTHER),
    "policy.campaign_closed": Kind(_ENTITY, _OTHER),
    "policy.campaign_decided": Kind(_ENTITY, 3),
    "policy.campaign_filled": Kind(_ENTITY, 3),
    "policy.campaign_opened": Kind(_ENTITY, 1),
    "policy.campaign_overdue": Kind(_ENTITY, _OTHER),
    "policy.campaign_withdrawn": Kind(_ENTITY, 4),
    "policy.change_approved": Kind(_ENTITY, _OTHER),
    "policy.change_confirmed": Kind(_ENTITY, _OTHER),
    "policy.change_edited": Kind(_ENTITY, 3),
    "policy.change_examined": Kind(_ENTITY, _OTHER),
    "policy.change_hindered": Kind(_ENTITY, _OTHER),
    "policy.change_opened": Kind(_ENTITY, 1),
    "policy.change_published": Kind(_ENTITY, 3),
    "policy.change_rebased": Kind(_ENTITY, 3),
    "policy.change_refused": Kind(_ENTITY, _OTHER),
    "policy.change_rolled_back": Kind(_ENTITY, 3),
    "policy.change_submitted": Kind(_ENTITY, _OTHER),
    "policy.change_unhindered": Kind(_ENTITY, _OTHER),
    "policy.change_withdrawn": Kind(_ENTITY, 4),
    "policy.disagreement": Kind(_ENTITY, _OTHER),
    "policy.disagreement_closed": Kind(_ENTITY, _OTHER),
    "policy.published": Kind(_ENTITY, 3),
    "policy.refused": Kind(_ENTITY, _OTHER),
    "policy.test_suggested": Kind(_ENTITY, _OTHER),
    "recovery.made": Kind(_ACCOUNT_CHANGE, 10),
    "recovery.saved": Kind(_ACCOUNT_CHANGE, _OTHER),
    "recovery.used": Kind(_AUTHENTICATION, _OTHER),
    "report.closed": Kind(_ENTITY, 3),
    "report.opened": Kind(_ENTITY, 1),
    "request.refused": Kind(_WEB_ACCESS, 2),
    "reset.confirmed": Kind(_ACCOUNT_CHANGE, 4),
    "reset.opened": Kind(_ACCOUNT_CHANGE, _OTHER),
    "retention.prune": Kind(_EVENT_LOG, 2),
    "row.forged": Kind(_EVENT_LOG, _OTHER),
    "retention.approved": Kind(_EVENT_LOG, _OTHER),
    "retention.erased": Kind(_EVENT_LOG, 2),
    "retention.held": Kind(_EVENT_LOG, _OTHER),
    "retention.lifted": Kind(_EVENT_LOG, _OTHER),
    "retention.proposed": Kind(_EVENT_LOG, _OTHER),
    "retention.refused": Kind(_EVENT_LOG, _OTHER),
    "review.decided": Kind(_EVENT_LOG, _OTHER),
    "review.ended_suppression": Kind(_EVENT_LOG, _OTHER),
    "review.found": Kind(_EVENT_LOG, _OTHER),
    "review.handed_over": Kind(_EVENT_LOG, _OTHER),
    "review.looked": Kind(_EVENT_LOG, _OTHER),
    "review.noted": Kind(_EVENT_LOG, _OTHER),
    "review.rule_changed": Kind(_EVENT_LOG, _OTHER),
    "review.rule_off": Kind(_EVENT_LOG, _OTHER),
    "review.rule_on": Kind(_EVENT_LOG, _OTHER),
    "review.second": Kind(_EVENT_LOG, _OTHER),
    "review.signoff": Kind(_EVENT_LOG, _OTHER),
    "review.suppressed": Kind(_EVENT_LOG, _OTHER),
    "review.taken": Kind(_EVENT_LOG, _OTHER),
    "service.added": Kind(_ENTITY, 1),
    "service.approved": Kind(_ENTITY, 3),
    "service.changed": Kind(_ENTITY, 3),
    "service.removed": Kind(_ENTITY, 4),
    "service.shut": Kind(_ENTITY, 5),
    "session.confirmation_refused": Kind(_AUTHENTICATION, 1),
    "session.confirmed": Kind(_AUTHENTICATION, 1),
    "session.ended": Kind(_AUTHENTICATION, 2),
    "session.opened_for_service": Kind(_AUTHENTICATION, 1),
    "sign_in.accepted": Kind(_AUTHENTICATION, 1),
    "sign_in.password_accepted": Kind(_AUTHENTICATION, 1),
    "sign_in.refused": Kind(_AUTHENTICATION, 1),
    "sign_in.throttled": Kind(_AUTHENTICATION, 1),
    "staff_list.imported": Kind(_ENTITY, 3),
    "ticket.refused": Kind(_AUTHENTICATION, 1),
    "unit.changed": Kind(_ENTITY, 3),
    "unit.closed": Kind(_ENTITY, 4),
    "unit.created": Kind(_ENTITY, 1),
    "zone.created": Kind(_LIFECYCLE, 1),
    "zone.migrated": Kind(_LIFECYCLE, _OTHER),
}

SEALERS = frozenset({"key.rotate", "log.heartbeat", "retention.prune"})
"""Events that only the sealer may enter, with proof; the verifier reads them."""

_LESS = frozenset(
    {
        "access.lapsed",
        "access.refused",
        "access.requested",
        "access.withdrawn",
        "agreement.refused",
        "break_glass.closed",
        "break_glass.refused",
        "break_glass.reviewed",
        "clock.stepped",
        "enrolment.refused",
        "factor.disabled",
        "factor.refused",
        "factor.removed",
        "factor.renamed",
        "factor.spared",
        "grant.ended",
        "officer_case.ended",
        "password.change_refused",
        "person.disabled",
        "person.locked",
        "policy.acknowledged",
        "policy.disagreement",
        "policy.disagreement_closed",
        "policy.refused",
        "recovery.saved",
        "report.closed",
        "report.opened",
        "service.removed",
        "service.shut",
        "unit.closed",
        "zone.migrated",
    }
)
"""Acts of the privileged classes that give nobody anything: they ask, refuse, or take away."""
_EXPORT = 3


def is_privileged(name: str) -> bool:
    """Whether an act must wait while the log is not being sealed.

    That is what gives rights, changes accounts, services or rules, or takes the log out of
    the house. Taking a right away, locking and refusing never wait: whoever could halt the
    sealer could else halt the defence.
    """
    kind = EVENTS[name]
    if kind.class_uid == _EVENT_LOG:
        return kind.activity == _EXPORT
    giving = {_ACCOUNT_CHANGE, _USER_ACCESS, _ENTITY, _LIFECYCLE}
    return kind.class_uid in giving and name not in _LESS

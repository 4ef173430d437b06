"""Words for the log: what was done, how it ended, and why."""

from __future__ import annotations

from gateway.access.service import EVALUATION_EXPIRED, NOT_EVALUATED, OTHER_ZONE
from gateway.web import labels, labels_break_glass, labels_review
from gateway.web.i18n import later as _l
from policies.recorded_acts import APART

FAMILIES = {
    "sign_in": _l("Signing in"),
    "session": _l("Sessions"),
    "decision": _l("Entry to services"),
    "page": _l("Pages of the gateway"),
    "request": _l("Addresses refused"),
    "person": _l("People"),
    "factor": _l("Sign-in factors"),
    "password": _l("Passwords"),
    "agreement": _l("What two officers agree on"),
    "enrolment": _l("Enrolment"),
    "ticket": _l("Passes to services"),
    "lane": _l("Slowed sign-ins"),
    "report": _l("Reported sign-ins"),
    "access": _l("Requests for access"),
    "grant": _l("Temporary grants"),
    "break_glass": _l("Sealed accounts"),
    "service": _l("Services"),
    "unit": _l("Units"),
    "staff_list": _l("Staff lists"),
    "policy": _l("Rules"),
    "audit": _l("The log itself"),
    "key": _l("Keys of the log"),
    "log": _l("Heartbeats of the log"),
    "retention": _l("Retention"),
    "review": _l("Review of the log"),
    "zone": _l("The zone"),
    "clock": _l("The clock"),
    "form": _l("Kept forms"),
    "recovery": _l("Recovery codes"),
    "office": _l("Offices"),
    "officer_case": _l("Cases of two officers"),
    "reset": _l("Factor resets"),
    "row": _l("Rows that give power"),
}
"""What the first part of an event's name stands for."""

EVENTS = {
    **labels_break_glass.EVENTS,
    **labels_review.EVENTS,
    "access.lapsed": _l("Request not answered in time"),
    "access.refused": _l("Request for access refused"),
    "access.requested": _l("Access requested"),
    "access.withdrawn": _l("Request for access withdrawn"),
    "agreement.refused": _l("Confirmation refused: whoever proposed it has left the office"),
    "audit.exported": _l("Log exported"),
    "audit.indexed": _l("Index of the log made anew"),
    "audit.missing": _l("Entry missing before it was sealed"),
    "audit.missing_seen": _l("Alarm of the log looked into"),
    "audit.disagreed": _l("Request or hold that the log does not bear out"),
    "audit.unannounced": _l("Entry that the gateway did not write"),
    "audit.proved": _l("Receipt made for an entry"),
    "audit.read": _l("Entry of the log read"),
    "audit.repaired": _l("Log repaired from a copy"),
    "audit.search_removed": _l("Saved search removed"),
    "audit.search_saved": _l("Search saved"),
    "audit.searched": _l("Log searched"),
    "audit.value_opened": _l("Personal values of an entry opened"),
    "audit.verified": _l("Log verified"),
    "break_glass.prepared": _l("Sealed account prepared"),
    "clock.stepped": _l("Clock set forward or back"),
    "decision.allowed": _l("Entry to a service allowed"),
    "decision.denied": _l("Entry to a service denied"),
    "decision.step_up": _l("Stronger sign-in asked for"),
    "enrolment.refused": _l("Enrolment refused"),
    "enrolment.started": _l("Enrolment begun"),
    "factor.added": _l("Sign-in factor added"),
    "factor.disabled": _l("Sign-in factor disabled"),
    "factor.offered": _l("New sign-in factor begun"),
    "factor.refused": _l("Sign-in factor refused"),
    "factor.removed": _l("Sign-in factor removed"),
    "factor.renamed": _l("Sign-in factor renamed"),
    "factor.replaced": _l("Sign-in factor replaced"),
    "factor.spared": _l("Factor spared: last of an office"),
    "form.discarded": _l("Kept form discarded"),
    "form.kept": _l("Interrupted form kept"),
    "form.offered": _l("Kept form offered again"),
    "form.refused": _l("Kept form refused"),
    "form.sent": _l("Kept form sent after sign-in"),
    "grant.ended": _l("Temporary grant ended"),
    "grant.given": _l("Temporary grant given"),
    "key.rotate": _l("Key of the log changed"),
    "lane.closed": _l("Sign-in lane closed"),
    "lane.opened": _l("Sign-in lane opened"),
    "log.heartbeat": _l("Heartbeat of the log"),
    "office.confirmed": _l("Office confirmed"),
    "office.proposed": _l("Office proposed"),
    "officer_case.ended": _l("Case of two officers ended"),
    "password.change_refused": _l("Change of password refused"),
    "password.changed": _l("Password changed"),
    "person.created": _l("Person added"),
    "person.enrolled": _l("Person enrolled"),
    "person.factors_replaced": _l("Lost device replaced"),
    "person.locked": _l("Account locked"),
    "person.mended": _l("Person's row put right"),
    "person.moved": _l("Person moved to another unit"),
    "person.numbered": _l("Staff number entered"),
    "person.renamed": _l("Person renamed"),
    "person.roles_changed": _l("Roles changed"),
    "person.unlocked": _l("Account unlocked"),
    "policy.acknowledged": _l("Rules taken up by a worker"),
    "policy.acts_mended": _l("Acts on records written down anew from the log"),
    "policy.campaign_closed": _l("Review of the rules closed"),
    "policy.campaign_decided": _l("Rules decided on in a review"),
    "policy.campaign_filled": _l("Rules and their uses gathered for a review"),
    "policy.campaign_opened": _l("Review of the rules begun"),
    "policy.campaign_overdue": _l("Review of the rules overdue"),
    "policy.campaign_withdrawn": _l("Review of the rules withdrawn"),
    "policy.change_approved": _l("Change of the rules approved"),
    "policy.change_confirmed": _l("Change of the rules confirmed"),
    "policy.change_edited": _l("Draft of a change edited"),
    "policy.change_examined": _l("Effect of a change found out"),
    "policy.change_hindered": _l("Change of the rules cannot go on by itself"),
    "policy.change_opened": _l("Change of the rules opened"),
    "policy.change_published": _l("Change of the rules published on trial"),
    "policy.change_rebased": _l("Draft of a change took over the newer version"),
    "policy.change_refused": _l("Change of the rules sent back"),
    "policy.change_rolled_back": _l("Change of the rules rolled back"),
    "policy.change_submitted": _l("Approval of a change asked for"),
    "policy.change_unhindered": _l("Change of the rules goes on again"),
    "policy.change_withdrawn": _l("Change of the rules withdrawn"),
    "policy.disagreement": _l("Engines disagreed on a decision"),
    "policy.disagreement_closed": _l("Disagreement of engines closed"),
    "policy.published": _l("Rules published"),
    "policy.refused": _l("Rules refused"),
    "policy.test_suggested": _l("Decision suggested as a test of the rules"),
    "recovery.made": _l("Recovery codes made"),
    "recovery.saved": _l("Recovery codes saved"),
    "recovery.used": _l("Recovery code used"),
    "report.closed": _l("Report decided"),
    "report.opened": _l("Sign-in reported as not mine"),
    "request.refused": _l("Ambiguous address refused"),
    "reset.confirmed": _l("Factor reset confirmed"),
    "reset.opened": _l("Factor reset opened"),
    "retention.approved": _l("Retention or erasure approved"),
    "retention.erased": _l("Personal values erased"),
    "retention.held": _l("Legal hold set"),
    "retention.lifted": _l("Legal hold lifted"),
    "retention.proposed": _l("Retention or erasure proposed"),
    "retention.prune": _l("Old entries deleted as retention allows"),
    "retention.refused": _l("Retention or erasure refused"),
    "row.forged": _l("Row written past the gateway"),
    "service.added": _l("Service added"),
    "service.approved": _l("Service approved"),
    "service.changed": _l("Service changed"),
    "service.removed": _l("Service removed"),
    "session.confirmation_refused": _l("Confirmation with a code refused"),
    "session.confirmed": _l("Act confirmed with a code"),
    "session.opened_for_service": _l("Session opened for a service"),
    "sign_in.accepted": _l("Signed in"),
    "sign_in.password_accepted": _l("Right password, code owed"),
    "sign_in.refused": _l("Sign-in refused"),
    "sign_in.throttled": _l("Sign-in slowed down"),
    "staff_list.imported": _l("Staff list imported"),
    "ticket.refused": _l("Pass to a service refused"),
    "unit.changed": _l("Unit changed"),
    "unit.closed": _l("Unit closed"),
    "unit.created": _l("Unit added"),
    "zone.created": _l("Zone set up"),
    "zone.migrated": _l("Database brought up to date"),
}
"""What happened, by event."""

OUTCOMES = {"success": _l("done"), "failure": _l("failed"), "denied": _l("refused")}

WHY = {
    "no_rule": _l("no rule allows it"),
    "not_permitted": _l("the role does not include it"),
    "denied_by_rule": _l("a rule denies it"),
    "allowed": _l("a rule allows it"),
    "clearance": _l("label above the clearance"),
    "write_down": _l("data would flow down"),
    "unknown_subject": _l("unknown to the rules"),
    "unknown_zone": _l("no rights in this zone"),
    "stronger_sign_in": _l("stronger sign-in needed"),
    "malformed": _l("address that no rule speaks of"),
    "credentials": _l("name or password wrong"),
    "code": _l("code wrong or used"),
    "throttled": _l("too many attempts"),
    EVALUATION_EXPIRED: _l("security evaluation run out"),
    NOT_EVALUATED: _l("no security evaluation"),
    OTHER_ZONE: _l("service of the other zone"),
    APART: _l("did the other side to the same record"),
    "place_forged": _l("how far the rules had looked was written past the gateway"),
    "place_gone": _l("how far the rules had looked was deleted"),
    "pruned": _l("entries were pruned before the rules had looked at them"),
}
"""Recorded reasons, as an officer reads them of somebody else."""


def event(name: str) -> str:
    """What happened; an event without words is named as the log names it."""
    return str(EVENTS.get(name, name))


def family(name: str) -> str:
    """What an event is about, by the first part of its name."""
    first = name.partition(".")[0]
    return str(FAMILIES.get(first, first))


def result(code: str) -> str:
    """How it ended."""
    return str(OUTCOMES.get(code, code))


def why(code: str) -> str:
    """A recorded reason in words, where there are some."""
    known = {**labels.ENDINGS, **WHY}
    return str(known.get(code, code))

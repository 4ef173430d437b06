"""What stands around every page: the band, the few things this person does, the language."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from flask import Flask, g

from gateway.web import (
    devices,
    differing,
    headers,
    i18n,
    labels,
    labels_audit,
    labels_break_glass,
    labels_campaigns,
    labels_changes,
    labels_custody,
    labels_engine,
    labels_entries,
    labels_factors,
    labels_findings,
    labels_officers,
    labels_proofs,
    labels_review,
    moments,
    paths,
    tasks,
)
from gateway.web.assets import Asset
from gateway.web.desk_values import SignedIn
from gateway.web.i18n import later as _l
from gateway.web.origin import Tokens
from gateway.web.session import House, house, visitor
from policies.permissions import Permission

ZONES = {"intranet": _l("Intranet"), "extranet": _l("Extranet")}
"""The zone in the reader's words: 政务内网, 政务外网."""


def engines_disagree() -> bool:
    """Whether to alarm this officer: the engines gave different answers, and it is not settled."""
    person, desk = visitor(), house().desk
    if person is None or not person.current.is_officer:
        return False
    return desk.may(person, Permission.POLICY_VIEW, now=g.now) and desk.disagreements_open() > 0


def seconds_left(person: SignedIn) -> int:
    """Until idleness ends the session, counted by the server's clock."""
    return max(0, int((person.ends_unless_used - g.now).total_seconds()))


_WORDS: Mapping[str, Any] = MappingProxyType(
    {
        "act_word": labels.act,
        "asked_about": labels_engine.asked_about,
        "campaign_day": labels_campaigns.last_day,
        "campaign_reviewers": labels_campaigns.reviewers,
        "campaign_state": labels_campaigns.state,
        "campaign_verdict": labels_campaigns.verdict,
        "case_at": labels_proofs.at,
        "case_expected": labels_proofs.expected,
        "case_state": labels_officers.case_state,
        "change_blocker": labels_changes.blocker,
        "change_end": labels_changes.end,
        "change_hindrance": labels_changes.hindrance,
        "version_note": labels_changes.note,
        "version_origin": labels_changes.origin,
        "change_faults": labels_changes.faults,
        "change_finding": labels_findings.finding,
        "change_moment": labels_changes.at,
        "change_part": labels_changes.part,
        "change_remedy": labels_findings.remedy,
        "change_shift": labels_changes.shift,
        "change_state": labels_changes.state,
        "change_step": labels_changes.step,
        "change_told": labels_changes.told,
        "change_waiting": labels_changes.waits,
        "changes_waiting": tasks.changes_waiting,
        "chart_titles": labels_changes.CHARTS,
        "decided": labels_engine.decided,
        "duty_records": labels_campaigns.records,
        "duty_side": labels_campaigns.side,
        "either": i18n.either,
        "ending": labels.ending,
        "engines_disagree": engines_disagree,
        "factor": labels.factor,
        "finding_disposition": labels_review.disposition,
        "finding_level": labels_review.level,
        "finding_state": labels_review.finding_state,
        "gains_and_losses": labels_changes.gains_and_losses,
        "glass_event": labels_break_glass.event,
        "here": paths.here,
        "html_lang": i18n.html_lang,
        "in_words": differing.said,
        "keeping_kind": labels_custody.kind,
        "keeping_state": labels_custody.state,
        "label": labels.word,
        "lane": labels.lane,
        "log_event": labels_audit.event,
        "log_flaw": labels_entries.flaw,
        "log_personal": labels_entries.personal,
        "log_result": labels_audit.result,
        "log_why": labels_audit.why,
        "ngettext": i18n.ngettext,
        "nonce": headers.nonce,
        "now": lambda: g.now,
        "opening_state": labels_break_glass.state,
        "outcome": labels.outcome,
        "proof_fix": labels_proofs.fix,
        "proof_missed": labels_proofs.missed,
        "proof_near": labels_proofs.near,
        "proof_reason": labels_proofs.reason,
        "test_ends": labels_proofs.ends,
        "test_stood": labels_proofs.stood,
        "proof_trouble": labels_proofs.trouble,
        "proofs": labels.proofs,
        "receipt_act": labels_custody.act,
        "reminder": labels_factors.reminder,
        "reminder_place": labels_factors.PLACES,
        "request_state": labels.request_state,
        "review_cover": labels_review.cover,
        "role": labels.role,
        "rule_about": labels_review.about,
        "rule_networks": labels_proofs.NETWORKS,
        "rule_title": labels_review.title,
        "rule_words": labels_proofs.words,
        "seconds_left": seconds_left,
        "sentence_problem": labels_findings.sentence_problem,
        "shares_of": labels_changes.shares,
        "strength": labels.strength,
        "task_sections": tasks.sections,
        "test_count": labels_proofs.count,
        "trouble": labels_engine.trouble,
        "visitor": visitor,
        "why": labels.reason,
        "worker_state": labels_engine.state,
    }
)
"""What templates say by name, whichever zone they stand in."""


def install(app: Flask, here: House, *, assets: Mapping[str, Asset], tokens: Tokens) -> None:
    """Give the templates their few words."""
    app.jinja_env.globals.update(
        _WORDS,
        asset=assets.__getitem__,
        csrf_token=tokens.for_form,
        settings=here.settings,
        zone=lambda: ZONES[here.settings.zone],
    )
    app.jinja_env.filters.update(
        stamped=moments.stamped,
        second=moments.second,
        day=moments.day,
        moment=moments.moment,
        span=moments.span,
        device=devices.device,
        groups=labels.groups_of_four,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True

"""Which acts want a fresh proof, and why the others do not: every unsafe route is on one side."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from route_table import access_of, address, asked
from web_fixtures import app, clerk, compiled_catalogues, office, office_template, stranger
from web_office import CONFIRM, HOST, Browser, Office

from gateway.web.access import SAFE_METHODS

__all__ = ["app", "clerk", "compiled_catalogues", "office", "office_template", "stranger"]

NOT_FRESH = {
    "account.end_all": "ending one's own sessions takes nothing that a sign-in does not bring back",
    "account.end_one": "the same",
    "account.end_others": "the same; somebody who looks for a thief must not be slowed",
    "account.stay": "keeps one's own session awake, as looking at any page does",
    "audit.ask": "looks into the log; the question itself is on record",
    "audit.save": "one's own list of questions",
    "audit.unsave": "the same",
    "campaigns.close": "makes a draft; approval and publication are confirmed",
    "campaigns.create": "asks the log and the owners; changes no rule",
    "campaigns.decide": "an opinion with its reason, on record; two officers act on it or not",
    "campaigns.gather": "reads the log again",
    "campaigns.withdraw": "ends a questioning; changes no rule",
    "change_duties.add": "edits a draft; approval and publication are confirmed",
    "change_duties.drop": "the same",
    "change_rules.drop": "edits a draft; approval and publication are confirmed",
    "change_rules.mend": "the same",
    "asking.keep": "edits a draft; approval and publication are confirmed",
    "asking.suggest": "points something out to those who decide",
    "change_rules.put": "the same",
    "change_rules.restore": "the same",
    "change_rules.set_text": "the same",
    "change_tests.drop": "the same",
    "change_tests.put": "the same",
    "change_terms.create": "begins a draft, which counts for nothing yet",
    "changes.examine": "looks at what a draft would do",
    "changes.rebase": "edits a draft; approval and publication are confirmed",
    "changes.refuse": "sends a draft back; nothing counts by it",
    "change_versions.return_to": "begins a draft, which counts for nothing yet",
    "changes.roll_back": "returns to what two officers agreed on before, and may be urgent",
    "change_terms.set_terms": "edits a draft; approval and publication are confirmed",
    "changes.submit": "asks; somebody else decides with a fresh proof",
    "changes.withdraw": "gives up a draft",
    "decisions.refuse": "gives nobody anything; one asks again",
    "factors.rename_passkey": "a name that its owner alone reads",
    "glass.act": "a sealed account has no factor of its own; entering it is confirmed",
    "glass.leave": "gives rights back",
    "notices.seen": "marks one's own notices as read",
    "officers.end": "refuses or withdraws a case; nobody gets anything",
    "people_acts.end_session": "one session of one person, who signs in again",
    "people_import.upload": "makes a preview; carrying it out is confirmed",
    "policy_workers.close": "settles an alarm with a reason; what it was about stays on record",
    "recovery.saved": "says that one has written one's codes down",
    "review_findings.decide": "an opinion with its reason, on record; it can be reopened",
    "review_findings.decide_all": "the same, for as many as the page showed",
    "review_findings.hand_over": "a file about a finding for the house itself, on record",
    "review_findings.remark": "a note on record",
    "review_findings.suppress": "hides nothing: findings are kept, and it ends within 90 days",
    "review_findings.take": "says who works on it",
    "review_findings.unsuppress": "has findings asked about again",
    "review_rules.save": "a new version on record, seen by the security administrator",
    "review_rules.test": "looks into the log, which is on record, and changes nothing",
    "rights.preview": "shows what would change, and changes nothing",
    "requests.send": "asks; somebody else decides",
    "requests.withdraw": "gives up what is one's own",
    "retention.erase": "proposes; a second officer approves it with a fresh proof",
    "retention.hold": "keeps entries longer, and nothing is lost by it",
    "retention.lift": "proposes; a second officer approves it with a fresh proof",
    "retention.prune": "the same",
    "retention.refuse": "leaves everything as it is",
    "sign_ins.disown": "locks one's own account against a thief, who may hold the factor",
    "step_up.prove": "is itself the proof",
    "units.create": "an empty unit gives nobody a right",
    "units.rename": "a unit's name is in no rule",
}
"""Unsafe routes that need a person and no fresh proof, each with the reason."""

WEIGHTY = {
    "break_glass.close",
    "break_glass.confirm",
    "break_glass.enter",
    "break_glass.propose",
    "break_glass.refuse",
    "break_glass.review",
    "changes.approve",
    "changes.confirm",
    "changes.publish",
    "decisions.approve",
    "lanes.open_lane",
    "password.change",
    "people_acts.change",
    "people_acts.create",
    "people_acts.disable",
    "people_acts.link",
    "people_acts.restore",
    "people_import.confirm",
    "officers.confirm",
    "officers.open_reset",
    "reports.close",
    "review_coverage.second",
    "review_evidence.make",
    "review_signoff.sign",
    "rights.change",
    "rights.propose",
    "sessions_admin.end_all",
    "sessions_admin.end_everybodys",
    "temporary.revoke",
    "units.close",
    "units.move",
}
"""Factors, accounts, rights and emergencies: these must never lose their mark."""


def unsafe(app: Flask) -> dict[str, bool]:
    """Every unsafe route that needs a person, and whether it wants a fresh proof."""
    return {
        rule.endpoint: access_of(app, rule).fresh
        for rule, method in asked(app)
        if method not in SAFE_METHODS and access_of(app, rule).permission is not None
    }


@pytest.mark.asvs("V7.5.1", "V7.5.3")
def test_every_unsafe_route_is_fresh_or_says_why_not(app: Flask) -> None:
    found = unsafe(app)

    assert {name for name, fresh in found.items() if not fresh} == set(NOT_FRESH)
    assert {name for name, fresh in found.items() if fresh} >= WEIGHTY


@pytest.mark.asvs("V7.5.1", "V7.5.3")
@pytest.mark.parametrize("login", ["liwen", "wangqiang", "zhaomin"])
def test_attack_a_stolen_cookie_alone_changes_nothing_that_weighs(
    app: Flask, office: Office, login: str
) -> None:
    """Each heavy route that the person may use answers with the question, and does nothing."""
    browser = Browser(app, office)
    token = office.session(login, ago=timedelta(minutes=2))
    browser.client.set_cookie("__Host-hangu-intranet", token, domain=HOST)
    tried = 0
    for rule, method in asked(app):
        access = access_of(app, rule)
        if not access.fresh or method in SAFE_METHODS:
            continue
        form = {"csrf_token": browser.token("/")}
        answer = browser.client.open(
            address(rule),
            method=method,
            base_url=browser.base,
            headers={"Sec-Fetch-Site": "same-origin", "Accept": "text/html"},
            data=form,
        )
        script = browser.client.open(
            address(rule),
            method=method,
            base_url=browser.base,
            headers={"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"},
            data=form,
        )
        if answer.status_code == 403:
            continue
        tried += 1
        assert answer.status_code == 401, rule
        assert CONFIRM in answer.text, rule
        assert (script.status_code, script.content_type) == (401, "application/problem+json")
    assert tried
    assert browser.cookie() == token

"""Every route asked as every role, and compared with the matrix that was reviewed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from role_matrix import FILE, OWNER, guarded, matrix
from route_table import access_of, roles_of
from web_fixtures import app, compiled_catalogues, office, office_template
from web_office import Office

from policies.permissions import Permission

__all__ = ["app", "compiled_catalogues", "office", "office_template"]

OFFICES = ("system_admin", "security_admin", "auditor")

KEEPING = {
    f"/audit/retention/{act}": "the auditor and the security admin: one proposes, the other decides"
    for act in (
        *("<request_id>/approve", "<request_id>/refuse", "erase"),
        *("hold", "lift/<hold_id>", "prune"),
    )
}
REVIEW = {
    f"/audit/{act}"
    for act in (
        *("coverage/second/<uuid:signoff>", "evidence", "findings/<uuid:finding>/decide"),
        *("findings/<uuid:finding>/handover", "findings/<uuid:finding>/note"),
        *("findings/<uuid:finding>/suppress", "findings/<uuid:finding>/take", "findings/decide"),
        *("findings/suppressions/<uuid:suppression>/end", "review-rules/save"),
        *("review-rules/test", "review/sign"),
    )
}
"""The review of the log: what the auditor is there for. It changes nothing of the house."""
SHARED = {
    **KEEPING,
    "/audit/coverage/second/<uuid:signoff>": "a second reviewer of the auditor's own acts",
    "/sessions/everybodys": "ending sessions takes nothing but time",
    "/break-glass/<uuid:opening_id>/close": "two officers open, either ends it",
    "/break-glass/<uuid:opening_id>/confirm": "one proposes, the other confirms",
    "/break-glass/<uuid:opening_id>/refuse": "one proposes, the other refuses",
    "/break-glass/propose": "one proposes, the other confirms",
    "/officers/cases/<uuid:case_id>/confirm": "the second officer is of another office, per case",
    "/officers/cases/<uuid:case_id>/end": "whoever opened it withdraws, another refuses",
    "/officers/cases/reset": "the system admin's own device: the security admin opens",
    "/people/<uuid:person_id>/sessions/<ref>/end": "ending sessions takes nothing but time",
    "/people/<uuid:person_id>/sessions/end": "ending sessions takes nothing but time",
}
"""Unsafe routes that more than one office has, each with its reason."""


def cells() -> Iterator[tuple[str, str, dict[str, str]]]:
    """The reviewed matrix: method, path, and the word for each role."""
    lines = [line for line in FILE.read_text("utf-8").splitlines() if not line.startswith("#")]
    roles = lines[0].split()
    for line in lines[1:]:
        method, path, *words = line.split()
        yield method, path, dict(zip(roles, words, strict=True))


def test_every_route_answers_every_role_as_the_matrix_says(app: Flask, office: Office) -> None:
    """To renew it: PYTHONPATH=tests/support:. python tests/support/role_matrix.py."""
    assert matrix(app, office) == FILE.read_text("utf-8")


def test_class_36_a_role_is_refused_exactly_what_no_rule_grants_it(app: Flask) -> None:
    """The matrix is what HTTP answers (above); the grants are those of the baseline."""
    wanted = {(method, rule.rule): access_of(app, rule).permission for rule, method in guarded(app)}
    assert wanted.keys() == {(method, path) for method, path, _ in cells()}
    granted = {permission: frozenset(roles_of(permission)) for permission in Permission}
    for method, path, words in cells():
        permission = wanted[method, path]
        assert permission is not None
        for role, word in words.items():
            held = {role, "staff"} if role == OWNER else {role}
            refused = granted[permission].isdisjoint(held)
            assert (word == "refused") == refused, (method, path, role)


def test_no_two_offices_share_an_unsafe_act_but_those_that_are_named() -> None:
    """Nobody needs to be two of them to do something alone (GB/T 22239-2019, 8.1.4.2 d)."""
    shared = {
        path
        for method, path, words in cells()
        if method != "GET"
        and sum(words[office] == "allowed" for office in OFFICES) > 1
        and not all(words[role] == "allowed" for role in (*OFFICES, "staff"))
    }
    assert shared == set(SHARED)


@pytest.mark.parametrize("office_name", ["system_admin", "security_admin"])
def test_what_an_office_alone_may_do_no_business_role_may(office_name: str) -> None:
    """And each office has something of its own, or the matrix shows nothing."""
    own = [
        words
        for _, _, words in cells()
        if words[office_name] == "allowed"
        and all(words[other] == "refused" for other in OFFICES if other != office_name)
    ]
    assert own
    assert all(words[role] == "refused" for words in own for role in ("staff", "responder"))


def test_the_auditor_changes_nothing_but_as_a_second_officer() -> None:
    """Beside one's own account and questions, and the review itself."""
    acts = {
        path
        for method, path, words in cells()
        if method != "GET" and words["auditor"] == "allowed" and words["staff"] != "allowed"
    }
    assert acts == {
        *KEEPING,
        *REVIEW,
        "/audit/",
        "/audit/searches",
        "/audit/searches/<uuid:search_id>/remove",
        "/officers/cases/<uuid:case_id>/confirm",
        "/officers/cases/<uuid:case_id>/end",
        "/policy/decisions/<decision>/suggest",  # tells the security administrators, no more
    }


def test_no_office_opens_a_service() -> None:
    """Who runs the gateway does no business through it."""
    opening = [words for _, path, words in cells() if path == "/open/<slug>"]
    assert opening
    for words in opening:
        assert {words[office] for office in OFFICES} == {"refused"}

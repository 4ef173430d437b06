"""What an attacker puts into addresses and forms, by hand: each is refused, and breaks nothing."""

from __future__ import annotations

import pytest
from flask import Flask
from web_office import PAGE, Browser, Office, officer

REASON = "年度清理，已按留存期限核对"


@pytest.fixture
def auditor(app: Flask, office: Office) -> Browser:
    """Return the auditor's browser."""
    return officer(app, office, "chenjing", ago=7)


@pytest.mark.parametrize("year", ["0001", "1582", "3000", "9999"])
@pytest.mark.parametrize("end", ["since", "until"])
def test_attack_a_search_at_the_end_of_the_calendar_is_refused_at_its_field(
    auditor: Browser, end: str, year: str
) -> None:
    assert auditor.get(f"/audit/?{end}={year}-12-31T23:59:59Z").status_code == 422
    typed = auditor.post("/audit/", {end: f"{year}-01-01T00:00"}, page="/audit/")
    assert typed.status_code == 422
    kept = {"query": f"{end}={year}-12-31T23:59:59Z", "name": "x", "shared": "y"}
    assert f"{year}-12" not in auditor.post("/audit/searches", kept, page="/audit/").location


@pytest.mark.parametrize("tail", ["", ".json", ".tlog-proof", "/values"])
@pytest.mark.parametrize("number", [2**63, 10**30])
def test_attack_an_entry_number_no_database_can_hold_is_unknown(
    auditor: Browser, number: int, tail: str
) -> None:
    assert auditor.get(f"/audit/entries/{number}{tail}").status_code == 404


@pytest.mark.parametrize("path", ["abc/---", "a" * 3000 + "/x", "abc/" + "x" * 3000])
def test_attack_a_rule_with_a_name_that_none_can_have_is_unknown(
    auditor: Browser, path: str
) -> None:
    assert auditor.get(f"/audit/rules/{path}").status_code == 404


def test_attack_a_hold_from_before_the_calendar_is_refused_at_its_field(auditor: Browser) -> None:
    form = {"case": "2026-7", "since": "0001-01-01", "reason": REASON}
    page = auditor.post("/audit/retention/hold", form, page="/audit/retention/hold")
    assert page.status_code == 422
    assert 'value="0001-01-01"' in page.text


def test_attack_access_until_the_last_day_of_the_calendar_is_refused_at_its_field(
    clerk: Browser,
) -> None:
    form = {"reason": REASON, "until": "9999-12-31", "what": "read"}
    page = clerk.post("/requests/new/payroll", form, page="/requests/new/payroll")
    assert page.status_code == 422
    assert 'id="problem-until"' in page.text


@pytest.mark.parametrize(("name", "status"), [("a\x00b", 400), ("a\u202eb", 422), ("\u200b", 422)])
def test_attack_a_search_is_not_kept_under_an_invisible_name(
    auditor: Browser, name: str, status: int
) -> None:
    page = auditor.post("/audit/searches", {"query": "words=x", "name": name}, page="/audit/")
    assert page.status_code == status


def test_attack_thousands_of_names_in_one_search_are_refused_before_anybody_is_looked_for(
    auditor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = auditor.token("/audit/")
    looked: list[str] = []
    front = type(auditor.office.desk)

    def look(_desk: object, typed: str) -> list[str]:
        looked.append(typed)
        return []

    monkeypatch.setattr(front, "log_subjects", look)
    form = {"csrf_token": token, "object": [f"a{n}" for n in range(3000)]}
    page = auditor.client.post("/audit/", base_url=auditor.base, data=form, headers=PAGE)
    assert page.status_code == 422
    assert not looked

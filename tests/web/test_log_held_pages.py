"""What people and monitors see while the log is not being sealed."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from web_office import PAGE, Browser, Office, officer

from audit.health import LIMITS
from audit.tables import audit_event
from gateway.access.refusals import StoreUnavailable
from gateway.store.brake import Brake


def held(office: Office, age: int) -> Browser:
    """A browser before an office whose oldest unsealed entry is so many seconds old."""
    with office.store.reading() as session:
        oldest = session.execute(select(func.min(audit_event.c.created))).scalar_one()
    brake = Brake(office.store.read, clock=lambda: oldest + timedelta(seconds=age), limits=LIMITS)
    office.registry.ledger.brake = brake
    office.desk = dataclasses.replace(office.desk, brake=brake)
    return Browser(office.app(), office)


@pytest.mark.parametrize(
    ("age", "health", "serving"),
    [
        (5, "ok 200", "ok 200"),
        (30, "ok 200", "ok 200"),
        (90, "unsealed 503", "unsealed 200"),
        (400, "unavailable 503", "unavailable 503"),
    ],
)
def test_vault_11949_health_turns_red_and_the_balancer_stays_while_something_works(
    office: Office, age: int, health: str, serving: str
) -> None:
    browser = held(office, age)
    for path, said in (("/health", health), ("/health/serving", serving)):
        answer = browser.get(path)
        assert f"{answer.text.strip()} {answer.status_code}" == said


def test_a_right_is_not_given_after_a_minute_and_the_page_says_why(office: Office) -> None:
    browser = held(office, 90)
    browser.sign_in("wangqiang")
    form = {"login": "sun.lixin", "name": "孙立新", "unit": "caiwu", "staff_number": "cz100"}
    answer = browser.post("/people/new", form, page="/people/new")
    assert answer.status_code == 503
    assert "锁定账号和收回权限不受影响" in answer.text
    assert 'value="孙立新"' in answer.text  # nothing typed is lost


def test_what_was_open_can_still_be_read_after_five_minutes_and_a_change_says_why(
    office: Office,
) -> None:
    """The session would be kept awake by a write, which must not become a broken page."""
    browser = officer(office.app(), office, "liwen", ago=9)
    held(office, 400)
    assert "李雯" in browser.get("/account/").text
    answer = browser.post("/account/sessions/end-others", page="/account/")
    assert answer.status_code == 503
    assert "恢复封存后自动恢复办理" in answer.text


def test_attack_nobody_is_kept_signed_in_at_a_shared_desk_while_nothing_may_be_written(
    office: Office,
) -> None:
    """The browser forgets, and the page does not say more than is true."""
    browser = officer(office.app(), office, "liwen", ago=9)
    token = browser.token("/account/")
    held(office, 400)
    answer = browser.client.post(
        "/sign-out", base_url=browser.base, headers=PAGE, data={"csrf_token": token}
    )
    assert browser.cookie() is None
    assert "cache" in answer.headers["Clear-Site-Data"]
    left = browser.get(answer.location)
    assert "尚未结束" in left.text
    assert "/sign-in" in browser.get("/account/").location


def test_a_session_that_cannot_be_looked_up_is_told_on_a_page_not_by_a_trace(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = officer(office.app(), office, "liwen", ago=9)

    def gone(*_: object, **__: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr("gateway.identity.sessions.find", gone)
    answer = browser.get("/account/")
    assert answer.status_code == 503
    assert "<h1>" in answer.text
    assert "李雯" not in answer.text


def test_nobody_signs_in_after_five_minutes_and_the_page_says_why(office: Office) -> None:
    answer = held(office, 400).password("liwen")
    assert answer.status_code == 503
    assert "恢复封存后自动恢复办理" in answer.text

"""My account: what is known of me, where I am signed in, and ending it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from web_office import PHONE, Browser, Office

END = re.compile(r'action="(/account/sessions/[0-9a-f]{16}/end)"')


def test_account_shows_person_factors_and_sessions(stranger: Browser, office: Office) -> None:
    """Name, unit, role, clearance, factors with their dates, devices."""
    office.session("liwen", ago=timedelta(minutes=20), user_agent=PHONE)
    stranger.sign_in("liwen")
    page = stranger.get("/account/").text
    for words in ("李雯", "财务处", "工作人员", "敏感", "动态验证器", "启用于", "Android"):
        assert words in page


@pytest.mark.asvs("V7.5.2")
def test_other_session_can_be_ended(stranger: Browser, office: Office) -> None:
    """It is dead at once; this one lives."""
    phone = office.session("liwen", ago=timedelta(minutes=20), user_agent=PHONE)
    stranger.sign_in("liwen")
    address = END.findall(stranger.get("/account/").text)
    assert len(address) == 1
    assert stranger.post(address[0], page="/account/").status_code == 303
    assert office.desk.session(phone, service=None, now=datetime.now(UTC)) is None
    assert stranger.get("/account/").status_code == 200


def test_all_other_sessions_can_be_ended(stranger: Browser, office: Office) -> None:
    """All but this one."""
    ago = (timedelta(minutes=m) for m in (25, 20))
    others = [office.session("liwen", ago=each, user_agent=PHONE) for each in ago]
    stranger.sign_in("liwen")
    assert stranger.post("/account/sessions/end-others", page="/account/").status_code == 303
    now = datetime.now(UTC)
    assert all(office.desk.session(each, service=None, now=now) is None for each in others)
    assert stranger.get("/").status_code == 200


def test_class_36_session_of_another_person_is_not_found(clerk: Browser, office: Office) -> None:
    """A reference that was overheard ends nothing."""
    other = office.session("chenjing", ago=timedelta(minutes=5))
    found = office.desk.session(other, service=None, now=datetime.now(UTC))
    assert found is not None
    address = f"/account/sessions/{found.current.session_ref}/end"
    assert clerk.post(address, page="/account/").status_code == 404
    assert office.desk.session(other, service=None, now=datetime.now(UTC)) is not None


@pytest.mark.asvs("V7.4.2")
def test_class_26_disabled_person_is_out_at_the_next_request(
    clerk: Browser, office: Office
) -> None:
    """No page is served from memory."""
    person = office.desk.session(str(clerk.cookie()), service=None, now=datetime.now(UTC))
    assert person is not None
    office.disable("liwen")
    assert clerk.get("/").location == "/sign-in"


def test_staying_signed_in_needs_no_page(clerk: Browser) -> None:
    """The script's question is answered with nothing but success."""
    assert clerk.post("/account/stay", page="/").status_code == 204


def test_names_are_escaped_wherever_they_stand(stranger: Browser, office: Office) -> None:
    """A person named in HTML is shown as text."""
    name = '<b>孙</b>&"'
    link = "/enrol/" + office.invite("mallory", name)
    page = stranger.get(link).text
    assert "<b>孙</b>" not in page
    assert "&lt;b&gt;孙&lt;/b&gt;" in page

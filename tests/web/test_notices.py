"""Notices stand on every page until their person has read them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from change_world import begin, look, step, write
from web_office import Browser, Office

from gateway.identity import notices, people


def tell(office: Office, login: str, kind: str, *, at: datetime, **words: str) -> None:
    """Tell a person, in a transaction of its own."""
    found = people.by_login(office.registry, login)
    assert found is not None
    with office.registry.ledger.begin(unaudited_because="a test tells somebody") as tx:
        notices.tell(tx, found.id, kind, now=at, **words)


@pytest.mark.asvs("V6.3.7", "V6.3.5")
def test_notice_stands_on_every_page_until_it_is_read(clerk: Browser, office: Office) -> None:
    """And afterwards in the list alone."""
    now = datetime.now(UTC)
    tell(office, "liwen", "sign_in_half", at=now, address="10.9.8.7")
    sentence = "有人在 10.9.8.7 输对了您的密码"
    assert sentence in clerk.get("/").text
    assert sentence in clerk.get("/account/").text
    form = {"until": now.isoformat(), "back": "/account/"}
    answer = clerk.post("/account/notices/seen", form, page="/account/")
    assert answer.location == "/account/"
    assert sentence not in clerk.get("/").text
    assert sentence in clerk.get("/account/notices/").text


def test_notice_that_came_after_the_page_stays_unread(clerk: Browser, office: Office) -> None:
    """Only what was shown is marked."""
    shown = datetime.now(UTC)
    tell(office, "liwen", "password_changed", at=shown + timedelta(seconds=1))
    clerk.post("/account/notices/seen", {"until": shown.isoformat()}, page="/account/")
    assert "您的密码已更改。" in clerk.get("/").text


def test_more_notices_than_are_shown_are_read_by_one_button(clerk: Browser, office: Office) -> None:
    now = datetime.now(UTC)
    for number in range(5):
        tell(office, "liwen", "password_changed", at=now - timedelta(hours=number))
    page = clerk.get("/").text
    assert "5 条新通知" in page
    assert page.count('<li><span class="quiet small">') == 3
    until = re.search(r'name="until" value="([^"]+)"', page)
    assert until is not None
    clerk.post("/account/notices/seen", {"until": until[1]}, page="/")
    assert "您的密码已更改。" not in clerk.get("/").text


def test_who_is_asked_to_approve_is_told_no_longer_when_it_is_decided(
    author: Browser, second: Browser
) -> None:
    """Another may have approved it, or its author wrote on: nothing waits for this person."""
    ref = begin(author)
    write(author, ref, "旅游处可读取 svc:ledger/**，需双因素")
    for decide in (
        lambda: write(author, ref, "旅游处可写入 svc:ledger/**，需双因素"),
        lambda: step(second, ref, "approve"),
    ):
        look(author, ref)
        assert step(author, ref, "submit").status_code == 303
        assert "有规则变更待您审批" in second.get("/").text
        assert decide().status_code == 303
        assert "有规则变更待您审批" not in second.get("/").text


@pytest.mark.parametrize("until", ["", "yesterday", "2026-01-01T00:00:00", "9" * 400])
def test_made_up_time_marks_nothing(clerk: Browser, office: Office, until: str) -> None:
    """It is no time, or no time of anywhere."""
    tell(office, "liwen", "password_changed", at=datetime.now(UTC))
    assert clerk.post("/account/notices/seen", {"until": until}, page="/").status_code == 303
    assert "您的密码已更改。" in clerk.get("/").text


def test_notices_of_somebody_else_are_never_shown_or_marked(clerk: Browser, office: Office) -> None:
    """Class 36: they belong to one person."""
    now = datetime.now(UTC)
    tell(office, "zhouhang", "password_changed", at=now)
    assert "您的密码已更改。" not in clerk.get("/account/notices/").text
    clerk.post("/account/notices/seen", {"until": now.isoformat()}, page="/")
    other = people.by_login(office.registry, "zhouhang")
    assert other is not None
    assert len(notices.unseen(office.registry, other.id)) == 1


def test_words_are_escaped_and_ids_read_as_names(clerk: Browser, office: Office) -> None:
    """A browser may call itself what it likes."""
    words = {"device": "<script>", "address": "<b>"}
    tell(office, "liwen", "sign_in_new_place", at=datetime.now(UTC), **words)
    tell(office, "liwen", "access_granted", at=datetime.now(UTC), service="ledger")
    page = clerk.get("/").text
    assert "<script>" not in page
    assert "&lt;b&gt;" in page
    assert "「预算执行台账」" in page


def test_what_was_read_long_ago_is_dropped(office: Office) -> None:
    """A year after it was read, and never before."""
    now = datetime.now(UTC)
    tell(office, "liwen", "password_changed", at=now - timedelta(days=800))
    found = people.by_login(office.registry, "liwen")
    assert found is not None
    notices.seen(office.registry, found.id, until=now, now=now - timedelta(days=366))
    tell(office, "liwen", "password_changed", at=now - timedelta(days=800))
    with office.registry.ledger.begin(unaudited_because="housekeeping") as tx:
        notices.forget(tx, now=now)
    assert [each.seen_at for each in notices.latest(office.registry, found.id)] == [None]

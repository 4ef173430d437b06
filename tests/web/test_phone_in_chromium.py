"""What a phone shows of what a desk shows whole: notices in one line, figures for charts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chrome
from playwright.sync_api import Page, expect
from real_browser import Desktop, seen, served_office
from web_office import Office

from gateway.identity import notices, people

WAITING = 5
"""Notices, more than the box shows."""


@pytest.fixture
def served(office_template: tuple[Path, dict[str, str]], tmp_path: Path) -> Iterator[Office]:
    """An office in which the auditor was told of several things."""
    with served_office(office_template, tmp_path) as office:
        found = people.by_login(office.registry, "chenjing")
        assert found is not None
        now = datetime.now(UTC)
        with office.registry.ledger.begin(unaudited_because="a test tells somebody") as tx:
            for number in range(WAITING):
                notices.tell(tx, found.id, "password_changed", now=now - timedelta(hours=number))
        yield office


def opened(chrome: Chrome, office: Office, *, width: int, language: str = "zh") -> Page:
    """The auditor's page with a chart, in a window so wide."""
    tokens = {"chenjing": office.session("chenjing", ago=timedelta(minutes=7))}
    context = Desktop(chrome, office, tokens).context(
        login="chenjing", width=width, language=language
    )
    page = context.new_page()
    page.goto(f"{office.settings.public_url}/audit/coverage")
    return page


def test_a_phone_shows_the_number_of_notices_and_a_desk_the_newest(
    chrome: Chrome, served: Office, tmp_path: Path
) -> None:
    page = opened(chrome, served, width=390, language="en")
    box = page.locator(".notices")
    expect(box).to_contain_text(f"{WAITING} new notices")
    expect(box.locator("li").first).to_be_hidden()
    size = box.bounding_box()
    assert size is not None
    assert size["height"] < 64
    seen(page, tmp_path, "phone")
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(box.locator("li").last).to_be_visible()
    box.locator("button").click()
    expect(page.locator("h1")).to_be_visible()
    expect(box).to_have_count(0)


def test_a_phone_shows_the_figures_and_a_desk_the_chart(
    chrome: Chrome, served: Office, tmp_path: Path
) -> None:
    page = opened(chrome, served, width=390)
    picture, figures = page.locator(".chart img"), page.locator(".chart td").first
    expect(figures).to_be_visible()
    expect(picture).to_be_hidden()
    expect(page.locator("tr.idle .nothing").first).to_be_hidden()  # a day without entries: a line
    seen(page, tmp_path, "phone")
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(picture).to_be_visible()
    expect(figures).to_be_hidden()
    seen(page, tmp_path, "desk")

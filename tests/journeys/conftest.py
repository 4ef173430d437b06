"""One running demonstration office and one browser for all journeys."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import week_table
from office_week import Week, office_week
from playwright.sync_api import Browser, Page, sync_playwright
from running_demo import Demo, chromium, launch, running_demo

from gateway.web import catalogues


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Return the demonstration office, running."""
    catalogues.compile_all()
    with running_demo(tmp_path_factory.mktemp("demo") / "office") as running:
        yield running


@pytest.fixture(scope="session")
def week(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Week]:
    """Return the office on Monday morning; its clock only goes forward."""
    catalogues.compile_all()
    with office_week(tmp_path_factory.mktemp("week") / "office") as running:
        yield running
    week_table.TASKS.extend(running.tasks)


@pytest.fixture(scope="module")
def chrome(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """Return a real browser."""
    path = chromium()
    if path is None:
        request.getfixturevalue("missing")("Chromium (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = launch(playwright, path or "")
        yield browser
        browser.close()


@pytest.fixture
def page(chrome: Browser) -> Iterator[Page]:
    """Return a page in a fresh profile; a script error or a blocked resource fails the test."""
    context = chrome.new_context(viewport={"width": 1280, "height": 860})
    opened = context.new_page()
    said: list[str] = []
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on(
        "console", lambda message: said.append(message.text) if "Security" in message.text else None
    )
    yield opened
    context.close()
    assert said == []

"""A real browser in the whole office: its pages, and a service behind its gate."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext
from real_browser import Desktop, chromium, chromium_or_skip
from web_office import Office
from whole_office import whole_office


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    """One Chromium."""
    with chromium(chromium_or_skip()) as found:
        yield found


@pytest.fixture
def whole(office_template: tuple[Path, dict[str, str]], tmp_path: Path) -> Iterator[Office]:
    """The whole office on a port."""
    with whole_office(office_template, tmp_path) as opened:
        yield opened


@pytest.fixture
def context(chrome: Browser, whole: Office) -> Iterator[BrowserContext]:
    """The browser of liwen, signed in."""
    tokens = {"liwen": whole.session("liwen", ago=timedelta(minutes=9))}
    made = Desktop(chrome, whole, tokens).context(login="liwen")
    yield made
    made.close()


def service(office: Office, path: str = "/") -> str:
    """An address of the service."""
    return f"http://forms.intranet.localhost:{office.port}{path}"

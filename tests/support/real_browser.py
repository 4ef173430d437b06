"""A real Chromium on the real pages: the office served on a port of this machine."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from web_office import Office, open_office
from werkzeug.serving import WSGIRequestHandler, make_server

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
"""What axe holds a page against."""
SERVICE_PAGE = b"<!doctype html><html lang=en><title>Service</title><h1>The service</h1>"


class Quiet(WSGIRequestHandler):
    """Werkzeug's handler without its access log."""

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - Werkzeug's name
        """Say nothing."""


def services_beside(office: Office) -> WSGIApplication:
    """The door in small: pages and /.hangu to the pages, the rest of a service's host to a page."""
    pages = office.app()

    def door(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        host = environ.get("HTTP_HOST", "").partition(":")[0]
        service = office.desk.service_at(host)
        if service is None or environ["PATH_INFO"].startswith("/.hangu"):
            return pages(environ, start_response)
        if "-svc=" not in environ.get("HTTP_COOKIE", ""):
            to = environ["PATH_INFO"]
            entrance = f"{office.settings.public_url}/open/{service}?to={to}"
            start_response("302 Found", [("Location", entrance)])
            return [b""]
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
        return [SERVICE_PAGE]

    return door


@contextmanager
def serving(make: Callable[[int], WSGIApplication]) -> Iterator[int]:
    """Serve what `make` builds for a free port; yield the port."""
    server = make_server("127.0.0.1", 0, _unready, threaded=True, request_handler=Quiet)
    server.app = make(server.server_port)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def served_office(
    template: tuple[Path, dict[str, str]],
    folder: Path,
    *,
    furnish: Callable[[Office], None] = lambda _office: None,
    application: Callable[[Office], WSGIApplication] = Office.app,
) -> Iterator[Office]:
    """A copy of the template office (its directory, its keys) in a folder, furnished, on a port."""
    directory = folder / "office"
    shutil.copytree(template[0], directory)
    opened: list[Office] = []

    def make(port: int) -> WSGIApplication:
        office = open_office(directory, port=port)
        office.secrets = dict(template[1])
        furnish(office)
        opened.append(office)
        return application(office)

    with serving(make):
        yield opened[0]
    opened[0].store.close()


def _unready(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("503 Service Unavailable", [])
    return [b""]


def chromium_or_skip() -> str:
    """Where the machine's Chromium is. Without one: skip, or fail under HANGU_TEST_ALL=1."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is not None:
        return found
    if os.environ.get("HANGU_TEST_ALL") == "1":
        pytest.fail("Chromium is missing, and HANGU_TEST_ALL=1 allows no skips")
    pytest.skip("Chromium is not installed on this machine (Debian: apt-get install chromium)")


@contextmanager
def chromium(path: str) -> Iterator[Browser]:
    """A headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Desktop:
    """One Chromium and the office it looks at. `tokens` are sessions by login, opened once."""

    browser: Browser
    office: Office
    tokens: dict[str, str]

    @property
    def url(self) -> str:
        """The gateway's public address."""
        return self.office.settings.public_url

    def context(
        self,
        *,
        language: str = "zh",
        login: str | None = None,
        width: int = 1280,
        javascript: bool = True,
        forced_colors: bool = False,
    ) -> BrowserContext:
        """A fresh profile, signed in if `login` says so."""
        made = self.browser.new_context(
            viewport={"width": width, "height": 800},
            java_script_enabled=javascript,
            forced_colors="active" if forced_colors else "none",
        )
        secure = self.url.replace("http:", "https:")
        prefix = f"__Host-hangu-{self.office.settings.zone}"
        made.add_cookies([{"name": f"{prefix}-lang", "value": language, "url": secure}])
        if login is not None:
            token = self.tokens[login]
            made.add_cookies(
                [{"name": prefix, "value": token, "url": secure, "sameSite": "Strict"}]
            )
        return made


def seen(page: Page, pictures: Path, name: str) -> None:
    """Keep a picture; nothing is unreachable for anybody, nothing wider than the window."""
    page.screenshot(path=pictures / f"{name}.png", full_page=True)
    found = Axe().run(page, options=RULES)
    assert found.violations_count == 0, f"{name}: {found.generate_report()}"
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, name


def confirmed(page: Page, office: Office, login: str) -> None:
    """Give the fresh code that the page asks for."""
    page.fill("#confirm_code", office.next_code(login))
    page.click("main .actions .btn-primary")


def charts_drawn(page: Page) -> None:
    """Wait until the charts of a page are drawn; at least one must be there."""
    page.wait_for_function(
        """() => {
          const charts = [...document.querySelectorAll(".chart img")];
          return charts.length > 0 && charts.every(i => i.complete && i.naturalWidth > 0);
        }"""
    )


def open_sessions(office: Office) -> dict[str, str]:
    """A session for the clerk (and one on a phone) and for an officer with nothing to open."""
    minutes = {"liwen": 9, "wangqiang": 8, "chenjing": 7}
    office.session("liwen", ago=timedelta(minutes=12), user_agent="Android Chrome/142")
    return {
        login: office.session(login, ago=timedelta(minutes=ago)) for login, ago in minutes.items()
    }

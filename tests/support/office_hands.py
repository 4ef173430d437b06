"""People's hands at real browsers: what they click, type and see is counted for the task at hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Frame, Locator, Page

CONFIRM = "#confirm_code"
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
"""A device with a fingerprint reader, as Chromium's virtual authenticator plays it."""


@dataclass
class Task:
    """What one task cost the people who did it."""

    name: str
    clicks: int = 0
    fields: int = 0
    pages: int = 0
    seconds: float = 0.0


@dataclass
class Hand:
    """Somebody at a browser."""

    page: Page
    task: Task = field(default_factory=lambda: Task(""))
    said: list[str] = field(default_factory=list)
    """What the browser held against a page: script errors, breaches of the content policy."""

    def __post_init__(self) -> None:
        self.page.on("framenavigated", self._count)
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("console", self._listen)

    @property
    def context(self) -> BrowserContext:
        """The browser profile."""
        return self.page.context

    @property
    def heading(self) -> str:
        """What the page is about."""
        return self.page.locator("h1").inner_text()

    @property
    def text(self) -> str:
        """What the page says."""
        return self.page.locator("main").inner_text()

    def click(self, what: str | Locator) -> None:
        """Click on a button or link by its words, or on what was found otherwise."""
        self.task.clicks += 1
        target = self._named(what) if isinstance(what, str) else what
        target.click()
        self.page.wait_for_load_state()

    def tick(self, label: str) -> None:
        """Choose an option, or tick a box."""
        self.task.clicks += 1
        self.page.get_by_label(label).first.check()

    def choose(self, label: str, words: str) -> None:
        """Choose from a list."""
        self.task.fields += 1
        self.page.get_by_label(label).first.select_option(label=words)

    def fill(self, label: str, text: str) -> None:
        """Type into the field of that label."""
        self.task.fields += 1
        self.page.get_by_label(label).first.fill(text)

    def attach(self, label: str, name: str, content: str) -> None:
        """Choose a file."""
        self.task.fields += 1
        file: Any = {"name": name, "mimeType": "text/plain", "buffer": content.encode()}
        self.page.get_by_label(label).set_input_files(file)

    def goto(self, address: str) -> None:
        """Open an address that the person knows or was given."""
        self.page.goto(address)

    def confirm(self, words: str, code: str) -> None:
        """Press a button that asks for a fresh code, on its own page or on the next."""
        if not self.page.locator(CONFIRM).count():
            self.click(words)
            words = "确认并继续"
        self.task.fields += 1
        self.page.locator(CONFIRM).first.fill(code)
        self.click(words)

    def device(self) -> None:
        """Put a device that holds passkeys into the computer."""
        wire = self.context.new_cdp_session(self.page)
        wire.send("WebAuthn.enable")
        wire.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})

    def is_sound(self) -> None:
        """Nothing that a screen reader stumbles over, nothing wider than a telephone."""
        rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
        assert Axe().run(self.page, options=rules).response["violations"] == [], self.page.url
        assert self.said == []

    def leave(self) -> None:
        """Close the browser. A page that broke its own rules fails the test."""
        self.context.close()
        assert self.said == []

    def _named(self, words: str) -> Locator:
        button = self.page.get_by_role("button", name=words)
        return (button if button.count() else self.page.get_by_role("link", name=words)).first

    def _count(self, frame: Frame) -> None:
        if frame == self.page.main_frame:
            self.task.pages += 1

    def _listen(self, message: Any) -> None:  # noqa: ANN401 - Playwright types it loosely
        if "Security" in message.text:
            self.said.append(message.text)


def browser_of(chrome: Browser, *, language: str = "zh-CN") -> Hand:
    """A fresh profile with one page."""
    context = chrome.new_context(viewport={"width": 1280, "height": 860}, locale=language)
    context.set_default_timeout(15_000)
    return Hand(context.new_page())

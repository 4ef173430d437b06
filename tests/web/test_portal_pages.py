"""The portal of those who have nothing to open, and the small words around every page."""

from __future__ import annotations

import re

import click
import pytest
from flask import Flask
from web_office import HOST, Browser, Office

from gateway.cli.command import hangu
from gateway.web.labels_offices import DUTIES

ASK_UNIT = "请与本单位负责人确认"
AUTOFOCUS = re.compile(r"<(input|div)[^>]*\sautofocus[\s>][^>]*>")


@pytest.mark.parametrize(
    ("login", "words"),
    [
        ("wangqiang", ("系统管理员", "hangu service", "在菜单办理")),
        ("zhaomin", ("安全保密管理员", "hangu policy", "hangu service approve")),
        ("chenjing", ("安全审计员", "hangu audit verify", "hangu audit export")),
    ],
)
def test_officer_is_told_what_the_office_does(
    stranger: Browser, login: str, words: tuple[str, ...]
) -> None:
    """And is not sent to the head of a unit to ask for services."""
    stranger.sign_in(login)
    page = stranger.get("/").text
    assert all(word in page for word in words)
    assert ASK_UNIT not in page


def test_clerk_without_services_is_told_whom_to_ask(stranger: Browser) -> None:
    """As before."""
    stranger.sign_in("zhouhang")
    page = stranger.get("/").text
    assert "hangu " not in page
    assert ASK_UNIT in page


def test_commands_that_officers_are_told_of_exist() -> None:
    """Each word after `hangu` is a command of the command line."""
    for duty in DUTIES.values():
        for command, _words in duty.commands:
            found: click.Command = hangu
            for word in command.split()[1:]:
                assert isinstance(found, click.Group)
                found = found.commands[word]


def test_signed_out_page_says_what_may_last_a_little_longer(stranger: Browser) -> None:
    """A WebSocket through nginx is not cut by the end of the session."""
    assert "长连接" in stranger.get("/signed-out").text


def test_denial_promises_nothing_that_does_not_exist(clerk: Browser) -> None:
    """The number is to be quoted; nobody is said to look it up in one go."""
    page = clerk.get(f"/open/council?state={'a' * 64}").text
    assert "判定编号" in page
    assert "全部情况" not in page


def test_unknown_host_is_told_the_right_address(app: Flask, office: Office) -> None:
    """As a link, on a page with its style, which offers no form that could not be sent."""
    elsewhere = Browser(app, office, host="nowhere.localhost")
    answer = elsewhere.get("/")
    assert answer.status_code == 421
    right = office.settings.public_url
    assert f'<a href="{right}/">{right}</a>' in answer.text
    assert "<form" not in answer.text
    assert not answer.headers.getlist("Set-Cookie")
    for url in re.findall(r'(?:href|src)="(/[^"]+)"', answer.text):
        assert elsewhere.get(url).status_code == 200
    assert elsewhere.get("/health").status_code == 421


def test_first_field_has_the_focus_unless_there_is_a_problem(stranger: Browser) -> None:
    """Then the summary has it; never both."""
    for path in ("/sign-in", "/sign-in/code"):
        found = AUTOFOCUS.findall(stranger.get(path).text)
        assert found == ["input"], path
        wrong = stranger.post(path, {}, page=path)
        assert AUTOFOCUS.findall(wrong.text) == ["div"], path
        stranger.password("liwen")


def test_no_blank_follows_a_full_width_mark(app: Flask, office: Office, clerk: Browser) -> None:
    """In titles, in the waiting time, and in running text."""
    stranger = Browser(app, office)
    pages = [stranger.post("/sign-in", {}, page="/sign-in").text]
    pages += [clerk.get(path).text for path in ("/", "/account/", "/nix", "/services/seal")]
    for _ in range(12):
        last = stranger.password("liwen", "guess")
    assert last.status_code == 429
    pages.append(last.text)
    pages.append(stranger.get("/sign-in", {"Sec-Fetch-Site": "cross-site"}).text)
    for page in pages:
        assert not re.search(r"[，。；：、！？] +[^\s<]", re.sub(r"<a [^>]*>", "", page))


def test_service_host_shows_no_portal(app: Flask, office: Office) -> None:
    """Nothing of the gateway's own pages answers there."""
    assert Browser(app, office, host=f"ledger.{HOST}").get("/account/").status_code == 404

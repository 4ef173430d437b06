"""Words: every refusal has some, every text is in both catalogues, times read as they should."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from babel.messages.catalog import Message
from flask import Flask
from web_office import Browser, Office

import gateway
import policies
from gateway.refusals import Refused
from gateway.web import catalogues
from gateway.web.answers import ANSWERS, BY_STATUS
from gateway.web.devices import device
from gateway.web.labels import ENDINGS, FACTORS, REASONS, ROLES
from gateway.web.moments import day, moment
from policies.decision import Reason

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")
LETTER = re.compile(r"[A-Za-z]")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def leaves(kind: type[Refused]) -> Iterator[type[Refused]]:
    """Every class below that has none below itself."""
    for each in kind.__subclasses__():
        yield from leaves(each)
        if not each.__subclasses__():
            yield each


def load_every_room() -> None:
    """Import all modules of the house, so that all refusals are known."""
    for package in (gateway, policies):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "migrations" not in found.name and not found.name.endswith("__main__"):
                importlib.import_module(found.name)


def test_every_refusal_has_a_status_and_words() -> None:
    """A refusal that a room adds must be given words here before it can be raised."""
    load_every_room()
    codes = {
        each.code for each in leaves(Refused) if each.__module__.partition(".")[0] == "gateway"
    }
    codes -= {"refused"}
    assert len(codes) > 60
    assert codes - ANSWERS.keys() == set()


def test_every_row_has_an_honest_status() -> None:
    """Refusals are 4xx or 5xx, and what Flask raises has a row as well."""
    assert all(400 <= row.status < 600 for row in ANSWERS.values())
    assert all(ANSWERS[code].status == status for status, code in BY_STATUS.items())


def test_every_reason_of_the_policy_has_words() -> None:
    """But `allowed`, which is no reason to stay out."""
    assert {str(reason) for reason in Reason} - {"allowed"} <= REASONS.keys()


def entries(language: str) -> list[Message]:
    """The texts of a catalogue, without its head."""
    return [message for message in catalogues.read(language) if message.id]


def words_of(message: Message) -> tuple[list[str], list[str]]:
    """Originals and translations, singular and plural alike."""
    original = [message.id] if isinstance(message.id, str) else list(message.id)
    string = message.string
    translated = [string] if isinstance(string, str) else list(string or ())
    return original, translated


@pytest.mark.parametrize("language", catalogues.LANGUAGES)
def test_catalogue_has_exactly_the_texts_of_the_program(language: str) -> None:
    """Missing: the page would show another language. Left over: the file is stale."""
    wanted = {str(message.id) for message in catalogues.gather() if message.id}
    assert {str(message.id) for message in entries(language)} == wanted


@pytest.mark.parametrize("language", catalogues.LANGUAGES)
def test_no_text_is_untranslated_fuzzy_or_of_other_placeholders(language: str) -> None:
    """Every translation is there, is meant, and fills in the same values."""
    for message in entries(language):
        original, translated = words_of(message)
        assert translated, message.id
        assert all(translated), message.id
        assert not message.fuzzy, message.id
        for each in translated:
            assert set(PLACEHOLDER.findall(each)) == set(PLACEHOLDER.findall(original[0])), each


def test_chinese_is_chinese_and_english_has_none() -> None:
    """Nothing was left in the other language by mistake."""
    for message in entries("zh_Hans_CN"):
        original, translated = words_of(message)
        if LETTER.search(PLACEHOLDER.sub("", original[0])):  # else it joins what others say
            assert all(CHINESE.search(each) for each in translated), message.id
    for message in entries("en"):
        assert not any(CHINESE.search(each) for each in words_of(message)[1]), message.id


def test_chinese_punctuation_is_full_width() -> None:
    """GB/T 15834: no half-width comma, question mark, semicolon or colon after a character."""
    for message in entries("zh_Hans_CN"):
        for each in words_of(message)[1]:
            assert not re.search(r"[\u4e00-\u9fff][,?!;:]", each), each


@pytest.mark.parametrize("path", ["/", "/account/", "/services/ledger", "/services/seal", "/nix"])
def test_pages_show_no_english_in_chinese(clerk: Browser, path: str) -> None:
    """Every English text of the program is absent from the Chinese page."""
    page = re.sub(r"<[^>]*>|\s+", " ", clerk.get(path).text)
    texts = {words_of(message)[0][0] for message in entries("en")}
    found = {text for text in texts if len(text) > 7 and f" {text} " in page}
    assert found == set()


def test_language_is_chosen_by_the_reader_alone(stranger: Browser) -> None:
    """Accept-Language chooses nothing; the switch does, and comes back to the page."""
    english = {"Accept-Language": "en-GB,en;q=0.9"}
    assert '<html lang="zh-Hans"' in stranger.get("/sign-in?next=/account/", english).text
    form = {"language": "en", "back": "/sign-in?next=/account/"}
    answer = stranger.post("/.hangu/language", form, page="/sign-in")
    assert answer.location == "/sign-in?next=/account/"
    page = stranger.get("/sign-in")
    assert '<html lang="en"' in page.text
    assert "Sign-in name" in page.text


@pytest.mark.parametrize("language", ["", "de", "../zh", "zh_Hans_CN"])
def test_unknown_language_is_refused(stranger: Browser, language: str) -> None:
    """Only the two that are complete."""
    form = {"language": language, "back": "/"}
    assert stranger.post("/.hangu/language", form, page="/sign-in").status_code == 400


def test_language_stays_after_sign_out(clerk: Browser) -> None:
    """It is the browser's and not the sign-in's."""
    clerk.post("/.hangu/language", {"language": "en", "back": "/"}, page="/")
    answer = clerk.post("/sign-out", page="/")
    assert "You are signed out" in clerk.get(str(answer.location)).text


@pytest.mark.parametrize(
    ("language", "shown"), [("zh", "2026年11月22日 14:05"), ("en", "22 November 2026, 14:05")]
)
def test_times_are_those_of_the_office(app: Flask, language: str, shown: str) -> None:
    """Asia/Shanghai in words, the exact moment in title and datetime."""
    at = datetime(2026, 11, 22, 6, 5, 33, tzinfo=UTC)
    cookie = {"Cookie": f"__Host-hangu-intranet-lang={language}"}
    with app.test_request_context("/", headers=cookie):
        text = moment(at)
        assert f">{shown}<" in text
        assert 'datetime="2026-11-22T06:05:33+00:00"' in text
        assert 'title="2026-11-22 14:05:33+08:00"' in text
        late = datetime(2026, 12, 31, 16, 0, tzinfo=UTC)
        assert ("2027年1月1日" if language == "zh" else "1 January 2027") in day(late)


def test_devices_are_named_briefly(app: Flask, office: Office) -> None:
    """What is not recognised is called unknown, never shown raw."""
    with app.test_request_context("/"):
        assert device("Mozilla/5.0 (Windows NT 10.0) Chrome/142 Safari/537") == "Chrome · Windows"
        assert device("<script>") == "未知设备"
        assert device("hangu command gate-1") == "终端 · gate-1"
        assert device("hangu command") == "终端"


def test_tables_of_words_are_complete_in_both_languages(app: Flask) -> None:
    """Each word differs between the languages, so none was forgotten."""
    for words in (ROLES, FACTORS, REASONS, ENDINGS):
        for word in words.values():
            shown = set()
            for language in ("zh", "en"):
                cookie = {"Cookie": f"__Host-hangu-intranet-lang={language}"}
                with app.test_request_context("/", headers=cookie):
                    shown.add(str(word))
            assert len(shown) == 2

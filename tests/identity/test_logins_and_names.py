"""Names people sign in with and names they bear."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.identity import logins, names
from gateway.identity.logins import LoginRefused
from gateway.identity.names import NameRefused


@pytest.mark.parametrize("typed", ["li.lei", "Li-Lei_2", "lei@finance", "李雷", "李lei7", "a" * 64])
def test_ordinary_names_are_taken(typed: str) -> None:
    assert logins.checked(typed) == typed.casefold()


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "...",
        "a" * 65,
        "a b",
        "a\tb",
        "a\x00",
        "a\nb",
        "li\u200blei",
        "li\u202elei",
        "li\u2066lei",
        "\ufeffli",
        "ро\u0441t",
        "αdmin",
        "a@evil@corp",
        "a＠evil@corp",
        "<b>",
        "=1+1",
        "a'--",
        "e\u0301ve",
        "ﬀ\u00e9",
        "\U0001f600",
        "a" * 100_000,
    ],
)
def test_class_20_hidden_foreign_and_ambiguous_names_are_refused(typed: str) -> None:
    with pytest.raises(LoginRefused):
        logins.checked(typed)


@given(st.text(max_size=80))
def test_normalising_twice_changes_nothing_more(typed: str) -> None:
    once = logins.normal(typed)
    assert logins.normal(once) == once


@given(st.text(max_size=80))
def test_whatever_is_taken_is_its_own_normal_spelling(typed: str) -> None:
    try:
        found = logins.checked(typed)
    except LoginRefused:
        return
    assert logins.is_login(found)
    assert found == unicodedata.normalize("NFKC", found).casefold()
    assert found.isprintable()
    assert found.count("@") <= 1


@pytest.mark.parametrize("typed", ["李雷", "Anna-Maria  O'Neil", "Тарас", "e\u0301ve"])
def test_people_bear_names_of_any_script(typed: str) -> None:
    assert names.checked(typed) == " ".join(unicodedata.normalize("NFC", typed).split())


@pytest.mark.parametrize("typed", ["", "  ", "x" * 81, "a\nb", "a\u202eb", "a\u200bb", "a\x1b[31m"])
def test_a_name_hides_nothing(typed: str) -> None:
    with pytest.raises(NameRefused):
        names.checked(typed)

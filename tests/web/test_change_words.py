"""The pages of a change say what an edit takes away, what is at odds, why a version came."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from change_world import begin, edit_of, look, ready, step, with_new_unit, write
from flask import Flask
from web_office import Browser, Office, officer

ALLOWED = "p, unit:lvyou, *, svc:ledger/**, GET, *, *, 2, *, allow\n"


@pytest.fixture
def author(app: Flask, office: Office) -> Browser:
    """The first security administrator; there is a unit lvyou."""
    with_new_unit(office)
    return officer(app, office, "zhaomin")


def test_a_shadowed_rule_names_the_line_of_the_other(author: Browser) -> None:
    ref = begin(author)
    page = f"/policy/changes/{ref}/rules/text"
    text = ALLOWED.replace("allow", "deny") + ALLOWED
    author.post(page, {"text": text, "edit": edit_of(author, ref)}, page=page)
    lines = [each for each in author.get(page).text.split("\n") if "全部被另一规则禁止" in each]
    assert len(lines) == 1
    assert "见第 " in lines[0]


def test_who_edits_what_was_submitted_is_told_that_it_takes_that_back(author: Browser) -> None:
    ref = begin(author)
    write(author, ref, "旅游处可读取 svc:ledger/**，需双因素")
    page = f"/policy/changes/{ref}"
    warning = "本变更已提请批准或已获批准"
    assert warning not in author.get(f"{page}/rules").text
    look(author, ref)
    step(author, ref, "submit")
    for each in ("rules", "rules/text", "tests", "duties"):
        assert warning in author.get(f"{page}/{each}").text


def test_a_version_that_the_gateway_went_back_to_says_so_in_chinese(
    app: Flask, office: Office, author: Browser
) -> None:
    ref = ready(author, officer(app, office, "linxia"))
    step(author, ref, "publish")
    step(author, ref, "roll-back")
    page = author.get("/policy/workers").text
    assert "版：人工退回。" in page
    assert "by_hand" not in page


def test_a_begun_sentence_is_offered_words_and_an_endless_one_none(author: Browser) -> None:
    def offered(before: str) -> list[dict[str, str]]:
        found = author.get(f"/policy/changes/words?say={quote(before)}").get_json()
        assert isinstance(found, list)
        return found

    assert {"words": "读取", "before": "旅游处可读取"} in offered("旅游处可读")
    assert {"words": "旅游处", "before": "旅游处"} in offered("旅")
    assert offered("月球可读取 ")
    assert offered("旅游处可 " * 100)
    assert offered("旅游处可 " * 101) == []
    whole = quote("旅游处可读取 svc:ledger/**，")
    assert author.get(f"/policy/changes/words?say={whole}").get_json() == []
    assert author.get(f"/policy/changes/words?say={whole}&asked=1").get_json()

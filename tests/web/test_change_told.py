"""What the pages of a change say was done, and what comes next."""

from __future__ import annotations

import re

from change_world import begin, edit_of, look, ready, step, write
from web_office import Browser


def test_a_rule_that_is_there_already_is_no_edit(author: Browser, second: Browser) -> None:
    """Nothing is said to be saved, and an approval stands."""
    ref = ready(author, second)
    before = edit_of(author, ref)
    assert write(author, ref, "旅游处可读取 svc:ledger/**，需双因素").status_code == 303
    page = author.get(f"/policy/changes/{ref}/rules").text
    assert "内容没有差别，未作改动。" in page
    assert "已保存。" not in page
    assert edit_of(author, ref) == before
    assert "已批准" in author.get(f"/policy/changes/{ref}").text


def test_edits_in_a_row_are_one_line_of_the_story(author: Browser, second: Browser) -> None:
    ref = begin(author)
    for act in ("读取", "导出", "打印"):
        write(author, ref, f"旅游处可{act} svc:ledger/**，需双因素")
    write(second, ref, "旅游处可使用 app:portal.view")
    story = author.get(f"/policy/changes/{ref}").text.partition('id="story"')[2]
    assert re.findall(r'scope="row">([^<]+)</th>.*?data-name="处理人">([^<]+)<', story) == [
        ("编辑", "林夏"),
        ("编辑，共 3 次", "赵敏"),
        ("新建草案", "赵敏"),
    ]


def test_the_next_step_says_what_comes_first(author: Browser) -> None:
    ref = begin(author)
    page = author.get(f"/policy/changes/{ref}").text
    assert "请先查明影响。" in page.partition('id="next"')[2]
    assert "请先消除" in look(author, ref).partition('id="next"')[2]
    write(author, ref, "旅游处可读取 svc:ledger/**，需双因素")
    following = look(author, ref).partition('id="next"')[2]
    assert "请先" not in following
    assert "/submit" in following


def test_a_draft_behind_the_version_in_force_is_taken_over_before_it_is_published(
    author: Browser, second: Browser
) -> None:
    ref, other = ready(author, second), begin(author)
    write(author, other, "旅游处可打印 svc:ledger/**，需双因素")
    look(author, other)
    assert step(author, other, "submit").status_code == 303
    assert f"/policy/changes/{ref}/publish" in author.get(f"/policy/changes/{ref}").text
    assert step(author, ref, "publish").status_code == 303
    page = second.get(f"/policy/changes/{other}").text
    assert "/rebase" in page
    assert "/approve" not in page
    assert "请先按上文" in page


def test_a_text_with_errors_is_saved_and_their_number_told(author: Browser) -> None:
    ref = begin(author)
    page = f"/policy/changes/{ref}/rules/text"
    text = author.get(f"/policy/changes/{ref}/rules/download").text
    for typed, told in (
        (f"{text}p, unit:lvyou, nowhere\np, unit:lvyou\n", "已保存，尚有错误 2 处"),
        (text, "已保存。"),
        (text, "内容没有差别，未作改动。"),
    ):
        form = {"text": typed, "form": "csv", "edit": edit_of(author, ref)}
        assert author.post(page, form, page=page).status_code == 303
        assert told in author.get(page).text

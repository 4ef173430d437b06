"""An officer's morning in a real browser: the burst, the finding, the night, the evidence."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from office_log import refuse_often, run_rules
from playwright.sync_api import Browser as Chrome
from playwright.sync_api import Page, expect
from real_browser import (
    RULES,
    Desktop,
    charts_drawn,
    confirmed,
    served_office,
)
from sqlalchemy import select
from web_office import CHROME, Office

from audit.review.queue import Wanted
from audit.tables_anchors import log_key
from gateway.web.desk_values import SignedIn, Visit

BURST = 23
PICTURES = os.environ.get("HANGU_TEST_PICTURES")
"""A folder for pictures of every page, to be looked at."""


@pytest.fixture
def served(office_template: tuple[Path, dict[str, str]], tmp_path: Path) -> Iterator[Office]:
    """The office with the burst, on a port."""
    with served_office(office_template, tmp_path) as office:
        refuse_often(office, BURST)
        run_rules(office, tmp_path / "sealer")
        yield office


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)


def test_an_officers_morning(chrome: Chrome, served: Office, tmp_path: Path) -> None:
    tokens = {"chenjing": served.session("chenjing", ago=timedelta(minutes=7))}
    run_rules(served, tmp_path / "sealer")
    context = Desktop(chrome, served, tokens).context(login="chenjing")
    page, url = context.new_page(), served.settings.public_url

    # What needs my decision? A finding; follow it to its entries.
    page.goto(f"{url}/audit/now")
    picture(page, "now")
    page.get_by_role("link", name="规则发现").click()
    picture(page, "findings")
    page.get_by_role("link", name="同一账号频繁被拒").click()
    expect(page.locator("main")).to_contain_text("李雯")
    expect(page.locator("table.log tbody tr")).to_have_count(BURST)
    page.get_by_role("button", name="受理").click()
    expect(page.locator("main")).to_contain_text("陈静")
    picture(page, "finding")

    # Decide; nothing typed is lost when the reason is missing.
    page.select_option("#disposition", "violation")
    page.locator("#decide ~ form .btn-primary").click()
    expect(page.locator(".summary")).to_be_visible()
    expect(page.locator("#disposition")).to_have_value("violation")
    page.fill("#reason", "越权试探工资系统，已约谈")
    page.locator("#decide ~ form .btn-primary").click()
    expect(page.locator("main")).to_contain_text("属实违规")

    # Sign off the night: look through it, one button, one code.
    page.goto(f"{url}/audit/review")
    picture(page, "signoff")
    page.locator("#sign ~ form .btn-primary").click()
    confirmed(page, served, "chenjing")
    expect(page.locator("main")).to_contain_text("签审记录")
    charts_drawn(page)
    picture(page, "coverage")
    run_rules(served, tmp_path / "sealer")

    # Evidence of the burst, verified in a clean directory with the one file and plain Python.
    page.goto(f"{url}/audit/?outcome=denied&event=decision.denied")
    page.get_by_role("link", name="生成证据包").click()
    page.fill("#to", "市纪委监委派驻机构")
    page.fill("#why", "李某越权访问的调查")
    picture(page, "evidence")
    page.locator("main form .btn-primary").click()
    page.fill("#confirm_code", served.next_code("chenjing"))
    with page.expect_download() as download:
        page.click("main .actions .btn-primary")
    clean = tmp_path / "clean"
    clean.mkdir()
    download.value.save_as(clean / "evidence.zip")
    with zipfile.ZipFile(clean / "evidence.zip") as package:
        (clean / "verify.py").write_bytes(package.read("verify.py"))
    with served.store.read.connect() as connection:
        key = connection.execute(select(log_key.c.first_key)).scalar_one()
    run = [sys.executable, "-I", "verify.py", "--package", "evidence.zip", "--key", key]
    done = subprocess.run(run, cwd=clean, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{BURST} entries, each by its own proof" in done.stdout
    context.close()


def test_a_form_that_is_answered_by_a_file_keeps_no_mistake_of_the_time_before(
    chrome: Chrome, served: Office
) -> None:
    tokens = {"chenjing": served.session("chenjing", ago=timedelta(minutes=7))}
    context = Desktop(chrome, served, tokens).context(login="chenjing")
    page = context.new_page()
    page.goto(f"{served.settings.public_url}/audit/evidence?filter=outcome%3Ddenied")
    page.fill("#to", "市纪委监委派驻机构")
    page.fill("#why", "李某越权访问的调查")
    page.fill("#confirm_code", "000000")
    page.locator("main form .btn-primary").click()
    expect(page.locator("#problem-confirm_code")).to_be_visible()
    expect(page.locator("#why")).to_have_value("李某越权访问的调查")
    picture(page, "evidence-code")
    page.fill("#confirm_code", served.next_code("chenjing"))
    with page.expect_download():
        page.locator("main form .btn-primary").click()
    expect(page.locator(".summary")).to_have_count(0)
    expect(page.locator("#problem-confirm_code")).to_be_hidden()
    picture(page, "evidence-made")
    context.close()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_reviews_pages_pass_axe_and_fit_a_phone(
    chrome: Chrome, served: Office, tmp_path: Path, language: str
) -> None:
    tokens = {"chenjing": served.session("chenjing", ago=timedelta(minutes=7))}
    run_rules(served, tmp_path / "sealer")
    desktop = Desktop(chrome, served, tokens)
    finding = served.desk.review_findings(
        signed_in(served, tokens["chenjing"]), Wanted(), skip=0, visit=VISIT
    )[0][0]
    paths = (
        "audit/findings",
        f"audit/findings/{finding.id}",
        "audit/findings/figures",
        "audit/findings/suppressions",
        "audit/review-rules",
        "audit/review-rules/brute_force",
        "audit/review",
        "audit/coverage",
        "audit/evidence",
    )
    for width in (1280, 390):
        context = desktop.context(login="chenjing", language=language, width=width)
        page = context.new_page()
        for path in paths:
            page.goto(f"{served.settings.public_url}/{path}")
            picture(page, f"{language}-{width}-{path.replace('/', '-')[:40]}")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            if width == 1280:
                found = Axe().run(page, options=RULES)
                assert found.violations_count == 0, f"{path}: {found.generate_report()}"
        context.close()


VISIT = Visit(address="10.12.8.44", user_agent=CHROME, now=datetime.now(UTC))


def signed_in(office: Office, token: str) -> SignedIn:
    found = office.desk.session(token, service=None, now=datetime.now(UTC))
    assert found is not None
    return found

"""What people do with the demonstration office, through a real browser and a real Datasette."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import urllib3
from playwright.sync_api import Browser, Page, expect
from running_demo import Demo, running_demo

PICTURES = Path(__file__).parent / "pictures"
PHONE = {"width": 390, "height": 844}
CSV_BYTES = 50_000_000
GROWTH_KILOBYTES = 30_000


def picture(page: Page, name: str) -> None:
    """Keep a picture for the README when asked to (HANGU_PICTURES=1)."""
    if os.environ.get("HANGU_PICTURES") == "1":
        page.screenshot(path=PICTURES / f"{name}.png")


def memory(demo: Demo, zone: str) -> int:
    """The resident memory of a zone's processes, kilobytes."""
    found = 0
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes()
            status = (entry / "status").read_text()
        except (OSError, UnicodeDecodeError):
            continue
        if f"{demo.directory}/{zone}".encode() in command:
            found += int(re.search(r"VmRSS:\s+(\d+)", status)[1])  # type: ignore[index]
    assert found > 0
    return found


def test_a_clerk_signs_in_browses_searches_and_is_out_everywhere_at_once(
    demo: Demo, page: Page
) -> None:
    """From a deep link into the service, through sign-in, back to the very page, and out."""
    page.goto(f"{demo.service()}/ledger/contract")
    picture(page, "sign-in-intranet-zh")
    demo.sign_in(page, "li.na")
    expect(page).to_have_url(f"{demo.service()}/ledger/contract")
    expect(page.locator("h1")).to_contain_text("contract")

    page.goto(f"{demo.service()}/ledger/contract?_search=会议材料")
    expect(page.locator("h3").first).to_contain_text("会议材料")

    page.goto(demo.gateway())
    expect(page.get_by_role("heading", name="我的系统")).to_be_visible()
    expect(page.get_by_text("财政台账")).to_be_visible()
    picture(page, "portal-intranet-zh")

    elsewhere = page.context.new_page()
    elsewhere.goto(f"{demo.service()}/ledger")
    page.get_by_role("button", name="退出登录").click()
    expect(page.get_by_role("heading", name="您已退出登录")).to_be_visible()
    elsewhere.goto(f"{demo.service()}/ledger")  # kept by the browser, and asked for anew
    expect(elsewhere.get_by_role("heading", name="登录")).to_be_visible()


def test_a_captured_cookie_is_worth_nothing_after_signing_out(demo: Demo, chrome: Browser) -> None:
    """Class 23: the cookies of before, put back, open neither gateway nor service."""
    context = chrome.new_context()
    page = context.new_page()
    page.goto(demo.service())
    demo.sign_in(page, "liu.yang")
    page.goto(demo.gateway())
    stolen = context.cookies()
    assert {each["name"] for each in stolen} >= {"__Host-hangu-intranet"}
    page.get_by_role("button", name="退出登录").click()
    page.wait_for_load_state()
    context.add_cookies(stolen)
    page.goto(demo.gateway())
    expect(page.get_by_role("heading", name="登录")).to_be_visible()
    context.close()


def test_a_colleague_of_another_unit_learns_why_not_and_whom_to_ask(demo: Demo, page: Page) -> None:
    page.goto(demo.gateway())
    demo.sign_in(page, "zhang.wei")
    expect(page.get_by_text("财政台账")).to_have_count(0)
    answer = page.goto(demo.service())
    assert answer is not None
    assert answer.status == 403
    expect(page.locator("h1")).to_contain_text("财政台账")
    expect(page.locator("main")).to_contain_text("此服务由财政科主管")
    expect(page.locator("main")).to_contain_text("no_rule")
    picture(page, "denied-intranet-zh")


def test_a_csv_of_fifty_megabytes_leaves_the_gateways_memory_as_it_was(
    demo: Demo, page: Page
) -> None:
    page.goto(demo.service("extranet"))
    demo.sign_in(page, "wang.jian", "extranet")
    page.goto(demo.service())
    demo.sign_in(page, "li.na")
    before = memory(demo, "intranet")
    with page.expect_download(timeout=180_000) as started:
        page.evaluate(
            "address => { const link = document.createElement('a');"
            " link.href = address; document.body.append(link); link.click(); }",
            "/ledger/entry.csv?_stream=on&_size=max&_dl=1",
        )
    assert started.value.path().stat().st_size > CSV_BYTES
    assert memory(demo, "intranet") - before < GROWTH_KILOBYTES


def test_the_extranet_speaks_english_on_a_phone_and_nothing_overflows(
    demo: Demo, chrome: Browser
) -> None:
    context = chrome.new_context(viewport=PHONE)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(demo.gateway("extranet"))
    page.get_by_text("English").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    demo.sign_in(page, "li.na", "extranet")
    for address in ("/", "/account/", "/services/open-data", "/no-such-page"):
        page.goto(demo.gateway("extranet") + address)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE["width"], address
        expect(page.locator("html")).to_have_attribute("lang", "en")
    page.set_viewport_size({"width": 1280, "height": 860})
    page.goto(demo.gateway("extranet"))
    picture(page, "portal-extranet-en")
    page.goto(demo.service("extranet"))
    expect(page).to_have_title(re.compile("open-data|Open data"))
    context.close()


def test_killing_a_worker_costs_nobody_the_session(demo: Demo, page: Page) -> None:
    """The server starts a new worker; sessions live in the database."""
    page.goto(demo.gateway("extranet"))
    demo.sign_in(page, "zhang.wei", "extranet")
    workers = subprocess.run(
        ["pgrep", "-f", f"serve {demo.directory}/extranet"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    os.kill(int(max(workers, key=int)), signal.SIGKILL)
    for _ in range(60):
        try:
            page.goto(demo.gateway("extranet"))
            break
        except Exception:  # noqa: BLE001 - refused while there is no worker
            time.sleep(0.5)
    expect(page.get_by_role("heading", name="我的系统")).to_be_visible()


@pytest.mark.parametrize("zone", ["intranet", "extranet"])
def test_a_cookie_of_one_zone_opens_nothing_in_the_other(
    demo: Demo, chrome: Browser, zone: str
) -> None:
    other = "extranet" if zone == "intranet" else "intranet"
    context = chrome.new_context()
    page = context.new_page()
    page.goto(demo.gateway(zone))
    demo.sign_in(page, "chen.min", zone)
    cookie = next(
        each["value"] for each in context.cookies() if each["name"] == f"__Host-hangu-{zone}"
    )
    context.close()
    port = demo.ports[0 if other == "intranet" else 2]
    for name in (f"__Host-hangu-{zone}", f"__Host-hangu-{other}"):
        answer = urllib3.request(
            "GET",
            f"http://127.0.0.1:{port}/",
            headers={"Host": f"{other}.localhost:{port}", "Cookie": f"{name}={cookie}"},
        )
        assert answer.status == 401


def test_stopping_and_starting_again_keeps_people_and_data(tmp_path: Path) -> None:
    """The same directory, started twice: same people, one office, and the screen again."""
    with running_demo(tmp_path / "office") as first:
        people = (first.directory / "people.json").read_bytes()
        ports = first.ports
    with running_demo(tmp_path / "office", ports) as second:
        assert (second.directory / "people.json").read_bytes() == people


def test_the_demonstration_listens_on_loopback_and_nothing_else(demo: Demo, tmp_path: Path) -> None:
    settings = demo.directory / "intranet" / "hangu.toml"
    opened = settings.read_text()
    settings.write_text(opened.replace("127.0.0.1", "10.1.2.3"))
    try:
        refused = subprocess.run(
            [sys.executable, "-m", "gateway.cli", "check", str(demo.directory / "intranet")],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        settings.write_text(opened)
    assert refused.returncode != 0
    assert "loopback" in refused.stdout + refused.stderr

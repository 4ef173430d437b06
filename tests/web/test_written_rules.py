"""The rules that are shown are the rules that work."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from web_office import Browser, Office

from config.sections import Session, keys
from gateway.identity import paces
from gateway.identity.profiles import PROFILES
from gateway.identity.written import written
from gateway.web import written_rules


@pytest.mark.asvs("V6.1.1", "V6.1.2", "V6.1.3", "V7.1.1", "V7.1.2")
def test_page_shows_the_numbers_that_the_program_works_with(clerk: Browser, office: Office) -> None:
    """Lanes, codes, password length, both kinds of sessions."""
    page = clerk.get("/sign-in-rules").text
    rules = written(office.registry.limits)
    assert f"连续失败 {paces.CLOSED_AFTER} 次" in page
    assert f"{office.registry.limits.password_min} 个字符" in page
    assert "无操作 30 分钟即退出，最长 12 小时" in page
    assert "无操作 15 分钟即退出，最长 8 小时" in page
    assert page.count('scope="row"') == len(rules.ways) + len(rules.lanes)


@pytest.mark.asvs("V6.1.2")
def test_words_of_the_office_are_shown(office: Office) -> None:
    """They come from the settings and go the whole way."""
    limits = replace(office.registry.limits, context_words=("海州", "haizhou"))
    assert written(limits).context_words == ("海州", "haizhou")


@pytest.mark.parametrize("profile", PROFILES)
def test_every_value_has_words(office: Office, profile: str) -> None:
    """Whatever the settings choose, nothing is shown as a code."""
    limits = replace(office.registry.limits, password_profile=profile, password_min=8)
    rules = written(limits)
    assert {way.code for way in rules.ways} == set(written_rules.WAYS)
    assert {lane.kind for lane in rules.lanes} == set(written_rules.LANES)
    assert {each.code for each in rules.deviations} <= set(written_rules.DEVIATIONS)
    assert profile in written_rules.PROFILES


@pytest.mark.asvs("V7.1.1")
@pytest.mark.parametrize(
    ("kind", "idle", "life"), [("staff", 3600, 86400), ("officer", 900, 43200)]
)
def test_settings_take_no_longer_session_than_recommended(kind: str, idle: int, life: int) -> None:
    """NIST SP 800-63B-4, 2.2.3 and 2.3.3: what the page says that settings refuse, they do."""
    rules = keys(Session)
    assert rules[f"{kind}_idle"].parse(idle) == timedelta(seconds=idle)
    for name, most in ((f"{kind}_idle", idle), (f"{kind}_life", life)):
        with pytest.raises(ValueError):  # noqa: PT011 - a rule says no without words
            rules[name].parse(most + 1)

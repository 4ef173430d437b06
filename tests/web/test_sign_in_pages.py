"""Sign-in as a person meets it."""

from __future__ import annotations

import pytest
from flask import Flask
from web_office import PASSWORD, Browser, Office


def test_password_and_code_lead_to_the_portal(browser: Browser) -> None:
    """Two steps, and the person sees their services."""
    assert browser.password("liwen").location == "/sign-in/code"
    answer = browser.sign_in("liwen")
    assert (answer.status_code, answer.location) == (303, "/")
    assert "预算执行台账" in browser.get("/").text

"""An office in which the rules can be changed, and its two security administrators at browsers."""

from __future__ import annotations

import pytest
from change_world import with_new_unit
from flask import Flask
from web_office import Browser, Office, officer


@pytest.fixture
def busy(office: Office) -> Office:
    """The office with a second security administrator and a new unit."""
    with_new_unit(office)
    return office


@pytest.fixture
def author(app: Flask, busy: Office) -> Browser:
    """The first security administrator."""
    return officer(app, busy, "zhaomin")


@pytest.fixture
def second(app: Flask, busy: Office) -> Browser:
    """The second one."""
    return officer(app, busy, "linxia")

"""The office and its browsers as fixtures, for every room that tests pages."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from web_office import Browser, Office, build_office, open_office

from gateway.web import catalogues


@pytest.fixture(scope="session", autouse=True)
def compiled_catalogues() -> None:
    """The `.mo` files are made, not kept."""
    catalogues.compile_all()


@pytest.fixture(scope="session")
def office_template(
    tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path
) -> tuple[Path, dict[str, str]]:
    """The office, built once, and its authenticators' keys."""
    directory = tmp_path_factory.mktemp("office") / "template"
    directory.mkdir(mode=0o700)
    return directory, build_office(directory, sqlite_template)


@pytest.fixture
def office(office_template: tuple[Path, dict[str, str]], tmp_path: Path) -> Iterator[Office]:
    """A fresh copy of the office."""
    template, secrets = office_template
    directory = tmp_path / "office"
    shutil.copytree(template, directory)
    opened = open_office(directory)
    opened.secrets = dict(secrets)
    yield opened
    opened.store.close()


@pytest.fixture
def app(office: Office) -> Flask:
    """The pages of the office."""
    return office.app()


@pytest.fixture
def stranger(app: Flask, office: Office) -> Browser:
    """A stranger's browser."""
    return Browser(app, office)


@pytest.fixture
def clerk(stranger: Browser) -> Browser:
    """The browser of liwen, signed in."""
    assert stranger.sign_in("liwen").status_code == 303
    return stranger

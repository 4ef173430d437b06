"""What the tests of the command share."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_terminal import Terminal
from sqlalchemy import create_engine, make_url, text


@pytest.fixture(autouse=True)
def _umask() -> Iterator[None]:
    """The command makes every file private; give the test runner its own way back."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def empty_postgresql(postgresql: str) -> Iterator[str]:
    """Return the URL of a fresh PostgreSQL database without any table."""
    name = f"empty{uuid.uuid4().hex}"
    admin = create_engine(postgresql, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0"))
    url = make_url(postgresql).set(database=name).render_as_string(hide_password=False)
    yield url.replace(":@", "@")  # an empty password is none
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Terminal:
    """A terminal in front of a new zone."""
    at = Terminal(tmp_path / "zone", capsys, monkeypatch)
    said = at.run(
        *("init", str(at.zone), "--zone", "intranet", "--office", "河山局"),
        *("--public-url", "https://gate.example.cn", "--system-admin", "wang:王建:CZ0017"),
        *("--security-admin", "chen:陈敏", "--auditor", "zhao:赵磊"),
    )
    assert said.count("https://gate.example.cn/enrol/") == 3
    return at

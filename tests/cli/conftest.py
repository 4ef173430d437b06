"""What the tests of the command share."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest
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

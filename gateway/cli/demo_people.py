"""The demonstration people: random passwords and authenticator keys, kept in one private file."""

from __future__ import annotations

import json
import secrets
import tomllib
from dataclasses import asdict, dataclass, field
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any

import pyotp

from gateway.cli.site import write_private
from gateway.cli.trouble import Trouble

FILE = "people.json"
STEP = 30  # seconds of one code (RFC 6238, 4.1)
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""No 0/o and no 1/i/l: the passwords are read from a screen."""
_GROUPS, _GROUP = 4, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPerson:
    """Somebody who can be signed in as; `totp` is the authenticator's key in Base32."""

    zone: str
    login: str
    name: str
    what_zh: str
    what_en: str
    password: str = field(repr=False)
    totp: str = field(repr=False)

    def code(self, moment: datetime) -> str:
        """The one-time code at `moment`."""
        return pyotp.TOTP(self.totp).at(moment)


def cast() -> dict[str, list[dict[str, Any]]]:
    """Units and people as config/demo/people.toml has them."""
    path = resources.files("config.demo").joinpath("people.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def new_password() -> str:
    """Sixteen random letters in groups of four: 79 bits."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


def keep(directory: Path, people: list[DemoPerson]) -> None:
    """Write people.json, mode 0600."""
    text = json.dumps([asdict(person) for person in people], ensure_ascii=False, indent=1)
    write_private(directory / FILE, text.encode())


def recall(directory: Path) -> list[DemoPerson]:
    """Read people.json. Raises Trouble if there is no demonstration in `directory`."""
    try:
        found = json.loads((directory / FILE).read_text(encoding="utf-8"))
        return [DemoPerson(**person) for person in found]
    except FileNotFoundError:
        raise Trouble(
            f"There is no demonstration in {directory}.", "make run makes and starts it."
        ) from None
    except (ValueError, TypeError):
        raise Trouble(
            f"{directory / FILE} is damaged.", "make clean-demo, then make run, begins anew."
        ) from None


def seconds_left(moment: datetime) -> int:
    """How long the codes of `moment` still hold, seconds."""
    return STEP - int(moment.timestamp()) % STEP

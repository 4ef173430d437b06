"""The unit files shut a zone and its sealer in."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[2] / "config" / "systemd"
ACCOUNTS = {"hangu@.service": "hangu-%i", "hangu-seal@.service": "hangu-seal-%i"}
MUST = {
    "UMask=0077",
    "NoNewPrivileges=yes",
    "CapabilityBoundingSet=",
    "ProtectSystem=strict",
    "ProtectHome=yes",
    "PrivateNetwork=yes",
    "PrivateUsers=yes",
    "RestrictAddressFamilies=AF_UNIX",
    "MemoryDenyWriteExecute=yes",
    "SystemCallFilter=@system-service",
    "IPAddressDeny=any",
    "LimitCORE=0",
}
MOST_EXPOSURE = 1.0


@pytest.mark.parametrize("name", ACCOUNTS)
def test_the_unit_takes_away_what_the_standard_lists(name: str) -> None:
    lines = set((UNITS / name).read_text().splitlines())
    assert lines >= MUST
    assert f"User={ACCOUNTS[name]}" in lines
    assert lines & {"Restart=on-failure", "Restart=always"}


@pytest.mark.parametrize("name", ACCOUNTS)
def test_systemd_rates_the_unit_as_safe(tmp_path: Path, name: str) -> None:
    """Where systemd is installed, its own verdict is at most 1.0 of 10 (standards 6.4)."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd here; the directives are tested above")
    unit = tmp_path / name
    unit.write_text((UNITS / name).read_text())
    said = subprocess.run(
        [analyze, "security", "--offline=true", "--no-pager", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    rating = re.search(r"Overall exposure level .*: ([0-9.]+)", said)
    assert rating is not None, said
    assert float(rating[1]) <= MOST_EXPOSURE

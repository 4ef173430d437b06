"""What is refused about review campaigns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import ClassVar

from gateway.refusals import Refused
from policies.campaigns.campaigns import Stopped, Why


class CampaignRefused(Refused):
    """A step of a campaign that is not taken; each reason has a leaf with its own code."""

    code: ClassVar[str] = "campaign_unknown"

    def __init__(self, why: Why, said: str = "") -> None:
        super().__init__(said)
        self.why = why
        self.said = said


_LEAVES: Mapping[Why, type[CampaignRefused]] = {
    why: type(
        f"Campaign{why.title().replace('_', '')}", (CampaignRefused,), {"code": f"campaign_{why}"}
    )
    for why in Why
}


@contextmanager
def refusing() -> Iterator[None]:
    """Turn what stops a campaign into a refusal."""
    try:
        yield
    except Stopped as stopped:
        raise _LEAVES[stopped.why](stopped.why, stopped.said) from stopped

"""What is refused about changes of the rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import ClassVar

from gateway.refusals import Refused
from policies.dossier.dossiers import Stopped, Why
from policies.versions import AlreadyInForce


class ChangeRefused(Refused):
    """A step of a change that is not taken; each reason has a leaf with its own code."""

    code: ClassVar[str] = "change_blocked"

    def __init__(self, why: Why, said: str = "") -> None:
        super().__init__(said)
        self.why = why
        self.said = said


_LEAVES: Mapping[Why, type[ChangeRefused]] = {
    why: type(f"Change{why.title().replace('_', '')}", (ChangeRefused,), {"code": f"change_{why}"})
    for why in Why
}


def refused(why: Why, said: str = "") -> ChangeRefused:
    """Return the refusal for a reason."""
    return _LEAVES[why](why, said)


@contextmanager
def refusing() -> Iterator[None]:
    """Turn what stops a change into a refusal; a fault of the database stays one."""
    try:
        yield
    except Stopped as stopped:
        raise refused(stopped.why, stopped.said) from stopped
    except AlreadyInForce as same:
        raise refused(Why.BLOCKED, "nothing") from same

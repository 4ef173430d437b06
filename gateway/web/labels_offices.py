"""What each office does with the gateway, said to whoever holds it in place of services."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gateway.web.i18n import later as _l
from gateway.web.labels import ROLES

_RUN_APART = _l(
    "Who looks after the gateway does no business through it, so no service opens here."
)


@dataclass(frozen=True, slots=True)
class Duty:
    """What an office does with the gateway, and with which commands on its own machine."""

    role: Any
    text: Any
    commands: tuple[tuple[str, Any], ...] = ()
    apart: Any = _RUN_APART


DUTIES = {
    "system_admin": Duty(
        ROLES["system_admin"],
        _l(
            "You keep the people, the units and the services of this gateway: people and units on "
            "the pages named in the menu, services by a command on the gateway's own machine:"
        ),
        (("hangu service", _l("enter services, show and remove them")),),
    ),
    "security_admin": Duty(
        ROLES["security_admin"],
        _l(
            "You decide who may open which service, and approve each service before it opens: "
            "people's rights and changes of the rules on the pages named in the menu, approvals by "
            "a command on the gateway's own machine:"
        ),
        (
            ("hangu policy", _l("show the rules in force, say why a request is refused")),
            ("hangu service approve", _l("open a service after its security evaluation")),
        ),
    ),
    "auditor": Duty(
        ROLES["auditor"],
        _l(
            "You watch over what the others do: every sign-in, decision and change is on record. "
            "You search it, review it and hand out evidence on the pages named in the menu, verify "
            "and export it by commands on the gateway's own machine:"
        ),
        (
            ("hangu audit verify", _l("prove that the record is whole and untouched")),
            ("hangu audit export", _l("take it, with its verifier, to another machine")),
            ("hangu audit prove", _l("give a receipt for one entry")),
        ),
    ),
}
"""What the three officers find instead of services."""

"""What the server in front already refused, told again so that the gateway can show its page.

nginx cannot show the body of a decision. After a refusal it asks the gateway for the page, on
the proven channel and with `X-Hangu-Front`, which it takes out of every client's request:

    denied DECISION REASON POLICY RULES      each a word, `-` if there is none
    unreachable | timeout                    the service was allowed but does not answer
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gateway.access.channel import Channel, optional
from gateway.access.decide import Verdict
from gateway.access.gate import ServiceDenied
from gateway.access.headers import ConnectionNamesProtectedHeader
from gateway.access.proxy_failures import UpstreamTimeout, UpstreamUnreachable
from gateway.access.refusals import (
    ForwardedHeaderInvalid,
    ForwardedHeaderUntrusted,
    LogBusy,
    OwnPath,
    PolicyUnavailable,
    ProxyUnproven,
    ServiceUnknown,
    StoreUnavailable,
)
from gateway.access.reply import FRONT
from gateway.access.service import Service
from gateway.refusals import Refused
from gateway.store.brake import WritesHeld
from policies.decision import Outcome

_DENIED = re.compile(
    r"denied (?P<id>[0-9a-f]{32}|-) (?P<reason>[a-z_]{1,60}|-) (?P<policy>[0-9a-f]{16}|-)"
    r" (?P<rules>[A-Za-z0-9,-]{1,4096})"
)
_PLAIN: Mapping[str, type[Refused]] = {
    "timeout": UpstreamTimeout,
    "unreachable": UpstreamUnreachable,
}
_BEFORE_DECIDING: Mapping[str, type[Refused]] = {
    refusal.code: refusal
    for refusal in (
        ConnectionNamesProtectedHeader,
        ForwardedHeaderInvalid,
        ForwardedHeaderUntrusted,
        LogBusy,
        OwnPath,
        PolicyUnavailable,
        ServiceUnknown,
        StoreUnavailable,
        WritesHeld,
    )
}


def told(channel: Channel, environ: Mapping[str, Any], service: Service) -> Refused | None:
    """Return what our front refused about this request, or None if it refused nothing.

    Whoever is not our proxy is not heard.
    """
    values = optional(environ["hangu.headers"], FRONT.lower().encode())
    if not values or not channel.proven(environ):
        return None
    text = values[0].decode("latin-1")
    if len(values) == 1 and text in _PLAIN:
        return _PLAIN[text](service.slug)
    match = _DENIED.fullmatch(text)
    if len(values) > 1 or match is None:
        return ForwardedHeaderInvalid(FRONT)
    if match["id"] == "-":
        return _BEFORE_DECIDING.get(match["reason"], ProxyUnproven)(match["reason"])
    return ServiceDenied(
        Verdict(
            outcome=Outcome.DENY,
            reason=match["reason"],
            decision_id=match["id"],
            rules=tuple(rule for rule in match["rules"].split(",") if rule not in {"", "-"}),
            version="" if match["policy"] == "-" else match["policy"],
            service=service,
        )
    )

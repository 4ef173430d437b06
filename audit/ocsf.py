"""An entry as an event of the Open Cybersecurity Schema: one JSON object a line.

Every attribute that OCSF 1.6 requires of the base event and of the entry's class is there;
what the schema has no place for stands under `unmapped`, whole. Personal values never
leave with an export: the schema gets the commitment, under `unmapped`.
Source: OCSF 1.6 (schema.ocsf.io): base_event, account_change, authentication,
entity_management, user_access_management, application_lifecycle,
web_resource_access_activity, event_log_activity.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from audit.record import Json, canonical
from audit.vocabulary import Outcome

VERSION: Final = "1.6.0"
PRODUCT: Final = {"name": "Hangu", "vendor_name": "Hangu"}
INFORMATIONAL, LOW, MEDIUM = 1, 2, 3
SEVERITIES: Final = {
    Outcome.SUCCESS: INFORMATIONAL,
    Outcome.FAILURE: LOW,
    Outcome.DENIED: MEDIUM,
}
NO_ENTRY: Final = (
    *(ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError),
)
"""What bytes may raise that are no entry: whoever writes the database can have any sealed."""
_SUCCESS, _FAILURE = 1, 2
_OTHER = 99
_MAPPED = frozenset(
    ("v", "eid", "ev", "cls", "act", "ts", "zone", "sub", "out", "obj", "why", "svc", "sid")
)


def event(entry: bytes, *, index: int, origin: str) -> dict[str, Json]:
    """Return a sealed entry as an OCSF event.

    Args:
        entry: its canonical bytes.
        index: its number in the log, which becomes `metadata.sequence`.
        origin: the log's name, which becomes `metadata.log_name`.

    Raises:
        One of `NO_ENTRY`: the bytes are no entry.
    """
    body: dict[str, Any] = json.loads(entry)
    class_uid, activity = int(body["cls"]), int(body["act"])
    outcome = Outcome(body["out"])
    found: dict[str, Json] = {
        "activity_id": activity,
        "category_uid": class_uid // 1000,
        "class_uid": class_uid,
        "type_uid": class_uid * 100 + activity,
        "time": int(datetime.fromisoformat(body["ts"]).timestamp() * 1000),
        "severity_id": SEVERITIES[outcome],
        "status_id": _SUCCESS if outcome is Outcome.SUCCESS else _FAILURE,
        "message": body["ev"],
        "metadata": {
            "version": VERSION,
            "product": PRODUCT,
            "uid": body["eid"],
            "log_name": origin,
            "sequence": index,
            "event_code": body["ev"],
        },
        "actor": {"user": _user(str(body["sub"])), **_session(body)},
        **_CLASSES[class_uid](body),
    }
    if activity == _OTHER:
        found["activity_name"] = body["ev"]
    if isinstance(body.get("why"), str):
        found["status_detail"] = body["why"]
    rest = {key: value for key, value in body.items() if key not in _MAPPED}
    return found | {"unmapped": {"zone": body["zone"], **rest}}


def line(entry: bytes, *, index: int, origin: str) -> bytes:
    """Return `event` as one line of JSON, with its newline."""
    return canonical(event(entry, index=index, origin=origin)) + b"\n"


def _user(subject: str) -> dict[str, Json]:
    kind, _, name = subject.partition(":")
    return {"uid": subject, "name": name or subject, "type": kind, "type_id": _OTHER}


def _session(body: Mapping[str, Any]) -> dict[str, Json]:
    return {"session": {"uid": body["sid"]}} if "sid" in body else {}


def _about(body: Mapping[str, Any]) -> str:
    """What the act was about; without a stated object, its own doer."""
    found = body.get("obj", body["sub"])
    return found if isinstance(found, str) else str(found.get("pre", ""))


def _of_user(body: Mapping[str, Any]) -> dict[str, Json]:
    return {"user": _user(_about(body))}


def _authentication(body: Mapping[str, Any]) -> dict[str, Json]:
    name = body["svc"] if isinstance(body.get("svc"), str) else "gateway"
    return {**_of_user(body), "service": {"name": name}, "is_remote": True}


def _user_access(body: Mapping[str, Any]) -> dict[str, Json]:
    details = body.get("d")
    given = details if isinstance(details, dict) else {}
    rights = given.get("roles", given.get("to", []))
    named = [str(each) for each in rights] if isinstance(rights, list) else []
    return {**_of_user(body), "privileges": named or [_about(body)]}


def _entity(body: Mapping[str, Any]) -> dict[str, Json]:
    kind, _, name = _about(body).partition(":")
    return {"entity": {"uid": _about(body), "name": name or kind, "type": kind}}


def _lifecycle(_body: Mapping[str, Any]) -> dict[str, Json]:
    return {"app": dict(PRODUCT)}


def _web_access(body: Mapping[str, Any]) -> dict[str, Json]:
    details = body.get("d")
    given = details if isinstance(details, dict) else {}
    path = given.get("path", "")
    request: dict[str, Json] = {
        "http_method": str(given.get("method", "GET")),
        "url": {"path": path if isinstance(path, str) else str(path)},
    }
    return {"http_request": request, "web_resources": [{"name": _about(body)}]}


def _event_log(body: Mapping[str, Any]) -> dict[str, Json]:
    return {
        "device": {"type_id": 1, "hostname": str(body["zone"]), "type": "Server"},
        "log_name": _about(body),
        "log_provider": PRODUCT["name"],
    }


_CLASSES: dict[int, Callable[[Mapping[str, Any]], dict[str, Json]]] = {
    1008: _event_log,
    2004: lambda body: {"finding_info": {"uid": body["eid"], "title": body["ev"]}},
    2005: lambda body: {"finding_info_list": [{"uid": body["eid"], "title": body["ev"]}]},
    3001: _of_user,
    3002: _authentication,
    3004: _entity,
    3005: _user_access,
    3006: lambda body: {"group": {"uid": _about(body), "name": _about(body)}},
    6002: _lifecycle,
    6003: lambda body: {
        "api": {"operation": body["ev"]},
        "src_endpoint": {"name": str(body["sub"])},
    },
    6004: _web_access,
    6006: lambda body: {
        "file": {"name": _about(body), "type_id": 1},
        "src_endpoint": {"name": str(body["sub"])},
    },
}
"""What each class requires beyond the base event; the vocabulary uses no other class."""

CLASSES: Final = frozenset(_CLASSES)

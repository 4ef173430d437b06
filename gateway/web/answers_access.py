"""The words for what the access room refuses: ambiguous addresses, services, the proxy."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.web.answer import Answer
from gateway.web.i18n import later as _l

_TWO_READINGS = _l("This address can be read in two ways")
_NOT_FORWARDED = _l("This request did not come through our own front server")
_NOT_SEALED = _l("The audit log is not being sealed")
_CATALOGUE = _l("The catalogue was not changed")

_READINGS = {
    "ambiguous": _l("Two programs could understand it differently, so it is not passed on."),
    "bad_method": _l("The method of the request is not one that is passed on."),
    "bad_scheme": _l("Addresses here begin with http or https."),
    "bad_host": _l("The host name is not exactly one plain name."),
    "bad_header": _l("A header line is not well formed."),
    "duplicate_header": _l("A header that may stand only once was sent twice."),
    "not_absolute_path": _l("The path does not begin with a slash."),
    "path_too_long": _l("The path is too long."),
    "query_too_long": _l("The part after the question mark is too long."),
    "query_character": _l(
        "The part after the question mark holds a character that is not allowed."
    ),
    "bad_percent": _l("A percent sign is not followed by two hexadecimal digits."),
    "double_encoding": _l("The path is encoded twice."),
    "empty_segment": _l("The path holds two slashes in a row."),
    "dot_segment": _l("The path holds a step up or in place, “..” or “.”."),
    "trailing_dot_or_space": _l("A part of the path ends with a dot or a blank."),
    "matrix_parameter": _l("The path holds a semicolon."),
    "encoded_slash": _l("The path holds an encoded slash."),
    "encoded_nul": _l("The path holds an encoded NUL."),
    "backslash": _l("The path holds a backslash."),
    "control_character": _l("The path holds an invisible or control character."),
    "fragment": _l("The path holds a “#”."),
    "illegal_character": _l("The path holds a character that must be encoded."),
    "overlong_utf8": _l("The path hides a character in more bytes than it needs."),
    "not_utf8": _l("The path is not UTF-8 text."),
}

ADDRESSES: Mapping[str, Answer] = {
    code: Answer(400, _TWO_READINGS, text) for code, text in _READINGS.items()
}

SERVICES: Mapping[str, Answer] = {
    "access_denied": Answer(
        403, _l("You may not open this service"), _l("The rules now in force do not allow it.")
    ),
    "service_unknown": Answer(
        404,
        _l("There is no such service"),
        _l("Check the address, or start from the portal. What you may not know of looks the same."),
    ),
    "service_exists": Answer(
        409, _CATALOGUE, _l("Another service already has this short name or host name.")
    ),
    "service_changed": Answer(
        409, _CATALOGUE, _l("Somebody else changed the service meanwhile. Read it again first.")
    ),
    "service_invalid": Answer(422, _CATALOGUE, _l("The entry breaks the rules of the catalogue.")),
    "service_approved_by_author": Answer(
        403, _CATALOGUE, _l("Who entered or last changed a service may not approve it.")
    ),
    "bad_upstream": Answer(422, _CATALOGUE, _l("The service's address cannot be used.")),
    "upstream_unreachable": Answer(
        502,
        _l("The service does not answer"),
        _l("You are allowed in, but the service itself cannot be reached. Try again in a minute."),
    ),
    "upstream_broken": Answer(
        502,
        _l("The service answered badly"),
        _l("It broke off, or sent what is not HTTP. Look before you send anything again."),
    ),
    "upstream_timeout": Answer(
        504,
        _l("The service takes too long"),
        _l("It may still finish what you asked for. Look before you send it again."),
    ),
    "websocket_needs_nginx": Answer(
        501,
        _l("This connection is not supported"),
        _l("The service asked for a WebSocket, which is not opened for it here."),
    ),
    "too_many_streams": Answer(
        503,
        _l("Too many live connections"),
        _l("Close pages that update themselves and that you do not need, then try again."),
    ),
    "policy_missing": Answer(
        503,
        _l("No decision can be made now"),
        _l("No rules were ever published, so nothing is opened. The officers must act."),
    ),
    "policy_unavailable": Answer(
        503,
        _l("No decision can be made now"),
        _l("The rules in force cannot be read, so nothing is opened. The officers must act."),
    ),
    "store_unavailable": Answer(
        503,
        _l("No decision can be made now"),
        _l("The data base does not answer, so nothing is opened. Try again in a minute."),
    ),
    "log_busy": Answer(
        503,
        _l("The gateway is busy"),
        _l(
            "More requests than can be put on record arrive at once, and none passes without a "
            "record. Try again in a moment."
        ),
    ),
    "log_holds_privileged": Answer(
        503,
        _NOT_SEALED,
        _l(
            "Rights, accounts, rules and exports wait until the audit log is being sealed again. "
            "Nothing was changed. The operators have to look; locking and taking away still work."
        ),
    ),
    "log_holds_writes": Answer(
        503,
        _NOT_SEALED,
        _l(
            "The audit log has not been sealed for some minutes, or cannot be read, so nothing "
            "passes that would have to be recorded. Nothing was changed. The operators have to "
            "look; it opens again by itself."
        ),
    ),
    "proxy_unproven": Answer(
        403, _NOT_FORWARDED, _l("Decisions are given to our own front server alone.")
    ),
    "connection_names_protected_header": Answer(
        400, _NOT_FORWARDED, _l("It asks to drop a header that decisions rest on.")
    ),
    "malformed_request": Answer(
        400, _l("The request could not be understood"), _l("It is not well-formed HTTP.")
    ),
    "own_path": Answer(403, _NOT_FORWARDED, _l("The gateway's own paths are not decided on.")),
    "forwarded_header_untrusted": Answer(
        400, _NOT_FORWARDED, _l("It claims to have been forwarded, but by whom is not proved.")
    ),
    "forwarded_header_invalid": Answer(
        400, _NOT_FORWARDED, _l("What the front server said about it cannot be understood.")
    ),
    "assertion_refused": Answer(
        401, _l("The proof of identity is not valid"), _l("It is refused without saying why.")
    ),
}

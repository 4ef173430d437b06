"""Words for what stands in an entry of the log: its fields, details, flaws, and the filters."""

from __future__ import annotations

from typing import Any

from gateway.web.i18n import later as _l

CLASSES = {
    "1008": _l("Acts on the log"),
    "3001": _l("Account changes"),
    "3002": _l("Authentication"),
    "3004": _l("Managed things"),
    "3005": _l("Rights of people"),
    "6002": _l("Running the gateway"),
    "6004": _l("Use of pages and services"),
}
"""OCSF classes, by number."""

FIELDS: dict[str, Any] = {
    "event": _l("What"),
    "outcome": _l("Outcome"),
    "actor": _l("Who"),
    "object": _l("About"),
    "unit": _l("Unit"),
    "service": _l("Service"),
    "session": _l("Session"),
    "reason": _l("Reason"),
    "policy": _l("Version of the rules"),
    "decision": _l("Decision id"),
    "case_ref": _l("Emergency or case"),
    "zone": _l("Zone"),
    "address": _l("From address"),
    "name": _l("Sign-in name typed"),
    "class_uid": _l("Class"),
    "plain_address": _l("From address"),
    "plain_name": _l("Sign-in name typed"),
    "words": _l("Words"),
    "since": _l("From time"),
    "until": _l("To time"),
}
"""What can be filtered by, and what an entry says."""

PERSONAL = {
    "src_ip": _l("Network address"),
    "login": _l("Sign-in name"),
    "name": _l("Name"),
    "was": _l("Name before"),
    "reason": _l("Reason given"),
    "staff_number": _l("Staff number"),
    "user_agent": _l("Browser"),
}

DETAILS = {
    "act": _l("Act confirmed"),
    "added": _l("Rules added"),
    "amr": _l("Signed in with"),
    "categories": _l("Categories"),
    "cause": _l("Cause"),
    "clearance": _l("Clearance"),
    "closed": _l("Was closed"),
    "count": _l("Count"),
    "code": _l("Result"),
    "evaluated_at": _l("Evaluated on"),
    "evaluated_by": _l("Evaluated by"),
    "failures": _l("Failed attempts"),
    "filter": _l("Searched for"),
    "first": _l("First time"),
    "for": _l("For service"),
    "grants": _l("Temporary grants in force"),
    "has_query": _l("With a query"),
    "kind": _l("Kind"),
    "last": _l("Last time"),
    "locked": _l("Account locked"),
    "method": _l("Method"),
    "name": _l("Name"),
    "name_en": _l("English name"),
    "name_zh": _l("Chinese name"),
    "new": _l("Content"),
    "note": _l("Note"),
    "parent": _l("Higher unit"),
    "path": _l("Path"),
    "q": _l("What the rules were asked"),
    "removed": _l("Rules removed"),
    "repeated": _l("Repeated"),
    "report": _l("Report"),
    "request": _l("Request"),
    "roles": _l("Roles"),
    "root": _l("Root of the tree"),
    "rule_work": _l("For work on the rules"),
    "rules": _l("Rules"),
    "seconds": _l("Seconds to wait"),
    "seq": _l("Number"),
    "session": _l("Session"),
    "shared": _l("Shared"),
    "size": _l("Entries"),
    "unit": _l("Unit"),
    "until": _l("Until"),
    "valid_until": _l("Valid until"),
    "values": _l("Values"),
    "writes": _l("With writing"),
}
"""What the details of an entry mean; others are shown by their own key."""

FLAWS = {
    "changed": _l("This entry is not the one that was sealed."),
    "copied_wrong": _l("The index of the search says something else than the entry."),
    "gone": _l("The index knows this entry, but the log no longer holds it."),
}

CAUSES = {
    "address": _l("This is no network address."),
    "nobody": _l("Nobody has this name, sign-in name, staff number or id."),
    "unknown": _l("This is no filter of the search."),
    "event": _l("The log knows no such event."),
    "outcome": _l("An outcome is success, failure or denied."),
    "length": _l("A filter has 1 to 256 characters."),
    "many": _l("Too many values for one filter: at most 256."),
    "no_word": _l("Search for a word, a number or Chinese characters."),
    "time": _l("Enter a day and a time."),
    "zone": _l("A time in an address needs its time zone."),
    "order": _l("The end must be after the beginning."),
    "digest": _l("Type the address or sign-in name into its own field."),
    "number": _l("This is a number."),
}
"""Why a filter cannot be used; keys are those of `audit.query.BadQuery`."""


def class_of(number: str) -> str:
    """An OCSF class."""
    return str(CLASSES.get(number, number))


def field(name: str) -> str:
    """A field of the search or of an entry."""
    return str(FIELDS.get(name, name))


def detail(key: str) -> str:
    """A detail of an entry."""
    return str(DETAILS.get(key, key))


def personal(key: str) -> str:
    """A personal field of an entry."""
    return str(PERSONAL.get(key, key))


def flaw(code: str) -> str:
    """What is wrong with an entry."""
    return str(FLAWS[code])

"""Words for values: labels, roles, factors, reasons."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gateway.access.decide import FRESH_NEEDED
from gateway.access.service import EVALUATION_EXPIRED, NOT_EVALUATED, OTHER_ZONE
from gateway.web.i18n import later as _l
from policies.recorded_acts import APART

LABELS = (_l("Public"), _l("Internal"), _l("Sensitive"), _l("Important"), _l("Core"))
"""Classification and clearance 0 to 4: 公开 内部 敏感 重要 核心."""

ROLES = {
    "staff": _l("Staff"),
    "responder": _l("Responder"),
    "service_owner": _l("Service owner"),
    "break_glass": _l("Emergency account"),
    "system_admin": _l("System administrator"),
    "security_admin": _l("Security administrator"),
    "auditor": _l("Auditor"),
}

FACTORS = {
    "password": _l("Password"),
    "totp": _l("Authenticator app"),
    "passkey": _l("Passkey"),
    "recovery": _l("Recovery codes"),
}

REASONS = {
    "no_rule": _l("No rule allows people with your roles and unit to open this."),
    "denied_by_rule": _l("A rule excludes you from this expressly."),
    "clearance": _l("Its label is above your clearance."),
    "write_down": _l("It may not receive data from where you work."),
    "unknown_subject": _l("Your account is not known to the rules now in force."),
    "unknown_zone": _l("You have no rights in this network zone."),
    FRESH_NEEDED: _l("It asks for a fresh proof that it is you."),
    "stronger_sign_in": _l("It asks for a stronger sign-in than the one you used."),
    "malformed": _l("The address is not one that the rules can speak of."),
    EVALUATION_EXPIRED: _l("Its security evaluation has run out, so it is closed to everybody."),
    NOT_EVALUATED: _l("It has not passed its security evaluation yet."),
    OTHER_ZONE: _l("It belongs to the other network zone."),
    APART: _l("Whoever did the one may not do the other to the same record: that is kept apart."),
}
"""Why a service stays shut, in the reader's words. Keys are the policy's and the catalogue's."""

ACTS = {
    "approve": _l("approve"),
    "archive": _l("archive"),
    "change": _l("change"),
    "check": _l("check"),
    "create": _l("create"),
    "delete": _l("delete"),
    "edit": _l("edit"),
    "pay": _l("pay"),
    "publish": _l("publish"),
    "register": _l("register"),
    "release": _l("release"),
    "review": _l("review"),
    "sign": _l("sign"),
    "sign_off": _l("sign off"),
    "submit": _l("submit"),
}
"""What services usually call the acts on their records; another name is shown as it is."""

REQUESTS = {
    "open": _l("waits for an answer"),
    "granted": _l("granted"),
    "refused": _l("refused"),
    "withdrawn": _l("withdrawn"),
    "expired": _l("ended on its day"),
    "given_back": _l("given back"),
    "lapsed": _l("not answered in time"),
    "person_gone": _l("the account was disabled"),
    "renewed": _l("renewed"),
    "revoked": _l("taken back"),
    "service_removed": _l("the service was removed"),
}
"""Where a request for access stands; for one that ended, why."""

ENDINGS = {
    "signed_out": _l("Signed out"),
    "chosen": _l("Ended from the list"),
    "replaced": _l("Signed in anew"),
    "idle": _l("Idle too long"),
    "life": _l("Longest time reached"),
    "disabled": _l("Account disabled"),
    "roles": _l("Roles changed"),
    "enrolled": _l("Sign-in set up anew"),
    "password": _l("Password changed"),
    "disowned": _l("Reported as not mine"),
    "guessed": _l("Too many wrong codes"),
    "case": _l("Emergency over"),
    "factor": _l("Means of sign-in changed"),
    "passkey": _l("A passkey is needed"),
}
"""Why a session ended. Keys are those of `gateway.identity.ending.Why`."""

PROOFS = {
    "pwd": _l("password"),
    "otp": _l("code"),
    "hwk": _l("passkey"),
    "swk": _l("passkey"),
    "kba": _l("recovery code"),
    "rc": _l("recovery code"),
}
"""What proved the person, by `amr` value. Others (as `user`) say how, not what."""

STRENGTHS = {
    1: _l("a password"),
    2: _l("password and code"),
    3: _l("a passkey"),
}
"""What a sign-in of each strength is made with."""

OUTCOMES = {
    "accepted": _l("Signed in"),
    "half": _l("Right password, no code"),
    "wrong_code": _l("Right password, wrong code"),
    "wrong_password": _l("Wrong password"),
    "not_active": _l("Account shut"),
}
"""How an attempt to sign in ended. Keys are those of `gateway.identity.tables_guards.Tried`."""

LANES = {
    "name": _l("Strangers under a name"),
    "device": _l("Known browser"),
    "place": _l("Usual place"),
    "address": _l("Strangers at an address"),
    "overall": _l("All strangers together"),
}
"""Whose attempts count together. Keys are the kinds of `gateway.identity.throttle`."""

_GROUP = re.compile(".{1,4}")


def word(level: int) -> str:
    """The label's word; a number without one is shown as it is."""
    return str(LABELS[level]) if 0 <= level < len(LABELS) else str(level)


def role(slug: str) -> str:
    """The role's word; business roles are named by their office and shown as they are."""
    return str(ROLES.get(slug, slug))


def act(name: str) -> str:
    """The word for an act on a record; a service's own name for one is shown as it is."""
    return str(ACTS.get(name, name))


def factor(kind: str) -> str:
    """The word for a way to sign in."""
    return str(FACTORS.get(kind, kind))


def strength(level: int) -> str:
    """What a sign-in of this strength is made with."""
    return str(STRENGTHS.get(level, level))


def proofs(amr: Iterable[str]) -> str:
    """What a session was opened with, from its `amr` values (RFC 8176)."""
    words = [str(PROOFS[each]) for each in amr if each in PROOFS]
    return " + ".join(words) or "—"


def request_state(state: str, why: str = "") -> str:
    """Where a request for access stands."""
    return str(REQUESTS.get(why if state == "ended" else state, state))


def ending(why: str) -> str:
    """Why a session ended."""
    return str(ENDINGS.get(why, why))


def outcome(code: str) -> str:
    """How an attempt to sign in ended."""
    return str(OUTCOMES.get(code, code))


def lane(kind: str) -> str:
    """Whose attempts count together."""
    return str(LANES.get(kind, kind))


def reason(code: str) -> str:
    """Why something stays shut."""
    return str(REASONS.get(code, REASONS["no_rule"]))


def groups_of_four(text: str) -> str:
    """`JBSWY3DP` as `JBSW Y3DP`: how a key is read out and typed."""
    return " ".join(_GROUP.findall(text.replace(" ", "")))

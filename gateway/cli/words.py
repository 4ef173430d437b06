"""The words of refusals at the terminal.

What happened is said by the refusal's own class, whose docstring is one sentence; what to
do about it stands here, by the refusal's stable code.
"""

from __future__ import annotations

import inspect

from gateway.refusals import Refused

CURES = {
    "factor_unknown": "`hangu factor list` names those there are.",
    "keeping_unknown": "`hangu audit retention DIR` lists requests and holds.",
    "keeping_same": "Four eyes: an auditor and a security administrator, in either order.",
    "keeping_over": "`hangu audit retention DIR` shows where it stands.",
    "keyring_missing": "Restore DIR/keys from the backup; without it nothing sealed can be read.",
    "keyring_root_refused": "Put back the root-key or root-passphrase the zone was made with.",
    "keyring_of_another_zone": "Each zone has its own directory; look at zone.name in hangu.toml.",
    "service_approved_by_author": "Four eyes: another person approves what this one changed.",
    "service_changed": "Look at it again with `hangu service show`, and repeat the command.",
    "service_exists": "To change that service: hangu service add --replace DIR FILE. "
    "To have both: another slug and another host.",
    "service_unknown": "`hangu service list` names those there are.",
    "duties_united": "`hangu policy separation DIR` shows what is kept apart.",
    "unit_unknown": "`hangu unit list` names those there are.",
    "passkey_required": "A terminal cannot ask a passkey: do it on the gateway's pages.",
    "log_busy": "Repeat the command.",
    "log_holds_privileged": "`hangu check DIR` says why the log is not being sealed.",
    "log_holds_writes": "`hangu check DIR` says why the log is not being sealed.",
    "person_unknown": "`hangu person list` names those there are.",
    "sign_in_refused": "Try again; a code is good once and for a short time: wait for the next.",
    "step_over": "Repeat the command, and wait for the next code.",
    "throttled": "Too many attempts failed; wait some minutes, then repeat the command.",
    "unsafe_file": "Correct owner and mode (chown, chmod); secrets have mode 0400 or 0600.",
}


def cure_of(refusal: Refused) -> tuple[str, str]:
    """What was refused, and what to do about it (empty if there is nothing to say)."""
    sentence = (inspect.getdoc(type(refusal)) or refusal.code).split("\n\n")[0]
    what = " ".join(sentence.split())
    detail = str(refusal)
    return (f"{what}\n  {detail}" if detail else what), CURES.get(refusal.code, "")

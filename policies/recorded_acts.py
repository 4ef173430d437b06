"""What the log says of acts on records, and whether a refusal by a duty follows from it.

An allowed decision lists its acts under `acts` in the details, each as `[act, record]`. A
refusal names the duty and the earlier decision under `barred`:

    {"act": "approve", "duty": "s, record, …", "record": "svc:docs/docs/17",
     "earlier_act": "create", "earlier": "<decision>", "earlier_at": "2026-11-28T…"}

The earlier act may be that of another account of the same natural person; `earlier_by` is it.
So the refusal can be made again from two entries and the version's rules, and from nothing else.
"""

from __future__ import annotations

import json
from typing import Any, Final

from policies.acts import Act, Barred, barred
from policies.rules import RuleSet

ACTS: Final = "acts"
BARRED: Final = "barred"
APART: Final = "duties_apart"
"""The reason recorded where the rules allowed and the same person did the other side before."""


def kept(found: Barred) -> dict[str, str]:
    """Return what the record of a refusal keeps of why."""
    breach = found.breach
    return {
        **({"earlier_by": breach.earlier.person} if found.is_by_other_account else {}),
        "act": breach.later.act,
        "duty": breach.duty.line,
        "record": breach.later.record,
        "earlier_act": breach.earlier.act,
        "earlier": found.decision,
        "earlier_at": found.at.isoformat(),
    }


def earlier_of(body: bytes) -> str | None:
    """Return the decision that a refusal by a duty names; None if the entry is no such refusal."""
    entry = json.loads(body)
    if entry.get("why") != APART:
        return None
    return str(entry.get("d", {}).get(BARRED, {}).get("earlier", ""))


def follows(later: bytes, earlier: bytes | None, rules: RuleSet) -> str:
    """Tell whether a refusal follows from the earlier entry and the rules of its version.

    Returns:
        Empty if it does; else what is not as the refusal says.
    """
    if earlier is None:
        return "the log holds no such earlier decision"
    refusal, before = json.loads(later), json.loads(earlier)
    told: dict[str, Any] = refusal["d"][BARRED]
    accounts = {refusal["sub"], told.get("earlier_by", refusal["sub"])}
    if before.get("ev") != "decision.allowed" or before["sub"] not in accounts:
        return "the earlier entry is no allowed decision of the same person"
    done = [Act(before["sub"], act, record) for act, record in before["d"].get(ACTS, ())]
    later_act = Act(refusal["sub"], told["act"], told["record"])
    again = barred(rules.duties_on_records, later_act, done, accounts)
    if again is None:
        return "the earlier act and the duties of the version do not bar it"
    return "" if again.duty.line == told["duty"] else f"another duty bars it: {again.duty.line}"

"""No rules make anybody an officer by the back door (三员分立).

A page that the baseline gives to none who do business through the gateway comes with an office
or a duty: it decides over others. Rules may narrow who uses it (a deny is always allowed), and
never open it to another role, a unit, a person or everybody; and no rule gives an office or an
emergency account entry to a service: who runs the gateway does no business through it.
A unit, a person or everybody may be an officer, so the page that opens services goes to roles.
Source: GB/T 22239-2019, 8.1.4.2 d and 8.1.5; see also `memberships`, which holds the roles apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from policies import baseline
from policies.pairs import parts
from policies.permissions import Permission
from policies.rules import Problem, Rule, RuleProblems, RuleSet
from policies.vocabulary import OFFICERS, is_role

_EVERY_PAGE = "app:**"
_BUSINESS = ("svc:", "cat:")
"""Places in services, and categories of their data."""
_WORKERS = frozenset({"role:staff", "role:responder"})
"""Those who do business, and decide over nobody."""
_APART = OFFICERS | {"role:break_glass"}
"""Those who run the gateway; an emergency account stands in for them."""


@cache
def office_pages() -> Mapping[str, frozenset[str]]:
    """The pages that come with an office or a duty alone: object to the roles that have it."""
    found: dict[str, set[str]] = {}
    for rule in baseline.load().rules:
        if rule.allows:
            found.setdefault(rule.obj, set()).add(rule.sub)
    return {page: frozenset(roles) for page, roles in found.items() if roles.isdisjoint(_WORKERS)}


def check(rules: RuleSet) -> None:
    """Refuse rules under which somebody gets an office's pages, or an office a service.

    Raises:
        RuleProblems: names every such rule.
    """
    if problems := faults(rules):
        raise RuleProblems(problems)


def faults(rules: RuleSet) -> list[Problem]:
    """Return what is wrong with every such rule."""
    return [Problem(0, what, fix) for rule in rules.rules for what, fix in _faults(rule)]


def _faults(rule: Rule) -> Iterator[tuple[str, str]]:
    if not rule.allows:
        return
    # Of a unit and an office at once it is the office that counts.
    subject = parts(rule.sub)[-1]
    if subject in _APART and rule.obj.startswith(_BUSINESS):
        yield f"{rule.line}: an office would get entry to a service", "name another role"
    if rule.obj == Permission.SERVICE_OPEN.object and (subject in _APART or not is_role(subject)):
        yield f"{rule.line}: an office would get entry to services", "name a role that is no office"
    pages = office_pages()
    opened = pages.keys() if rule.obj == _EVERY_PAGE else {rule.obj} & pages.keys()
    beyond = [page for page in opened if subject not in pages[page]]
    if beyond:
        page = min(beyond)
        roles = ", ".join(sorted(pages[page]))
        yield f"{rule.line}: {page} is for {roles} alone", "name one of them, or another page"

"""The table of every route, as `tests/security/routes.txt` keeps it for review.

make it anew:  PYTHONPATH=tests/support python tests/support/route_table.py
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from flask import Flask
from web_office import build_office, open_office
from werkzeug.routing import BaseConverter, IntegerConverter, Rule, UUIDConverter

from gateway.store import migrate
from gateway.web.access import MARK, Access
from gateway.web.origin import EXEMPT
from policies import baseline
from policies.permissions import Permission

FILE = Path(__file__).parent.parent / "security" / "routes.txt"
HEAD = """\
# Every route of the pages: address, methods, host, who may. Made by tests/support/route_table.py.
# Roles are those of policies/baseline.csv. A change here is a change of rights: review it as one.
"""
NOBODY = UUID(int=0)
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def access_of(app: Flask, rule: Rule) -> Access:
    """What the route declared."""
    declared: Access = getattr(app.view_functions[rule.endpoint], MARK)
    return declared


def roles_of(permission: Permission) -> list[str]:
    """The roles to whom the baseline grants a page."""
    return sorted(
        rule.sub.removeprefix("role:")
        for rule in baseline.load().rules
        if rule.obj == permission.object and rule.eft == "allow"
    )


def address(rule: Rule, value: str = "x") -> str:
    """An address of the route."""
    values = {name: _about_nobody(rule._converters[name], value) for name in rule.arguments}
    built = rule.build(values, append_unknown=False)
    assert built is not None
    return built[1]


def _about_nobody(converter: BaseConverter, value: str) -> object:
    if isinstance(converter, UUIDConverter):
        return NOBODY
    return 0 if isinstance(converter, IntegerConverter) else value


def asked(app: Flask) -> list[tuple[Rule, str]]:
    """Every route with every method it has."""
    return [
        (rule, method)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"OPTIONS"})
    ]


def lines(app: Flask) -> Iterator[str]:
    """One line a route, sorted by address."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda each: (each.rule, each.endpoint)):
        access = access_of(app, rule)
        methods = "|".join(m for m in _METHODS if m in (rule.methods or ()))
        if access.permission is None:
            who = f"public: {access.why}"
        else:
            who = f"{access.permission}: {', '.join(roles_of(access.permission)) or 'nobody'}"
        why = getattr(app.view_functions[rule.endpoint], EXEMPT, "")
        fresh = "  [fresh proof]" if access.fresh else ""
        exempt = f"  [no origin check: {why}]" if why else ""
        yield f"{rule.rule:<36} {methods:<5} {access.place:<8} {who}{fresh}{exempt}"


def table(app: Flask) -> str:
    """The whole file."""
    return HEAD + "\n".join(lines(app)) + "\n"


def main() -> None:
    """Write the file anew."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        schema = directory / "schema.db"
        migrate.upgrade(f"sqlite:///{schema}")
        home = directory / "office"
        home.mkdir(mode=0o700)
        build_office(home, schema)
        office = open_office(home)
        FILE.write_text(table(office.app()), "utf-8")
        office.store.close()


if __name__ == "__main__":
    main()

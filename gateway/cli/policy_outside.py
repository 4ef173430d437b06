"""Publishing outside a case: as the operator, whose the machine is; never unseen.

`hangu policy grant`, `revoke` and `import` do so. Where two security administrators could
approve a change, the version says for ever that they did not.
"""

from __future__ import annotations

from pathlib import Path

import click

from gateway.changes.room import around
from gateway.cli.asking import confirm
from gateway.cli.console import done, errors, out
from gateway.cli.office import opened
from gateway.cli.policy_around import FILE, document_of
from gateway.cli.policy_changes import security_administrators
from gateway.cli.trouble import Trouble
from gateway.cli.zone import ZoneCommand, now, operator, takes_zone
from gateway.office import Office
from policies.dossier.examining import shut_out
from policies.rules import RuleSet
from policies.versions import AlreadyInForce

APPROVERS = 2
"""So many security administrators make approval possible; `hangu policy draft` is the way then."""
OUTSIDE = "outside a case"


@click.command("import", cls=ZoneCommand)
@takes_zone
@click.argument("file", type=FILE)
@click.option("--note", required=True, help="Why, in your words.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--shut-out", "shuts_out", is_flag=True, help="Even if an office loses its way back.")
def import_rules(directory: Path, file: Path, note: str, *, yes: bool, shuts_out: bool) -> None:
    """Replace all rules by those of FILE (.csv or .toml), after showing what changes.

    Exit status 1, and nothing is published, if FILE cannot be read as rules (each mistake is
    named as FILE:LINE:COLUMN), holds none, or would leave an office fewer than two people who can
    undo a change and can today; --shut-out publishes that as well.
    """
    rules = document_of(file).rules
    with opened(directory) as office:
        before = office.rules()
        _show_difference(before, rules)
        shut = () if shuts_out else shut_out(around(office.room, now=now(), asks_log=False), rules,
                                             now=now())  # fmt: skip
        if shut:
            raise Trouble(
                f"These offices would lose their way back: {', '.join(shut)}.",
                "Two people of each must be able to undo it; --shut-out publishes it all the same.",
            )
        if not yes:
            confirm("Publish?")
        warn_outside(office)
        version = publish_outside(office, rules, note=note)
    done(f"Version {version} is in force.")


def warn_outside(office: Office) -> None:
    """Say so beforehand."""
    if security_administrators(office) >= APPROVERS:
        errors().print(f"[yellow]This is published {OUTSIDE}; the version says so for ever.[/]")


def publish_outside(office: Office, rules: RuleSet, *, note: str) -> str:
    """Publish as the operator; return the version. Raises Trouble if they are in force already."""
    if security_administrators(office) >= APPROVERS:
        note = f"{OUTSIDE}: {note}"
    try:
        return office.publish(rules, actor=operator(), now=now(), note=note)
    except AlreadyInForce:
        raise Trouble("Exactly these rules are in force already; nothing was changed.") from None


def _show_difference(before: RuleSet, after: RuleSet) -> None:
    old, new = set(before.text().splitlines()), set(after.text().splitlines())
    for line in sorted(old - new):
        out().print(f"[red]- {line}[/]", soft_wrap=True)
    for line in sorted(new - old):
        out().print(f"[green]+ {line}[/]", soft_wrap=True)

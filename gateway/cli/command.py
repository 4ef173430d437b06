"""The root of the `hangu` command, and the one place where errors become words."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from gateway.cli import (
    audit,
    audit_keeping,
    audit_mending,
    audit_sealing,
    breakglass,
    check,
    code,
    demo,
    factor,
    factor_reset,
    guards,
    init,
    kept,
    nginx,
    officer,
    person,
    person_acts,
    person_import,
    policy,
    request,
    serve,
    service,
    sign_in_rules,
    unit,
    witness,
)
from gateway.cli.trouble import leave

MORE = (factor_reset, person_acts, person_import)
"""Their commands join `hangu factor` and `hangu person` as they are imported."""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="hangu", message="hangu %(version)s")
def hangu() -> None:
    """Hangu 函谷: the gateway between an office's inner network and its people.

    DIR is a zone's directory; it may be left out where HANGU_ZONE_DIR names it.
    """


for command in (
    init.init,
    serve.serve,
    check.migrate,
    check.check,
    unit.unit,
    person.person,
    factor.factor,
    officer.officer,
    guards.session,
    guards.lanes,
    guards.report,
    kept.kept,
    service.service,
    policy.policy,
    sign_in_rules.sign_in_rules,
    nginx.nginx,
    audit.audit,
    breakglass.breakglass,
    request.request,
    demo.demo,
    code.code,
    witness.witness,
):
    hangu.add_command(command)


for command in (
    audit_sealing.accounts,
    audit_sealing.missing,
    audit_sealing.voucher,
    audit_mending.repair,
    *audit_keeping.COMMANDS,
):
    audit.audit.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; every error ends here, as words and an exit status."""
    os.umask(0o077)  # keys, databases and logs are ours alone, whoever calls us
    try:
        # Click hands the status of `Exit` back instead of leaving with it.
        status = hangu.main(args=arguments, standalone_mode=False)
    except click.exceptions.Exit as leaving:
        sys.exit(leaving.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 - whatever it is, a person reads it
        leave(error)
    if isinstance(status, int) and status:
        sys.exit(status)

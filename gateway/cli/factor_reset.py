"""`hangu factor reset`: a lost device, replaced in person by two officers."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import click

from gateway.cli.console import done, note, out
from gateway.cli.factor import factor
from gateway.cli.new_zone import NewPerson, link_for
from gateway.cli.office import opened
from gateway.cli.person import known
from gateway.cli.signature import person_signs
from gateway.cli.trouble import Trouble
from gateway.cli.zone import ZoneCommand, now, takes_zone
from gateway.identity import officer_cases
from gateway.identity.officer_cases import Document, confirmers, openers


@factor.command(cls=ZoneCommand)
@takes_zone
@click.argument("login")
@click.option("--opened-by", required=True, help="Login of the first officer, who saw the person.")
@click.option("--confirmed-by", required=True, help="Login of the second officer.")
@click.option(
    "--document",
    type=click.Choice([each.value for each in Document]),
    required=True,
    help="What the person showed.",
)
@click.option("--reason", required=True, help="10 to 500 characters.")
@click.option("--forgotten", is_flag=True, help="The password is made anew as well.")
def reset(
    directory: Path,
    login: str,
    opened_by: str,
    confirmed_by: str,
    document: str,
    reason: str,
    *,
    forgotten: bool,
) -> None:
    """Let LOGIN, who stands here, replace the factors; both officers sign in for it.

    The link works for 15 minutes and once. It leaves the password unless --forgotten.
    """
    with opened(directory) as office:
        found = known(office, login)
        first_offices = openers("reset", found.roles)
        second_offices = confirmers("reset", found.roles)
        if opened_by == confirmed_by:
            raise Trouble("The two officers are two people.", "Name another second officer.")
        note(f"First officer, {' or '.join(sorted(first_offices))}:")
        first = person_signs(office, opened_by, role=_one(first_offices))
        note(f"Second officer, {' or '.join(sorted(second_offices))}:")
        second = person_signs(office, confirmed_by, role=_one(second_offices))
        case = officer_cases.open_reset(
            office.registry,
            found.id,
            document=document,
            forget_password=forgotten,
            reason=reason,
            by=UUID(first.subject.removeprefix("person:")),
            actor=first,
            now=now(),
        )
        confirmed = officer_cases.confirm(
            office.registry,
            case,
            by=UUID(second.subject.removeprefix("person:")),
            actor=second,
            now=now(),
        )
        assert confirmed.token is not None
        person = NewPerson(login=found.login, name=found.name, roles=found.roles)
        link = link_for(person, office.settings, confirmed.token)
    done(f"Two officers confirmed the reset for {found.name} ({login}).")
    out().print(f"  {link.url}", soft_wrap=True, markup=False)


def _one(offices: frozenset[str]) -> str:
    """The office asked for; each side of a reset has exactly one."""
    return min(offices)

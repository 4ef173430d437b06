"""`hangu factor`: what people sign in with, for operators. No secret is ever shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

import click

from gateway.cli.asking import confirm
from gateway.cli.console import done, note, table
from gateway.cli.init import print_links
from gateway.cli.new_zone import NewPerson, link_for
from gateway.cli.office import opened
from gateway.cli.person import known
from gateway.cli.trouble import Trouble
from gateway.cli.zone import ZoneCommand, now, operator, takes_zone
from gateway.identity import enrolment, factor_views, factors
from gateway.identity.factor_views import FactorView
from gateway.identity.factors import Change
from gateway.office import Office

_CODES = "recovery"
_DIGITS = 8


@click.group(short_help="What people sign in with.")
def factor() -> None:
    """Show and remove the factors of a person: authenticator, passkeys, recovery codes."""


@factor.command("list", cls=ZoneCommand)
@takes_zone
@click.argument("login")
def list_factors(directory: Path, login: str) -> None:
    """List what LOGIN signs in with."""
    with opened(directory) as office:
        found = factor_views.factors(office.registry, known(office, login).id)
    rows = [
        (_name(each), each.name, _time(each.since), _time(each.last_used_at), _state(each))
        for each in found
    ]
    table(f"Factors of {login}", ("factor", "name", "since (UTC)", "last used", "state"), rows)


@factor.command(cls=ZoneCommand)
@takes_zone
@click.argument("login")
def codes(directory: Path, login: str) -> None:
    """Say how many recovery codes LOGIN has left, and whether they showed them to be saved."""
    with opened(directory) as office:
        found = factor_views.factors(office.registry, known(office, login).id)
    rows = [
        (_time(each.since), each.left, _time(each.saved_at), _time(each.last_used_at))
        for each in found
        if each.kind == _CODES
    ]
    table(f"Recovery codes of {login}", ("made (UTC)", "left", "saved", "last used"), rows)


@factor.command(cls=ZoneCommand)
@takes_zone
@click.argument("login")
@click.argument("which")
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(directory: Path, login: str, which: str, *, yes: bool) -> None:
    """Remove the factor WHICH, as `hangu factor list` names it, and end LOGIN's sessions.

    If nothing to sign in with is left, a link is printed with which LOGIN enrols anew.
    """
    with opened(directory) as office:
        who = known(office, login)
        found = _only(factor_views.factors(office.registry, who.id), which)
        if not yes:
            confirm(f"Remove {_name(found)} {found.name} of {who.name} ({who.login})?")
        change = Change(actor=operator(), now=now())
        if found.id is not None:
            factors.remove_passkey(office.registry, who.id, found.id, change=change, even_last=True)
        elif found.kind == _CODES:
            factors.remove_recovery(office.registry, who.id, change=change)
        else:
            factors.remove_totp(office.registry, who.id, change=change, even_last=True)
        done(f"{_name(found)} is removed; {login}'s sessions are ended.")
        left = {each.kind for each in factor_views.factors(office.registry, who.id)}
        if left.isdisjoint({"totp", "passkey"}):
            _link(office, who.id, NewPerson(login=who.login, name=who.name, roles=who.roles))


def _link(office: Office, person_id: UUID, new: NewPerson) -> None:
    note(f"{new.login} has nothing left to sign in with. With this link they enrol anew:")
    token = enrolment.issue(office.registry, person_id, actor=operator(), now=now())
    print_links([link_for(new, office.settings, token)])


def _only(found: Sequence[FactorView], which: str) -> FactorView:
    """The one that is meant; a password is no factor to be removed. Raises Trouble."""
    named = [each for each in found if _name(each) == which and each.kind != "password"]
    if len(named) != 1:
        raise Trouble(f"There is no factor {which} to remove.", "`hangu factor list` names them.")
    return named[0]


def _name(each: FactorView) -> str:
    return each.kind if each.id is None else f"passkey:{each.id.hex[:_DIGITS]}"


def _state(each: FactorView) -> str:
    if each.disabled_at is not None:
        return f"disabled {_time(each.disabled_at)}"
    if each.kind == _CODES:
        return f"{each.left} left, {'saved' if each.saved_at else 'not shown to be saved'}"
    return "may be copied" if each.is_synced else "in use"


def _time(moment: datetime | None) -> str:
    return "—" if moment is None else f"{moment:%F %H:%M}"

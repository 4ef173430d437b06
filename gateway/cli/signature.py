"""An act at the terminal that a named person must do: they prove who they are, as at the door."""

from __future__ import annotations

import socket
from datetime import datetime

import click

from audit.record import Actor
from gateway.cli.asking import require_terminal
from gateway.cli.trouble import Trouble
from gateway.cli.zone import now
from gateway.identity import second_step, sessions, sign_in
from gateway.identity.attempts import TERMINAL
from gateway.office import Office


def person_signs(office: Office, login: str, *, role: str) -> Actor:
    """Ask for password and one-time code of `login`, who must have `role`; the act is theirs.

    An empty `role` is for acts in which something else tells who may.

    Raises:
        SignInRefused, Throttled: as at the sign-in page.
        Trouble: there is no terminal, or the person does not have the role.
    """
    require_terminal()
    password = click.prompt(f"Password of {login}", hide_input=True, err=True)
    pending = sign_in.check_password(
        office.registry,
        login=login,
        password=password,
        address=None,
        now=now(),
        user_agent=terminal(),
    )
    code = click.prompt("One-time code", err=True)
    return sign(office, pending.token, code, role=role, moment=now())


def terminal() -> str:
    """What the person finds among their sign-ins: a terminal, and on which machine."""
    return f"{TERMINAL} {socket.gethostname()}"


def sign(office: Office, step: str, code: str, *, role: str, moment: datetime) -> Actor:
    """Finish a sign-in and end it again at once: who it was is all that is wanted."""
    opened = second_step.check_code(
        office.registry,
        pending_token=step,
        code=code,
        address=None,
        user_agent=terminal(),
        now=moment,
    )
    current = sessions.find(office.registry, opened.token, now=moment)
    if current is None:
        raise Trouble("The sign-in ended before it could be used.", "Try again.")
    actor = Actor(subject=current.subject, session=current.session_ref, unit=current.unit)
    sessions.end(office.registry, opened.token, actor=actor, now=moment)
    if role and role not in current.roles:
        raise Trouble(f"This person does not have the role {role}.", "Ask one who has.")
    return actor

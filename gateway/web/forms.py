"""Forms: what a person typed becomes a value, or a list of problems that name their field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wtforms import Form, PasswordField, StringField
from wtforms.validators import InputRequired, Length

from gateway.web.i18n import later as _l

LOGIN_LIMIT = 64
PASSWORD_LIMIT = 256
CODE_LIMIT = 16
_DIGITS = 9
_TOO_LONG = _l("This is too long")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to put right. `field` is the id of the input it belongs to, or empty."""

    field: str
    text: str


class SignInForm(Form):
    """Name and password."""

    login = StringField(
        _l("Sign-in name"),
        [InputRequired(_l("Enter your sign-in name")), Length(max=LOGIN_LIMIT, message=_TOO_LONG)],
    )
    password = PasswordField(
        _l("Password"),
        [InputRequired(_l("Enter your password")), Length(max=PASSWORD_LIMIT, message=_TOO_LONG)],
    )


class CodeForm(Form):
    """The six digits of the authenticator; blanks and hyphens are forgiven."""

    code = StringField(
        _l("One-time code"),
        [InputRequired(_l("Enter the 6-digit code")), Length(max=CODE_LIMIT, message=_TOO_LONG)],
    )

    def digits(self) -> str:
        """The code without the blanks and hyphens people type."""
        return "".join(c for c in self.code.data or "" if c not in " -\u2010\u2011\u3000")


class NewPasswordForm(Form):
    """The first password. Its rules are checked by the identity room."""

    password = PasswordField(
        _l("New password"),
        [InputRequired(_l("Choose a password")), Length(max=PASSWORD_LIMIT, message=_TOO_LONG)],
    )


def whole(typed: str) -> int | None:
    """Return a number of at most nine digits; None for whatever else was typed."""
    return int(typed) if typed.isdecimal() and len(typed) <= _DIGITS else None


def problems(form: Form) -> Sequence[Problem]:
    """What is wrong with `form`, in the order of its fields."""
    return [
        Problem(str(name), str(text))
        for name, texts in form.errors.items()
        if name is not None
        for text in texts
    ]

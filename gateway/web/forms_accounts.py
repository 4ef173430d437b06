"""The forms of the accounts' pages. None has a field for a password, a role or a clearance."""

from __future__ import annotations

from wtforms import BooleanField, Form, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from gateway.identity import logins, names, staff_numbers
from gateway.identity.units import UnitView
from gateway.web.i18n import either
from gateway.web.i18n import later as _l

REASON = 200
"""Characters of a reason."""
_TOO_LONG = _l("This is too long")
_LEVEL = "\u3000"
TOP = "-"
"""The choice that stands for no unit above."""


class AccountForm(Form):
    """Who a person is and where they belong."""

    name = StringField(
        _l("Name"),
        [InputRequired(_l("Enter the name")), Length(max=names.MAX_LENGTH, message=_TOO_LONG)],
    )
    unit = SelectField(_l("Unit"), [InputRequired(_l("Choose the unit"))], validate_choice=False)
    staff_number = StringField(
        _l("Staff number"), [Length(max=staff_numbers.MAX_LENGTH, message=_TOO_LONG)]
    )


class NewAccountForm(AccountForm):
    """The same, with the sign-in name, which stays for good."""

    login = StringField(
        _l("Sign-in name"),
        [
            InputRequired(_l("Enter the sign-in name")),
            Length(max=logins.MAX_LENGTH, message=_TOO_LONG),
        ],
    )


class ReasonForm(Form):
    """Why an account is disabled."""

    reason = TextAreaField(
        _l("Reason"),
        [InputRequired(_l("Say why")), Length(max=REASON, message=_TOO_LONG)],
    )


class UnitNamesForm(Form):
    """A unit's two names."""

    name_zh = StringField(
        _l("Chinese name"),
        [InputRequired(_l("Enter the Chinese name")), Length(max=80, message=_TOO_LONG)],
    )
    name_en = StringField(
        _l("English name"),
        [InputRequired(_l("Enter the English name")), Length(max=80, message=_TOO_LONG)],
    )


class NewUnitForm(UnitNamesForm):
    """A new unit: short name, names, place."""

    slug = StringField(
        _l("Short name"),
        [InputRequired(_l("Enter the short name")), Length(max=40, message=_TOO_LONG)],
    )
    parent = SelectField(_l("Belongs to"), validate_choice=False)


class MoveUnitForm(Form):
    """Where a unit is to hang."""

    parent = SelectField(_l("Belongs to"), validate_choice=False)


class ImportForm(Form):
    """Beside the file: whether who is not on it has left."""

    disable_missing = BooleanField(_l("Disable the accounts of people who are not on the list"))


def unit_choices(
    tree: list[UnitView], *, top: bool = False, but: frozenset[str] = frozenset()
) -> list[tuple[str, str]]:
    """The tree as options, indented; `top` offers no unit above, `but` leaves some out."""
    found = [(TOP, str(_l("No unit: at the top")))] if top else []
    return found + [
        (unit.slug, _LEVEL * (unit.level - 1) + either(unit.name_zh, unit.name_en))
        for unit in tree
        if unit.slug not in but
    ]

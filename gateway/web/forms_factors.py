"""Forms about factors: a passkey's name, a recovery code."""

from __future__ import annotations

from wtforms import Form, StringField
from wtforms.validators import InputRequired, Length

from gateway.identity.factors import NAME
from gateway.web.i18n import later as _l

_TOO_LONG = _l("This is too long")
_CODE = 64


class PasskeyForm(Form):
    """How a passkey is called."""

    name = StringField(
        _l("Name of the passkey"),
        [InputRequired(_l("Give it a name")), Length(max=NAME, message=_TOO_LONG)],
    )


class RecoveryForm(Form):
    """A recovery code; blanks, hyphens and small letters are forgiven."""

    code = StringField(
        _l("Recovery code"),
        [InputRequired(_l("Enter a recovery code")), Length(max=_CODE, message=_TOO_LONG)],
    )

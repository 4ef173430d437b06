"""Why a form is not kept, or what was kept is not given out."""

from __future__ import annotations

from typing import ClassVar

from gateway.refusals import Refused


class FormNotKept(Refused):
    """Nobody can tell whose form this is, so it is not kept. `sign_in` leads on."""

    code: ClassVar[str] = "form_not_kept"

    def __init__(self, sign_in: str) -> None:
        super().__init__()
        self.sign_in = sign_in


class FormTooLarge(FormNotKept):
    """The form is larger than this zone keeps."""

    code: ClassVar[str] = "form_too_large"


class TooManyForms(FormNotKept):
    """Too many forms of this person are kept already."""

    code: ClassVar[str] = "too_many_forms"


class FormOver(Refused):
    """It was sent or discarded, has expired, or never was."""

    code: ClassVar[str] = "form_over"


class FormOfAnother(Refused):
    """It was kept for another person, or in another browser."""

    code: ClassVar[str] = "form_of_another"


class FormBroken(Refused):
    """What was kept cannot be opened: its row is not as it was written."""

    code: ClassVar[str] = "form_broken"

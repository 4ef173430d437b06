"""Languages: Chinese first, English complete, chosen by the reader and by nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

from flask import Flask, has_app_context, has_request_context, request
from flask_babel import Babel, force_locale, get_locale, gettext, lazy_gettext
from flask_babel import ngettext as _ngettext

from gateway.web.cookies import Cookies
from gateway.web.desk import WebSettings

LANGUAGES: Mapping[str, str] = {"zh": "zh_Hans_CN", "en": "en"}
"""What the cookie and the switch say, and the catalogue it stands for."""

HTML_LANG = {"zh_Hans_CN": "zh-Hans", "en": "en"}
TRANSLATIONS = "translations"


class CatalogueMissingError(RuntimeError):
    """A compiled catalogue is missing; without it the pages would silently turn English."""


def _(message: str, **values: object) -> str:
    """Translate now, in the reader's language. `%(name)s` placeholders."""
    return str(gettext(message, **values))


def ngettext(singular: str, plural: str, number: int, **values: object) -> str:
    """Translate by number. `%(num)s` is the number, `values` fill in what else stands there."""
    return str(_ngettext(singular, plural, number, **values))


def later(message: str, **values: object) -> Any:  # noqa: ANN401 - Flask-Babel ships no types
    """Translate when shown: for texts that stand in tables and forms."""
    return lazy_gettext(message, **values)


def install(app: Flask, settings: WebSettings, cookies: Cookies) -> None:
    """Give `app` its languages. Raises CatalogueMissingError if one was not compiled."""

    def chosen() -> str:
        """The cookie's language; never Accept-Language, which nobody chose."""
        if not has_request_context():
            return settings.language
        choice = request.cookies.get(cookies.language.name, "")
        return LANGUAGES.get(choice, settings.language)

    Babel(
        app,
        locale_selector=chosen,
        default_locale=settings.language,
        default_timezone=settings.timezone,
        default_translation_directories=_catalogues(),
    )


@contextmanager
def reading(language: str, *, timezone: str = "UTC") -> Iterator[None]:
    """Texts in `zh` or `en`, whatever the reader chose; at the terminal too, where nobody did.

    There `timezone` is that of the moments in them.
    """
    if has_app_context():
        with force_locale(LANGUAGES[language]):
            yield
        return
    bare = Flask(__name__)
    Babel(bare, default_timezone=timezone, default_translation_directories=_catalogues())
    with bare.app_context(), force_locale(LANGUAGES[language]):
        yield


def _catalogues() -> str:
    folder = files("gateway.web").joinpath(TRANSLATIONS)
    for catalogue in LANGUAGES.values():
        path = folder.joinpath(catalogue, "LC_MESSAGES", "messages.mo")
        if not path.is_file():
            raise CatalogueMissingError(
                f"{path}: run `pybabel compile -d gateway/web/{TRANSLATIONS}`"
            )
    return str(folder)


def is_chinese() -> bool:
    """Whether this answer is read in Chinese. Outside a request it is: Chinese comes first."""
    locale = get_locale()
    return locale is None or bool(locale.language == "zh")


def html_lang() -> str:
    """The language tag of this page: `zh-Hans` or `en` (BCP 47)."""
    return HTML_LANG[str(get_locale())]


def either(chinese: str, english: str) -> str:
    """Of a name that is kept in both languages, the reader's; Chinese if there is no other."""
    return chinese if is_chinese() or not english else english

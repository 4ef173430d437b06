"""The catalogues of texts: gather, renew, compile. `python -m gateway.web.catalogues`.

English is what stands in the program, so its catalogue is filled by itself; Chinese is
written by hand in `translations/zh_Hans_CN/LC_MESSAGES/messages.po`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOM = Path(__file__).parent
TRANSLATIONS = ROOM / "translations"
LANGUAGES = ("zh_Hans_CN", "en")
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "_l": None,
    "ngettext": (1, 2),
}
_NO_DATE = datetime(2026, 1, 1, tzinfo=UTC)
"""The files bear no date of their own; git knows when they changed."""
_METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]


def gather() -> Catalog:
    """Every text of the pages, as a catalogue without translations.

    No line numbers: a renewed file differs only where a text does.
    """
    template = Catalog(project="hangu", fuzzy=False, charset="utf-8")
    found = extract_from_dir(
        ROOM,
        _METHODS,
        options_map={"templates/**.html": {"silent": "false"}},
        keywords=KEYWORDS,
    )
    for filename, _line, message, _comments, _context in found:
        template.add(message, locations=[(filename, 0)])
    return template


def path_of(language: str) -> Path:
    """The file that holds a language's texts."""
    return TRANSLATIONS / language / "LC_MESSAGES" / "messages.po"


def read(language: str) -> Catalog:
    """The catalogue of a language; an empty one if there is no file yet."""
    path = path_of(language)
    if not path.is_file():
        return Catalog(locale=language, project="hangu", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def renew() -> Iterator[str]:
    """Bring the files up to date with the program. Yields every text that awaits a translation."""
    template = gather()
    for language in LANGUAGES:
        catalogue = read(language)
        catalogue.update(template, no_fuzzy_matching=True, update_header_comment=False)
        catalogue.obsolete.clear()
        for message in catalogue:
            if message.id and language == "en":
                message.string = message.id
            if message.id and not _is_complete(message.string):
                yield f"{language}: {message.id}"
        catalogue.header_comment = f"# The texts of the pages: {language}."
        catalogue.creation_date = catalogue.revision_date = _NO_DATE
        path_of(language).parent.mkdir(parents=True, exist_ok=True)
        with path_of(language).open("wb") as file:
            write_po(file, catalogue, include_lineno=False, omit_header=False, sort_output=True)


def compile_all() -> None:
    """Write the `.mo` files that the program reads, each whole or not at all."""
    for language in LANGUAGES:
        target = path_of(language).with_suffix(".mo")
        draft = target.with_suffix(f".{os.getpid()}")
        with draft.open("wb") as file:
            write_mo(file, read(language))
        draft.replace(target)


def _is_complete(string: str | tuple[str, ...] | list[str] | None) -> bool:
    return bool(string) and (isinstance(string, str) or all(string or ()))


def main() -> None:
    """Renew, compile, and name what is still untranslated."""
    for missing in renew():
        print(missing)  # noqa: T201 - a command's answer
    compile_all()


if __name__ == "__main__":
    main()

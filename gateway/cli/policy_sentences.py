"""`hangu policy sentences`: rules as the sentences people read, and sentences as rules."""

from __future__ import annotations

import json
from pathlib import Path

import click
from click.core import ParameterSource

from gateway.changes import wording
from gateway.cli.office import opened
from gateway.cli.policy_around import FILE, document_of, prints_json, takes_zone_if_any, text_of
from gateway.cli.trouble import Trouble
from gateway.cli.zone import Command, now
from gateway.office import Office
from policies.change.drafts import read_sentences, sentences_of
from policies.change.lexicon import CHINA, Language, Lexicon
from policies.change.phrasing import write
from policies.change.texts import Document, Reading
from policies.rules import RuleSet

ROLES = {
    Language.ZH: {
        "staff": "工作人员", "responder": "应急值守人员", "service_owner": "服务主管",
        "system_admin": "系统管理员", "security_admin": "安全保密管理员", "auditor": "安全审计员",
        "break_glass": "应急账号",
    },
    Language.EN: {
        "staff": "Staff", "responder": "Responder", "service_owner": "Service owner",
        "system_admin": "System administrator", "security_admin": "Security administrator",
        "auditor": "Auditor", "break_glass": "Emergency account",
    },
}  # fmt: skip
"""The roles of the release, as the pages name them (`gateway.web.labels`; a test compares)."""


_OTHER = {Language.ZH: Language.EN, Language.EN: Language.ZH}
_NAMED = {Language.ZH: "Chinese", Language.EN: "English"}


def takes_language(function: Command) -> Command:
    """Add `--language` of sentences."""
    kind = click.Choice([each.value for each in Language])
    return click.option("--language", type=kind, default="zh", show_default=True)(function)


@click.command()
@click.argument("file", type=FILE, required=False)
@takes_zone_if_any
@takes_language
@click.option("--parse", is_flag=True, help="FILE holds sentences: print them as rules.")
@prints_json
@click.pass_context
def sentences(
    context: click.Context, file: Path | None, directory: Path | None, language: str, *,
    parse: bool, as_json: bool,
) -> None:  # fmt: skip
    """Print the rules in FILE (or in force, with --zone) as sentences, one a line.

    With --parse the other way round; without --language the sentences are read in the one that
    fits. Names are those of the zone; without one, ids. Exit status 1 if a sentence cannot be
    read; each is named with its line and letters.
    """
    lexicon = lexicon_of(directory, Language(language))
    if not parse:
        document = Document(in_force(directory)) if file is None else document_of(file)
        click.echo(_listed(document, lexicon) if as_json else sentences_of(document, lexicon),
                   nl=as_json)  # fmt: skip
        return
    if file is None:
        raise Trouble("There is nothing to parse.", "Name the file that holds the sentences.")
    found = _parsed(context, file, lexicon, directory)
    if found.document is None:
        for problem in found.problems:
            click.echo(problem.at(file), err=True)
        context.exit(1)
    click.echo(_listed(found.document, lexicon) if as_json else found.document.text(), nl=as_json)


def _parsed(
    context: click.Context, file: Path, lexicon: Lexicon, directory: Path | None
) -> Reading:
    """The sentences of a file, in the other language if they fit it and none was chosen."""
    text = text_of(file)
    found = read_sentences(text, lexicon)
    if found.document is not None:
        return found
    other = _OTHER[lexicon.language]
    again = read_sentences(text, lexicon_of(directory, other))
    if len(again.problems) * 2 > len(found.problems):
        return found
    if context.get_parameter_source("language") is ParameterSource.DEFAULT:
        return again
    raise Trouble(f"{file} reads as {_NAMED[other]}.", f"Say --language {other}.")


def lexicon_of(directory: Path | None, language: Language) -> Lexicon:
    """The words of a zone; without one the fixed words and the roles."""
    if directory is None:
        names = {f"role:{slug}": name for slug, name in ROLES[language].items()}
        today = now().astimezone(CHINA).date()
        return Lexicon(language=language, names=names, today=today)
    with opened(directory) as office:
        return office_words(office, language)


def office_words(office: Office, language: Language) -> Lexicon:
    """The words of an open zone."""
    roles, windows = ROLES[language], office.settings.policy.windows
    return wording.lexicon(office.room, language, now=now(), roles=roles, windows=windows)


def in_force(directory: Path | None) -> RuleSet:
    """The rules in force in a zone. Raises Trouble without one."""
    if directory is None:
        raise Trouble("There are no rules to look at.", "Name a FILE, or a zone with --zone.")
    with opened(directory) as office:
        return office.rules()


def _listed(document: Document, lexicon: Lexicon) -> str:
    rules = [
        {"id": each.id, "line": each.line, "sentence": write(each, lexicon)}
        for each in document.rules.rules
    ]
    return json.dumps({"rules": rules}, ensure_ascii=False)

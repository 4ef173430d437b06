"""`hangu policy check`, `test` and `convert`: a draft in a file, before anybody publishes it.

Made for people and for git hooks: status 0 is good, 1 is not, 2 a wrong call; `--json` prints
one object. A zone's directory is only needed where the rules meet people and services.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.progress import Progress

from gateway.cli.console import counted, done, errors, table
from gateway.cli.policy_around import (
    FILE,
    around,
    document_of,
    form_of,
    prints_json,
    takes_zone_if_any,
    text_of,
)
from gateway.cli.policy_sentences import in_force, lexicon_of, takes_language
from gateway.cli.trouble import Trouble
from gateway.cli.zone import now
from policies.change.lasting import Foreseen, foreseen
from policies.change.lexicon import CHINA, Language, Lexicon
from policies.change.mutation import Score, scores
from policies.change.phrasing import tested
from policies.change.texts import rows_of
from policies.change.validate import validate
from policies.memberships import Memberships
from policies.rules import RuleSet


@click.command()
@click.argument("file", type=FILE)
@takes_zone_if_any
@prints_json
@click.option("--strict", is_flag=True, help="Warnings fail as well.")
@click.pass_context
def check(
    context: click.Context, file: Path, directory: Path | None, *, as_json: bool, strict: bool
) -> None:
    """Name everything that is wrong with the rules in FILE (.csv or .toml), with the fix.

    One line each, FILE:LINE:COLUMN: error or warning: … Exit status 1 if there is an error, with
    --strict a warning, or no rule at all.
    """
    with around(directory) as there:
        text = text_of(file)
        found = validate(text, form_of(file), known=there.known, now=int(now().timestamp()))
    if as_json:
        click.echo(json.dumps({"findings": [asdict(each) for each in found.findings]}))
    else:
        for each in found.findings:
            click.echo(each.at(file))
    failed = found.errors or (strict and found.findings)
    if failed:
        context.exit(1)
    if found.document is not None and not rows_of(found.document.rules):
        raise Trouble(f"{file} holds no rules.", "Is it the right file? Nothing is allowed by it.")
    if not as_json and found.document is not None:
        done(f"{len(found.document.rules.rules)} rules, version {found.document.rules.version}.")


@click.command()
@click.argument("file", type=FILE, required=False)
@takes_zone_if_any
@takes_language
@prints_json
@click.option("--mutants", is_flag=True, help="Say which changes of which rule no test notices.")
@click.pass_context
def test(
    context: click.Context, file: Path | None, directory: Path | None, language: str, *,
    as_json: bool, mutants: bool,
) -> None:  # fmt: skip
    """Run the tests that stand among the rules in FILE, or among those in force with --zone."""
    moment = int(now().timestamp())
    rules = in_force(directory) if file is None else document_of(file).rules
    lexicon = lexicon_of(directory, Language(language))
    with around(directory) as there:
        found = foreseen(rules, there.rules, there.memberships, now=moment)
        scored = _scored_aloud(rules, there.memberships, moment) if mutants else ()
    failed = [each for each in found if not each.result.passed]
    if as_json:
        tests = [
            {
                "id": each.result.case.id,
                "line": each.result.case.line,
                "words": tested(each.result.case, lexicon),
                "passed": each.result.passed,
                "decided": _decided(each),
                "fails_from": each.fails_from,
                "stood_on": each.stood_on.line if each.stood_on else "",
            }
            for each in found
        ]
        click.echo(
            json.dumps(
                {"tests": tests, "mutants": [_scored(each) for each in scored]}, ensure_ascii=False
            )
        )
    else:
        _print_tests(found, lexicon)
        _print_scores(scored)
    if failed:
        context.exit(1)
    if not as_json:
        done(f"{counted(len(found), 'test passes', 'tests pass')}.")


@click.command()
@click.argument("file", type=FILE)
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False))
def convert(file: Path, target: Path) -> None:
    """Write the rules in FILE to TARGET in canonical order; .csv and .toml say in which form."""
    if target.suffix not in (".csv", ".toml"):
        raise Trouble(f"{target} is of no form.", "End its name with .csv or .toml.")
    text = document_of(file).text(form_of(target))
    target.write_text(text, encoding="utf-8")
    done(f"{target} is written.")


def _scored_aloud(rules: RuleSet, members: Memberships, moment: int) -> tuple[Score, ...]:
    with Progress(console=errors(), transient=True) as progress:
        task = progress.add_task("breaking rules on trial", total=len(rules.tests))
        return scores(
            rules, members, now=moment,
            progress=lambda tests: progress.update(task, completed=tests),
        )  # fmt: skip


def _decided(each: Foreseen) -> str:
    return str(each.result.decision.outcome) if each.result.decision else each.result.problem


def _print_tests(found: Sequence[Foreseen], lexicon: Lexicon) -> None:
    """Print the tests that fail, and those that will by themselves, with what helps."""
    for each in found:
        case, rule = each.result.case, each.stood_on
        if not each.result.passed:
            click.echo(f"failed {case.id}: {_decided(each)} instead: {case.line}")
            click.echo(f"  {tested(case, lexicon)}")
        if rule is not None:
            why = "is over" if each.is_over else "was taken out"
            click.echo(f"  The rule it stood on {why}: {rule.line}; take the test out as well.")
        if each.fails_from is not None:
            day = datetime.fromtimestamp(each.fails_from, CHINA)
            click.echo(f"warning {case.id}: fails from {day:%Y-%m-%d %H:%M} on: {case.line}")
            click.echo("  The rule it stands on ends; write a time inside its window at the end.")


def _scored(score: Score) -> dict[str, Any]:
    return {
        "rule": score.rule.id,
        "line": score.rule.line,
        "noticed": {each.change: each.noticed_by for each in score.mutants},
    }


def _print_scores(scored: tuple[Score, ...]) -> None:
    if not scored:
        return
    rows = [
        (
            score.rule.id,
            f"{score.noticed} of {len(score.mutants)}",
            ", ".join(score.unnoticed),
            score.rule.line,
        )
        for score in scored
    ]
    table("What the tests notice", ("rule", "noticed", "unnoticed", "line"), rows)

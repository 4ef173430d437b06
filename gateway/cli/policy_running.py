"""`hangu policy workers`, `uses` and `replay-decision`: the rules at work, and what they did."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import click
from rich.progress import Progress, track
from sqlalchemy import select

from audit.tables import audit_event
from gateway.cli.console import done, errors, out, table
from gateway.cli.days import shown
from gateway.cli.office import opened
from gateway.cli.trouble import Trouble
from gateway.cli.zone import ZoneCommand, now, takes_zone
from gateway.office import Office
from policies import disagreements, recorded_acts, uses, versions, workers
from policies.decision import Decision
from policies.recorded import NotReplayable, Recorded, Replay, read, replay
from policies.rules import RuleSet
from policies.uses import Use
from policies.workers import Convergence

_DECISION_ID = re.compile(r"[0-9a-f]{32}")
_AT_ONCE = 10_000


@click.command("workers", cls=ZoneCommand)
@takes_zone
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def workers_(directory: Path, *, as_json: bool) -> None:
    """Show which worker decides by which version. Exit code 1 unless all decide by the newest."""
    with opened(directory) as office:
        with office.store.reading() as session:
            age = office.settings.policy.worker_age
            found = workers.convergence(session, now=now(), age=age)
            wrong = disagreements.open_count(session)
        if as_json:
            click.echo(json.dumps(_plain(found, wrong)))
        else:
            _show(found, office, wrong)
    if not found.is_complete or wrong:
        raise click.exceptions.Exit(1)


def _show(found: Convergence, office: Office, wrong: int) -> None:
    rows = [
        (
            each.worker.node,
            each.worker.pid,
            each.said.trouble or each.state,
            each.said.seq or "",
            each.said.hash[:16],
            "" if each.acknowledged_at is None else shown(each.acknowledged_at, office),
            each.said.build_ms,
            shown(each.beat_at, office),
        )
        for each in found.workers
    ]
    heads = ("node", "process", "state", "no.", "version", "acknowledged", "build ms", "heard")
    table(f"Version {found.seq} ({found.hash[:16]}) is in force", heads, rows)
    if wrong:
        out().print(f"[bold red]{wrong} disagreements of the engines are open[/]: /policy/workers")


def _plain(found: Convergence, wrong: int) -> dict[str, object]:
    return {
        "seq": found.seq,
        "hash": found.hash,
        "is_complete": found.is_complete,
        "disagreements_open": wrong,
        "workers": [
            {
                "node": each.worker.node,
                "pid": each.worker.pid,
                "state": each.state,
                "trouble": each.said.trouble,
                "seq": each.said.seq,
                "hash": each.said.hash,
                "build_ms": each.said.build_ms,
                "heard": each.beat_at.isoformat(),
            }
            for each in found.workers
        ],
    }


@click.command("uses", cls=ZoneCommand)
@takes_zone
@click.option("--recount", is_flag=True, help="Throw the counts away and count the whole log.")
@click.option("--unused", is_flag=True, help="Only the rules that no decision named.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each rule.")
def uses_(directory: Path, *, recount: bool, unused: bool, as_json: bool) -> None:
    """Show how often each rule in force decided, and when last, from the log.

    Rules of the gateway's own pages are left out: visits to pages are not decisions of the log.
    """
    with opened(directory) as office:
        _count(office, again=recount)
        with office.store.reading() as session:
            found = uses.uses(session)
        rules = [rule for rule in office.rules().rules if uses.is_counted(rule)]
        chosen = [rule for rule in rules if not unused or rule.id not in found]
        if as_json:
            for rule in chosen:
                told = {"rule": rule.id, "line": rule.line, **_use(found.get(rule.id))}
                click.echo(json.dumps(told))
            return
        rows = [
            (
                rule.id,
                found[rule.id].uses if rule.id in found else 0,
                shown(found[rule.id].last_used, office) if rule.id in found else "never",
                rule.line.removeprefix("p, "),
            )
            for rule in chosen
        ]
    table("Uses since the log began", ("rule", "uses", "last", "says"), rows)


def _count(office: Office, *, again: bool) -> None:
    with office.store.reading() as session:
        left = uses.sealed(session) - (0 if again else uses.counted(session))
    with Progress(console=errors(), transient=True) as bar:
        task = bar.add_task("counting", total=left)
        count = uses.recount if again else uses.count
        count(office.ledger, told=lambda some: bar.advance(task, some))


def _use(use: Use | None) -> dict[str, object]:
    if use is None:
        return {"uses": 0, "first_used": None, "last_used": None}
    return {
        "uses": use.uses,
        "first_used": use.first_used.isoformat(),
        "last_used": use.last_used.isoformat(),
    }


@click.command("replay-decision", cls=ZoneCommand)
@takes_zone
@click.argument("decision_id")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def replay_decision(directory: Path, decision_id: str, *, as_json: bool) -> None:
    """Make a recorded decision again: its version, the person's groups and clearance of then.

    Exit code 0 if the answer is the recorded one, 1 if it is not.
    """
    if _DECISION_ID.fullmatch(decision_id) is None:
        raise Trouble(f"{decision_id!r} is no decision's number.", "It has 32 digits of 0-9, a-f.")
    with opened(directory) as office:
        body = next(_bodies_with(office, decision_id), None)
        if body is None:
            raise Trouble("The log holds no such decision.", "Look at the number again.")
        try:
            found, rules = _again(office, body)
        except NotReplayable as why:
            raise Trouble(f"This decision cannot be made again: {why}.") from None
        apart = _apart(office, body, rules)
    if as_json:
        answers = {"recorded": _answer(found.recorded.decision), "again": _answer(found.again)}
        click.echo(json.dumps({"same": found.is_same and not apart, **answers, "apart": apart}))
    else:
        _tell(found, apart)
    if not found.is_same or apart:
        raise click.exceptions.Exit(1)


def _apart(office: Office, body: bytes, rules: RuleSet) -> str | None:
    """What is wrong with a refusal by a duty; empty if it follows, None if it is no such one."""
    earlier = recorded_acts.earlier_of(body)
    if earlier is None:
        return None
    return recorded_acts.follows(body, next(_bodies_with(office, earlier), None), rules)


def _again(office: Office, body: bytes) -> tuple[Replay, RuleSet]:
    recorded = read(body)
    if recorded is None:
        raise Trouble("The entry is no decision.")
    with office.store.reading() as session:
        rules = versions.named(session, recorded.decision.version)
    if rules is None:
        raise Trouble(f"Version {recorded.decision.version} is not in the database.")
    return replay(recorded, rules), rules


def _bodies_with(office: Office, decision_id: str) -> Iterator[bytes]:
    """Look through the log, the newest entries first; a million of them take some seconds."""
    wanted = f'"did":"{decision_id}"'.encode()
    with office.store.reading() as session:
        last = session.scalar(select(audit_event.c.id).order_by(audit_event.c.id.desc()).limit(1))
        tops = range(last or 0, 0, -_AT_ONCE)
        for top in track(tops, "searching", console=errors(), transient=True):
            part = audit_event.c.id.between(top - _AT_ONCE + 1, top)
            bodies = session.scalars(select(audit_event.c.body).where(part))
            yield from (body for body in bodies if wanted in body)


def _tell(found: Replay, apart: str | None) -> None:
    recorded = found.recorded
    _tell_question(recorded)
    click.echo(f"recorded: {_words(recorded.decision)}")
    click.echo(f"again:    {_words(found.again)}")
    if apart is not None:
        why = apart or "the earlier act and the duty are in the log and in the version"
        click.echo(f"refused for an earlier act of the same person: {why}")
    if found.is_same and not apart:
        done("The same: by these rules, and as the person was then, this is the answer.")
    else:
        out().print("[bold red]Not the same.[/]")


def _tell_question(recorded: Recorded) -> None:
    asked = recorded.request
    click.echo(f"{recorded.at}  {asked.subject}  {asked.action} {asked.object}")
    held = "unknown" if recorded.held is None else ", ".join(sorted(recorded.held)) or "no group"
    click.echo(
        f"counted as {held}; clearance {asked.clearance}, classification {asked.classification}, "
        f"{asked.category}, network {asked.network}, strength {asked.strength}"
    )
    for rule in recorded.lent.rules:
        click.echo(f"granted for a time: {rule.line}")


def _words(decision: Decision) -> str:
    rules = ", ".join(decision.rules) or "no rule"
    return f"{decision.outcome} ({decision.reason}) by {rules} of {decision.version}"


def _answer(decision: Decision) -> dict[str, object]:
    return {
        "outcome": decision.outcome,
        "reason": decision.reason,
        "rules": list(decision.rules),
        "version": decision.version,
        "strength_needed": decision.strength_needed,
    }

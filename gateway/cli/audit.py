"""`hangu audit`: seal the log, verify it, export it, prove single entries."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import segno
from rich.markup import escape
from rich.progress import Progress
from sqlalchemy import select

from audit import export as exports
from audit import verify as verifier
from audit.note import BadNote, Note
from audit.proof import Receipt, receipt
from audit.source import DatabaseSource
from audit.tables import audit_event
from config.settings import load
from gateway.cli.console import done, errors, out
from gateway.cli.office import opened, require_schema
from gateway.cli.sealed_log import remembered, snapshot, unsealing
from gateway.cli.trouble import Trouble
from gateway.cli.zone import ZoneCommand, now, operator, takes_zone
from gateway.office import Office, sealer_of
from gateway.store.engines import open_store


@click.group(short_help="Seal, verify and export the audit log.")
def audit() -> None:
    """The log that proves itself.

    Exit status of verify: 0 intact, 1 could not run, 2 tampered, 3 incomplete.
    """


@audit.command(cls=ZoneCommand)
@takes_zone
def seal(directory: Path) -> None:
    """Seal the log of the zone DIR until told to stop, as a process of its own.

    It needs DIR/hangu.toml, the database and its private directory, but no key of the zone:
    DIR may be one of its own, which `hangu audit accounts` shows how to make.
    """
    settings = load(directory, keys=False)
    store = open_store(settings.database.url)
    try:
        require_schema(store)
        sealing = sealer_of(settings, begin=store.write.begin, read=store.read, clock=now)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: sealing.stop())
        sealing.run()
    finally:
        store.close()


@audit.command(cls=ZoneCommand)
@takes_zone
@click.option(
    "--anchor",
    "anchors",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    multiple=True,
    help="A checkpoint or receipt kept elsewhere. May be given several times.",
)
@click.option("--key", help="The log's first key, from paper; else the sealer's memory of it.")
@click.option("--fresh", is_flag=True, help="The log must have been alive just now.")
def verify(directory: Path, anchors: tuple[Path, ...], key: str | None, *, fresh: bool) -> None:
    """Verify the log in the database of the zone DIR, while it may go on being written.

    Beyond what an export shows, this looks at the columns beside the entries, at the
    personal values kept for them, and at what the sealer itself remembers.
    """
    with opened(directory) as office:
        memory, source = snapshot(office)
        outside = [(str(anchor), anchor.read_bytes()) for anchor in anchors]
        outside += remembered(office, memory, source)
        with _bar("verifying", source.size) as tell:
            report = verifier.verify(
                source,
                key=key or memory.first_key,
                anchors=outside,
                fresh_at=now() if fresh else None,
                tell=tell,
            )
        source.inspect(report, unseal=unsealing(office))
        out().print(escape("\n".join(report.lines())), soft_wrap=True)
        office.ledger.append(
            "audit.verified",
            actor=operator(),
            now=now(),
            outcome="failure" if report.code else "success",
            details={"size": report.size, "root": report.root, "code": report.code},
        )
    raise click.exceptions.Exit(report.code)


@audit.command(cls=ZoneCommand)
@takes_zone
@click.argument("folder", type=click.Path(path_type=Path))
def export(directory: Path, folder: Path) -> None:
    """Write the sealed log of the zone DIR to a new FOLDER, with the verifier in it."""
    with opened(directory) as office:
        source = snapshot(office)[1]
        files = sum(1 for _ in exports.paths(source))
        with _bar("exporting", files) as tell:
            size = exports.write(source, folder, tell=tell)
        office.ledger.append("audit.exported", actor=operator(), now=now(), details={"size": size})
    done(f"{size} entries are in {folder}.")
    how = f"python3 {folder}/{exports.VERIFIER} {folder} --key KEY-FROM-PAPER"
    out().print(f"  Verify it anywhere: {escape(how)}", soft_wrap=True)


@audit.command(cls=ZoneCommand)
@takes_zone
@click.argument("entry")
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Where to write; else the present directory.",
)
def prove(directory: Path, entry: str, folder: Path) -> None:
    """Write the receipt of ENTRY (its number or id), and the entry itself, to files."""
    with opened(directory) as office:
        source = snapshot(office)[1]
        index, body = _entry(office, entry)
        proof = _receipt(source, index)
        office.ledger.append("audit.proved", actor=operator(), now=now(), object=f"audit:{index}")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{index}.json").write_bytes(body)
    (folder / f"{index}.tlog-proof").write_bytes(proof.encode())
    done(f"{folder / f'{index}.tlog-proof'} proves {folder / f'{index}.json'}.")


@audit.command(cls=ZoneCommand)
@takes_zone
@click.option("--first-key", is_flag=True, help="The log's first key instead, to be printed once.")
@click.option("--qr", is_flag=True, help="As a QR code for the terminal or paper, too.")
def checkpoint(directory: Path, *, first_key: bool, qr: bool) -> None:
    """Print the newest signed checkpoint of the zone DIR: to paper, to a witness."""
    with opened(directory) as office:
        memory, source = snapshot(office)
    if first_key:
        text = f"{memory.first_key}\n"
    elif source.note is None:
        raise Trouble("Nothing has been sealed yet.", "Start the zone, or: hangu audit seal DIR")
    else:
        text = source.note.decode()
    click.echo(text, nl=False)
    if qr:
        segno.make(text, error="m").terminal(compact=True)


def _entry(office: Office, entry: str) -> tuple[int, bytes]:
    column = audit_event.c.seq if entry.isdigit() else audit_event.c.eid
    value: int | str = int(entry) if entry.isdigit() else entry
    with office.store.reading() as session:
        row = session.execute(
            select(audit_event.c.seq, audit_event.c.body).where(column == value)
        ).first()
    if row is None or row.seq is None:
        raise Trouble(f"There is no sealed entry {entry}.", "A new entry is sealed in a second.")
    return row.seq, row.body


def _receipt(source: DatabaseSource, index: int) -> Receipt:
    try:
        return receipt(source.hashes(), index, Note.parse(source.note or b""))
    except (BadNote, ValueError, IndexError) as error:
        raise Trouble(
            f"Entry {index} cannot be proved: {error}", "hangu audit verify DIR says what is wrong."
        ) from None


@contextmanager
def _bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show how far it is on standard error."""
    with Progress(console=errors(), transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda completed: progress.update(task, completed=completed)

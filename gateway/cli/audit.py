"""`hangu audit`: seal the log, verify it, export it, prove single entries."""

from __future__ import annotations

import signal
from contextlib import suppress
from pathlib import Path
from threading import Thread

import click
import segno
from rich.markup import escape
from sqlalchemy import select

from audit import export as exports
from audit import index_check, lines, paper, receipting
from audit import verify as verifier
from audit.keep import Disagreement, Keep, Memory
from audit.note import BadNote, Vkey
from audit.proof import Receipt
from audit.record import Json
from audit.review import agreement
from audit.source import DatabaseSource
from audit.standing import open_standing
from audit.tables import audit_event
from config.settings import load
from gateway.cli import audit_review, audit_search
from gateway.cli.console import done, out, warn
from gateway.cli.office import opened, require_schema
from gateway.cli.sealed_log import progress_bar, remembered, snapshot
from gateway.cli.trouble import Trouble
from gateway.cli.zone import ZoneCommand, now, operator, takes_zone
from gateway.logkeeping import acts_agreement_of, indexer_of, log_origin, sealer_of, unseal_of
from gateway.office import Office
from gateway.store.engines import open_store


@click.group(short_help="Seal, search, verify and export the audit log.")
def audit() -> None:
    """The log that proves itself.

    Exit status of verify: 0 intact, 1 could not run, 2 tampered, 3 incomplete.
    """


audit.add_command(audit_search.index)
audit.add_command(audit_search.search)
for _command in (
    *(audit_review.rules, audit_review.findings, audit_review.signoff),
    *(audit_review.coverage, audit_review.evidence),
):
    audit.add_command(_command)


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
            # Not in the handler itself: the thread that it interrupts may hold the lock it needs.
            signal.signal(number, lambda *_: Thread(target=sealing.stop).start())
        with suppress(OSError):  # its rounds say what is wrong with the directory
            if not sealing.leads():
                warn(
                    "Another process seals this log: the running zone, or another hangu audit "
                    "seal. This one waits, and takes over when that one ends."
                )
        sealing.run()
    finally:
        store.close()


class _CouldNotRun(click.UsageError):
    exit_code = 1


class _VerifyCommand(ZoneCommand):
    """A wrong call is "could not run": a monitoring must never take it for "tampered"."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; what cannot be read ends with status 1."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as wrong:
            raise _CouldNotRun(wrong.format_message(), ctx=wrong.ctx) from None


@audit.command(cls=_VerifyCommand)
@takes_zone
@click.option(
    "--anchor",
    "anchors",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    multiple=True,
    help="A checkpoint or receipt kept elsewhere. May be given several times.",
)
@click.option("--key", help="The log's first key, from paper; else the sealer's memory of it.")
@click.option(
    "--paper",
    "papers",
    multiple=True,
    help="What stands on a printed checkpoint: its three lines, check digits, or the scanned code.",
)
@click.option("--fresh", is_flag=True, help="The log must have been alive just now.")
def verify(
    directory: Path,
    anchors: tuple[Path, ...],
    papers: tuple[str, ...],
    key: str | None,
    *,
    fresh: bool,
) -> None:
    """Verify the log in the database of the zone DIR, while it may go on being written.

    Beyond what an export shows, this looks at the columns beside the entries, at the
    personal values kept for them, at what the sealer itself remembers, and at whether the
    index of the search, the tables of the review and the acts on records (`hangu policy
    separation`) are what the entries say.
    """
    if key is not None:
        _check_key(key)
    outside = [(str(anchor), anchor.read_bytes()) for anchor in anchors]
    outside += [(f"paper {n}", _typed(paper)) for n, paper in enumerate(papers, 1)]
    with opened(directory) as office:
        memory, source = snapshot(office)
        outside += remembered(office, memory, source)
        with progress_bar("verifying", source.size) as tell:
            report = verifier.verify(
                source,
                key=key or memory.first_key,
                anchors=outside,
                fresh_at=now() if fresh else None,
                tell=tell,
            )
        source.inspect(report, unseal=unseal_of(office.registry.vault))
        with progress_bar("comparing the index", source.size) as tell:
            index_check.inspect(office.store.read, report, indexer_of(office), tell=tell)
        agreement.inspect(office.store.read, report, mac=office.registry.vault.mac)
        with progress_bar("comparing acts on records", source.size) as tell:
            acts_agreement_of(office).inspect(office.store.read, report, tell=tell)
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
@click.option(
    "--format",
    "form",
    type=click.Choice(["tiles", *lines.FORMS]),
    default="tiles",
    show_default=True,
    help="tiles: the log itself, verifiable; the others: a copy for other tools, one file.",
)
def export(directory: Path, folder: Path, form: str) -> None:
    """Write the sealed log of the zone DIR to a new FOLDER, with the verifier in it.

    In another format than tiles, FOLDER is one new file: OCSF 1.6 as JSON lines, CEF, or RFC
    5424 messages framed by their length.
    """
    if folder.exists():
        raise Trouble(f"{folder} exists already.", "Name a new one: nothing is written over.")
    with opened(directory) as office:
        source = snapshot(office, witnessed=True)[1]
        if form != "tiles":
            _export_lines(office, source, folder, form)
            return
        files = sum(1 for _ in exports.paths(source))
        with progress_bar("exporting", files) as tell:
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
        index, body = _entry(office, entry)
        proof = _receipt(office, index)
        office.ledger.append("audit.proved", actor=operator(), now=now(), object=f"audit:{index}")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{index}.json").write_bytes(body)
    (folder / f"{index}.tlog-proof").write_bytes(proof.encode())
    done(f"{index}.tlog-proof proves {index}.json; both were written to {folder.resolve()}.")


@audit.command(cls=ZoneCommand)
@takes_zone
@click.option("--first-key", is_flag=True, help="The log's first key instead, to be printed once.")
@click.option("--standing-key", is_flag=True, help="The key by which witnesses know the log.")
@click.option("--page", is_flag=True, help="As a sheet to be printed, signed and kept.")
@click.option("--qr", is_flag=True, help="As a QR code for the terminal or paper, too.")
def checkpoint(
    directory: Path, *, first_key: bool, standing_key: bool, page: bool, qr: bool
) -> None:
    """Print the newest signed checkpoint of the zone DIR: to paper, to a witness."""
    with opened(directory) as office:
        memory, source = snapshot(office)
        sheet = paper.newest(office.store.read)
    if first_key:
        text = f"{memory.first_key}\n"
    elif standing_key:
        text = f"{_standing(directory, memory)}\n"
    elif source.note is None:
        raise Trouble("Nothing has been sealed yet.", "Start the zone, or: hangu audit seal DIR")
    elif page and sheet is not None:
        click.echo(_sheet(sheet))
        text, qr = sheet.note, True
    else:
        text = source.note.decode()
    if not page:
        click.echo(text, nl=False)
    if qr:
        segno.make(text, error="m").terminal(compact=True)


def _typed(text: str) -> bytes:
    """What somebody typed or scanned from a sheet; a mistyped one is said now, not as tampering."""
    if "\u2014 " in text:
        return text.encode()
    try:
        return verifier.parse_paper(text).text.encode()
    except verifier.Wrong as error:
        raise Trouble(f"{text[:60]}: {error}", "Compare it with the sheet once more.") from None


def _check_key(text: str) -> None:
    """A key that is none is mistyped, not a sign of tampering."""
    try:
        Vkey.parse(text)
    except BadNote as error:
        raise Trouble(
            f"The key cannot be read: {error}.", "Compare it with the paper: NAME+ID+BASE64."
        ) from None


def _sheet(sheet: paper.Paper) -> str:
    """The checkpoint in words, for paper."""
    check = f"{sheet.check[:4]} {sheet.check[4:]}"
    witnesses = ", ".join(sheet.witnesses) or "none has cosigned it"
    return "\n".join(
        [
            f"Checkpoint of the audit log, {sheet.published:%Y-%m-%d %H:%M:%S} UTC",
            "",
            *(f"    {line}" for line in sheet.lines),
            "",
            f"Root, for typing:  {' '.join(sheet.root_groups)}",
            f"Check digits:      {check}",
            f"Key epoch:         {sheet.epoch} ({sheet.key_id})",
            f"Witnesses:         {witnesses}",
            "",
            "Name, date: ______________________    Signature: ______________________",
            "",
        ]
    )


def _standing(directory: Path, memory: Memory) -> str:
    found = Keep(load(directory).sealing.directory, memory)
    try:
        return str(open_standing(found).certificate.vkey)
    except Disagreement as error:
        raise Trouble(str(error), "Restore it from the backup.") from None


def _export_lines(office: Office, source: DatabaseSource, file: Path, form: str) -> None:
    with progress_bar("exporting", source.size) as tell:
        origin = log_origin(office.settings)
        count = lines.write(office.store.read, source.size, file, form, origin=origin, tell=tell)
    details: dict[str, Json] = {"size": source.size, "format": form, "entries": count}
    office.ledger.append("audit.exported", actor=operator(), now=now(), details=details)
    done(f"{count} of {source.size} entries are in {file}.")
    if count < source.size:
        warn(
            f"{source.size - count} are left out: their content was pruned, or is no entry; "
            "hangu audit verify says which."
        )


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


def _receipt(office: Office, index: int) -> Receipt:
    try:
        return receipting.prove(office.store.read, index).receipt
    except (receipting.NotSealed, receipting.Unprovable) as error:
        raise Trouble(
            f"Entry {index} cannot be proved: {error}", "hangu audit verify DIR says what is wrong."
        ) from None

"""`hangu witness`: cosign the checkpoints of logs, each only if it has merely grown."""

from __future__ import annotations

import signal
from pathlib import Path
from threading import Thread

import click

from audit.note import BadNote, Vkey
from audit.trust import BadPolicy
from audit.witness import Witness
from audit.witness_server import PATH, WitnessServer
from config.addresses import Listen, listen
from gateway.cli.console import done, note
from gateway.cli.trouble import Trouble
from gateway.cli.zone import now

FOLDER = click.Path(path_type=Path, file_okay=False)


class Address(click.ParamType[tuple[str, int]]):
    """An address and port, as the settings write it."""

    name = "ADDRESS:PORT"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        """Read it by the rule of the settings."""
        try:
            found = listen().parse(value)
        except ValueError as why:
            self.fail(str(why) or listen().allowed, param, ctx)
        if not isinstance(found, Listen) or found.path is not None:
            self.fail("a witness listens on an address", param, ctx)
        return found.host, found.port


@click.command(short_help="Be a witness of logs (c2sp.org/tlog-witness).")
@click.argument("directory", metavar="DIR", type=FOLDER)
@click.option("--init", "name", help="First make the witness, under this name.")
@click.option("--log", "logs", multiple=True, help="Take checkpoints of this log (its key).")
@click.option("--listen", "address", type=Address(), help="Then serve here until told to stop.")
def witness(
    directory: Path, name: str | None, logs: tuple[str, ...], address: tuple[str, int] | None
) -> None:
    """Keep a witness in DIR: its key, the logs it knows, and how far each of them was.

    hangu witness DIR --init witness.example/security-office --log KEY --listen 10.0.0.7:8090

    KEY is the log's standing key: hangu audit checkpoint DIR --standing-key. Put the line that
    this prints into the zone's DIR/audit-policy.
    """
    try:
        if name is not None:
            Witness.create(directory, name=name)
        opened = Witness(directory, clock=now)
        for log in logs:
            opened.trust(Vkey.parse(log))
    except FileExistsError:
        raise Trouble(f"{directory} holds a witness already.", "Leave --init out.") from None
    except FileNotFoundError:
        raise Trouble(f"{directory} holds no witness.", "Make one with --init NAME.") from None
    except (BadNote, BadPolicy, ValueError) as error:
        raise Trouble(f"{directory}: {error}") from None
    place = f"http://{address[0]}:{address[1]}" if address else "http://ADDRESS:PORT"
    click.echo(f"witness {opened.name.partition('/')[2] or opened.name} {opened.vkey} {place}")
    if address is not None:
        _serve(WitnessServer(address, opened), place)


def _serve(server: WitnessServer, place: str) -> None:
    note(f"Answering {place}{PATH}")
    thread = Thread(target=server.serve_forever, name="witness")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: Thread(target=server.shutdown).start())
    thread.start()
    thread.join()
    server.server_close()
    done("The witness has stopped.")

"""`hangu nginx`: the configuration of the reverse proxy in front of a zone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gateway.access.nginx import SYSTEM_AUTHORITIES, Site, UnwritableSite, write
from gateway.cli.console import done, out, warn
from gateway.cli.office import opened
from gateway.cli.trouble import Trouble
from gateway.cli.zone import ZoneCommand, takes_zone
from gateway.office import Office

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(cls=ZoneCommand, short_help="Write nginx's configuration from the catalogue.")
@takes_zone
@click.argument("out_directory", metavar="OUT", type=click.Path(path_type=Path, file_okay=False))
@click.option("--listen", multiple=True, required=True, help="ADDRESS:PORT; may be repeated.")
@click.option("--plain-listen", multiple=True, help="ADDRESS:PORT that only leads to https.")
@click.option("--certificate", type=_FILE, help="Of the gateway and all services (https).")
@click.option("--certificate-key", type=_FILE, help="Its key; nginx reads it, not the gateway.")
@click.option("--old-browsers", is_flag=True, help="Speak TLS 1.2 as well as 1.3.")
@click.option("--user", help="Account (and group) of nginx's workers, if root starts it.")
@click.option("--access-log", type=_FILE, help="Absolute path; none: no access log.")
@click.option("--error-log", type=_FILE, help="Absolute path.")
def nginx(directory: Path, out_directory: Path, **given: Any) -> None:  # noqa: ANN401 - the options are named and typed as the fields of Site
    """Write into OUT the files of an nginx that asks the zone DIR about every request.

    Write them again after a service was added, changed or removed, and reload nginx. An
    approval or a change of rules needs neither.
    """
    with opened(directory) as office:
        try:
            site = _site(office, given)
            written = write(out_directory, site=site, services=office.catalogue.all())
        except UnwritableSite as problems:
            lines = "\n".join(f"  - {_as_options(each, given)}" for each in problems.problems)
            raise Trouble(f"This cannot be written:\n{lines}", "hangu nginx --help") from None
    for path in written:
        done(str(path))
    _warn_of_other_ports(site)
    main = written[0]
    out().print(f"Try it:   nginx -t -c {main}\nStart it: nginx -c {main}", soft_wrap=True)


def _as_options(problem: str, given: dict[str, Any]) -> str:
    """Name the options where the problem names fields."""
    fields, colon, cure = problem.partition(":")
    names = [
        f"--{field.replace('_', '-')}" if field in given else field for field in fields.split(", ")
    ]
    return ", ".join(names) + colon + cure


def _warn_of_other_ports(site: Site) -> None:
    ports = [int(address.rpartition(":")[2]) for address in site.listen if address[0] != "u"]
    if site.port not in ports:
        warn(
            f"No --listen has port {site.port}, where browsers look for web.public_url = "
            f"{site.public_url}; nginx listens at {', '.join(site.listen)}. Unless something in "
            "front of it leads them there, change one of the two."
        )


def _site(office: Office, given: dict[str, Any]) -> Site:
    settings = office.settings
    listen = settings.web.listen
    host = f"[{listen.host}]" if ":" in listen.host else listen.host
    gateway = f"{host}:{listen.port}" if listen.path is None else f"unix:{listen.path}"
    return Site(
        zone=settings.zone.name,
        public_url=settings.web.public_url,
        gateway=gateway,
        proxy_key=settings.secrets.proxy_key.decode(),
        form_max_bytes=max(settings.web.form_max_bytes, settings.web.kept_form_bytes),
        upstream_ca=settings.upstream.ca_file or SYSTEM_AUTHORITIES,
        **given,
    )

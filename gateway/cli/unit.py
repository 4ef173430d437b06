"""`hangu unit`: the office's organisational units."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.access import unit_uses
from gateway.cli.console import done, table
from gateway.cli.new_zone import ROOT_UNIT
from gateway.cli.office import opened
from gateway.cli.zone import ZoneCommand, now, operator, takes_zone
from gateway.identity import units


@click.group(short_help="Organisational units.")
def unit() -> None:
    """Add, list, rename, move and close the organisational units of a zone."""


@unit.command(cls=ZoneCommand)
@takes_zone
@click.argument("slug")
@click.option("--name-zh", required=True, help="Chinese name.")
@click.option("--name-en", required=True, help="English name.")
@click.option("--parent", default=ROOT_UNIT, show_default=True, help="Slug of the unit above.")
def add(directory: Path, slug: str, name_zh: str, name_en: str, parent: str) -> None:
    """Add the unit SLUG; in rules it is unit:SLUG."""
    with opened(directory) as office:
        units.create(
            office.registry,
            slug=slug,
            name_zh=name_zh,
            name_en=name_en,
            parent=parent,
            actor=operator(),
            now=now(),
        )
    done(f"The unit {slug} is there, below {parent}.")


@unit.command("list", cls=ZoneCommand)
@takes_zone
def list_units(directory: Path) -> None:
    """List the units as a tree."""
    with opened(directory) as office:
        rows = [
            ("  " * found.level + found.slug, found.name_zh, found.name_en)
            for found in units.tree(office.registry)
        ]
    table("Units", ("slug", "中文", "English"), rows)


@unit.command(cls=ZoneCommand)
@takes_zone
@click.argument("slug")
@click.option("--name-zh", required=True, help="Chinese name.")
@click.option("--name-en", required=True, help="English name.")
def rename(directory: Path, slug: str, name_zh: str, name_en: str) -> None:
    """Give the unit SLUG other names; its slug stays."""
    with opened(directory) as office:
        units.rename(
            office.registry, slug, name_zh=name_zh, name_en=name_en, actor=operator(), now=now()
        )
    done(f"The unit {slug} is called {name_zh}, {name_en}.")


@unit.command(cls=ZoneCommand)
@takes_zone
@click.argument("slug")
@click.argument("parent")
def move(directory: Path, slug: str, parent: str) -> None:
    """Hang the unit SLUG with all below it under PARENT ("-": at the top)."""
    above = None if parent == "-" else parent
    with opened(directory) as office:
        units.move(office.registry, slug, parent=above, actor=operator(), now=now())
    done(f"The unit {slug} is {'at the top' if above is None else f'below {above}'}.")


@unit.command(cls=ZoneCommand)
@takes_zone
@click.argument("slug")
def close(directory: Path, slug: str) -> None:
    """Close the unit SLUG: only if nobody is in it and no service and no rule names it."""
    with opened(directory) as office:
        named = unit_uses.named_by(office.store, office.catalogue, slug)
        units.close(office.registry, slug, named_by=named, actor=operator(), now=now())
    done(f"The unit {slug} is closed.")

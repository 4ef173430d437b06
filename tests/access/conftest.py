"""The office that access tests decide about, on each kind of database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from access_questions import Desk, set_up
from access_world import KEY, RULES, World, build_world, service
from echo_upstream import echo_service, socket_service
from nginx_front import (
    Front,
    free_port,
    gateway,
    nginx,
    require_nginx,
    served,
    write_site,
)

from gateway.access.channel import Channel
from gateway.access.nginx import Site


@pytest.fixture
def world(database_url: str, tmp_path: Path, now: datetime) -> Iterator[World]:
    """Return an office with rules and one clerk, no service yet."""
    made = build_world(database_url, tmp_path, now)
    yield made
    made.store.close()


@pytest.fixture
def small_world(sqlite_url: str, tmp_path: Path, now: datetime) -> Iterator[World]:
    """Return the same on SQLite alone, where the database makes no difference."""
    made = build_world(sqlite_url, tmp_path, now)
    yield made
    made.store.close()


@pytest.fixture
def desk(small_world: World) -> Desk:
    return set_up(small_world)


@pytest.fixture(scope="module")
def standing(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Return a desk for the many tests that change nothing."""
    directory = tmp_path_factory.mktemp("standing")
    (directory / "hangu.db").write_bytes(sqlite_template.read_bytes())
    moment = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
    world = build_world(f"sqlite:///{directory}/hangu.db", directory, moment)
    yield set_up(world)
    world.store.close()


@pytest.fixture(scope="module", params=["unix", "tcp"])
def front(
    request: pytest.FixtureRequest,
    sqlite_template: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Front]:
    """Return an nginx in front of the decision endpoint and two services, over both channels."""
    require_nginx()
    directory = tmp_path_factory.mktemp("front")
    (directory / "hangu.db").write_bytes(sqlite_template.read_bytes())
    port = free_port()
    origin = f"http://gate.example.cn:{port}"
    moment = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
    world = build_world(f"sqlite:///{directory}/hangu.db", directory, moment, gateway=origin)
    tcp = request.param == "tcp"
    listen = f"127.0.0.1:{free_port()}" if tcp else f"unix:{directory}/g.sock"
    site = Site(
        zone="intranet",
        public_url=origin,
        listen=(f"127.0.0.1:{port}",),
        gateway=listen,
        proxy_key=KEY.decode() if tcp else None,
        user="root" if os.geteuid() == 0 else None,
        access_log=directory / "access.log",
    )
    app = world.forward_auth(Channel(key=KEY if tcp else None))
    with echo_service() as echo, socket_service() as chat, served(gateway(app), listen):
        world.open(service(upstream=f"http://127.0.0.1:{echo}"))
        world.open(service("chat", upstream=f"http://127.0.0.1:{chat}"))
        world.open(service("gone", upstream=f"http://127.0.0.1:{free_port()}"))
        world.publish(
            f"{RULES}p, role:staff, *, svc:chat/**, GET, *, *, 2, *, allow\n"
            "p, role:staff, *, svc:gone/**, *, *, *, 2, *, allow\n"
        )
        write_site(directory, world, site)
        cookie = f"a=1; __Host-hangu-intranet-svc={world.sign_in('zhang')}; b=2"
        with nginx(directory, site.listen[0]):
            yield Front(world, site, port, directory, cookie)
    world.store.close()

"""`hangu init`, killed at every step: no zone or the whole zone, and the next init understands."""

from __future__ import annotations

import importlib.util
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import create_engine, inspect

from gateway.cli import main
from gateway.cli.check import findings
from gateway.cli.zone import now

DRIVER = Path(__file__).with_name("killed_init.py")
KILLED = 9


def driver() -> ModuleType:
    spec = importlib.util.spec_from_file_location("killed_init", DRIVER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def killed_at(number: int, directory: Path, database: str) -> bool:
    """Run init in a child that dies at its n-th touch; tell whether it lived to the end."""
    part = driver()
    child = os.fork()
    if child == 0:  # the child: nothing of the test runner may run in it again
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            part.kill_at(number)
            main(part.arguments(str(directory), database))
        finally:
            os._exit(3)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == KILLED
        return False
    return True


def assert_whole(zone: Path) -> None:
    """The zone is complete, as `hangu check` sees it, and has its three invitations."""
    assert not [found for found in findings(zone, now()) if found.wrong]
    assert not list(zone.parent.glob(f"{zone.name}.partial-*"))


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_init_killed_at_any_touch_leaves_a_state_the_next_init_understands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every touch of the file system in turn: before it, no zone; after the rename, all of it."""
    part = driver()
    killed = whole = 0
    for number in range(1, 200):
        zone = tmp_path / str(number) / "zone"
        zone.parent.mkdir()
        lived = killed_at(number, zone, "sqlite:///hangu.db")
        if zone.exists():
            whole += 1
            for partial in zone.parent.glob("zone.partial-*"):
                assert not (partial / "zone").exists()
            assert not [found for found in findings(zone, now()) if found.wrong]
        elif number % 4 == 1:  # each fourth is enough: an init takes half a second
            main(part.arguments(str(zone), "sqlite:///hangu.db"))
            assert_whole(zone)
        if lived:
            break
        killed += 1
    else:
        pytest.fail("init never ended")
    assert killed > 20
    assert whole >= 2  # at least one kill came after the rename, and the last was none
    capsys.readouterr()


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
@pytest.mark.parametrize("steps_from_end", [2, 4, 7, 12])
def test_a_database_outside_that_a_killed_init_began_to_fill_is_emptied_by_the_next(
    tmp_path: Path, steps_from_end: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """The note beside the half-built zone says which database was ours to fill."""
    part = driver()
    zone, database = tmp_path / "zone", tmp_path / "elsewhere.db"
    url = f"sqlite:///{database}"
    counting = driver()
    total = count_touches(counting, tmp_path / "count")
    killed_at(total - steps_from_end, zone, url)
    if not zone.exists():
        main(part.arguments(str(zone), url))
    assert not [found for found in findings(zone, now()) if found.wrong]
    with closing(sqlite3.connect(database)) as connection:
        people = connection.execute("SELECT count(*) FROM person").fetchone()
    assert people == (3,)
    capsys.readouterr()


def count_touches(part: ModuleType, directory: Path) -> int:
    """How often an undisturbed init with a database outside touches the file system."""
    directory.mkdir()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            touches = part.kill_at(-1)
            url = f"sqlite:///{directory / 'outside.db'}"
            main(part.arguments(str(directory / "zone"), url))
            os.write(writing, str(touches[0]).encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as pipe:
        return int(pipe.read())


def test_a_database_that_is_not_empty_is_refused_and_untouched(
    tmp_path: Path, empty_postgresql: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whose data it is nobody knows, so nothing in it is changed, on a real PostgreSQL too."""
    engine = create_engine(empty_postgresql)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE somebody_elses (id int)")
    with pytest.raises(SystemExit):
        main(driver().arguments(str(tmp_path / "zone"), empty_postgresql))
    assert "is not empty" in capsys.readouterr().err
    assert inspect(engine).get_table_names() == ["somebody_elses"]
    engine.dispose()
    assert list(tmp_path.iterdir()) == []


def test_a_whole_zone_on_postgresql(
    tmp_path: Path, empty_postgresql: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(driver().arguments(str(tmp_path / "zone"), empty_postgresql))
    assert_whole(tmp_path / "zone")
    capsys.readouterr()

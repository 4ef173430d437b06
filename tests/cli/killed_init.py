"""Runs `hangu init` and kills it, without warning, at its n-th touch of the file system.

Called by test_cli_init_killed.py: killed_init.py N DIR [DATABASE]. Exits 3 if there were
fewer than N touches, so that the caller knows that it has seen them all.
"""

from __future__ import annotations

import os
import signal
import sys

from gateway.cli import main

WATCHED = {
    "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "shutil.rmtree",
    "sqlite3.connect", "socket.connect",
}  # fmt: skip
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def arguments(directory: str, database: str) -> list[str]:
    """A complete call of hangu init."""
    return [
        *("init", directory, "--zone", "intranet", "--office", "河山局"),
        *("--public-url", "https://pass.example.gov.cn", "--database", database),
        *("--system-admin", "a:甲", "--security-admin", "b:乙", "--auditor", "c:丙"),
    ]


def kill_at(number: int) -> list[int]:
    """Have the process kill itself at the n-th touch; return the counter."""
    touches = [0]

    def hook(event: str, args: tuple[object, ...]) -> None:
        writes = event == "open" and isinstance(args[2], int) and bool(args[2] & WRITING)
        if event in WATCHED or writes:
            touches[0] += 1
            if touches[0] == number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    return touches


if __name__ == "__main__":
    kill_at(int(sys.argv[1]))
    main(arguments(sys.argv[2], sys.argv[3]))
    sys.exit(3)

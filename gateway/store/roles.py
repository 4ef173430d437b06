"""The two database accounts of a zone on PostgreSQL, and exactly what each may do.

The gateway's account adds entries and may neither change nor delete one; the sealer's
numbers them and touches nothing else of the house. Neither owns a table, so neither can
drop a trigger. The owner (who runs `hangu init` and `hangu migrate`) is a third account.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

LOG: dict[str, tuple[str, str]] = {
    # table: (the gateway's account, the sealer's)
    "audit_event": (
        # A trigger lets go only what the sealer has said may go (`log_pruned`).
        "SELECT, INSERT (eid, body, leaf, created, vouch), DELETE",
        "SELECT, INSERT (eid, body, leaf, seq, created), UPDATE (seq)",
    ),
    "audit_secret": ("SELECT, INSERT, DELETE", ""),
    "audit_alarm": (
        "SELECT, UPDATE (seen, seen_by)",
        "SELECT, INSERT (kind, eid, leaf, count, words, found)",
    ),
    "log_tile": ("SELECT", "SELECT, INSERT, UPDATE (width, hashes)"),
    "log_checkpoint": ("SELECT", "SELECT, INSERT"),
    "log_key": ("SELECT", "SELECT, INSERT"),
    "log_cosigned": ("SELECT", "SELECT, INSERT, UPDATE"),
    "log_witness": ("SELECT", "SELECT, INSERT, DELETE"),
    "log_pruned": ("SELECT, UPDATE (done)", "SELECT, UPDATE (upto, leaf, at)"),
    "log_hold": ("SELECT, INSERT, UPDATE (lifted_at)", "SELECT"),
    "log_request": (
        "SELECT, INSERT, UPDATE (state, decided_by, decided_as, decided_at, outcome, decided_eid)",
        "SELECT, UPDATE (state, outcome)",
    ),
    "log_state": ("SELECT", "SELECT, UPDATE (size, root, note, published)"),
    "alembic_version": ("SELECT", "SELECT"),
}
"""What is granted on the log's own tables. On all others the gateway's account reads and
writes rows, and the sealer's has no right at all."""

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")


def statements(*, app: str, seal: str, tables: Iterable[str]) -> Iterator[str]:
    """The SQL, for a superuser or the database's owner; it may be run again at any time.

    Args:
        app: the gateway's account.
        seal: the sealer's account.
        tables: every table of the zone's database.

    Raises:
        ValueError: a name is not plain, or both are the same.
    """
    for name in (app, seal):
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not a plain name of a database account")
    if app == seal:
        raise ValueError("the gateway and the sealer are two accounts")
    for name in (app, seal):
        yield (
            f"DO $$ BEGIN CREATE ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE "
            "NOREPLICATION NOBYPASSRLS; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
        )
        yield f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {name}"
        yield f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {name}"
        yield f"GRANT USAGE ON SCHEMA public TO {name}"
        yield f"GRANT USAGE ON SEQUENCE audit_event_id_seq TO {name}"
    yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    yield (
        "DO $$ BEGIN EXECUTE 'REVOKE TEMPORARY ON DATABASE ' || quote_ident(current_database()) "
        "|| ' FROM PUBLIC'; END $$"
    )
    for table in sorted({*tables, *LOG}):
        ours, sealers = LOG.get(table, ("SELECT, INSERT, UPDATE, DELETE", ""))
        yield f"GRANT {ours} ON {table} TO {app}"
        if sealers:
            yield f"GRANT {sealers} ON {table} TO {seal}"

"""The log's index, what the review of it leaves behind, what anchors it and may leave it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.store.demand import (
    DEMANDING_REVIEW,
    OURS_FIRST,
    demand,
    demand_of,
    no_longer_demand,
)

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ALARM_SQLITE = (
    """CREATE TRIGGER audit_alarm_keep BEFORE DELETE ON audit_alarm
       BEGIN SELECT RAISE(ABORT, 'what was found is never forgotten'); END""",
    """CREATE TRIGGER audit_alarm_fix BEFORE UPDATE ON audit_alarm
       WHEN OLD.seen IS NOT NULL OR NEW.kind != OLD.kind OR NEW.eid != OLD.eid
            OR NEW.leaf != OLD.leaf OR NEW.count != OLD.count OR NEW.words != OLD.words
            OR NEW.found != OLD.found
       BEGIN SELECT RAISE(ABORT, 'what was found never changes'); END""",
)
ALARM_POSTGRESQL = (
    f"""CREATE FUNCTION audit_alarm_guard() RETURNS trigger LANGUAGE plpgsql {OURS_FIRST} AS $$
       BEGIN
         IF TG_OP = 'UPDATE' AND OLD.seen IS NULL
            AND (NEW.kind, NEW.eid, NEW.leaf, NEW.count, NEW.words, NEW.found)
              = (OLD.kind, OLD.eid, OLD.leaf, OLD.count, OLD.words, OLD.found) THEN
           RETURN NEW;
         END IF;
         RAISE EXCEPTION 'what was found never changes and is never forgotten';
       END $$""",
    """CREATE TRIGGER audit_alarm_keep BEFORE UPDATE OR DELETE ON audit_alarm
       FOR EACH ROW EXECUTE FUNCTION audit_alarm_guard()""",
    """CREATE TRIGGER audit_alarm_whole BEFORE TRUNCATE ON audit_alarm
       FOR EACH STATEMENT EXECUTE FUNCTION audit_alarm_guard()""",
)


def upgrade() -> None:
    """Make the tables."""
    _entries_up()
    _index_up()
    _anchors_up()
    _sealing_up()
    _review_up()
    if op.get_bind().dialect.name == "postgresql":
        demand_of(op.execute, DEMANDING_REVIEW)


def downgrade() -> None:
    """Drop the tables."""
    _review_down()
    _sealing_down()
    _anchors_down()
    _index_down()
    _entries_down()


# An audited commit used to change eight pages of SQLite's file, and random ones among them; now
# it changes four, and appends. What the first migration said of both tables:
ENTRIES_BEFORE_SQLITE = (
    """CREATE TABLE audit_event (
         id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, eid VARCHAR(32) NOT NULL,
         body BLOB NOT NULL, leaf BLOB NOT NULL, seq BIGINT, created DATETIME NOT NULL,
         CONSTRAINT uq_audit_event_eid UNIQUE (eid), CONSTRAINT uq_audit_event_seq UNIQUE (seq))""",
    """CREATE TABLE audit_secret (
         eid VARCHAR(32) NOT NULL, field VARCHAR(64) NOT NULL, salt BLOB NOT NULL,
         value BLOB NOT NULL, CONSTRAINT pk_audit_secret PRIMARY KEY (eid, field))""",
)
ENTRIES_SQLITE = (
    """CREATE TABLE audit_event (
         id INTEGER NOT NULL, eid VARCHAR(32) NOT NULL, body BLOB NOT NULL, leaf BLOB NOT NULL,
         seq BIGINT, created DATETIME NOT NULL, CONSTRAINT pk_audit_event PRIMARY KEY (id),
         CONSTRAINT uq_audit_event_eid UNIQUE (eid))""",
    "CREATE UNIQUE INDEX uq_audit_event_seq ON audit_event (seq) WHERE seq IS NOT NULL",
    ENTRIES_BEFORE_SQLITE[1] + " WITHOUT ROWID",
)
ENTRIES_KEPT_SQLITE = (
    "CREATE INDEX ix_audit_event_unsealed ON audit_event (id) WHERE seq IS NULL",
    "INSERT INTO audit_event SELECT id, eid, body, leaf, seq, created FROM audit_event_before",
    "INSERT INTO audit_secret SELECT eid, field, salt, value FROM audit_secret_before",
    "DROP TABLE audit_event_before",
    "DROP TABLE audit_secret_before",
    """CREATE TRIGGER audit_event_keep BEFORE DELETE ON audit_event
       BEGIN SELECT RAISE(ABORT, 'audit entries are never deleted'); END""",
    """CREATE TRIGGER audit_event_fix BEFORE UPDATE ON audit_event
       WHEN NOT (OLD.seq IS NULL AND NEW.seq IS NOT NULL AND OLD.id = NEW.id
                 AND OLD.eid = NEW.eid AND OLD.body = NEW.body AND OLD.leaf = NEW.leaf
                 AND OLD.created = NEW.created)
       BEGIN SELECT RAISE(ABORT, 'audit entries are never changed'); END""",
)


def _entries_up() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _entries_anew(ENTRIES_SQLITE)
        return
    op.drop_constraint("uq_audit_event_seq", "audit_event", type_="unique")
    op.execute("CREATE UNIQUE INDEX uq_audit_event_seq ON audit_event (seq) WHERE seq IS NOT NULL")


def _entries_down() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _entries_anew(ENTRIES_BEFORE_SQLITE)
        return
    op.drop_index("uq_audit_event_seq", table_name="audit_event")
    op.create_unique_constraint("uq_audit_event_seq", "audit_event", ["seq"])


def _entries_anew(tables: tuple[str, ...]) -> None:
    """Move the entries into tables of another make, which SQLite cannot change in place."""
    op.execute("DROP INDEX ix_audit_event_unsealed")
    op.execute("DROP INDEX IF EXISTS uq_audit_event_seq")
    for table in ("audit_event", "audit_secret"):
        op.execute(f"ALTER TABLE {table} RENAME TO {table}_before")
    for statement in (*tables, *ENTRIES_KEPT_SQLITE):
        op.execute(statement)


def _sealing_up() -> None:
    op.create_table(
        "audit_alarm",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("eid", sa.String(length=32), nullable=False),
        sa.Column("leaf", sa.LargeBinary(length=32), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("words", sa.String(length=200), nullable=False),
        sa.Column("found", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_by", sa.String(length=80), nullable=True),
        sa.PrimaryKeyConstraint("kind", "eid", name=op.f("pk_audit_alarm")),
    )
    on_file = op.get_bind().dialect.name == "sqlite"
    for statement in ALARM_SQLITE if on_file else ALARM_POSTGRESQL:
        op.execute(statement)
    if not on_file:
        demand(op.execute)


def _sealing_down() -> None:
    op.drop_table("audit_alarm")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_alarm_guard()")
        no_longer_demand(op.execute)


# Entries may go once the sealer has said so in the log, and only those before the point it named.
ANCHORS_SQLITE = (
    "DROP TRIGGER audit_event_keep",
    "DROP TRIGGER audit_event_fix",
    """CREATE TRIGGER audit_event_fix BEFORE UPDATE ON audit_event
       WHEN NOT (OLD.seq IS NULL AND NEW.seq IS NOT NULL AND OLD.id = NEW.id
                 AND OLD.eid = NEW.eid AND OLD.body = NEW.body AND OLD.leaf = NEW.leaf
                 AND OLD.created = NEW.created AND OLD.vouch IS NEW.vouch)
       BEGIN SELECT RAISE(ABORT, 'audit entries are never changed'); END""",
    """CREATE TRIGGER audit_event_keep BEFORE DELETE ON audit_event
       WHEN OLD.seq IS NULL OR OLD.seq >= (SELECT upto FROM log_pruned)
       BEGIN SELECT RAISE(ABORT, 'audit entries are never deleted before their time'); END""",
    """CREATE TRIGGER log_pruned_grow BEFORE UPDATE ON log_pruned
       WHEN NOT (NEW.id = OLD.id AND NEW.upto >= OLD.upto AND NEW.done >= OLD.done)
       BEGIN SELECT RAISE(ABORT, 'what was removed stays removed'); END""",
    """CREATE TRIGGER log_hold_fix BEFORE UPDATE ON log_hold
       WHEN NOT (OLD.lifted_at IS NULL AND NEW.lifted_at IS NOT NULL AND NEW.id = OLD.id
                 AND NEW.since = OLD.since AND NEW.case_ref = OLD.case_ref)
       BEGIN SELECT RAISE(ABORT, 'a hold is lifted once, nothing else about it changes'); END""",
    *(
        f"""CREATE TRIGGER {table}_keep BEFORE DELETE ON {table}
            BEGIN SELECT RAISE(ABORT, 'this is never deleted'); END"""
        for table in ("log_pruned", "log_hold", "log_request")
    ),
)
ANCHORS_POSTGRESQL = (
    """CREATE OR REPLACE FUNCTION audit_event_guard() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         IF TG_OP = 'UPDATE' AND OLD.seq IS NULL AND NEW.seq IS NOT NULL
            AND (OLD.id, OLD.eid, OLD.body, OLD.leaf, OLD.created)
              = (NEW.id, NEW.eid, NEW.body, NEW.leaf, NEW.created)
            AND OLD.vouch IS NOT DISTINCT FROM NEW.vouch THEN
           RETURN NEW;
         ELSIF TG_OP = 'DELETE' THEN
           IF OLD.seq < (SELECT upto FROM log_pruned) THEN
             RETURN OLD;
           END IF;
         END IF;
         RAISE EXCEPTION 'audit entries are never changed, nor deleted before their time';
       END $$""",
    f"ALTER FUNCTION audit_event_guard() {OURS_FIRST}",
    f"""CREATE FUNCTION log_anchor_guard() RETURNS trigger LANGUAGE plpgsql {OURS_FIRST} AS $$
       BEGIN
         IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'log_pruned' THEN
           IF NEW.id = OLD.id AND NEW.upto >= OLD.upto AND NEW.done >= OLD.done THEN
             RETURN NEW;
           END IF;
         ELSIF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'log_hold' THEN
           IF OLD.lifted_at IS NULL AND NEW.lifted_at IS NOT NULL
              AND (NEW.id, NEW.since, NEW.case_ref) = (OLD.id, OLD.since, OLD.case_ref) THEN
             RETURN NEW;
           END IF;
         END IF;
         RAISE EXCEPTION 'this only grows; it is never changed or deleted';
       END $$""",
    *(
        f"""CREATE TRIGGER {table}_keep BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION log_anchor_guard()"""
        for table in ("log_pruned", "log_hold")
    ),
    """CREATE TRIGGER log_request_keep BEFORE DELETE ON log_request
       FOR EACH ROW EXECUTE FUNCTION log_anchor_guard()""",
    *(
        f"""CREATE TRIGGER {table}_whole BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION log_anchor_guard()"""
        for table in ("log_pruned", "log_hold", "log_request")
    ),
)
ANCHORS_BEFORE_SQLITE = (
    "DROP TRIGGER audit_event_keep",
    "DROP TRIGGER audit_event_fix",
    """CREATE TRIGGER audit_event_fix BEFORE UPDATE ON audit_event
       WHEN NOT (OLD.seq IS NULL AND NEW.seq IS NOT NULL AND OLD.id = NEW.id
                 AND OLD.eid = NEW.eid AND OLD.body = NEW.body AND OLD.leaf = NEW.leaf
                 AND OLD.created = NEW.created)
       BEGIN SELECT RAISE(ABORT, 'audit entries are never changed'); END""",
    """CREATE TRIGGER audit_event_keep BEFORE DELETE ON audit_event
       BEGIN SELECT RAISE(ABORT, 'audit entries are never deleted'); END""",
)
ANCHORS_BEFORE_POSTGRESQL = (
    """CREATE OR REPLACE FUNCTION audit_event_guard() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         IF TG_OP = 'UPDATE' AND OLD.seq IS NULL AND NEW.seq IS NOT NULL
            AND (OLD.id, OLD.eid, OLD.body, OLD.leaf, OLD.created)
              = (NEW.id, NEW.eid, NEW.body, NEW.leaf, NEW.created) THEN
           RETURN NEW;
         END IF;
         RAISE EXCEPTION 'audit entries are never changed or deleted';
       END $$""",
)
ANCHOR_TABLES = (
    *("log_key", "log_cosigned", "log_witness", "log_pruned"),
    *("log_hold", "log_request", "log_forwarded"),
)


def _anchors_up() -> None:
    op.add_column("audit_event", sa.Column("vouch", sa.LargeBinary(), nullable=True))
    _keys_and_witnesses_up()
    _retention_up()
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in ANCHORS_SQLITE if sqlite else ANCHORS_POSTGRESQL:
        op.execute(statement)


def _keys_and_witnesses_up() -> None:
    op.create_table(
        "log_key",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first_key", sa.String(length=400), nullable=False),
        sa.Column("standing", sa.String(length=1000), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_log_key_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_key")),
    )
    op.create_table(
        "log_cosigned",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_log_cosigned_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_cosigned")),
    )
    op.create_table(
        "log_witness",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("cosigned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_log_witness")),
    )
    op.create_table(
        "log_forwarded",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("next", sa.BigInteger(), nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=False),
        sa.Column("lost", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_log_forwarded_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_forwarded")),
    )


def _retention_up() -> None:
    pruned = op.create_table(
        "log_pruned",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("upto", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("leaf", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_log_pruned_single")),
        sa.CheckConstraint("done <= upto", name=op.f("ck_log_pruned_not_ahead")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_pruned")),
    )
    op.bulk_insert(pruned, [{"id": 1, "upto": 0, "done": 0}])
    op.create_table(
        "log_hold",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("case_ref", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("placed_by", sa.String(length=80), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_hold")),
    )
    op.create_table(
        "log_request",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("target", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("proposed_by", sa.String(length=80), nullable=False),
        sa.Column("proposed_as", sa.String(length=32), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(length=80), nullable=True),
        sa.Column("decided_as", sa.String(length=32), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("proposed_eid", sa.String(length=32), nullable=False),
        sa.Column("decided_eid", sa.String(length=32), nullable=True),
        sa.CheckConstraint("kind IN ('prune', 'lift', 'erase')", name=op.f("ck_log_request_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_request")),
    )
    op.create_index(op.f("ix_log_request_state"), "log_request", ["state"], unique=False)


def _anchors_down() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in ANCHORS_BEFORE_SQLITE if sqlite else ANCHORS_BEFORE_POSTGRESQL:
        op.execute(statement)
    op.drop_column("audit_event", "vouch")
    for table in reversed(ANCHOR_TABLES):
        op.drop_table(table)
    if not sqlite:
        op.execute("DROP FUNCTION log_anchor_guard()")


_TEXT = sa.String(length=256)
_DIGEST = sa.String(length=32)
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _index_up() -> None:
    op.create_table(
        "audit_index",
        sa.Column("seq", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("event", _TEXT, nullable=False),
        sa.Column("class_uid", sa.Integer(), nullable=False),
        *(sa.Column(name, _TEXT, nullable=False) for name in ("outcome", "zone", "actor")),
        *(
            sa.Column(name, _TEXT, nullable=True)
            for name in (
                *("object", "unit", "service", "session", "reason", "policy"),
                *("decision", "case_ref"),
            )
        ),
        sa.Column("address", _DIGEST, nullable=True),
        sa.Column("name", _DIGEST, nullable=True),
        sa.PrimaryKeyConstraint("seq", name="pk_audit_index"),
    )
    for column in ("actor", "event"):
        op.create_index(f"ix_audit_index_{column}", "audit_index", [column, "seq"])
    op.create_table(
        "audit_block",
        sa.Column("number", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("marks", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit_block"),
    )
    op.create_index("ix_audit_block_times", "audit_block", ["last_at", "first_at"])
    op.create_table(
        "audit_sieve",
        sa.Column("number", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("slices", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit_sieve"),
    )
    if op.get_bind().dialect.name == "postgresql":
        # Marks stay beside the row and as they are: they do not compress, and are read in bulk.
        op.execute("ALTER TABLE audit_block SET (toast_tuple_target = 8160)")
        op.execute("ALTER TABLE audit_block ALTER COLUMN marks SET STORAGE EXTERNAL")
    kinds = ("event", "outcome", "service", "unit")
    op.create_table(
        "audit_hour",
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        *(sa.Column(name, _TEXT, nullable=False) for name in kinds),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hour", *kinds, name="pk_audit_hour"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "audit_total",
        *(sa.Column(name, _TEXT, nullable=False) for name in kinds),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(*kinds, name="pk_audit_total"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "audit_index_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("form", sa.Integer(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_audit_index_state_single")),
        sa.CheckConstraint("first <= size", name=op.f("ck_audit_index_state_range")),
        sa.PrimaryKeyConstraint("id", name="pk_audit_index_state"),
    )
    op.create_table(
        "saved_search",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_saved_search"),
    )
    op.create_index("ix_saved_search_owner", "saved_search", ["owner"])


def _index_down() -> None:
    op.drop_table("saved_search")
    for table in ("index_state", "total", "hour", "sieve", "block", "index"):
        op.drop_table(f"audit_{table}")


def _review_up() -> None:
    when, number = sa.DateTime(timezone=True), sa.BigInteger()
    op.create_table(
        "review_rule",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", when, nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_review_rule_counts")),
        sa.PrimaryKeyConstraint("name", "version", name=op.f("pk_review_rule")),
    )
    place = op.create_table(
        "review_place",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("next", number, nullable=False),
        sa.Column("word", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_review_place_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_place")),
    )
    op.bulk_insert(place, [{"id": 1, "next": 0}])
    _findings_up()
    op.create_table(
        "review_shown",
        sa.Column("reviewer", sa.String(length=80), nullable=False),
        sa.Column("filter_hash", sa.String(length=64), nullable=False),
        sa.Column("low", number, autoincrement=False, nullable=False),
        sa.Column("high", number, autoincrement=False, nullable=False),
        sa.Column("at", when, nullable=False),
        sa.PrimaryKeyConstraint(
            *("reviewer", "filter_hash", "low", "high"), name=op.f("pk_review_shown")
        ),
    )
    op.create_table(
        "review_signoff",
        sa.Column("id", sa.Uuid(), nullable=False),
        *(sa.Column(name, number, nullable=False) for name in ("low", "high")),
        *(sa.Column(name, when, nullable=False) for name in ("first_at", "last_at")),
        sa.Column("size", number, nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("filter", sa.Text(), nullable=False),
        sa.Column("filter_hash", sa.String(length=64), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("shown", "total", "own")),
        sa.Column("reviewer", sa.String(length=80), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", when, nullable=False),
        sa.Column("second", sa.String(length=80), nullable=True),
        sa.Column("second_as", sa.String(length=32), nullable=True),
        sa.Column("second_at", when, nullable=True),
        sa.CheckConstraint("low < high AND high <= size", name=op.f("ck_review_signoff_range")),
        sa.CheckConstraint("shown >= 0 AND shown <= total", name=op.f("ck_review_signoff_shown")),
        sa.CheckConstraint(
            "second IS NULL OR second <> reviewer", name=op.f("ck_review_signoff_another")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_signoff")),
    )
    op.create_index("ix_review_signoff_low", "review_signoff", ["low"])


def _findings_up() -> None:
    when, number = sa.DateTime(timezone=True), sa.BigInteger()
    op.create_table(
        "review_finding",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.String(length=120), nullable=False) for name in ("title", "title_zh")),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("key", sa.JSON(), nullable=False),
        sa.Column("group_key", sa.String(length=64), nullable=False),
        *(sa.Column(name, number, nullable=False) for name in ("first_at", "last_at")),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("opened_at", when, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("owner", sa.String(length=80), nullable=True),
        sa.Column("disposition", sa.String(length=16), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_at", when, nullable=True),
        sa.Column("decided_by", sa.String(length=80), nullable=True),
        sa.Column("suppressed_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_finding")),
    )
    op.create_index("ix_review_finding_group", "review_finding", ["rule", "group_key"])
    op.create_index("ix_review_finding_state", "review_finding", ["state", "opened_at"])
    op.create_table(
        "review_link",
        sa.Column("finding", sa.Uuid(), nullable=False),
        sa.Column("seq", number, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("finding", "seq", name=op.f("pk_review_link")),
    )
    op.create_table(
        "review_note",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("finding", sa.Uuid(), nullable=False),
        sa.Column("at", when, nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_note")),
    )
    op.create_index(op.f("ix_review_note_finding"), "review_note", ["finding"])
    op.create_table(
        "review_suppression",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", when, nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("until", when, nullable=False),
        sa.Column("ended_at", when, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_suppression")),
    )


def _review_down() -> None:
    for table in (
        *("review_signoff", "review_shown", "review_suppression", "review_note"),
        *("review_link", "review_finding", "review_place", "review_rule"),
    ):
        op.drop_table(table)

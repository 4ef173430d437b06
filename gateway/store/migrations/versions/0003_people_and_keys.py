"""People and their keys: officers kept apart, factors, lanes, kept forms, requests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.store.demand import OURS_FIRST

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _people_up()
    _guards_up()
    _notices_up()
    _fresh_up()
    _requests_up()
    _break_glass_up()
    _kept_up()
    _factors_up()
    _officers_up()


def downgrade() -> None:
    """Drop the tables."""
    _officers_down()
    _kept_down()
    _factors_down()
    _break_glass_down()
    _requests_down()
    _fresh_down()
    _notices_down()
    _guards_down()
    _people_down()


def _people_up() -> None:
    # An index and not a constraint: SQLite adds it without copying the table.
    op.add_column("person", sa.Column("staff_sealed", sa.LargeBinary(), nullable=True))
    op.add_column("person", sa.Column("staff_index", sa.LargeBinary(), nullable=True))
    op.create_index("uq_person_staff_index", "person", ["staff_index"], unique=True)
    op.add_column("person", sa.Column("name_index", sa.LargeBinary(), nullable=True))
    op.create_index("ix_person_name_index", "person", ["name_index"])
    op.create_table(
        "staff_draft",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disable_missing", sa.Boolean(), nullable=False),
        sa.Column("content_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_staff_draft_person_id_person"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_staff_draft"),
    )
    op.create_index("ix_staff_draft_person_id", "staff_draft", ["person_id"])


def _people_down() -> None:
    op.drop_table("staff_draft")
    op.drop_index("ix_person_name_index", "person")
    op.drop_column("person", "name_index")
    op.drop_index("uq_person_staff_index", "person")
    op.drop_column("person", "staff_index")
    op.drop_column("person", "staff_sealed")


def _guards_up() -> None:
    op.create_table(
        "device",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_device_person_id_person"),
        sa.PrimaryKeyConstraint("id", name="pk_device"),
        sa.UniqueConstraint("token_hash", name="uq_device_token_hash"),
    )
    op.create_index("ix_device_person_id", "device", ["person_id"])
    op.create_table(
        "sign_in_attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("known_device", sa.Boolean(), nullable=False),
        sa.Column("amr", sa.String(length=32), nullable=False),
        sa.Column("session_ref", sa.String(length=16), nullable=True),
        sa.Column("address_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("user_agent_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("disowned_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_sign_in_attempt_person_id_person"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_sign_in_attempt"),
    )
    op.create_index("ix_sign_in_attempt_person", "sign_in_attempt", ["person_id", "at"])
    op.create_index("ix_sign_in_attempt_at", "sign_in_attempt", ["at"])
    op.create_table(
        "person_lock",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_person_lock_person_id_person"
        ),
        sa.PrimaryKeyConstraint("person_id", name="pk_person_lock"),
    )
    op.create_table(
        "report",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("attempt_id", sa.Uuid(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked", sa.Boolean(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(length=60), nullable=True),
        sa.Column("decision", sa.String(length=16), nullable=True),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "decision IS NULL OR decision IN ('unlocked', 'enrolment', 'kept')",
            name=op.f("ck_report_decision"),
        ),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (decision IS NULL)", name=op.f("ck_report_closed")
        ),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["sign_in_attempt.id"], name="fk_report_attempt_id_sign_in_attempt"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_report_person_id_person"),
        sa.PrimaryKeyConstraint("id", name="pk_report"),
    )
    op.create_index("ix_report_person_id", "report", ["person_id"])
    op.create_index("ix_report_closed_at", "report", ["closed_at"])
    op.add_column(
        "throttle",
        sa.Column("kind", sa.String(length=8), nullable=False, server_default="name"),
    )
    op.add_column("throttle", sa.Column("total", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("throttle", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("pending_sign_in", sa.Column("attempt_id", sa.Uuid(), nullable=True))


def _guards_down() -> None:
    op.drop_column("pending_sign_in", "attempt_id")
    for column in ("closed_at", "total", "kind"):
        op.drop_column("throttle", column)
    for table in ("report", "person_lock", "sign_in_attempt", "device"):
        op.drop_table(table)


def _notices_up() -> None:
    op.create_table(
        "notice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("words_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_notice_person_id_person"),
        sa.PrimaryKeyConstraint("id", name="pk_notice"),
    )
    op.create_index("ix_notice_person", "notice", ["person_id", "seen_at"])


def _notices_down() -> None:
    op.drop_table("notice")


def _fresh_up() -> None:
    op.create_table(
        "fresh_proof",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("act", sa.String(length=200), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("proved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name="fk_fresh_proof_session_id_session"
        ),
        sa.PrimaryKeyConstraint("session_id", "act", name="pk_fresh_proof"),
    )
    op.create_index("ix_fresh_proof_last_at", "fresh_proof", ["last_at"])


def _fresh_down() -> None:
    op.drop_table("fresh_proof")


_OPEN = sa.text("state = 'open'")
_GRANTED = sa.text("state = 'granted'")


def _requests_up() -> None:
    op.create_table(
        "access_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("service", sa.String(length=40), nullable=False),
        sa.Column("writes", sa.Boolean(), nullable=False),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=80), nullable=True),
        sa.Column("answer_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("given_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("given_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rule_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("warned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(length=80), nullable=True),
        sa.Column("ended_why", sa.String(length=16), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'granted', 'refused', 'withdrawn', 'ended')",
            name=op.f("ck_access_request_state"),
        ),
        sa.CheckConstraint(
            "state <> 'granted' OR (given_until IS NOT NULL AND given_from IS NOT NULL"
            " AND decided_by IS NOT NULL AND given_from < given_until)",
            name=op.f("ck_access_request_grant_whole"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_access_request_person_id_person"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_access_request"),
    )
    for column in ("person_id", "service", "state"):
        op.create_index(f"ix_access_request_{column}", "access_request", [column])
    for name, which in (("open", _OPEN), ("granted", _GRANTED)):
        op.create_index(
            f"uq_access_request_{name}",
            "access_request",
            ["person_id", "service"],
            unique=True,
            sqlite_where=which,
            postgresql_where=which,
        )


def _requests_down() -> None:
    op.drop_table("access_request")


_UNSETTLED = sa.text("settled_at IS NULL")


def _break_glass_up() -> None:
    op.add_column("session", sa.Column("ends_by", sa.DateTime(timezone=True), nullable=True))
    op.add_column("session", sa.Column("case_ref", sa.String(length=16), nullable=True))
    op.create_table(
        "sealed_account",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("prepared_by", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_sealed_account_person_id_person"
        ),
        sa.PrimaryKeyConstraint("person_id", name="pk_sealed_account"),
    )
    op.create_table(
        "break_glass_opening",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("token_hash", sa.LargeBinary(), nullable=True),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(length=80), nullable=True),
        sa.Column("closed_why", sa.String(length=16), nullable=True),
        sa.Column("reviewed_by", sa.Uuid(), nullable=True),
        sa.Column("finding_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "minutes BETWEEN 15 AND 240", name=op.f("ck_break_glass_opening_minutes")
        ),
        sa.CheckConstraint(
            "opened_at IS NULL OR (confirmed_by IS NOT NULL AND ends_by IS NOT NULL"
            " AND confirmed_by <> proposed_by AND user_id <> proposed_by"
            " AND user_id <> confirmed_by)",
            name=op.f("ck_break_glass_opening_three_people"),
        ),
        sa.CheckConstraint(
            "opened_at IS NULL OR settled_at IS NULL"
            " OR (reviewed_by IS NOT NULL AND reviewed_by <> proposed_by"
            " AND reviewed_by <> confirmed_by AND reviewed_by <> user_id)",
            name=op.f("ck_break_glass_opening_reviewed_by_another"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["sealed_account.person_id"],
            name="fk_break_glass_opening_account_id_sealed_account",
        ),
        *(
            sa.ForeignKeyConstraint(
                [column], ["person.id"], name=f"fk_break_glass_opening_{column}_person"
            )
            for column in ("proposed_by", "user_id", "confirmed_by", "reviewed_by")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_break_glass_opening"),
        sa.UniqueConstraint("token_hash", name="uq_break_glass_opening_token_hash"),
    )
    op.create_index("ix_break_glass_opening_account_id", "break_glass_opening", ["account_id"])
    op.create_index(
        "uq_break_glass_opening_unsettled",
        "break_glass_opening",
        ["account_id"],
        unique=True,
        sqlite_where=_UNSETTLED,
        postgresql_where=_UNSETTLED,
    )


def _break_glass_down() -> None:
    op.drop_table("break_glass_opening")
    op.drop_table("sealed_account")
    op.drop_column("session", "case_ref")
    op.drop_column("session", "ends_by")


_OPEN_CASE = sa.text("state = 'open'")
_ATTESTED = ("session", "enrolment", "ticket", "break_glass_opening")
_APART = "an office stands beside no other role of a person"
_BESIDE = """EXISTS (SELECT 1 FROM person_role AS held
  WHERE held.person_id = NEW.person_id AND held.role <> NEW.role
    AND (held.role IN ('auditor', 'security_admin', 'system_admin')
         OR NEW.role IN ('auditor', 'security_admin', 'system_admin')))"""


def _officers_up() -> None:
    for table in _ATTESTED:
        op.add_column(table, sa.Column("mac", sa.LargeBinary(), nullable=True))
    op.add_column("person", sa.Column("standing_mac", sa.LargeBinary(), nullable=True))
    op.add_column("totp", sa.Column("rests_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "enrolment",
        sa.Column("factors_only", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.create_table(
        "forgery",
        sa.Column("table_name", sa.String(length=40), nullable=False),
        sa.Column("row_key", sa.String(length=80), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("table_name", "row_key", name="pk_forgery"),
    )
    _cases_up()
    _apart_up()


def _cases_up() -> None:
    op.create_table(
        "officer_case",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=True),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lapses_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=True),
        sa.Column("document", sa.String(length=16), nullable=True),
        sa.Column("forget_password", sa.Boolean(), nullable=False),
        sa.Column("reason_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        *(
            sa.CheckConstraint(rule, name=op.f(f"ck_officer_case_{name}"))
            for name, rule in {
                "kind": "kind IN ('reset', 'office')",
                "state": "state IN ('open', 'confirmed', 'refused', 'withdrawn', 'lapsed')",
                "not_for_oneself": "opened_by <> person_id",
                "two_officers": "state <> 'confirmed' OR (closed_by IS NOT NULL"
                " AND closed_by <> opened_by AND closed_by <> person_id)",
                "role": "(kind = 'office') = (role IS NOT NULL)",
                "document": "(kind = 'reset') = (document IS NOT NULL)",
            }.items()
        ),
        *(
            sa.ForeignKeyConstraint(
                [column], ["person.id"], name=f"fk_officer_case_{column}_person"
            )
            for column in ("person_id", "opened_by", "closed_by")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_officer_case"),
    )
    op.create_index("ix_officer_case_person_id", "officer_case", ["person_id"])
    op.create_index("ix_officer_case_opened_at", "officer_case", ["opened_at"])
    op.create_index(
        "uq_officer_case_open",
        "officer_case",
        ["person_id", "kind"],
        unique=True,
        sqlite_where=_OPEN_CASE,
        postgresql_where=_OPEN_CASE,
    )


def _apart_up() -> None:
    """Whoever writes the rows, by whatever program: an office stands beside no other role."""
    if op.get_bind().dialect.name == "sqlite":
        for when in ("INSERT", "UPDATE"):
            op.execute(
                f"CREATE TRIGGER person_role_apart_{when.lower()} BEFORE {when} ON person_role"
                f" WHEN {_BESIDE} BEGIN SELECT RAISE(ABORT, '{_APART}'); END"
            )
        return
    # The lock on the person makes two at once wait for each other, so that each sees the other.
    op.execute(
        f"""CREATE FUNCTION person_role_apart() RETURNS trigger LANGUAGE plpgsql {OURS_FIRST} AS $$
        BEGIN
          PERFORM 1 FROM person WHERE id = NEW.person_id FOR UPDATE;
          IF {_BESIDE} THEN
            RAISE EXCEPTION '{_APART}' USING ERRCODE = 'check_violation';
          END IF;
          RETURN NEW;
        END $$"""
    )
    op.execute(
        "CREATE TRIGGER person_role_apart BEFORE INSERT OR UPDATE ON person_role"
        " FOR EACH ROW EXECUTE FUNCTION person_role_apart()"
    )


def _officers_down() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER person_role_apart_insert")
        op.execute("DROP TRIGGER person_role_apart_update")
    else:
        op.execute("DROP TRIGGER person_role_apart ON person_role")
        op.execute("DROP FUNCTION person_role_apart()")
    op.drop_table("officer_case")
    op.drop_table("forgery")
    op.drop_column("enrolment", "factors_only")
    op.drop_column("totp", "rests_until")
    op.drop_column("person", "standing_mac")
    for table in _ATTESTED:
        op.drop_column(table, "mac")


def _kept_up() -> None:
    op.create_table(
        "replaced_token",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name="fk_replaced_token_session_id_session"
        ),
        sa.PrimaryKeyConstraint("token_hash", name="pk_replaced_token"),
    )
    op.create_index("ix_replaced_token_at", "replaced_token", ["at"])
    op.create_table(
        "kept_form",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("service", sa.String(length=40), nullable=True),
        sa.Column("browser_hash", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_why", sa.String(length=16), nullable=True),
        sa.Column("content_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_kept_form_person_id_person"),
        sa.PrimaryKeyConstraint("id", name="pk_kept_form"),
    )
    for column in ("person_id", "expires"):
        op.create_index(f"ix_kept_form_{column}", "kept_form", [column])


def _kept_down() -> None:
    op.drop_table("kept_form")
    op.drop_table("replaced_token")


def _factors_up() -> None:
    op.create_table(
        "passkey",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("credential_index", sa.LargeBinary(), nullable=False),
        sa.Column("credential_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("key_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("is_synced", sa.Boolean(), nullable=False),
        sa.Column("is_backed_up", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_passkey_person_id_person"),
        sa.PrimaryKeyConstraint("id", name="pk_passkey"),
        sa.UniqueConstraint("credential_index", name="uq_passkey_credential_index"),
    )
    op.create_index("ix_passkey_person_id", "passkey", ["person_id"])
    op.create_table(
        "spent_challenge",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_spent_challenge"),
    )
    op.create_index("ix_spent_challenge_expires", "spent_challenge", ["expires"])
    _recovery_up()
    op.create_table(
        "totp_draft",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name="fk_totp_draft_session_id_session"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_totp_draft"),
        sa.UniqueConstraint("session_id", name="uq_totp_draft_session_id"),
    )
    op.create_index("ix_totp_draft_expires", "totp_draft", ["expires"])


def _recovery_up() -> None:
    op.add_column(
        "person", sa.Column("recovery_turn", sa.Integer(), nullable=False, server_default="0")
    )
    op.create_table(
        "recovery_set",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("set_id", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("spent", sa.Integer(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mac", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_recovery_set_person_id_person"
        ),
        sa.PrimaryKeyConstraint("person_id", name="pk_recovery_set"),
    )
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("set_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hash_sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("number BETWEEN 0 AND 9", name=op.f("ck_recovery_code_number")),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["recovery_set.person_id"],
            name="fk_recovery_code_person_id_recovery_set",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_recovery_code"),
        sa.UniqueConstraint("person_id", "number", name="uq_recovery_code_person_id"),
    )


def _factors_down() -> None:
    for table in ("totp_draft", "recovery_code", "recovery_set", "spent_challenge", "passkey"):
        op.drop_table(table)
    op.drop_column("person", "recovery_turn")

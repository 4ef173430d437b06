"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# An entry may be numbered once; nothing else about it may change. SQLite has no roles, so
# whoever may write the file may also drop these: they stop mistakes there, and on
# PostgreSQL everybody but the owner.
SQLITE_TRIGGERS = (
    """CREATE TRIGGER audit_event_keep BEFORE DELETE ON audit_event
       BEGIN SELECT RAISE(ABORT, 'audit entries are never deleted'); END""",
    """CREATE TRIGGER audit_event_fix BEFORE UPDATE ON audit_event
       WHEN NOT (OLD.seq IS NULL AND NEW.seq IS NOT NULL AND OLD.id = NEW.id
                 AND OLD.eid = NEW.eid AND OLD.body = NEW.body AND OLD.leaf = NEW.leaf
                 AND OLD.created = NEW.created)
       BEGIN SELECT RAISE(ABORT, 'audit entries are never changed'); END""",
)
POSTGRESQL_TRIGGERS = (
    """CREATE FUNCTION audit_event_guard() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         IF TG_OP = 'UPDATE' AND OLD.seq IS NULL AND NEW.seq IS NOT NULL
            AND (OLD.id, OLD.eid, OLD.body, OLD.leaf, OLD.created)
              = (NEW.id, NEW.eid, NEW.body, NEW.leaf, NEW.created) THEN
           RETURN NEW;
         END IF;
         RAISE EXCEPTION 'audit entries are never changed or deleted';
       END $$""",
    """CREATE TRIGGER audit_event_keep BEFORE UPDATE OR DELETE ON audit_event
       FOR EACH ROW EXECUTE FUNCTION audit_event_guard()""",
    """CREATE TRIGGER audit_event_whole BEFORE TRUNCATE ON audit_event
       FOR EACH STATEMENT EXECUTE FUNCTION audit_event_guard()""",
)


def upgrade() -> None:
    op.create_table(
        "audit_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("eid", sa.String(length=32), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(length=32), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
        sa.UniqueConstraint("eid", name=op.f("uq_audit_event_eid")),
        sa.UniqueConstraint("seq", name=op.f("uq_audit_event_seq")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_audit_event_unsealed",
        "audit_event",
        ["id"],
        unique=False,
        sqlite_where=sa.text("seq IS NULL"),
        postgresql_where=sa.text("seq IS NULL"),
    )
    op.create_table(
        "audit_secret",
        sa.Column("eid", sa.String(length=32), nullable=False),
        sa.Column("field", sa.String(length=64), nullable=False),
        sa.Column("salt", sa.LargeBinary(length=16), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("eid", "field", name=op.f("pk_audit_secret")),
    )
    op.create_table(
        "epoch",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_epoch_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_epoch")),
    )
    op.create_table(
        "familiar",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_familiar")),
    )
    op.create_table(
        "policy_version",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author", sa.String(length=80), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint("length(hash) = 64", name=op.f("ck_policy_version_hash_length")),
        sa.CheckConstraint("seq > 0", name=op.f("ck_policy_version_seq_positive")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_policy_version")),
    )
    op.create_index(op.f("ix_policy_version_hash"), "policy_version", ["hash"], unique=False)
    op.create_table(
        "service",
        sa.Column("slug", sa.String(length=40), nullable=False),
        sa.Column("zone", sa.String(length=16), nullable=False),
        sa.Column("host", sa.String(length=253), nullable=False),
        sa.Column("name_zh", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.Column("about_zh", sa.String(length=400), nullable=False),
        sa.Column("about_en", sa.String(length=400), nullable=False),
        sa.Column("in_charge", sa.String(length=45), nullable=False),
        sa.Column("operator", sa.String(length=45), nullable=False),
        sa.Column("user_units", sa.JSON(), nullable=False),
        sa.Column("upstream", sa.String(length=300), nullable=False),
        sa.Column("classification", sa.Integer(), nullable=False),
        sa.Column("category", sa.String(length=45), nullable=False),
        sa.Column("preserve_host", sa.Boolean(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("path_rules", sa.JSON(), nullable=False),
        sa.Column("evaluated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("evaluated_by", sa.String(length=120), nullable=True),
        sa.Column("approved_by", sa.String(length=120), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_by", sa.String(length=120), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.CheckConstraint("zone IN ('intranet', 'extranet')", name=op.f("ck_service_zone_known")),
        sa.CheckConstraint(
            "approved_by IS NULL OR (approved_at IS NOT NULL AND evaluated_at IS NOT NULL AND evaluated_by IS NOT NULL AND valid_until IS NOT NULL)",
            name=op.f("ck_service_approval_whole"),
        ),
        sa.CheckConstraint(
            "classification BETWEEN 0 AND 4", name=op.f("ck_service_classification_range")
        ),
        sa.CheckConstraint("host = lower(host)", name=op.f("ck_service_host_lower")),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_service")),
        sa.UniqueConstraint("host", name=op.f("uq_service_host")),
    )
    op.create_table(
        "throttle",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_throttle")),
    )
    op.create_table(
        "ticket",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("session_hash", sa.LargeBinary(), nullable=False),
        sa.Column("service", sa.String(length=40), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_ticket")),
    )
    op.create_table(
        "unit",
        sa.Column("slug", sa.String(length=40), nullable=False),
        sa.Column("parent", sa.String(length=40), nullable=True),
        sa.Column("name_zh", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["parent"], ["unit.slug"], name=op.f("fk_unit_parent_unit")),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_unit")),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.Column("login_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("login_index", sa.LargeBinary(), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("clearance", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('invited', 'active', 'disabled')", name=op.f("ck_person_state")
        ),
        sa.CheckConstraint("clearance BETWEEN 0 AND 4", name=op.f("ck_person_clearance")),
        sa.ForeignKeyConstraint(["unit"], ["unit.slug"], name=op.f("fk_person_unit_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("login_index", name=op.f("uq_person_login_index")),
    )
    op.create_index(op.f("ix_person_unit"), "person", ["unit"], unique=False)
    op.create_table(
        "policy_category",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("child", sa.String(length=240), nullable=False),
        sa.Column("parent", sa.String(length=240), nullable=False),
        sa.ForeignKeyConstraint(
            ["seq"], ["policy_version.seq"], name=op.f("fk_policy_category_seq_policy_version")
        ),
        sa.PrimaryKeyConstraint("seq", "position", name=op.f("pk_policy_category")),
    )
    op.create_table(
        "policy_rule",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sub", sa.String(length=240), nullable=False),
        sa.Column("zone", sa.String(length=240), nullable=False),
        sa.Column("obj", sa.String(length=240), nullable=False),
        sa.Column("act", sa.String(length=240), nullable=False),
        sa.Column("cls", sa.String(length=240), nullable=False),
        sa.Column("net", sa.String(length=240), nullable=False),
        sa.Column("auth", sa.String(length=240), nullable=False),
        sa.Column("win", sa.String(length=240), nullable=False),
        sa.Column("eft", sa.String(length=240), nullable=False),
        sa.ForeignKeyConstraint(
            ["seq"], ["policy_version.seq"], name=op.f("fk_policy_rule_seq_policy_version")
        ),
        sa.PrimaryKeyConstraint("seq", "position", name=op.f("pk_policy_rule")),
    )
    op.create_table(
        "enrolment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hash_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_enrolment_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolment")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_enrolment_token_hash")),
    )
    op.create_index(op.f("ix_enrolment_person_id"), "enrolment", ["person_id"], unique=False)
    op.create_table(
        "password",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.Column("hash_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_password_person_id_person")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_password")),
    )
    op.create_table(
        "pending_sign_in",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("name_lane", sa.LargeBinary(), nullable=False),
        sa.Column("familiar", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_pending_sign_in_person_id_person")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_pending_sign_in")),
    )
    op.create_index(
        op.f("ix_pending_sign_in_person_id"), "pending_sign_in", ["person_id"], unique=False
    )
    op.create_table(
        "person_role",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("zone", sa.String(length=8), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_person_role_person_id_person")
        ),
        sa.PrimaryKeyConstraint("person_id", "role", "zone", name=op.f("pk_person_role")),
    )
    op.create_index(
        "uq_person_role_officer",
        "person_role",
        ["person_id"],
        unique=True,
        sqlite_where=sa.text("role IN ('auditor', 'security_admin', 'system_admin')"),
        postgresql_where=sa.text("role IN ('auditor', 'security_admin', 'system_admin')"),
    )
    op.create_table(
        "session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("parent_hash", sa.LargeBinary(), nullable=True),
        sa.Column("service", sa.String(length=40), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amr", sa.String(length=32), nullable=False),
        sa.Column("strength", sa.Integer(), nullable=False),
        sa.Column("address_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("user_agent_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_why", sa.String(length=16), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_session_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_session_token_hash")),
    )
    op.create_index(op.f("ix_session_ended_at"), "session", ["ended_at"], unique=False)
    op.create_index(op.f("ix_session_parent_hash"), "session", ["parent_hash"], unique=False)
    op.create_index(op.f("ix_session_person_id"), "session", ["person_id"], unique=False)
    op.create_table(
        "totp",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_totp_person_id_person")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_totp")),
    )

    for statement in (
        SQLITE_TRIGGERS if op.get_bind().dialect.name == "sqlite" else POSTGRESQL_TRIGGERS
    ):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("totp")
    op.drop_index(op.f("ix_session_person_id"), table_name="session")
    op.drop_index(op.f("ix_session_parent_hash"), table_name="session")
    op.drop_index(op.f("ix_session_ended_at"), table_name="session")
    op.drop_table("session")
    op.drop_index(
        "uq_person_role_officer",
        table_name="person_role",
        sqlite_where=sa.text("role IN ('auditor', 'security_admin', 'system_admin')"),
        postgresql_where=sa.text("role IN ('auditor', 'security_admin', 'system_admin')"),
    )
    op.drop_table("person_role")
    op.drop_index(op.f("ix_pending_sign_in_person_id"), table_name="pending_sign_in")
    op.drop_table("pending_sign_in")
    op.drop_table("password")
    op.drop_index(op.f("ix_enrolment_person_id"), table_name="enrolment")
    op.drop_table("enrolment")
    op.drop_table("policy_rule")
    op.drop_table("policy_category")
    op.drop_index(op.f("ix_person_unit"), table_name="person")
    op.drop_table("person")
    op.drop_table("unit")
    op.drop_table("ticket")
    op.drop_table("throttle")
    op.drop_table("service")
    op.drop_index(op.f("ix_policy_version_hash"), table_name="policy_version")
    op.drop_table("policy_version")
    op.drop_table("familiar")
    op.drop_table("epoch")
    op.drop_table("audit_secret")
    op.drop_index(
        "ix_audit_event_unsealed",
        table_name="audit_event",
        sqlite_where=sa.text("seq IS NULL"),
        postgresql_where=sa.text("seq IS NULL"),
    )
    op.drop_table("audit_event")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_event_guard()")

"""PostgreSQL itself demands a record: a change of these tables without one does not commit.

The ledger refuses such a change already. This holds for whoever comes with the gateway's
account and SQL of their own: a deferred trigger looks, at the commit, for an audit entry of
the same transaction. It is the newest one that this session numbered, so neither a setting
nor an older entry can stand in for it. A superuser is let through: triggers do not bind one,
and the sealer's heartbeat shows which are on.

SQLite has no accounts, so nobody could be kept from dropping such a trigger there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

OURS_FIRST = "SET search_path = pg_catalog, public, pg_temp"
"""What every function of ours sets: left to itself, PostgreSQL looks among a session's temporary
tables first, and whoever may make those could put one of theirs in the place of ours
(PostgreSQL 16 documentation, CREATE FUNCTION, "Writing SECURITY DEFINER Functions Safely")."""

_ANY = "INSERT OR UPDATE OR DELETE"

DEMANDING: Mapping[str, str] = {
    "access_request": "INSERT OR DELETE OR UPDATE OF state, given_from, given_until",
    "break_glass_opening": _ANY,
    "enrolment": "INSERT OR UPDATE",
    "forgery": "INSERT",
    "log_hold": _ANY,
    "log_request": "INSERT OR UPDATE OF decided_by",
    "officer_case": "INSERT OR UPDATE",
    "passkey": _ANY,
    "password": _ANY,
    "person": _ANY,
    "person_lock": _ANY,
    "person_role": _ANY,
    "policy_category": _ANY,
    "policy_rule": _ANY,
    "policy_version": _ANY,
    "recovery_code": "INSERT OR UPDATE",
    "recovery_set": "INSERT OR UPDATE",
    "report": _ANY,
    "sealed_account": _ANY,
    "service": _ANY,
    "session": "INSERT OR UPDATE OF ended_at",
    "totp": _ANY,
    "unit": _ANY,
}
"""Each table of the first four migrations with the changes that need a record."""

DEMANDING_POLICY: Mapping[str, str] = {
    "policy_beside": _ANY,
    "policy_campaign": "INSERT OR DELETE OR UPDATE OF state, due_at, scope, closed_by, dossier",
    "policy_campaign_row": _ANY,
    "policy_disagreement": _ANY,
    "policy_dossier": (
        "INSERT OR DELETE OR UPDATE OF state, text, author, approver, approval, edit, base_seq, "
        "publish_at, confirm_by"
    ),
    "policy_dossier_step": _ANY,
    "record_act": _ANY,
}
"""The same of the fifth."""

DEMANDING_REVIEW: Mapping[str, str] = {
    "review_finding": "INSERT OR UPDATE",
    "review_note": _ANY,
    "review_rule": _ANY,
    "review_signoff": _ANY,
    "review_suppression": _ANY,
}
"""What the review of the log leaves behind."""

UNDEMANDING: Mapping[str, str] = {
    "audit_block": "a copy of the log, checked against it",
    "audit_hour": "a copy of the log, checked against it",
    "audit_index": "a copy of the log, checked against it",
    "audit_index_state": "how far the copy has come",
    "audit_sieve": "a copy of the log, checked against it",
    "audit_total": "a copy of the log, checked against it",
    "device": "a cookie's lane of attempts; it opens nothing",
    "epoch": "a counter that only makes processes look again",
    "familiar": "which lanes a person used before; forgotten by the clock",
    "fresh_proof": "dies within minutes by itself; its making is recorded by the ledger",
    "kept_form": "what one person typed, kept for that person; it changed nothing yet",
    "log_forwarded": "how far a copy of the log has been sent",
    "notice": "what a person was told and has read",
    "policy_examination": "made anew at any time; an approval is signed over its hash",
    "pending_sign_in": "half a sign-in; it opens nothing",
    "policy_worker": "signs of life",
    "replaced_token": "an older token of a session, good for moments",
    "review_link": "which entries a finding stands on; made with the finding",
    "review_place": "how far the rules have looked",
    "review_shown": "which pages were rendered; looks are recorded by themselves",
    "rule_use": "counts what the log holds",
    "rule_use_cursor": "how far the count has come",
    "saved_search": "a view by its name; opening it is recorded",
    "sign_in_attempt": "counts attempts, whose outcome is recorded",
    "spent_challenge": "a challenge that cannot be used again; it opens nothing",
    "staff_draft": "an upload that changed nothing yet",
    "throttle": "counts attempts",
    "ticket": "good for a minute and one use, whose redemption is recorded",
    "totp_draft": "a key that opens nothing before it is proved, which is recorded",
}
"""Every other table of the gateway, and why it may change without a record."""

_FUNCTION = f"""
CREATE FUNCTION audit_demand() RETURNS trigger LANGUAGE plpgsql {OURS_FIRST} AS $$
DECLARE
  newest bigint;
BEGIN
  IF current_setting('is_superuser') = 'on' THEN
    RETURN NULL;
  END IF;
  newest := currval('audit_event_id_seq');  -- compared to itself, it would keep the index away
  PERFORM 1 FROM audit_event WHERE id = newest AND xmin = pg_current_xact_id()::xid;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'a change of % without a record in the audit log', TG_TABLE_NAME;
  END IF;
  RETURN NULL;
EXCEPTION WHEN object_not_in_prerequisite_state THEN  -- this session numbered no entry at all
  RAISE EXCEPTION 'a change of % without a record in the audit log', TG_TABLE_NAME;
END $$"""


def demand(execute: Callable[[str], object]) -> None:
    """Create the function, and the trigger of every table that demands a record."""
    execute(_FUNCTION)
    demand_of(execute, DEMANDING)


def demand_of(execute: Callable[[str], object], tables: Mapping[str, str]) -> None:
    """Create the triggers of some tables; the function is there."""
    for table, changes in tables.items():
        execute(
            f"CREATE CONSTRAINT TRIGGER {table}_demand AFTER {changes} ON {table} "
            "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_demand()"
        )


def no_longer_demand(execute: Callable[[str], object]) -> None:
    """Drop them again."""
    for table in DEMANDING:
        execute(f"DROP TRIGGER {table}_demand ON {table}")
    execute("DROP FUNCTION audit_demand()")

"""The first schema.

Names and types are written out, so that what this revision makes never changes with the code.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every table, those first that others point to."""
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_org_subject", "audit", ["org", "subject"])
    op.create_table(
        "consent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_consent"),
    )
    op.create_index("ix_consent_org_address", "consent", ["org", "address"])
    op.create_table(
        "dead_numbers",
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("org", "address", name="pk_dead_numbers"),
    )
    op.create_table(
        "patients",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("identity", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("given_name", sa.Text(), nullable=False),
        sa.Column("family_name", sa.Text(), nullable=False),
        sa.Column("born", sa.Date(), nullable=False),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=True),
        sa.Column("guardian_name", sa.Text(), nullable=True),
        sa.Column("guardian_phone", sa.String(), nullable=True),
        sa.Column("guardian_language", sa.String(), nullable=True),
        sa.Column("may_text", sa.Boolean(), nullable=False),
        sa.Column("phone_by_friend", sa.Boolean(), nullable=False),
        sa.Column("may_email", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_patients"),
        sa.UniqueConstraint("org", "identity", name="uq_patients_org_identity"),
    )
    op.create_index("ix_patients_org_email", "patients", ["org", "email"])
    op.create_index("ix_patients_org_guardian_phone", "patients", ["org", "guardian_phone"])
    op.create_index("ix_patients_org_person", "patients", ["org", "person"])
    op.create_index("ix_patients_org_phone", "patients", ["org", "phone"])
    op.create_table(
        "practices",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("fax", sa.String(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("prefers", sa.String(), nullable=False),
        sa.Column("fax_verified", sa.Boolean(), nullable=False),
        sa.Column("wants_thanks", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_practices"),
        sa.UniqueConstraint("org", "fax", name="uq_practices_org_fax"),
    )
    op.create_index("ix_practices_org_name_key", "practices", ["org", "name_key"])
    op.create_table(
        "providers",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("npi", sa.String(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("credential", sa.String(), nullable=False),
        sa.Column("practice_id", sa.String(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("prefers", sa.String(), nullable=False),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("successor_id", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["practice_id"], ["practices.id"], name="fk_providers_practice_id"),
        sa.ForeignKeyConstraint(
            ["successor_id"], ["providers.id"], name="fk_providers_successor_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_providers"),
        sa.UniqueConstraint("org", "npi", name="uq_providers_org_npi"),
    )
    op.create_index("ix_providers_org_name_key", "providers", ["org", "name_key"])
    op.create_table(
        "sources",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("identity", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.String(), nullable=True),
        sa.Column("practice_id", sa.String(), nullable=True),
        sa.Column("patient_id", sa.String(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("fax", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("prefers", sa.String(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("key_source", sa.Boolean(), nullable=False),
        sa.Column("last_received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("quiet_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_touch_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name="fk_sources_patient_id"),
        sa.ForeignKeyConstraint(["practice_id"], ["practices.id"], name="fk_sources_practice_id"),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name="fk_sources_provider_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sources"),
        sa.UniqueConstraint("org", "identity", name="uq_sources_org_identity"),
    )
    op.create_table(
        "referrals",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("clinic_id", sa.String(), nullable=False),
        sa.Column("patient_id", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("assigner", sa.Text(), nullable=True),
        sa.Column("external_value", sa.Text(), nullable=True),
        sa.Column("urgency", sa.String(), nullable=False),
        sa.Column("duplicate_of", sa.String(), nullable=True),
        sa.Column("linked_as", sa.String(), nullable=True),
        sa.Column("region", sa.String(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("fax_from", sa.String(), nullable=True),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("policy_version", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("certifier_id", sa.String(), nullable=True),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("certification", sa.String(), nullable=False),
        sa.Column("next_key", sa.String(), nullable=True),
        sa.Column("next_says", sa.String(), nullable=True),
        sa.Column("next_owner", sa.String(), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("open_tasks", sa.Integer(), nullable=False),
        sa.Column("last_touch_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_reason", sa.String(), nullable=True),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["duplicate_of"], ["referrals.id"], name="fk_referrals_duplicate_of"
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["patients.id"], name="fk_referrals_patient_id"),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name="fk_referrals_source_id"),
        sa.PrimaryKeyConstraint("id", name="pk_referrals"),
        sa.UniqueConstraint(
            "org", "assigner", "external_value", name="uq_referrals_org_assigner_external_value"
        ),
    )
    op.create_index("ix_referrals_duplicate_of", "referrals", ["duplicate_of"])
    op.create_index("ix_referrals_org_clinic_id_stage", "referrals", ["org", "clinic_id", "stage"])
    op.create_index(
        "ix_referrals_patient_id_received_at", "referrals", ["patient_id", "received_at"]
    )
    op.create_index("ix_referrals_source_id_received_at", "referrals", ["source_id", "received_at"])
    op.create_table(
        "deliveries",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("subject_type", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("referral_id", sa.String(), nullable=True),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("carrier", sa.String(), nullable=True),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("in_hand_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("vendor_id", sa.String(), nullable=True),
        sa.Column("acceptances", sa.Integer(), nullable=False),
        sa.Column("prove_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("address_ref", sa.String(), nullable=True),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("payload", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["referral_id"], ["referrals.id"], name="fk_deliveries_referral_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint("reference", name="uq_deliveries_reference"),
        sa.UniqueConstraint(
            "subject_type",
            "subject_id",
            "channel",
            "rung",
            name="uq_deliveries_subject_type_subject_id_channel_rung",
        ),
    )
    op.create_index(
        "ix_deliveries_channel_state_recorded_at", "deliveries", ["channel", "state", "recorded_at"]
    )
    op.create_index(
        "ix_deliveries_org_address_ref_claimed_at",
        "deliveries",
        ["org", "address_ref", "claimed_at"],
    )
    op.create_index("ix_deliveries_carrier", "deliveries", ["carrier"])
    op.create_index("ix_deliveries_referral_id", "deliveries", ["referral_id"])
    op.create_index("ix_deliveries_state_prove_by", "deliveries", ["state", "prove_by"])
    op.create_index("ix_deliveries_vendor_id", "deliveries", ["vendor_id"])
    op.create_table(
        "documents",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("referral_id", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=True),
        sa.Column("pdf", sa.LargeBinary(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("signed_by_therapist", sa.Boolean(), nullable=False),
        sa.Column("signed_by_provider", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["referral_id"], ["referrals.id"], name="fk_documents_referral_id"),
        sa.PrimaryKeyConstraint("id", name="pk_documents"),
        sa.UniqueConstraint(
            "org", "referral_id", "kind", "sha256", name="uq_documents_org_referral_id_kind_sha256"
        ),
    )
    op.create_index("ix_documents_referral_id", "documents", ["referral_id"])
    op.create_table(
        "facts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("referral_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retracted", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["referral_id"], ["referrals.id"], name="fk_facts_referral_id"),
        sa.PrimaryKeyConstraint("id", name="pk_facts"),
        sa.UniqueConstraint(
            "referral_id", "key", "as_of", "digest", name="uq_facts_referral_id_key_as_of_digest"
        ),
    )
    op.create_table(
        "inbox",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("referral_id", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wait_assigner", sa.Text(), nullable=True),
        sa.Column("wait_value", sa.Text(), nullable=True),
        sa.Column("wait_referral", sa.Text(), nullable=True),
        sa.Column("wait_patient", sa.String(), nullable=True),
        sa.Column("wait_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["referral_id"], ["referrals.id"], name="fk_inbox_referral_id"),
        sa.PrimaryKeyConstraint("id", name="pk_inbox"),
        sa.UniqueConstraint(
            "org", "origin", "event_id", "body_hash", name="uq_inbox_org_origin_event_id_body_hash"
        ),
    )
    op.create_index(
        "ix_inbox_org_wait_assigner_wait_value", "inbox", ["org", "wait_assigner", "wait_value"]
    )
    op.create_index("ix_inbox_org_wait_referral", "inbox", ["org", "wait_referral"])
    op.create_index("ix_inbox_org_wait_patient", "inbox", ["org", "wait_patient"])
    op.create_index("ix_inbox_state_received_at", "inbox", ["state", "received_at"])
    op.create_table(
        "messages",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("referral_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("to_party", sa.String(), nullable=False),
        sa.Column("occasion", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("why", sa.String(), nullable=True),
        sa.Column("line", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["referral_id"], ["referrals.id"], name="fk_messages_referral_id"),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
        sa.UniqueConstraint("referral_id", "key", name="uq_messages_referral_id_key"),
    )
    op.create_index("ix_messages_org_line", "messages", ["org", "line"])
    op.create_index("ix_messages_org_kind_state", "messages", ["org", "kind", "state"])
    op.create_table(
        "replies",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("reply_id", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("meanings", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("inbox_id", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["inbox_id"], ["inbox.id"], name="fk_replies_inbox_id"),
        sa.PrimaryKeyConstraint("id", name="pk_replies"),
        sa.UniqueConstraint("org", "reply_id", name="uq_replies_org_reply_id"),
    )
    op.create_index("ix_replies_org_phone_at", "replies", ["org", "phone", "at"])
    op.create_table(
        "tasks",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("clinic_id", sa.String(), nullable=True),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("referral_id", sa.String(), nullable=True),
        sa.Column("source_id", sa.String(), nullable=True),
        sa.Column("inbox_id", sa.String(), nullable=True),
        sa.Column("practice_id", sa.String(), nullable=True),
        sa.Column("gathered_in", sa.String(), nullable=True),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("says", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.String(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["inbox_id"], ["inbox.id"], name="fk_tasks_inbox_id"),
        sa.ForeignKeyConstraint(["practice_id"], ["practices.id"], name="fk_tasks_practice_id"),
        sa.ForeignKeyConstraint(["gathered_in"], ["tasks.id"], name="fk_tasks_gathered_in"),
        sa.ForeignKeyConstraint(["referral_id"], ["referrals.id"], name="fk_tasks_referral_id"),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name="fk_tasks_source_id"),
        sa.PrimaryKeyConstraint("id", name="pk_tasks"),
        sa.UniqueConstraint("org", "subject", "key", name="uq_tasks_org_subject_key"),
    )
    op.create_index("ix_tasks_gathered_in", "tasks", ["gathered_in"])
    op.create_index("ix_tasks_practice_id", "tasks", ["practice_id"])
    op.create_index("ix_tasks_org_state_role_due", "tasks", ["org", "state", "role", "due"])
    op.create_index("ix_tasks_referral_id", "tasks", ["referral_id"])
    op.create_index("ix_tasks_source_id", "tasks", ["source_id"])


def downgrade() -> None:
    """Take every table away, with everything in it."""
    op.drop_table("tasks")
    op.drop_table("replies")
    op.drop_table("messages")
    op.drop_table("inbox")
    op.drop_table("facts")
    op.drop_table("documents")
    op.drop_table("deliveries")
    op.drop_table("referrals")
    op.drop_table("sources")
    op.drop_table("providers")
    op.drop_table("practices")
    op.drop_table("patients")
    op.drop_table("dead_numbers")
    op.drop_table("consent")
    op.drop_table("audit")

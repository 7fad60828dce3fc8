"""The ledger of figures, the closings of months, sources that turned out to be one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A referral has its line from its next fact on; months before are not made up."""
    op.add_column("referrals", sa.Column("heard", sa.String(), nullable=True))
    op.add_column("referrals", sa.Column("campaign", sa.String(), nullable=True))
    with op.batch_alter_table("sources") as table:
        table.add_column(sa.Column("merged_into", sa.String(), nullable=True))
        table.create_foreign_key(
            "fk_sources_merged_into_sources", "sources", ["merged_into"], ["id"]
        )

    op.create_table(
        "ledger",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("referral_id", sa.String(), nullable=False),
        sa.Column("known_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("known_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("clinic_id", sa.String(), nullable=False),
        sa.Column("counted", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("source_kind", sa.String(), nullable=False),
        sa.Column("heard", sa.String(), nullable=True),
        sa.Column("campaign", sa.String(), nullable=True),
        sa.Column("origin", sa.String(), nullable=True),
        sa.Column("urgency", sa.String(), nullable=True),
        sa.Column("payer", sa.String(), nullable=True),
        sa.Column("region", sa.String(), nullable=True),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("received_month", sa.String(), nullable=False),
        sa.Column("thanked_minutes", sa.Integer(), nullable=True),
        sa.Column("attempted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("contact_within", sa.DateTime(timezone=True), nullable=True),
        sa.Column("contact_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("contact_minutes", sa.Integer(), nullable=True),
        sa.Column("contact_open_minutes", sa.Integer(), nullable=True),
        sa.Column("reached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("missed_evaluations", sa.Integer(), nullable=False),
        sa.Column("evaluated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("evaluated_on", sa.Date(), nullable=True),
        sa.Column("evaluated_month", sa.String(), nullable=True),
        sa.Column("evaluation_days", sa.Integer(), nullable=True),
        sa.Column("visits", sa.Integer(), nullable=False),
        sa.Column("missed_visits", sa.Integer(), nullable=False),
        sa.Column("plan_signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("plan_sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("plan_minutes", sa.Integer(), nullable=True),
        sa.Column("certification", sa.String(), nullable=True),
        sa.Column("certified", sa.Boolean(), nullable=False),
        sa.Column("reports", sa.Integer(), nullable=False),
        sa.Column("prompt_reports", sa.Integer(), nullable=False),
        sa.Column("discharged_on", sa.Date(), nullable=True),
        sa.Column("discharged_month", sa.String(), nullable=True),
        sa.Column("ending", sa.String(), nullable=True),
        sa.Column("summary_signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("summary_sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("summary_minutes", sa.Integer(), nullable=True),
        sa.Column("asked_on", sa.Date(), nullable=True),
        sa.Column("asked_month", sa.String(), nullable=True),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("texts_sent", sa.Integer(), nullable=False),
        sa.Column("texts_delivered", sa.Integer(), nullable=False),
        sa.Column("texts_failed", sa.Integer(), nullable=False),
        sa.Column("faxes_sent", sa.Integer(), nullable=False),
        sa.Column("faxes_delivered", sa.Integer(), nullable=False),
        sa.Column("faxes_failed", sa.Integer(), nullable=False),
        sa.Column("mails_sent", sa.Integer(), nullable=False),
        sa.Column("mails_delivered", sa.Integer(), nullable=False),
        sa.Column("mails_failed", sa.Integer(), nullable=False),
        sa.Column("replied", sa.Boolean(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("closed_month", sa.String(), nullable=True),
        sa.Column("closed_reason", sa.String(), nullable=True),
        sa.Column("lost_why", sa.String(), nullable=True),
        sa.Column("odd", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["referral_id"], ["referrals.id"], name="fk_ledger_referral_id_referrals"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_ledger"),
    )
    op.create_index("ix_ledger_org_discharged_month", "ledger", ["org", "discharged_month"])
    op.create_index("ix_ledger_org_evaluated_month", "ledger", ["org", "evaluated_month"])
    op.create_index(
        "ix_ledger_org_received_month_clinic_id", "ledger", ["org", "received_month", "clinic_id"]
    )
    op.create_index(
        "ix_ledger_org_source_id_received_on", "ledger", ["org", "source_id", "received_on"]
    )
    op.create_index("ix_ledger_org_stage_known_until", "ledger", ["org", "stage", "known_until"])
    op.create_index("ix_ledger_referral_id_known_until", "ledger", ["referral_id", "known_until"])
    op.create_table(
        "ledger_scores",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("referral_id", sa.String(), nullable=False),
        sa.Column("known_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("known_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("measure", sa.String(), nullable=False),
        sa.Column("taken_on", sa.Date(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("improved", sa.Float(), nullable=False),
        sa.Column("percent", sa.Float(), nullable=True),
        sa.Column("meaningful", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["referral_id"], ["referrals.id"], name="fk_ledger_scores_referral_id_referrals"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_scores"),
    )
    op.create_index(
        "ix_ledger_scores_org_measure_taken_on", "ledger_scores", ["org", "measure", "taken_on"]
    )
    op.create_index(
        "ix_ledger_scores_referral_id_known_until", "ledger_scores", ["referral_id", "known_until"]
    )
    op.create_table(
        "ledger_books",
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("org", name="pk_ledger_books"),
    )
    op.create_table(
        "closings",
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("clinic_id", sa.String(), nullable=False),
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("org", "clinic_id", "month", name="pk_closings"),
    )


def downgrade() -> None:
    """Forget the closings and the lines; the facts still say everything else."""
    for name in ("closings", "ledger_books", "ledger_scores", "ledger"):
        op.drop_table(name)
    with op.batch_alter_table("sources") as table:
        table.drop_constraint("fk_sources_merged_into_sources", type_="foreignkey")
        table.drop_column("merged_into")
    with op.batch_alter_table("referrals") as table:
        table.drop_column("campaign")
        table.drop_column("heard")

"""Times that patients may ask for on our page."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing is offered yet."""
    op.create_table(
        "slots",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("clinic_id", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("external", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("referral_id", sa.String(), nullable=True),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["referral_id"], ["referrals.id"], name="fk_slots_referral_id_referrals"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_slots"),
        sa.UniqueConstraint(
            "org",
            "clinic_id",
            "source",
            "external",
            name="uq_slots_org_clinic_id_source_external",
        ),
    )
    op.create_index(
        "ix_slots_org_clinic_id_state_starts_at",
        "slots",
        ["org", "clinic_id", "state", "starts_at"],
    )
    op.create_index("ix_slots_referral_id", "slots", ["referral_id"])


def downgrade() -> None:
    """Nothing is offered any more."""
    op.drop_table("slots")

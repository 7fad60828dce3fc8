"""Further ids of a referral, and what a person said an event is about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No referral of before has another id."""
    op.create_table(
        "external_ids",
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("assigner", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("referral_id", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["referral_id"], ["referrals.id"], name="fk_external_ids_referral_id_referrals"
        ),
        sa.PrimaryKeyConstraint("org", "assigner", "value", name="pk_external_ids"),
    )
    op.add_column("inbox", sa.Column("matched_to", sa.String(), nullable=True))


def downgrade() -> None:
    """Forget them."""
    with op.batch_alter_table("inbox") as table:
        table.drop_column("matched_to")
    op.drop_table("external_ids")

"""When a patient was first tried and reached, and when the evaluation is: for figures and cards."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_MOMENTS = (
    "contact_within",
    "contact_by",
    "attempted_at",
    "reached_at",
    "evaluation_at",
    "evaluated_at",
)


def upgrade() -> None:
    """Filled in by the next fact of each referral, as every column of the card is."""
    op.add_column(
        "referrals", sa.Column("attempts", sa.Integer(), nullable=False, server_default="0")
    )
    for name in _MOMENTS:
        op.add_column("referrals", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("referrals") as table:
        table.alter_column("attempts", server_default=None)
    op.create_index("ix_referrals_org_received_at", "referrals", ["org", "received_at"])
    op.create_index("ix_referrals_org_evaluation_at", "referrals", ["org", "evaluation_at"])


def downgrade() -> None:
    """Forget them; the facts still say it."""
    op.drop_index("ix_referrals_org_evaluation_at", table_name="referrals")
    op.drop_index("ix_referrals_org_received_at", table_name="referrals")
    with op.batch_alter_table("referrals") as table:
        for name in (*_MOMENTS, "attempts"):
            table.drop_column(name)

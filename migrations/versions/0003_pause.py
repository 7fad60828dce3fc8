"""The card says until when a referral is paused."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No referral of before is paused."""
    op.add_column("referrals", sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Forget it; the facts still say it."""
    with op.batch_alter_table("referrals") as table:
        table.drop_column("paused_until")

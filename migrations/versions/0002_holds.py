"""The card says what a referral waits for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Cards of before wait for nothing; the next fact writes each anew."""
    op.add_column("referrals", sa.Column("holds", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    """Forget it; the facts still say it."""
    with op.batch_alter_table("referrals") as table:
        table.drop_column("holds")

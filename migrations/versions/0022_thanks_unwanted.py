"""Who wants no thank-you, so that nobody is held to have missed it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Lines that are there already learn it when their referral is next written."""
    op.add_column(
        "ledger",
        sa.Column("thanks_unwanted", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    with op.batch_alter_table("ledger") as table:
        table.alter_column("thanks_unwanted", server_default=None)


def downgrade() -> None:
    """Back to lines that do not say so."""
    with op.batch_alter_table("ledger") as table:
        table.drop_column("thanks_unwanted")

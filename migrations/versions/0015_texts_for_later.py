"""The moment for which somebody has written a text."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Texts of before were written to go out at once."""
    with op.batch_alter_table("desk_texts") as table:
        table.add_column(sa.Column("send_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Forget when; what referrals hold already goes out at its time all the same."""
    with op.batch_alter_table("desk_texts") as table:
        table.drop_column("send_at")

"""A key of each organization, by which the read API gives pseudonyms instead of ids."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One small table, filled when the API is first asked."""
    op.create_table(
        "report_keys",
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("org", name="pk_report_keys"),
    )


def downgrade() -> None:
    """Pseudonyms will be others afterwards."""
    op.drop_table("report_keys")

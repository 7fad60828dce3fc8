"""What stands on a page of a fax hardly legibly, and which code a part of it bears."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No fax of before has been read."""
    op.add_column(
        "fax_pages", sa.Column("doubtful", sa.JSON(), nullable=False, server_default="[]")
    )
    op.add_column("fax_pages", sa.Column("trouble", sa.String(), nullable=True))
    op.add_column("fax_parts", sa.Column("code", sa.String(), nullable=True))
    with op.batch_alter_table("fax_pages") as table:
        table.alter_column("doubtful", server_default=None)


def downgrade() -> None:
    """Forget them; the originals are kept."""
    with op.batch_alter_table("fax_parts") as table:
        table.drop_column("code")
    with op.batch_alter_table("fax_pages") as table:
        table.drop_column("trouble")
        table.drop_column("doubtful")

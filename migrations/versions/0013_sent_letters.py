"""The pages of letters exactly as they went out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of letters that went out before, words and state are on record, and no pages."""
    op.create_table(
        "sent_letters",
        sa.Column("delivery_id", sa.String(), nullable=False),
        sa.Column("pdf", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name="fk_sent_letters_delivery_id_deliveries"
        ),
        sa.PrimaryKeyConstraint("delivery_id", name="pk_sent_letters"),
    )


def downgrade() -> None:
    """Forget them."""
    op.drop_table("sent_letters")

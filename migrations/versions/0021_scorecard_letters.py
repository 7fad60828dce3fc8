"""Letters about scorecards: one for an office and quarter, held until a person approves it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What waits for approval, and what went out in which quarter."""
    op.create_table(
        "scorecard_letters",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("quarter", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name="fk_scorecard_letters_source_id_sources"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_scorecard_letters"),
        sa.UniqueConstraint(
            "org", "about", "quarter", name="uq_scorecard_letters_org_about_quarter"
        ),
        sa.UniqueConstraint(
            "org", "address", "quarter", name="uq_scorecard_letters_org_address_quarter"
        ),
    )


def downgrade() -> None:
    """Forget what was sent; the deliveries still say that something was."""
    op.drop_table("scorecard_letters")

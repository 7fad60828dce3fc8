"""What the board sorts and filters by, the views people save, and their notes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Who pays is filled in by the next fact of each referral; when one closed, at once."""
    moment = sa.DateTime(timezone=True)
    op.add_column("referrals", sa.Column("closed_at", moment, nullable=True))
    op.add_column("referrals", sa.Column("payer", sa.String(), nullable=True))
    op.execute(
        "UPDATE referrals SET closed_at = (SELECT max(facts.at) FROM facts WHERE"
        " facts.referral_id = referrals.id AND facts.kind = 'referral_closed')"
        " WHERE stage = 'closed'"
    )
    op.create_index("ix_referrals_org_stage_closed_at", "referrals", ["org", "stage", "closed_at"])
    op.create_table(
        "board_views",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("staff_id", sa.String(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", sa.String(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_board_views"),
        sa.UniqueConstraint("org", "staff_id", "name", name="uq_board_views_org_staff_id_name"),
    )
    op.create_table(
        "notes",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("referral_id", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("recorded_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notes"),
        sa.ForeignKeyConstraint(["referral_id"], ["referrals.id"], name="fk_notes_referral_id"),
    )
    op.create_index("ix_notes_referral_id_at", "notes", ["referral_id", "at"])


def downgrade() -> None:
    """Notes and saved views are gone; the facts still say the rest."""
    op.drop_index("ix_notes_referral_id_at", table_name="notes")
    op.drop_table("notes")
    op.drop_table("board_views")
    op.drop_index("ix_referrals_org_stage_closed_at", table_name="referrals")
    with op.batch_alter_table("referrals") as table:
        table.drop_column("payer")
        table.drop_column("closed_at")

"""What was closed or asked in a month, and readings of some days, without all that ever was."""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Three indexes more, and one for another; nothing else changes."""
    op.create_index(
        "ix_scorecard_letters_source_id_quarter", "scorecard_letters", ["source_id", "quarter"]
    )
    op.create_index("ix_ledger_org_asked_month", "ledger", ["org", "asked_month"])
    op.create_index("ix_ledger_org_closed_month", "ledger", ["org", "closed_month"])
    op.create_index(
        "ix_ledger_scores_org_day_taken_on", "ledger_scores", ["org", "day", "taken_on"]
    )
    op.drop_index("ix_ledger_scores_org_measure_taken_on", table_name="ledger_scores")


def downgrade() -> None:
    """Back to the one."""
    op.create_index(
        "ix_ledger_scores_org_measure_taken_on", "ledger_scores", ["org", "measure", "taken_on"]
    )
    op.drop_index("ix_ledger_scores_org_day_taken_on", table_name="ledger_scores")
    op.drop_index("ix_ledger_org_closed_month", table_name="ledger")
    op.drop_index("ix_ledger_org_asked_month", table_name="ledger")
    op.drop_index("ix_scorecard_letters_source_id_quarter", table_name="scorecard_letters")

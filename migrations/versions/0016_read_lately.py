"""What was done lately, and what one person has seen, without reading all that ever was."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two indexes; nothing else changes."""
    op.create_index("ix_tasks_org_state_done_at", "tasks", ["org", "state", "done_at"])
    op.create_index("ix_audit_org_who_id", "audit", ["org", "who", "id"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_audit_org_who_id", table_name="audit")
    op.drop_index("ix_tasks_org_state_done_at", table_name="tasks")

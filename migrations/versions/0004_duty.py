"""Who has a task, how far up it went, whose a referral is, and which numbers are being called."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TASKS = (
    ("taken_at", sa.DateTime(timezone=True)),
    ("leased_until", sa.DateTime(timezone=True)),
    ("raised_to", sa.String()),
)


def upgrade() -> None:
    """Nobody has a task of before."""
    op.add_column("referrals", sa.Column("in_hands_of", sa.String(), nullable=True))
    for name, kind in _TASKS:
        op.add_column("tasks", sa.Column(name, kind, nullable=True))
    op.create_table(
        "call_locks",
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("org", "number", name="pk_call_locks"),
    )


def downgrade() -> None:
    """Forget it; the facts of referrals still say it."""
    op.drop_table("call_locks")
    with op.batch_alter_table("tasks") as table:
        for name, _ in _TASKS:
            table.drop_column(name)
    with op.batch_alter_table("referrals") as table:
        table.drop_column("in_hands_of")

"""The texts that wait for an answer are found without reading the others."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_TO_ANSWER = sa.text("asked_at IS NOT NULL AND (answered_at IS NULL OR answered_at < asked_at)")


def upgrade() -> None:
    """An index of the few threads that wait."""
    op.create_index(
        "ix_threads_to_answer",
        "threads",
        ["org"],
        sqlite_where=_TO_ANSWER,
        postgresql_where=_TO_ANSWER,
    )


def downgrade() -> None:
    """Without it they are found all the same."""
    op.drop_index("ix_threads_to_answer", "threads")

"""Who may sign in to the desk, and who has."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody can sign in yet; whoever shall is invited."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "staff_passwords",
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("staff_id", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=True),
        sa.Column("set_at", moment, nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", moment, nullable=True),
        sa.PrimaryKeyConstraint("org", "staff_id", name="pk_staff_passwords"),
    )
    op.create_table(
        "staff_invites",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("staff_id", sa.String(), nullable=False),
        sa.Column("invited_at", moment, nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.Column("used_at", moment, nullable=True),
        sa.PrimaryKeyConstraint("token_hash", name="pk_staff_invites"),
    )
    op.create_table(
        "staff_sessions",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("staff_id", sa.String(), nullable=False),
        sa.Column("began_at", moment, nullable=False),
        sa.Column("seen_at", moment, nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_staff_sessions"),
    )
    op.create_index(
        "ix_staff_sessions_org_staff_id", "staff_sessions", ["org", "staff_id"], unique=False
    )
    op.create_index("ix_staff_sessions_expires_at", "staff_sessions", ["expires_at"], unique=False)


def downgrade() -> None:
    """Nobody can sign in any more."""
    op.drop_index("ix_staff_sessions_expires_at", table_name="staff_sessions")
    op.drop_index("ix_staff_sessions_org_staff_id", table_name="staff_sessions")
    op.drop_table("staff_sessions")
    op.drop_table("staff_invites")
    op.drop_table("staff_passwords")

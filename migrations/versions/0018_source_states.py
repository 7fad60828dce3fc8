"""How each source stands and did: its states, its weekly verdicts, its owner and its leave."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_COLUMNS = ("state", "state_since", "owner_id", "away_from", "away_until", "away_why")


def upgrade() -> None:
    """A source has its state from the next look at it on."""
    op.add_column("sources", sa.Column("state", sa.String(), nullable=True))
    op.add_column("sources", sa.Column("state_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("sources", sa.Column("owner_id", sa.String(), nullable=True))
    op.add_column("sources", sa.Column("away_from", sa.Date(), nullable=True))
    op.add_column("sources", sa.Column("away_until", sa.Date(), nullable=True))
    op.add_column("sources", sa.Column("away_why", sa.Text(), nullable=True))

    op.create_table(
        "source_states",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name="fk_source_states_source_id_sources"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_source_states"),
    )
    op.create_index("ix_source_states_org_since", "source_states", ["org", "since"])
    op.create_index("ix_source_states_source_id_id", "source_states", ["source_id", "id"])
    op.create_table(
        "source_verdicts",
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("recent", sa.Integer(), nullable=False),
        sa.Column("before", sa.Integer(), nullable=False),
        sa.Column("weeks", sa.Integer(), nullable=False),
        sa.Column("bursts", sa.Float(), nullable=False),
        sa.Column("low", sa.Float(), nullable=True),
        sa.Column("high", sa.Float(), nullable=True),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name="fk_source_verdicts_source_id_sources"
        ),
        sa.PrimaryKeyConstraint("org", "week", "source_id", name="pk_source_verdicts"),
    )
    op.create_index("ix_source_verdicts_source_id_week", "source_verdicts", ["source_id", "week"])


def downgrade() -> None:
    """Forget states and verdicts; the referrals still say when each came."""
    op.drop_table("source_verdicts")
    op.drop_table("source_states")
    with op.batch_alter_table("sources") as table:
        for name in reversed(_COLUMNS):
            table.drop_column(name)

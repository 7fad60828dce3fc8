"""The book of sources: touches, gifts, merges, and what a source likes."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_INDEXED = (
    ("org", "state"),
    ("org", "owner_id"),
    ("org", "next_touch_at"),
    ("provider_id",),
    ("practice_id",),
    ("merged_into",),
)


def _when(name: str, *, null: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null)


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=null)


def _points(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=f"fk_{table}_{column}_{to}")


def upgrade() -> None:
    """Nothing is made up of before: a source's touches begin with the first one written down."""
    op.add_column(
        "sources", sa.Column("wants_thanks", sa.Boolean(), nullable=False, server_default=sa.true())
    )
    op.add_column("sources", sa.Column("best_hours", sa.Text(), nullable=True))
    op.add_column("sources", sa.Column("hears", sa.Text(), nullable=True))
    for columns in _INDEXED:
        op.create_index(f"ix_sources_{'_'.join(columns)}", "sources", list(columns))

    op.create_table(
        "touches",
        _text("id"),
        _text("org"),
        _text("source_id"),
        _text("kind"),
        _text("outcome", null=True),
        sa.Column("words", sa.Text(), nullable=True),
        _when("at"),
        _text("by"),
        _when("next_at", null=True),
        _when("struck_at", null=True),
        _text("struck_by", null=True),
        _when("recorded_at"),
        _points("touches", "source_id", "sources"),
        sa.PrimaryKeyConstraint("id", name="pk_touches"),
    )
    op.create_index("ix_touches_source_id_at", "touches", ["source_id", "at"])
    op.create_index("ix_touches_org_at", "touches", ["org", "at"])

    op.create_table(
        "gifts",
        _text("id"),
        _text("org"),
        _text("source_id"),
        _text("provider_id", null=True),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("cents", sa.Integer(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        _text("shared", null=True),
        _text("reverses", null=True),
        _text("by"),
        _when("recorded_at"),
        _points("gifts", "source_id", "sources"),
        _points("gifts", "provider_id", "providers"),
        _points("gifts", "reverses", "gifts"),
        sa.PrimaryKeyConstraint("id", name="pk_gifts"),
        sa.UniqueConstraint("reverses", name="uq_gifts_reverses"),
    )
    op.create_index("ix_gifts_org_provider_id_year", "gifts", ["org", "provider_id", "year"])
    op.create_index("ix_gifts_source_id_year", "gifts", ["source_id", "year"])
    op.create_index("ix_gifts_org_given_on", "gifts", ["org", "given_on"])

    op.create_table(
        "source_merges",
        _text("id"),
        _text("org"),
        _text("gone"),
        _text("into"),
        _when("at"),
        _text("by"),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        _when("undone_at", null=True),
        _text("undone_by", null=True),
        _points("source_merges", "gone", "sources"),
        _points("source_merges", "into", "sources"),
        sa.PrimaryKeyConstraint("id", name="pk_source_merges"),
    )
    op.create_index("ix_source_merges_gone", "source_merges", ["gone"])
    op.create_index("ix_source_merges_into", "source_merges", ["into"])


def downgrade() -> None:
    """Forget what the liaisons wrote down; save it first."""
    op.drop_table("source_merges")
    op.drop_table("gifts")
    op.drop_table("touches")
    for columns in _INDEXED:
        op.drop_index(f"ix_sources_{'_'.join(columns)}", "sources")
    for name in ("wants_thanks", "best_hours", "hears"):
        op.drop_column("sources", name)

"""Threads of texts by phone number, and what people of the desk write."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.ids import new_id

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every number that has written to us has a thread from the beginning, with nothing unread.

    Whether an old text was answered stands on the tasks that were opened for it.
    """
    op.create_table(
        "threads",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("owner", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_threads"),
        sa.UniqueConstraint("org", "phone", name="uq_threads_org_phone"),
    )
    op.create_index("ix_threads_org_last_at", "threads", ["org", "last_at"])
    op.create_table(
        "desk_texts",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("referral_id", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["referral_id"], ["referrals.id"], name="fk_desk_texts_referral_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_desk_texts"),
        sa.UniqueConstraint("org", "nonce", name="uq_desk_texts_org_nonce"),
    )
    op.create_index("ix_desk_texts_org_phone_at", "desk_texts", ["org", "phone", "at"])
    op.create_index(
        "ix_desk_texts_handed_at_recorded_at", "desk_texts", ["handed_at", "recorded_at"]
    )
    _threads_of_before()


def downgrade() -> None:
    """What patients wrote stays; what the desk wrote is lost."""
    op.drop_table("desk_texts")
    op.drop_table("threads")


def _threads_of_before() -> None:
    replies = sa.table(
        "replies",
        sa.column("org", sa.String()),
        sa.column("phone", sa.String()),
        sa.column("at", sa.DateTime(timezone=True)),
    )
    threads = sa.table(
        "threads",
        sa.column("id", sa.String()),
        sa.column("org", sa.String()),
        sa.column("phone", sa.String()),
        sa.column("last_at", sa.DateTime(timezone=True)),
    )
    newest = (
        sa.select(replies.c.org, replies.c.phone, sa.func.max(replies.c.at))
        .where(replies.c.phone.is_not(None))
        .group_by(replies.c.org, replies.c.phone)
    )
    rows = [
        {"id": new_id("thr"), "org": org, "phone": phone, "last_at": at}
        for org, phone, at in op.get_bind().execute(newest)
    ]
    if rows:
        op.bulk_insert(threads, rows)

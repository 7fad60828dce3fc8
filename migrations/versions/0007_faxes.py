"""Faxes that came in, and whose the codes on our pages are."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TABLES = (
    "fax_corrections",
    "fax_parts",
    "return_codes",
    "fax_pages",
    "fax_arrivals",
    "faxes",
)
_CODE = "23456789BCDFGHJKMNPQRSTVWXYZ"


def upgrade() -> None:
    """Plans signed before find their way back as well: their codes are worked out again."""
    op.create_table(
        "faxes",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("clinic_id", sa.String(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("media", sa.String(), nullable=False),
        sa.Column("from_number", sa.String(), nullable=True),
        sa.Column("to_number", sa.String(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("trouble", sa.String(), nullable=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_faxes"),
        sa.UniqueConstraint("org", "sha256", name="uq_faxes_org_sha256"),
    )
    op.create_index("ix_faxes_org_state_received_at", "faxes", ["org", "state", "received_at"])
    op.create_index("ix_faxes_state_begun_at", "faxes", ["state", "begun_at"])
    op.create_table(
        "fax_arrivals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("fax_id", sa.String(), nullable=False),
        sa.Column("vendor", sa.String(), nullable=False),
        sa.Column("vendor_id", sa.Text(), nullable=False),
        sa.Column("from_number", sa.String(), nullable=True),
        sa.Column("to_number", sa.String(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["fax_id"], ["faxes.id"], name="fk_fax_arrivals_fax_id"),
        sa.PrimaryKeyConstraint("id", name="pk_fax_arrivals"),
        sa.UniqueConstraint(
            "org", "vendor", "vendor_id", name="uq_fax_arrivals_org_vendor_vendor_id"
        ),
    )
    op.create_index("ix_fax_arrivals_fax_id", "fax_arrivals", ["fax_id"])
    op.create_table(
        "fax_pages",
        sa.Column("fax_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("quality", sa.Integer(), nullable=False),
        sa.Column("rotate", sa.Integer(), nullable=False),
        sa.Column("codes", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["fax_id"], ["faxes.id"], name="fk_fax_pages_fax_id"),
        sa.PrimaryKeyConstraint("fax_id", "number", name="pk_fax_pages"),
    )
    op.create_table(
        "return_codes",
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("referral_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["referral_id"], ["referrals.id"], name="fk_return_codes_referral_id"
        ),
        sa.PrimaryKeyConstraint("org", "code", name="pk_return_codes"),
    )
    op.create_table(
        "fax_parts",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("clinic_id", sa.String(), nullable=True),
        sa.Column("fax_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("first_page", sa.Integer(), nullable=False),
        sa.Column("last_page", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("kind_by", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("trouble", sa.String(), nullable=True),
        sa.Column("splits", sa.JSON(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("inbox_id", sa.String(), nullable=True),
        sa.Column("referral_id", sa.String(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["fax_id"], ["faxes.id"], name="fk_fax_parts_fax_id"),
        sa.ForeignKeyConstraint(["inbox_id"], ["inbox.id"], name="fk_fax_parts_inbox_id"),
        sa.ForeignKeyConstraint(["referral_id"], ["referrals.id"], name="fk_fax_parts_referral_id"),
        sa.PrimaryKeyConstraint("id", name="pk_fax_parts"),
        sa.UniqueConstraint("fax_id", "number", name="uq_fax_parts_fax_id_number"),
    )
    op.create_index("ix_fax_parts_org_state_due", "fax_parts", ["org", "state", "due"])
    op.create_index("ix_fax_parts_referral_id", "fax_parts", ["referral_id"])
    op.create_table(
        "fax_corrections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org", sa.String(), nullable=False),
        sa.Column("part_id", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("sure", sa.String(), nullable=False),
        sa.Column("read", sa.Text(), nullable=True),
        sa.Column("said", sa.Text(), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["part_id"], ["fax_parts.id"], name="fk_fax_corrections_part_id"),
        sa.PrimaryKeyConstraint("id", name="pk_fax_corrections"),
    )
    op.create_index("ix_fax_corrections_org_recorded_at", "fax_corrections", ["org", "recorded_at"])
    op.create_index("ix_fax_corrections_part_id", "fax_corrections", ["part_id"])
    _codes_of_before()


def downgrade() -> None:
    """Forget them."""
    for table in _TABLES:
        op.drop_table(table)


def _codes_of_before() -> None:
    facts, codes = (
        sa.table(
            "facts",
            sa.column("org"),
            sa.column("referral_id"),
            sa.column("kind"),
            sa.column("body", sa.JSON()),
            sa.column("recorded_at", sa.DateTime(timezone=True)),
        ),
        sa.table(
            "return_codes",
            sa.column("org"),
            sa.column("code"),
            sa.column("referral_id"),
            sa.column("version"),
            sa.column("recorded_at", sa.DateTime(timezone=True)),
        ),
    )
    plans = op.get_bind().execute(
        sa.select(facts.c.org, facts.c.referral_id, facts.c.body, facts.c.recorded_at).where(
            facts.c.kind == "plan_of_care_signed"
        )
    )
    rows = {}
    for org, referral_id, body, recorded_at in plans.all():
        version = body.get("version", 1)
        digest = hashlib.sha256(f"{referral_id}:{version}".encode()).digest()
        letters = "".join(_CODE[byte % len(_CODE)] for byte in digest[:8])
        code = f"RL-{letters[:4]}-{letters[4:]}"
        rows[org, code] = {
            "org": org,
            "code": code,
            "referral_id": referral_id,
            "version": version,
            "recorded_at": recorded_at,
        }
    if rows:
        op.bulk_insert(codes, list(rows.values()))

"""Records that addons bring along."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "core_seed",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("addon", sa.String(length=60), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("resource", sa.String(length=100), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=True),
        sa.Column("mode", sa.String(length=10), nullable=False),
        sa.Column("shipped", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("written", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("failure", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("mode in ('once', 'managed', 'sample')", name=op.f("ck_core_seed_mode")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_seed")),
        sa.UniqueConstraint("key", name=op.f("uq_core_seed_key")),
        info={"addon": "core"},
    )
    op.create_index(op.f("ix_core_seed_addon"), "core_seed", ["addon"], unique=False)


def downgrade() -> None:
    """Drop it."""
    op.drop_table("core_seed")

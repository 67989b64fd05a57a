"""Fields that administrators add."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of definitions; their values lie in a column that the engine adds by itself."""
    flags = ("is_required", "is_searched", "is_frequent", "in_list", "in_quick_create")
    op.create_table(
        "core_custom_field",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("resource", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("label_zh", sa.String(length=60), server_default="", nullable=False),
        sa.Column("label_en", sa.String(length=60), server_default="", nullable=False),
        sa.Column("help_zh", sa.Text(), server_default="", nullable=False),
        sa.Column("help_en", sa.Text(), server_default="", nullable=False),
        sa.Column("options", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("target", sa.String(length=100), nullable=True),
        sa.Column("default", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("sensitivity", sa.String(length=20), server_default="internal", nullable=False),
        *(sa.Column(name, sa.Boolean(), server_default="false", nullable=False) for name in flags),
        sa.Column("beside", sa.String(length=60), nullable=True),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("name ~ '^x_[a-z0-9_]{1,38}$'", name=op.f("ck_core_custom_field_name")),
        sa.CheckConstraint("label_zh <> '' or label_en <> ''", name=op.f("ck_core_custom_field_has_a_label")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_custom_field")),
        sa.UniqueConstraint("resource", "name", name=op.f("uq_core_custom_field_resource_name")),
        info={"addon": "core"},
    )


def downgrade() -> None:
    """Undo `upgrade`."""
    op.drop_table("core_custom_field")

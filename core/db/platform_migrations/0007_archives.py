"""Tenants that send nothing until they are released, and schemas that others have taken the place of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the mark, and create the table."""
    op.add_column(
        "tenant",
        sa.Column("held", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        schema="platform",
    )
    op.create_table(
        "former_schema",
        sa.Column("schema", sa.String(length=63), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["platform.tenant.id"],
            name=op.f("fk_former_schema_tenant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("schema", name=op.f("pk_former_schema")),
        schema="platform",
        info={"addon": "platform"},
    )
    op.create_index(op.f("ix_former_schema_tenant_id"), "former_schema", ["tenant_id"], schema="platform")


def downgrade() -> None:
    """Undo `upgrade`."""
    op.drop_table("former_schema", schema="platform")
    op.drop_column("tenant", "held", schema="platform")

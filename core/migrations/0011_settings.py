"""Settings of addons."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of what tenants have set."""
    op.create_table(
        "core_setting",
        sa.Column("addon", sa.String(length=60), nullable=False),
        sa.Column("values", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["core_user.id"], name=op.f("fk_core_setting_updated_by_id")
        ),
        sa.PrimaryKeyConstraint("addon", name=op.f("pk_core_setting")),
        info={"addon": "core"},
    )


def downgrade() -> None:
    """Forget what was set."""
    op.drop_table("core_setting")

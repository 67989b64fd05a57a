"""Words of message templates."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of what tenants have made of them."""
    op.create_table(
        "core_message_template",
        sa.Column("addon", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("texts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["core_user.id"], name=op.f("fk_core_message_template_updated_by_id")
        ),
        sa.PrimaryKeyConstraint("addon", "name", name=op.f("pk_core_message_template")),
        info={"addon": "core"},
    )


def downgrade() -> None:
    """Forget the words."""
    op.drop_table("core_message_template")

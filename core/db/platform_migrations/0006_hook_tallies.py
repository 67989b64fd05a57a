"""What is counted of hooks, and which of them are muted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "hook_tally",
        sa.Column("addon", sa.String(length=60), nullable=False),
        sa.Column("hook", sa.String(length=120), nullable=False),
        sa.Column("calls", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("seconds", sa.Double(), server_default="0", nullable=False),
        sa.Column("longest_seconds", sa.Double(), server_default="0", nullable=False),
        sa.Column("slow_calls", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("failures", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("error", sa.String(length=120), nullable=True),
        sa.Column("sentence", sa.String(length=300), nullable=True),
        sa.Column("place", sa.String(length=120), nullable=True),
        sa.Column("failed_at", instant, nullable=True),
        sa.Column("slow_at", sa.ARRAY(instant), server_default="{}", nullable=False),
        sa.Column("muted_at", instant, nullable=True),
        sa.Column("unmuted_by", sa.String(length=254), nullable=True),
        sa.Column("unmuted_at", instant, nullable=True),
        sa.Column("since", instant, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("addon", "hook", name=op.f("pk_hook_tally")),
        schema="platform",
        info={"addon": "platform"},
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("hook_tally", schema="platform")

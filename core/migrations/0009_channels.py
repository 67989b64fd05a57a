"""Through which door each change came in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of what was written before, nobody knows."""
    op.add_column("core_timeline_entry", sa.Column("channel", sa.String(length=40), nullable=True))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("core_timeline_entry", "channel")

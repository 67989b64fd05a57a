"""Web processes with open streams, so that nobody calls where nobody listens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "listener",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("tenants", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listener")),
        schema="platform",
        info={"addon": "platform"},
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("listener", schema="platform")

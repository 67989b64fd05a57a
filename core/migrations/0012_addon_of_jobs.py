"""Let a job tell whose work it is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of an addon's jobs the kind tells it, of the core's that which they are about."""
    addon = sa.Column("addon", sa.String(length=60), server_default="core", nullable=False)
    op.add_column("core_job", addon)
    op.execute("update core_job set addon = split_part(kind, '.', 1) where kind not like 'core.%'")
    for table in ("core_import", "core_export", "core_bulk_run"):
        op.execute(
            "update core_job set addon = split_part(about.resource, '.', 1)"  # noqa: S608 - names of our own
            f" from {table} as about where about.job_id = core_job.id"
        )
    op.execute(
        "update core_job set addon = split_part(about.resource, '.', 1) from core_change_set as about"
        " where core_job.kind = 'core.undo' and about.id = (core_job.arguments->>'set_id')::bigint"
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_column("core_job", "addon")

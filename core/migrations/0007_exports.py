"""Files of records made for somebody to fetch, and what is done with many records in the background."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "core_export",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("resource", sa.String(length=100), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("query", postgresql.JSONB(), nullable=False),
        sa.Column("columns", postgresql.JSONB(), nullable=False),
        sa.Column("format", sa.String(length=10), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=True),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("file", sa.String(length=100), nullable=True),
        sa.Column("job_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["core_user.id"], name=op.f("fk_core_export_actor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_export")),
        info={"addon": "core"},
    )
    op.create_index(op.f("ix_core_export_actor_id_id"), "core_export", ["actor_id", "id"], unique=False)
    op.create_index(op.f("ix_core_export_expires_at"), "core_export", ["expires_at"], unique=False)
    op.create_table(
        "core_bulk_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("resource", sa.String(length=100), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("values", postgresql.JSONB(), nullable=False),
        sa.Column("ids", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("changed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unchanged", sa.Integer(), server_default="0", nullable=False),
        sa.Column("refused", sa.Integer(), server_default="0", nullable=False),
        sa.Column("refusals", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("change_set_id", sa.BigInteger(), nullable=True),
        sa.Column("job_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["change_set_id"],
            ["core_change_set.id"],
            name=op.f("fk_core_bulk_run_change_set_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["core_user.id"], name=op.f("fk_core_bulk_run_actor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_bulk_run")),
        info={"addon": "core"},
    )
    op.create_index(op.f("ix_core_bulk_run_actor_id_id"), "core_bulk_run", ["actor_id", "id"], unique=False)


def downgrade() -> None:
    """Undo `upgrade`."""
    op.drop_index(op.f("ix_core_bulk_run_actor_id_id"), table_name="core_bulk_run")
    op.drop_table("core_bulk_run")
    op.drop_index(op.f("ix_core_export_expires_at"), table_name="core_export")
    op.drop_index(op.f("ix_core_export_actor_id_id"), table_name="core_export")
    op.drop_table("core_export")

"""What the quick search looks through."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables; documents of records that are there already are made by a job."""
    op.create_table(
        "core_search_doc",
        sa.Column("resource", sa.String(length=100), nullable=False),
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("hay", sa.Text(), nullable=False),
        sa.Column("hay_guarded", sa.Text(), server_default="", nullable=False),
        sa.Column("grams", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("resource", "record_id", name=op.f("pk_core_search_doc")),
        info={"addon": "core"},
    )
    op.create_index(
        op.f("ix_core_search_doc_grams"),
        "core_search_doc",
        ["grams"],
        postgresql_using="gin",
        postgresql_with={"fastupdate": "on", "gin_pending_list_limit": "2048"},
    )
    op.create_index(
        "ix_core_search_doc_newest", "core_search_doc", ["resource", sa.literal_column("updated_at DESC")]
    )
    op.create_table(
        "core_search_state",
        sa.Column("resource", sa.String(length=100), nullable=False),
        sa.Column("rules", sa.Integer(), nullable=False),
        sa.Column("rebuilt_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("resource", name=op.f("pk_core_search_state")),
        info={"addon": "core"},
    )


def downgrade() -> None:
    """Undo `upgrade`."""
    op.drop_table("core_search_state")
    op.drop_table("core_search_doc")

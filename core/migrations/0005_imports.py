"""Imports, and sets of changes that can be taken back together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "core_change_set",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("resource", sa.String(length=100), nullable=False),
        sa.Column("label", sa.String(length=300), nullable=False),
        sa.Column("state", sa.String(length=40), server_default="made", nullable=False),
        sa.Column("restored", sa.Integer(), server_default="0", nullable=False),
        sa.Column("removed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("left", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("undone_by_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["core_user.id"], name=op.f("fk_core_change_set_actor_id")),
        sa.ForeignKeyConstraint(
            ["undone_by_id"], ["core_user.id"], name=op.f("fk_core_change_set_undone_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_change_set")),
        info={"addon": "core"},
    )
    op.create_index(op.f("ix_core_change_set_created_at"), "core_change_set", ["created_at"], unique=False)
    op.create_table(
        "core_change_set_row",
        sa.Column("set_id", sa.BigInteger(), nullable=False),
        sa.Column("resource", sa.String(length=100), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("before", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("lines", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("notes", sa.ARRAY(sa.BigInteger()), nullable=True),
        sa.Column("is_left", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["set_id"],
            ["core_change_set.id"],
            name=op.f("fk_core_change_set_row_set_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("set_id", "resource", "record_id", name=op.f("pk_core_change_set_row")),
        info={"addon": "core"},
    )
    op.create_table(
        "core_import",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("resource", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=40), server_default="draft", nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("reading", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("header", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("header_key", sa.String(length=64), server_default="", nullable=False),
        sa.Column("mapping", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("mode", sa.String(length=40), server_default="insert", nullable=False),
        sa.Column("key", sa.String(length=200), nullable=True),
        sa.Column("options", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("counts", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("round", sa.Integer(), server_default="0", nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("waiting", sa.Integer(), server_default="0", nullable=False),
        sa.Column("report", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("change_set_id", sa.BigInteger(), nullable=True),
        sa.Column("job_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["change_set_id"],
            ["core_change_set.id"],
            name=op.f("fk_core_import_change_set_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["core_user.id"], name=op.f("fk_core_import_actor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_import")),
        info={"addon": "core"},
    )
    op.create_index(
        op.f("ix_core_import_resource_header_key_id"),
        "core_import",
        ["resource", "header_key", "id"],
        unique=False,
    )
    op.create_table(
        "core_import_row",
        sa.Column("import_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("cells", postgresql.JSONB(), nullable=False),
        sa.Column("problems", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["import_id"], ["core_import.id"], name=op.f("fk_core_import_row_import_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("import_id", "number", name=op.f("pk_core_import_row")),
        info={"addon": "core"},
    )


def downgrade() -> None:
    """Undo `upgrade`."""
    op.drop_table("core_import_row")
    op.drop_index(op.f("ix_core_import_resource_header_key_id"), table_name="core_import")
    op.drop_table("core_import")
    op.drop_table("core_change_set_row")
    op.drop_index(op.f("ix_core_change_set_created_at"), table_name="core_change_set")
    op.drop_table("core_change_set")

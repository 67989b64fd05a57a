"""Views of lists that people keep."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "core_saved_view",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("resource", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("audience", sa.String(length=20), nullable=False),
        sa.Column("role", sa.String(length=60), nullable=True),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("query", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("is_default", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "audience in ('private', 'shared', 'role')", name=op.f("ck_core_saved_view_audience")
        ),
        sa.CheckConstraint(
            "(audience = 'role') = (role is not null)", name=op.f("ck_core_saved_view_role_has_a_code")
        ),
        sa.CheckConstraint(
            "audience <> 'private' or owner_id is not null",
            name=op.f("ck_core_saved_view_private_has_an_owner"),
        ),
        sa.CheckConstraint(
            "not is_default or audience = 'shared'", name=op.f("ck_core_saved_view_default_is_shared")
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["core_user.id"], name=op.f("fk_core_saved_view_owner_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_saved_view")),
        info={"addon": "core"},
    )
    op.create_index(op.f("ix_core_saved_view_owner_id"), "core_saved_view", ["owner_id"], unique=False)
    for name, columns, where in (
        (
            "private_name",
            ["resource", "owner_id", "name"],
            "audience = 'private' and deleted_at is null",
        ),
        ("common_name", ["resource", "name"], "audience <> 'private' and deleted_at is null"),
        ("role", ["resource", "role"], "deleted_at is null"),
        ("default", ["resource"], "is_default and deleted_at is null"),
    ):
        op.create_index(
            f"uq_core_saved_view_{name}",
            "core_saved_view",
            columns,
            unique=True,
            postgresql_where=sa.text(where),
        )
    op.create_table(
        "core_view_habit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("resource", sa.String(length=100), nullable=False),
        sa.Column("view_id", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("is_default", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("widths", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name=op.f("fk_core_view_habit_user_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["view_id"],
            ["core_saved_view.id"],
            name=op.f("fk_core_view_habit_view_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_view_habit")),
        sa.UniqueConstraint(
            "user_id",
            "resource",
            "view_id",
            name=op.f("uq_core_view_habit_user_id_resource_view_id"),
            postgresql_nulls_not_distinct=True,
        ),
        info={"addon": "core"},
    )
    op.create_index(op.f("ix_core_view_habit_view_id"), "core_view_habit", ["view_id"], unique=False)
    op.create_index(
        "uq_core_view_habit_default",
        "core_view_habit",
        ["user_id", "resource"],
        unique=True,
        postgresql_where=sa.text("is_default"),
    )


def downgrade() -> None:
    """Undo `upgrade`."""
    op.drop_table("core_view_habit")
    op.drop_table("core_saved_view")

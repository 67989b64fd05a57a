"""People, units, histories."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change to one tenant's schema."""
    op.create_table(
        "core_attachment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("resource", sa.String(length=100), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("media_type", sa.String(length=120), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_attachment")),
        info={"addon": "core"},
    )
    op.create_table(
        "core_sign_in_failure",
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_core_sign_in_failure")),
        info={"addon": "core"},
    )
    op.create_table(
        "core_user",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=True),
        sa.Column("language", sa.String(length=40), nullable=True),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("theme", sa.String(length=40), server_default="auto", nullable=False),
        sa.Column("archived_reason", sa.String(length=300), nullable=True),
        sa.Column("name_key", sa.String(length=400), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.Column("updated_by_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("language in ('zh', 'en')", name=op.f("ck_core_user_language")),
        sa.CheckConstraint("theme in ('auto', 'light', 'dark')", name=op.f("ck_core_user_theme")),
        sa.ForeignKeyConstraint(["created_by_id"], ["core_user.id"], name=op.f("fk_core_user_created_by_id")),
        sa.ForeignKeyConstraint(["updated_by_id"], ["core_user.id"], name=op.f("fk_core_user_updated_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_user")),
        sa.UniqueConstraint("email", name=op.f("uq_core_user_email")),
        info={"addon": "core"},
    )
    op.create_index(op.f("ix_core_user_unit_id"), "core_user", ["unit_id"], unique=False)
    op.create_table(
        "core_api_token",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name=op.f("fk_core_api_token_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_core_api_token")),
        info={"addon": "core"},
    )
    op.create_index(op.f("ix_core_api_token_user_id"), "core_api_token", ["user_id"], unique=False)
    op.create_table(
        "core_kept_answer",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("location", sa.String(length=300), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["core_user.id"], name=op.f("fk_core_kept_answer_actor_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_kept_answer")),
        sa.UniqueConstraint("actor_id", "key", name=op.f("uq_core_kept_answer_actor_id_key")),
        info={"addon": "core"},
    )
    op.create_index(op.f("ix_core_kept_answer_created_at"), "core_kept_answer", ["created_at"], unique=False)
    op.create_table(
        "core_timeline_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("resource", sa.String(length=100), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("changes", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("attachment_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["attachment_id"],
            ["core_attachment.id"],
            name=op.f("fk_core_timeline_entry_attachment_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["core_user.id"], name=op.f("fk_core_timeline_entry_created_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_timeline_entry")),
        info={"addon": "core"},
    )
    op.create_index(
        op.f("ix_core_timeline_entry_resource_record_id_id"),
        "core_timeline_entry",
        ["resource", "record_id", "id"],
        unique=False,
    )
    op.create_table(
        "core_unit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("archived_reason", sa.String(length=300), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.Column("updated_by_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["created_by_id"], ["core_user.id"], name=op.f("fk_core_unit_created_by_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["core_unit.id"], name=op.f("fk_core_unit_parent_id")),
        sa.ForeignKeyConstraint(["updated_by_id"], ["core_user.id"], name=op.f("fk_core_unit_updated_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_unit")),
        sa.UniqueConstraint("code", name=op.f("uq_core_unit_code")),
        info={"addon": "core"},
    )
    op.create_index(op.f("ix_core_unit_parent_id"), "core_unit", ["parent_id"], unique=False)
    op.create_foreign_key("fk_core_user_unit_id", "core_user", "core_unit", ["unit_id"], ["id"])
    op.create_table(
        "core_user_session",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("address", sa.String(length=60), server_default="", nullable=False),
        sa.Column("agent", sa.String(length=300), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name=op.f("fk_core_user_session_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_core_user_session")),
        info={"addon": "core"},
    )
    op.create_index(op.f("ix_core_user_session_user_id"), "core_user_session", ["user_id"], unique=False)
    op.create_table(
        "core_role_assignment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.String(length=60), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["core_unit.id"], name=op.f("fk_core_role_assignment_unit_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name=op.f("fk_core_role_assignment_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_role_assignment")),
        sa.UniqueConstraint(
            "user_id",
            "role",
            "unit_id",
            name=op.f("uq_core_role_assignment_user_id_role_unit_id"),
            postgresql_nulls_not_distinct=True,
        ),
        info={"addon": "core"},
    )


def downgrade() -> None:
    """Undo `upgrade`."""
    op.drop_constraint("fk_core_user_unit_id", "core_user", type_="foreignkey")
    op.drop_table("core_role_assignment")
    op.drop_index(op.f("ix_core_user_session_user_id"), table_name="core_user_session")
    op.drop_table("core_user_session")
    op.drop_index(op.f("ix_core_unit_parent_id"), table_name="core_unit")
    op.drop_table("core_unit")
    op.drop_index(op.f("ix_core_timeline_entry_resource_record_id_id"), table_name="core_timeline_entry")
    op.drop_table("core_timeline_entry")
    op.drop_index(op.f("ix_core_kept_answer_created_at"), table_name="core_kept_answer")
    op.drop_table("core_kept_answer")
    op.drop_index(op.f("ix_core_api_token_user_id"), table_name="core_api_token")
    op.drop_table("core_api_token")
    op.drop_index(op.f("ix_core_user_unit_id"), table_name="core_user")
    op.drop_table("core_user")
    op.drop_table("core_sign_in_failure")
    op.drop_table("core_attachment")

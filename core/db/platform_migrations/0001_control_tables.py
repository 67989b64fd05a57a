"""The control tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "administrator",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_administrator")),
        sa.UniqueConstraint("email", name=op.f("uq_administrator_email")),
        schema="platform",
        info={"addon": "platform"},
    )
    op.create_table(
        "installation",
        sa.Column("id", sa.String(length=8), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
        schema="platform",
        info={"addon": "platform"},
    )
    op.create_table(
        "tenant",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("slug", sa.String(length=41), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("schema", sa.String(length=63), nullable=False),
        sa.Column("role", sa.String(length=63), nullable=False),
        sa.Column("language", sa.String(length=2), server_default="zh", nullable=False),
        sa.Column("timezone", sa.String(length=60), server_default="Asia/Shanghai", nullable=False),
        sa.Column("country", sa.String(length=2), server_default="CN", nullable=False),
        sa.Column("is_default", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("state", sa.String(length=20), server_default="active", nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("addons", sa.ARRAY(sa.String(length=60)), server_default="{}", nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenant")),
        sa.UniqueConstraint("role", name=op.f("uq_tenant_role")),
        sa.UniqueConstraint("schema", name=op.f("uq_tenant_schema")),
        sa.UniqueConstraint("slug", name=op.f("uq_tenant_slug")),
        schema="platform",
        info={"addon": "platform"},
    )
    op.create_index(
        "uq_tenant_is_default",
        "tenant",
        ["is_default"],
        unique=True,
        schema="platform",
        postgresql_where=sa.text("is_default"),
    )
    op.create_table(
        "administrator_session",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("administrator_id", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["administrator_id"],
            ["platform.administrator.id"],
            name=op.f("fk_administrator_session_administrator_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_administrator_session")),
        schema="platform",
        info={"addon": "platform"},
    )
    op.create_table(
        "tenant_host",
        sa.Column("host", sa.String(length=253), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["platform.tenant.id"], name=op.f("fk_tenant_host_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_tenant_host")),
        schema="platform",
        info={"addon": "platform"},
    )
    op.create_index(
        op.f("ix_tenant_host_tenant_id"), "tenant_host", ["tenant_id"], unique=False, schema="platform"
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_index(op.f("ix_tenant_host_tenant_id"), table_name="tenant_host", schema="platform")
    op.drop_table("tenant_host", schema="platform")
    op.drop_table("administrator_session", schema="platform")
    op.drop_index(
        "uq_tenant_is_default", table_name="tenant", schema="platform", postgresql_where=sa.text("is_default")
    )
    op.drop_table("tenant", schema="platform")
    op.drop_table("installation", schema="platform")
    op.drop_table("administrator", schema="platform")

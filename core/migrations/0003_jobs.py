"""Background work as its tenant sees it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "core_job",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.String(length=100), nullable=False),
        sa.Column("label", sa.String(length=300), server_default="", nullable=False),
        sa.Column("key", sa.String(length=200), nullable=True),
        sa.Column("state", sa.String(length=40), server_default="waiting", nullable=False),
        sa.Column(
            "arguments",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("done", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.String(length=300), server_default="", nullable=False),
        sa.Column("result", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("error_code", sa.String(length=60), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state in ('waiting', 'running', 'done', 'parked', 'cancelled')",
            name=op.f("ck_core_job_state"),
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["core_user.id"], name=op.f("fk_core_job_actor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_job")),
        info={"addon": "core"},
    )
    op.create_index(
        "uq_core_job_waiting_key",
        "core_job",
        ["kind", "key"],
        unique=True,
        postgresql_where=sa.text("state = 'waiting' and key is not null"),
    )
    op.create_index(
        "uq_core_job_due",
        "core_job",
        ["kind", "due_at"],
        unique=True,
        postgresql_where=sa.text("due_at is not null"),
    )
    op.create_index(op.f("ix_core_job_actor_id_id"), "core_job", ["actor_id", "id"], unique=False)
    op.create_index(op.f("ix_core_job_state_id"), "core_job", ["state", "id"], unique=False)


def downgrade() -> None:
    """Undo `upgrade`."""
    op.drop_table("core_job")

"""Create leads, the standards they are checked by, and what became of them.

The sequence behind their numbers belongs to its column, so it goes with the table.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change to one tenant's schema."""
    op.create_table(
        "customer_standard",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("product_line", sa.String(length=80), nullable=True),
        sa.Column("threshold", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("archived_reason", sa.String(length=300), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.Column("updated_by_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "threshold between 0 and 100", name=op.f("ck_customer_standard_threshold_is_a_percentage")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["core_user.id"], name=op.f("fk_customer_standard_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["core_user.id"], name=op.f("fk_customer_standard_updated_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_standard")),
        info={"addon": "customer"},
    )
    op.create_index(
        op.f("ix_customer_standard_product_line"), "customer_standard", ["product_line"], unique=False
    )
    op.create_table(
        "customer_criterion",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("standard_id", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.String(length=200), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("required", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("archived_reason", sa.String(length=300), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.Column("updated_by_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "weight between 1 and 1000", name=op.f("ck_customer_criterion_weight_is_positive")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["core_user.id"], name=op.f("fk_customer_criterion_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["standard_id"],
            ["customer_standard.id"],
            name=op.f("fk_customer_criterion_standard_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["core_user.id"], name=op.f("fk_customer_criterion_updated_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_criterion")),
        info={"addon": "customer"},
    )
    op.create_index(
        op.f("ix_customer_criterion_standard_id"), "customer_criterion", ["standard_id"], unique=False
    )
    op.create_table(
        "customer_standard_version",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("standard_id", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=False),
        sa.Column("criteria", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["core_user.id"], name=op.f("fk_customer_standard_version_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["standard_id"],
            ["customer_standard.id"],
            name=op.f("fk_customer_standard_version_standard_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_standard_version")),
        sa.UniqueConstraint(
            "standard_id", "revision", name=op.f("uq_customer_standard_version_standard_id_revision")
        ),
        info={"addon": "customer"},
    )
    op.execute("create sequence customer_lead_number_seq")
    op.create_table(
        "customer_lead",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "number",
            sa.String(length=40),
            server_default=sa.text("'L-' || to_char(nextval('customer_lead_number_seq'), 'FM999999000000')"),
            nullable=False,
        ),
        sa.Column("title", sa.String(length=320), nullable=False),
        sa.Column("company", sa.String(length=200), nullable=True),
        sa.Column("name", sa.String(length=100), nullable=True),
        sa.Column("job_title", sa.String(length=100), nullable=True),
        sa.Column("department", sa.String(length=100), nullable=True),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("wechat", sa.String(length=60), nullable=True),
        sa.Column("website", sa.String(length=200), nullable=True),
        sa.Column("country", sa.String(length=80), nullable=True),
        sa.Column("province", sa.String(length=80), nullable=True),
        sa.Column("city", sa.String(length=80), nullable=True),
        sa.Column("street", sa.String(length=200), nullable=True),
        sa.Column("source", sa.String(length=80), nullable=True),
        sa.Column("product_line", sa.String(length=80), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=40), server_default="new", nullable=False),
        sa.Column("lost_reason", sa.String(length=80), nullable=True),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("next_step", sa.String(length=200), nullable=True),
        sa.Column("next_on", sa.Date(), nullable=True),
        sa.Column("tags", sa.ARRAY(sa.String(length=40)), server_default="{}", nullable=False),
        sa.Column("archived_reason", sa.String(length=300), nullable=True),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("unit_id", sa.BigInteger(), nullable=True),
        sa.Column("title_key", sa.String(length=400), server_default="", nullable=False),
        sa.Column("company_match", sa.String(length=400, collation="C"), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("converted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("contact_id", sa.BigInteger(), nullable=True),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.Column("updated_by_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(state = 'converted') = (converted_at is not null)",
            name=op.f("ck_customer_lead_converted_has_its_time"),
        ),
        sa.CheckConstraint(
            "state in ('new', 'working', 'qualified', 'disqualified', 'converted')",
            name=op.f("ck_customer_lead_state"),
        ),
        sa.CheckConstraint("score between 0 and 100", name=op.f("ck_customer_lead_score_is_a_percentage")),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["customer_contact.id"], name=op.f("fk_customer_lead_contact_id")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["core_user.id"], name=op.f("fk_customer_lead_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer_customer.id"], name=op.f("fk_customer_lead_customer_id")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["core_user.id"], name=op.f("fk_customer_lead_owner_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["core_unit.id"], name=op.f("fk_customer_lead_unit_id")),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["core_user.id"], name=op.f("fk_customer_lead_updated_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_lead")),
        sa.UniqueConstraint("number", name=op.f("uq_customer_lead_number")),
        info={"addon": "customer"},
    )
    op.execute("alter sequence customer_lead_number_seq owned by customer_lead.number")
    op.create_index(op.f("ix_customer_lead_company_match"), "customer_lead", ["company_match"], unique=False)
    op.create_index(op.f("ix_customer_lead_contact_id"), "customer_lead", ["contact_id"], unique=False)
    op.create_index(op.f("ix_customer_lead_customer_id"), "customer_lead", ["customer_id"], unique=False)
    op.create_index(op.f("ix_customer_lead_email"), "customer_lead", ["email"], unique=False)
    op.create_index(
        "ix_customer_lead_email_lower", "customer_lead", [sa.literal_column("lower(email)")], unique=False
    )
    op.create_index(op.f("ix_customer_lead_owner_id"), "customer_lead", ["owner_id"], unique=False)
    op.create_index(
        op.f("ix_customer_lead_owner_id_next_on"), "customer_lead", ["owner_id", "next_on"], unique=False
    )
    op.create_index(op.f("ix_customer_lead_phone"), "customer_lead", ["phone"], unique=False)
    op.create_index(op.f("ix_customer_lead_product_line"), "customer_lead", ["product_line"], unique=False)
    op.create_index(op.f("ix_customer_lead_state_id"), "customer_lead", ["state", "id"], unique=False)
    op.create_index(
        op.f("ix_customer_lead_tags"), "customer_lead", ["tags"], unique=False, postgresql_using="gin"
    )
    op.create_index(op.f("ix_customer_lead_title_key_id"), "customer_lead", ["title_key", "id"], unique=False)
    op.create_index(op.f("ix_customer_lead_unit_id"), "customer_lead", ["unit_id"], unique=False)
    op.create_index(
        op.f("ix_customer_lead_updated_at_id"), "customer_lead", ["updated_at", "id"], unique=False
    )
    op.create_table(
        "customer_assessment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("passes", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["core_user.id"], name=op.f("fk_customer_assessment_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["lead_id"], ["customer_lead.id"], name=op.f("fk_customer_assessment_lead_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["customer_standard_version.id"], name=op.f("fk_customer_assessment_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_assessment")),
        info={"addon": "customer"},
    )
    op.create_index(
        op.f("ix_customer_assessment_lead_id_id"), "customer_assessment", ["lead_id", "id"], unique=False
    )
    op.create_table(
        "customer_conversion",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("records", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["core_user.id"], name=op.f("fk_customer_conversion_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["lead_id"], ["customer_lead.id"], name=op.f("fk_customer_conversion_lead_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["undone_by_id"], ["core_user.id"], name=op.f("fk_customer_conversion_undone_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_conversion")),
        info={"addon": "customer"},
    )
    op.create_index(
        op.f("ix_customer_conversion_lead_id_id"), "customer_conversion", ["lead_id", "id"], unique=False
    )
    op.add_column("customer_activity", sa.Column("lead_id", sa.BigInteger(), nullable=True))
    op.create_index(op.f("ix_customer_activity_lead_id"), "customer_activity", ["lead_id"], unique=False)
    op.create_foreign_key(
        op.f("fk_customer_activity_lead_id"),
        "customer_activity",
        "customer_lead",
        ["lead_id"],
        ["id"],
        ondelete="SET NULL",
    )


def downgrade() -> None:
    """Undo `upgrade`."""
    op.drop_constraint(op.f("fk_customer_activity_lead_id"), "customer_activity", type_="foreignkey")
    op.drop_index(op.f("ix_customer_activity_lead_id"), table_name="customer_activity")
    op.drop_column("customer_activity", "lead_id")
    for table in (
        "customer_conversion",
        "customer_assessment",
        "customer_lead",
        "customer_standard_version",
        "customer_criterion",
        "customer_standard",
    ):
        op.drop_table(table)

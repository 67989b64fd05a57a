"""Create fairs booths and orders."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change to one tenant's schema."""
    op.execute("create sequence industry_tradefair_order_number_seq")
    op.create_table(
        "industry_tradefair_fair",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("city", sa.String(length=80), nullable=True),
        sa.Column("venue", sa.String(length=200), nullable=True),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("build_up_on", sa.Date(), nullable=True),
        sa.Column("website", sa.String(length=200), nullable=True),
        sa.Column("goods", sa.ARRAY(sa.String(length=40)), server_default="{}", nullable=False),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("archived_reason", sa.String(length=300), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.Column("updated_by_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "ends_on >= begins_on", name=op.f("ck_industry_tradefair_fair_ends_after_it_begins")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["core_user.id"], name=op.f("fk_industry_tradefair_fair_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["core_user.id"], name=op.f("fk_industry_tradefair_fair_updated_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_industry_tradefair_fair")),
        info={"addon": "industry_tradefair"},
    )
    op.create_index(
        op.f("ix_industry_tradefair_fair_begins_on_id"),
        "industry_tradefair_fair",
        ["begins_on", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_industry_tradefair_fair_city"), "industry_tradefair_fair", ["city"], unique=False
    )
    op.create_index(
        op.f("ix_industry_tradefair_fair_goods"),
        "industry_tradefair_fair",
        ["goods"],
        unique=False,
        postgresql_using="gin",
    )
    op.create_table(
        "industry_tradefair_booth",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("fair_id", sa.BigInteger(), nullable=False),
        sa.Column("hall", sa.String(length=40), nullable=True),
        sa.Column("kind", sa.String(length=40), server_default="shell", nullable=False),
        sa.Column("area", sa.Integer(), nullable=False),
        sa.Column("price", sa.Integer(), nullable=True),
        sa.Column("notes", sa.String(length=200), nullable=True),
        sa.Column("archived_reason", sa.String(length=300), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.Column("updated_by_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "kind in ('raw', 'shell', 'corner', 'island')", name=op.f("ck_industry_tradefair_booth_kind")
        ),
        sa.CheckConstraint("area > 0", name=op.f("ck_industry_tradefair_booth_area_positive")),
        sa.CheckConstraint("price >= 0", name=op.f("ck_industry_tradefair_booth_price_not_negative")),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["core_user.id"], name=op.f("fk_industry_tradefair_booth_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["fair_id"], ["industry_tradefair_fair.id"], name=op.f("fk_industry_tradefair_booth_fair_id")
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["core_user.id"], name=op.f("fk_industry_tradefair_booth_updated_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_industry_tradefair_booth")),
        info={"addon": "industry_tradefair"},
    )
    op.create_index(
        op.f("ix_industry_tradefair_booth_fair_id_number"),
        "industry_tradefair_booth",
        ["fair_id", "number"],
        unique=True,
    )
    op.create_table(
        "industry_tradefair_customer",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("firm_kind", sa.String(length=40), nullable=True),
        sa.Column("traded_goods", sa.ARRAY(sa.String(length=40)), server_default="{}", nullable=False),
        sa.Column("service_offered", sa.String(length=80), nullable=True),
        sa.CheckConstraint(
            "firm_kind in ('maker', 'trader', 'service')",
            name=op.f("ck_industry_tradefair_customer_firm_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["id"],
            ["customer_customer.id"],
            name=op.f("fk_industry_tradefair_customer_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_industry_tradefair_customer")),
        info={"addon": "industry_tradefair"},
    )
    op.create_index(
        op.f("ix_industry_tradefair_customer_firm_kind"),
        "industry_tradefair_customer",
        ["firm_kind"],
        unique=False,
    )
    op.create_index(
        op.f("ix_industry_tradefair_customer_service_offered"),
        "industry_tradefair_customer",
        ["service_offered"],
        unique=False,
    )
    op.create_index(
        op.f("ix_industry_tradefair_customer_traded_goods"),
        "industry_tradefair_customer",
        ["traded_goods"],
        unique=False,
        postgresql_using="gin",
    )
    op.create_table(
        "industry_tradefair_order",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "number",
            sa.String(length=40),
            server_default=sa.text(
                "'TF-' || to_char(nextval('industry_tradefair_order_number_seq'), 'FM999999000000')"
            ),
            nullable=False,
        ),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("product", sa.String(length=40), server_default="booth", nullable=False),
        sa.Column("state", sa.String(length=40), server_default="draft", nullable=False),
        sa.Column("amount", sa.Integer(), nullable=True),
        sa.Column("ordered_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("fair_id", sa.BigInteger(), nullable=True),
        sa.Column("booth_id", sa.BigInteger(), nullable=True),
        sa.Column("needs_builder", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("reminded_on", sa.Date(), nullable=True),
        sa.Column("domain", sa.String(length=200), nullable=True),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("needs_hosting", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("site", sa.String(length=120), nullable=True),
        sa.Column("ad_format", sa.String(length=80), nullable=True),
        sa.Column("place", sa.String(length=200), nullable=True),
        sa.Column("size", sa.String(length=80), nullable=True),
        sa.Column("runs_from", sa.Date(), nullable=True),
        sa.Column("runs_until", sa.Date(), nullable=True),
        sa.Column("periodical", sa.String(length=120), nullable=True),
        sa.Column("issue", sa.String(length=40), nullable=True),
        sa.Column("placement", sa.String(length=40), nullable=True),
        sa.Column("copy_due_on", sa.Date(), nullable=True),
        sa.Column("archived_reason", sa.String(length=300), nullable=True),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("unit_id", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.Column("updated_by_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "placement in ('front', 'back', 'inside_cover', 'page', 'half')",
            name=op.f("ck_industry_tradefair_order_placement"),
        ),
        sa.CheckConstraint(
            "product in ('booth', 'web_design', 'web_advertising', 'periodical', 'outdoor')",
            name=op.f("ck_industry_tradefair_order_product"),
        ),
        sa.CheckConstraint(
            "state in ('draft', 'confirmed', 'done', 'cancelled')",
            name=op.f("ck_industry_tradefair_order_state"),
        ),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_industry_tradefair_order_amount_not_negative")),
        sa.CheckConstraint(
            "runs_until >= runs_from", name=op.f("ck_industry_tradefair_order_runs_until_after_from")
        ),
        sa.ForeignKeyConstraint(
            ["booth_id"], ["industry_tradefair_booth.id"], name=op.f("fk_industry_tradefair_order_booth_id")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["core_user.id"], name=op.f("fk_industry_tradefair_order_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer_customer.id"], name=op.f("fk_industry_tradefair_order_customer_id")
        ),
        sa.ForeignKeyConstraint(
            ["fair_id"], ["industry_tradefair_fair.id"], name=op.f("fk_industry_tradefair_order_fair_id")
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["core_user.id"], name=op.f("fk_industry_tradefair_order_owner_id")
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["core_unit.id"], name=op.f("fk_industry_tradefair_order_unit_id")
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["core_user.id"], name=op.f("fk_industry_tradefair_order_updated_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_industry_tradefair_order")),
        sa.UniqueConstraint("number", name=op.f("uq_industry_tradefair_order_number")),
        info={"addon": "industry_tradefair"},
    )
    op.create_index(
        op.f("ix_industry_tradefair_order_booth_id"), "industry_tradefair_order", ["booth_id"], unique=False
    )
    op.create_index(
        op.f("ix_industry_tradefair_order_customer_id_ordered_on"),
        "industry_tradefair_order",
        ["customer_id", "ordered_on"],
        unique=False,
    )
    op.create_index(
        op.f("ix_industry_tradefair_order_due_on"), "industry_tradefair_order", ["due_on"], unique=False
    )
    op.create_index(
        op.f("ix_industry_tradefair_order_fair_id"), "industry_tradefair_order", ["fair_id"], unique=False
    )
    op.create_index(
        op.f("ix_industry_tradefair_order_owner_id"), "industry_tradefair_order", ["owner_id"], unique=False
    )
    op.create_index(
        op.f("ix_industry_tradefair_order_periodical"),
        "industry_tradefair_order",
        ["periodical"],
        unique=False,
    )
    op.create_index(
        op.f("ix_industry_tradefair_order_site"), "industry_tradefair_order", ["site"], unique=False
    )
    op.create_index(
        op.f("ix_industry_tradefair_order_unit_id"), "industry_tradefair_order", ["unit_id"], unique=False
    )
    op.create_index(
        "ux_industry_tradefair_order_booth_id",
        "industry_tradefair_order",
        ["booth_id"],
        unique=True,
        postgresql_where=sa.text("state in ('confirmed', 'done') and archived_at is null"),
    )
    op.execute("alter sequence industry_tradefair_order_number_seq owned by industry_tradefair_order.number")


def downgrade() -> None:
    """Undo `upgrade`."""
    op.drop_index(
        "ux_industry_tradefair_order_booth_id",
        table_name="industry_tradefair_order",
        postgresql_where=sa.text("state in ('confirmed', 'done') and archived_at is null"),
    )
    op.drop_index(op.f("ix_industry_tradefair_order_unit_id"), table_name="industry_tradefair_order")
    op.drop_index(op.f("ix_industry_tradefair_order_site"), table_name="industry_tradefair_order")
    op.drop_index(op.f("ix_industry_tradefair_order_periodical"), table_name="industry_tradefair_order")
    op.drop_index(op.f("ix_industry_tradefair_order_owner_id"), table_name="industry_tradefair_order")
    op.drop_index(op.f("ix_industry_tradefair_order_fair_id"), table_name="industry_tradefair_order")
    op.drop_index(op.f("ix_industry_tradefair_order_due_on"), table_name="industry_tradefair_order")
    op.drop_index(
        op.f("ix_industry_tradefair_order_customer_id_ordered_on"), table_name="industry_tradefair_order"
    )
    op.drop_index(op.f("ix_industry_tradefair_order_booth_id"), table_name="industry_tradefair_order")
    op.drop_table("industry_tradefair_order")
    op.drop_index(
        op.f("ix_industry_tradefair_customer_traded_goods"),
        table_name="industry_tradefair_customer",
        postgresql_using="gin",
    )
    op.drop_index(
        op.f("ix_industry_tradefair_customer_service_offered"), table_name="industry_tradefair_customer"
    )
    op.drop_index(op.f("ix_industry_tradefair_customer_firm_kind"), table_name="industry_tradefair_customer")
    op.drop_table("industry_tradefair_customer")
    op.drop_index(op.f("ix_industry_tradefair_booth_fair_id_number"), table_name="industry_tradefair_booth")
    op.drop_table("industry_tradefair_booth")
    op.drop_index(
        op.f("ix_industry_tradefair_fair_goods"), table_name="industry_tradefair_fair", postgresql_using="gin"
    )
    op.drop_index(op.f("ix_industry_tradefair_fair_city"), table_name="industry_tradefair_fair")
    op.drop_index(op.f("ix_industry_tradefair_fair_begins_on_id"), table_name="industry_tradefair_fair")
    op.drop_table("industry_tradefair_fair")

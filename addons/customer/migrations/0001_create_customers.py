"""Create customers, contacts and activities.

The sequences behind their numbers belong to the columns, so they go with the tables.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply the change to one tenant's schema."""
    op.execute("create sequence customer_customer_number_seq")
    op.create_table(
        "customer_customer",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "number",
            sa.String(length=40),
            server_default=sa.text(
                "'C-' || to_char(nextval('customer_customer_number_seq'), 'FM999999000000')"
            ),
            nullable=False,
        ),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=40), server_default="potential", nullable=False),
        sa.Column("type", sa.String(length=40), server_default="organisation", nullable=False),
        sa.Column("level", sa.String(length=20), nullable=True),
        sa.Column("industry", sa.String(length=80), nullable=True),
        sa.Column("source", sa.String(length=80), nullable=True),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("website", sa.String(length=200), nullable=True),
        sa.Column("country", sa.String(length=80), nullable=True),
        sa.Column("province", sa.String(length=80), nullable=True),
        sa.Column("city", sa.String(length=80), nullable=True),
        sa.Column("tax_number", sa.String(length=40), nullable=True),
        sa.Column("employees", sa.Integer(), nullable=True),
        sa.Column("founded_year", sa.Integer(), nullable=True),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("tags", sa.ARRAY(sa.String(length=40)), server_default="{}", nullable=False),
        sa.Column("archived_reason", sa.String(length=300), nullable=True),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("unit_id", sa.BigInteger(), nullable=True),
        sa.Column("name_key", sa.String(length=400), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("last_contacted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.Column("updated_by_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("kind in ('potential', 'active', 'lost')", name=op.f("ck_customer_customer_kind")),
        sa.CheckConstraint("type in ('organisation', 'person')", name=op.f("ck_customer_customer_type")),
        sa.CheckConstraint("employees >= 0", name=op.f("ck_customer_customer_employees_not_negative")),
        sa.CheckConstraint(
            "founded_year between 1000 and 9999",
            name=op.f("ck_customer_customer_founded_year_has_four_digits"),
        ),
        sa.CheckConstraint("parent_id <> id", name=op.f("ck_customer_customer_parent_not_itself")),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["core_user.id"], name=op.f("fk_customer_customer_created_by_id")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["core_user.id"], name=op.f("fk_customer_customer_owner_id")),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["customer_customer.id"], name=op.f("fk_customer_customer_parent_id")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["core_unit.id"], name=op.f("fk_customer_customer_unit_id")),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["core_user.id"], name=op.f("fk_customer_customer_updated_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_customer")),
        sa.UniqueConstraint("number", name=op.f("uq_customer_customer_number")),
    )
    op.execute("alter sequence customer_customer_number_seq owned by customer_customer.number")
    op.create_index(
        op.f("ix_customer_customer_city_name_key_id"),
        "customer_customer",
        ["city", "name_key", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_customer_customer_email"), "customer_customer", ["email"], unique=False)
    op.create_index(op.f("ix_customer_customer_industry"), "customer_customer", ["industry"], unique=False)
    op.create_index(
        op.f("ix_customer_customer_kind_name_key_id"),
        "customer_customer",
        ["kind", "name_key", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_customer_customer_name_key_id"), "customer_customer", ["name_key", "id"], unique=False
    )
    op.create_index(op.f("ix_customer_customer_owner_id"), "customer_customer", ["owner_id"], unique=False)
    op.create_index(op.f("ix_customer_customer_parent_id"), "customer_customer", ["parent_id"], unique=False)
    op.create_index(op.f("ix_customer_customer_phone"), "customer_customer", ["phone"], unique=False)
    op.create_index(
        op.f("ix_customer_customer_tags"), "customer_customer", ["tags"], unique=False, postgresql_using="gin"
    )
    op.create_index(op.f("ix_customer_customer_unit_id"), "customer_customer", ["unit_id"], unique=False)
    op.create_index(
        op.f("ix_customer_customer_updated_at_id"), "customer_customer", ["updated_at", "id"], unique=False
    )
    op.execute("create sequence customer_contact_number_seq")
    op.create_table(
        "customer_contact",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "number",
            sa.String(length=40),
            server_default=sa.text(
                "'P-' || to_char(nextval('customer_contact_number_seq'), 'FM999999000000')"
            ),
            nullable=False,
        ),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("job_title", sa.String(length=100), nullable=True),
        sa.Column("department", sa.String(length=100), nullable=True),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("wechat", sa.String(length=60), nullable=True),
        sa.Column("gender", sa.String(length=40), nullable=True),
        sa.Column("birthday", sa.Date(), nullable=True),
        sa.Column("tags", sa.ARRAY(sa.String(length=40)), server_default="{}", nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("archived_reason", sa.String(length=300), nullable=True),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("unit_id", sa.BigInteger(), nullable=True),
        sa.Column("name_key", sa.String(length=400), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.Column("updated_by_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("gender in ('female', 'male')", name=op.f("ck_customer_contact_gender")),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["core_user.id"], name=op.f("fk_customer_contact_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customer_customer.id"],
            name=op.f("fk_customer_contact_customer_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["core_user.id"], name=op.f("fk_customer_contact_owner_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["core_unit.id"], name=op.f("fk_customer_contact_unit_id")),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["core_user.id"], name=op.f("fk_customer_contact_updated_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_contact")),
        sa.UniqueConstraint("number", name=op.f("uq_customer_contact_number")),
    )
    op.execute("alter sequence customer_contact_number_seq owned by customer_contact.number")
    op.create_index(
        op.f("ix_customer_contact_customer_id"), "customer_contact", ["customer_id"], unique=False
    )
    op.create_index(op.f("ix_customer_contact_email"), "customer_contact", ["email"], unique=False)
    op.create_index(
        op.f("ix_customer_contact_name_key_id"), "customer_contact", ["name_key", "id"], unique=False
    )
    op.create_index(op.f("ix_customer_contact_owner_id"), "customer_contact", ["owner_id"], unique=False)
    op.create_index(op.f("ix_customer_contact_phone"), "customer_contact", ["phone"], unique=False)
    op.create_index(
        op.f("ix_customer_contact_tags"), "customer_contact", ["tags"], unique=False, postgresql_using="gin"
    )
    op.create_index(op.f("ix_customer_contact_unit_id"), "customer_contact", ["unit_id"], unique=False)
    op.create_index(
        op.f("ix_customer_contact_updated_at_id"), "customer_contact", ["updated_at", "id"], unique=False
    )
    op.create_table(
        "customer_customer_address",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.String(length=40), server_default="office", nullable=False),
        sa.Column("country", sa.String(length=80), nullable=True),
        sa.Column("province", sa.String(length=80), nullable=True),
        sa.Column("city", sa.String(length=80), nullable=True),
        sa.Column("district", sa.String(length=80), nullable=True),
        sa.Column("street", sa.String(length=200), nullable=True),
        sa.Column("postcode", sa.String(length=20), nullable=True),
        sa.Column("archived_reason", sa.String(length=300), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.Column("updated_by_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "label in ('office', 'billing', 'shipping', 'home')",
            name=op.f("ck_customer_customer_address_label"),
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["core_user.id"], name=op.f("fk_customer_customer_address_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customer_customer.id"],
            name=op.f("fk_customer_customer_address_customer_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["core_user.id"], name=op.f("fk_customer_customer_address_updated_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_customer_address")),
    )
    op.create_index(
        op.f("ix_customer_customer_address_customer_id"),
        "customer_customer_address",
        ["customer_id"],
        unique=False,
    )
    op.create_table(
        "customer_customer_email",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("label", sa.String(length=40), server_default="work", nullable=False),
        sa.Column("note", sa.String(length=100), nullable=True),
        sa.Column("archived_reason", sa.String(length=300), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.Column("updated_by_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "label in ('work', 'billing', 'private', 'other')", name=op.f("ck_customer_customer_email_label")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["core_user.id"], name=op.f("fk_customer_customer_email_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customer_customer.id"],
            name=op.f("fk_customer_customer_email_customer_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["core_user.id"], name=op.f("fk_customer_customer_email_updated_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_customer_email")),
    )
    op.create_index(
        op.f("ix_customer_customer_email_address"), "customer_customer_email", ["address"], unique=False
    )
    op.create_index(
        op.f("ix_customer_customer_email_customer_id"),
        "customer_customer_email",
        ["customer_id"],
        unique=False,
    )
    op.create_table(
        "customer_customer_phone",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("label", sa.String(length=40), server_default="work", nullable=False),
        sa.Column("note", sa.String(length=100), nullable=True),
        sa.Column("archived_reason", sa.String(length=300), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.Column("updated_by_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "label in ('mobile', 'work', 'home', 'fax', 'other')",
            name=op.f("ck_customer_customer_phone_label"),
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["core_user.id"], name=op.f("fk_customer_customer_phone_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customer_customer.id"],
            name=op.f("fk_customer_customer_phone_customer_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["core_user.id"], name=op.f("fk_customer_customer_phone_updated_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_customer_phone")),
    )
    op.create_index(
        op.f("ix_customer_customer_phone_customer_id"),
        "customer_customer_phone",
        ["customer_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_customer_customer_phone_number"), "customer_customer_phone", ["number"], unique=False
    )
    op.create_table(
        "customer_activity",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=40), server_default="task", nullable=False),
        sa.Column("state", sa.String(length=40), server_default="planned", nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("contact_id", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("direction", sa.String(length=40), nullable=True),
        sa.Column("outcome", sa.String(length=80), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
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
            "(state = 'done') = (done_at is not null)", name=op.f("ck_customer_activity_done_has_its_time")
        ),
        sa.CheckConstraint("direction in ('out', 'in')", name=op.f("ck_customer_activity_direction")),
        sa.CheckConstraint(
            "kind in ('call', 'visit', 'meeting', 'mail', 'wechat', 'note', 'task')",
            name=op.f("ck_customer_activity_kind"),
        ),
        sa.CheckConstraint(
            "state in ('planned', 'done', 'cancelled')", name=op.f("ck_customer_activity_state")
        ),
        sa.CheckConstraint("minutes >= 0", name=op.f("ck_customer_activity_minutes_not_negative")),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["customer_contact.id"],
            name=op.f("fk_customer_activity_contact_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["core_user.id"], name=op.f("fk_customer_activity_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer_customer.id"], name=op.f("fk_customer_activity_customer_id")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["core_user.id"], name=op.f("fk_customer_activity_owner_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["core_unit.id"], name=op.f("fk_customer_activity_unit_id")),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["core_user.id"], name=op.f("fk_customer_activity_updated_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_activity")),
    )
    op.create_index(
        op.f("ix_customer_activity_contact_id"), "customer_activity", ["contact_id"], unique=False
    )
    op.create_index(
        op.f("ix_customer_activity_customer_id_done_at"),
        "customer_activity",
        ["customer_id", "done_at"],
        unique=False,
    )
    op.create_index(op.f("ix_customer_activity_owner_id"), "customer_activity", ["owner_id"], unique=False)
    op.create_index(
        op.f("ix_customer_activity_owner_id_state_due_at"),
        "customer_activity",
        ["owner_id", "state", "due_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_customer_activity_state_due_at_id"),
        "customer_activity",
        ["state", "due_at", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_customer_activity_unit_id"), "customer_activity", ["unit_id"], unique=False)
    op.create_table(
        "customer_customer_contact",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.String(length=80), nullable=True),
        sa.Column("influence", sa.String(length=40), nullable=True),
        sa.Column("joined_on", sa.Date(), nullable=True),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("archived_reason", sa.String(length=300), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by_id", sa.BigInteger(), nullable=True),
        sa.Column("updated_by_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "influence in ('decision_maker', 'influencer', 'champion', 'user', 'gatekeeper', 'opponent')",
            name=op.f("ck_customer_customer_contact_influence"),
        ),
        sa.CheckConstraint(
            "left_on >= joined_on", name=op.f("ck_customer_customer_contact_left_after_joined")
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"],
            ["customer_contact.id"],
            name=op.f("fk_customer_customer_contact_contact_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["core_user.id"], name=op.f("fk_customer_customer_contact_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customer_customer.id"],
            name=op.f("fk_customer_customer_contact_customer_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["core_user.id"], name=op.f("fk_customer_customer_contact_updated_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_customer_contact")),
    )
    op.create_index(
        op.f("ix_customer_customer_contact_contact_id"),
        "customer_customer_contact",
        ["contact_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_customer_customer_contact_customer_id"),
        "customer_customer_contact",
        ["customer_id"],
        unique=False,
    )


def downgrade() -> None:
    """Undo `upgrade`."""
    op.drop_table("customer_customer_contact")
    op.drop_table("customer_activity")
    op.drop_table("customer_customer_phone")
    op.drop_table("customer_customer_email")
    op.drop_table("customer_customer_address")
    op.drop_table("customer_contact")
    op.drop_table("customer_customer")

"""Kinds of records that administrators make up, and their records."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_OBJECT, _RECORD = "core_custom_object", "core_custom_record"


def upgrade() -> None:
    """Create the tables, and the series that numbers the records."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        _OBJECT,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        *(
            sa.Column(name, sa.String(length=60), server_default="", nullable=False)
            for name in ("title_zh", "title_en", "plural_en")
        ),
        sa.Column("icon", sa.String(length=40), server_default="box", nullable=False),
        sa.Column("grants", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("created_at", moment, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", moment, server_default=sa.text("now()"), nullable=False),
        sa.Column("archived_at", moment, nullable=True),
        sa.Column("deleted_at", moment, nullable=True),
        sa.CheckConstraint("name ~ '^[a-z][a-z0-9_]{0,38}$'", name=op.f("ck_core_custom_object_name")),
        sa.CheckConstraint(
            "title_zh <> '' or title_en <> ''", name=op.f("ck_core_custom_object_has_a_title")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_custom_object")),
        sa.UniqueConstraint("name", name=op.f("uq_core_custom_object_name")),
        info={"addon": "core"},
    )
    op.execute("create sequence core_custom_record_number")
    made = sa.text("'R-' || to_char(nextval('core_custom_record_number'), 'FM999999000000')")
    links = {"owner_id": "core_user", "unit_id": "core_unit"}
    authors = {"created_by_id": "core_user", "updated_by_id": "core_user"}
    op.create_table(
        _RECORD,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("number", sa.String(length=40), server_default=made, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("object_id", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in links),
        sa.Column("name_key", sa.String(length=400), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", moment, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", moment, server_default=sa.text("now()"), nullable=False),
        sa.Column("archived_at", moment, nullable=True),
        sa.Column("archived_reason", sa.String(length=300), nullable=True),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in authors),
        *(
            sa.ForeignKeyConstraint([name], [f"{target}.id"], name=op.f(f"fk_{_RECORD}_{name}"))
            for name, target in {**links, **authors, "object_id": _OBJECT}.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{_RECORD}")),
        sa.UniqueConstraint("number", name=op.f(f"uq_{_RECORD}_number")),
        info={"addon": "core"},
    )
    for name in links:
        op.create_index(op.f(f"ix_{_RECORD}_{name}"), _RECORD, [name])
    op.create_index(op.f(f"ix_{_RECORD}_object_id_name_key_id"), _RECORD, ["object_id", "name_key", "id"])


def downgrade() -> None:
    """Undo `upgrade`."""
    op.drop_table(_RECORD)
    op.execute("drop sequence core_custom_record_number")
    op.drop_table(_OBJECT)

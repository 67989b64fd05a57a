"""A mark that changes whenever anybody's rights may have changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TRIGGERS = {
    "core_role_assignment": "insert or update or delete",
    "core_unit": "insert or delete or update of parent_id",
    "core_user": "update of unit_id",
}


def upgrade() -> None:
    """Create the mark, and the triggers that draw it anew."""
    op.create_table(
        "core_rights_stamp",
        sa.Column("stamp", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.PrimaryKeyConstraint("stamp", name=op.f("pk_core_rights_stamp")),
    )
    op.execute("insert into core_rights_stamp default values")
    op.execute(
        """
        create function core_draw_rights_stamp() returns trigger language plpgsql
        set search_path from current as $$
        begin
            update core_rights_stamp set stamp = gen_random_uuid();
            return null;
        end $$
        """
    )
    for table, events in _TRIGGERS.items():
        op.execute(
            f"create trigger rights_stamp after {events} on {table}"
            " for each statement execute function core_draw_rights_stamp()"
        )
        op.execute(
            f"create trigger rights_stamp_truncated after truncate on {table}"
            " for each statement execute function core_draw_rights_stamp()"
        )


def downgrade() -> None:
    """Undo `upgrade`."""
    for table in _TRIGGERS:
        op.execute(f"drop trigger rights_stamp on {table}")
        op.execute(f"drop trigger rights_stamp_truncated on {table}")
    op.execute("drop function core_draw_rights_stamp()")
    op.drop_table("core_rights_stamp")

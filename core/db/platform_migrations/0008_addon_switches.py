"""Who switched addons on and off, removed their data, or put it back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table, and a door to switch off by that writes into it.

    The older function stays for processes of the version before; it writes nothing.
    """
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "addon_switch",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("addon", sa.String(length=60), nullable=False),
        sa.Column("deed", sa.String(length=20), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("at", instant, server_default=sa.text("now()"), nullable=False),
        sa.Column("archive", sa.String(length=200), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("kept_until", instant, nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["platform.tenant.id"],
            name=op.f("fk_addon_switch_tenant_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_addon_switch")),
        schema="platform",
        info={"addon": "platform"},
    )
    op.create_index(
        op.f("ix_addon_switch_tenant_id_addon_id"),
        "addon_switch",
        ["tenant_id", "addon", "id"],
        schema="platform",
    )
    op.execute(
        """
        create function platform.switch_off(_tenant bigint, _addon text, _needing text[], _actor bigint)
        returns text[] language plpgsql security definer set search_path = platform, pg_temp as $$
        declare
            _kept text[] := switch_off(_tenant, _addon, _needing);
        begin
            if _kept = '{}' then
                insert into addon_switch (tenant_id, addon, deed, actor_id)
                values (_tenant, _addon, 'off', _actor);
            end if;
            return _kept;
        end $$
        """
    )
    op.execute("revoke all on function platform.switch_off(bigint, text, text[], bigint) from public")


def downgrade() -> None:
    """Drop both."""
    op.execute("drop function platform.switch_off(bigint, text, text[], bigint)")
    op.drop_table("addon_switch", schema="platform")

"""Switching an addon off, the one thing of a tenant's row that the application's login may change."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the function; it answers which of the addons in ``_needing`` are on, and then does nothing.

    The row is held while it looks, so an addon that needs this one cannot come on in between.
    """
    op.execute(
        """
        create function platform.switch_off(_tenant bigint, _addon text, _needing text[]) returns text[]
        language plpgsql security definer set search_path = platform, pg_temp as $$
        declare
            _on text[];
            _kept text[];
        begin
            select addons into _on from tenant where id = _tenant for update;
            if _on is null or not _addon = any(_on) then
                return null;
            end if;
            _kept := array(select unnest(_on) intersect select unnest(_needing) order by 1);
            if _kept = '{}' then
                update tenant set addons = array_remove(_on, _addon), version = version + 1
                where id = _tenant;
            end if;
            return _kept;
        end $$
        """
    )
    op.execute("revoke all on function platform.switch_off(bigint, text, text[]) from public")


def downgrade() -> None:
    """Drop it."""
    op.execute("drop function platform.switch_off(bigint, text, text[])")

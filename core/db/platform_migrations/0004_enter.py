"""The door every request passes: find the tenant of a host and bind to it."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the function.

    The server keeps the plans of a function's statements for the length of a connection; sent as
    text, they were planned anew for every request, which took longer than running them.
    """
    op.execute(
        """
        create function platform.enter(_host text, _slug text) returns text language plpgsql as $$
        declare
            found platform.tenant;
        begin
            if _slug is not null then
                select * into found from platform.tenant where slug = _slug;
            end if;
            if found.id is null then
                select t.* into found from platform.tenant_host h join platform.tenant t on t.id = h.tenant_id
                where h.host = _host;
            end if;
            if found.id is null and _slug is null then
                select * into found from platform.tenant where is_default;
            end if;
            if found.state = 'active' then
                perform set_config('role', found.role, true),
                    set_config('search_path', quote_ident(found.schema), true),
                    set_config('timezone', 'UTC', true);
            end if;
            if found.id is not null then
                return set_config('guanxi.tenant', to_json(found)::text, true);
            end if;
            return null;
        end $$
        """
    )
    op.execute("revoke all on function platform.enter(text, text) from public")


def downgrade() -> None:
    """Drop it."""
    op.execute("drop function platform.enter(text, text)")

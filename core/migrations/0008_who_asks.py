"""Who is behind a token or a browser's session, asked at the beginning of every request."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_KEYS = {
    "core_who_has_session": (
        "select s.user_id from core_user_session s where s.token_hash = _hash and s.expires_at > now()"
    ),
    "core_who_has_token": (
        "select t.user_id from core_api_token t"
        " where t.token_hash = _hash and (t.expires_at is null or t.expires_at > now())"
    ),
}


def upgrade() -> None:
    """Create a function for each; its plan is kept for the length of a connection.

    They give one row in any case, of nulls where nobody is found. Names are looked up on the path of
    the caller, who is bound to the tenant.
    """
    for name, key in _KEYS.items():
        op.execute(
            f"""
            create function {name}(
                _hash text, out id bigint, out name text, out email text, out unit_id bigint,
                out language text, out theme text, out stamp text
            ) language plpgsql stable as $$
            begin
                select u.id, u.name, u.email, u.unit_id, u.language, u.theme,
                    (select r.stamp::text from core_rights_stamp r)
                into id, name, email, unit_id, language, theme, stamp
                from core_user u where u.archived_at is null and u.id = ({key});
            end $$
            """  # noqa: S608 - the texts are our own
        )


def downgrade() -> None:
    """Drop them."""
    for name in _KEYS:
        op.execute(f"drop function {name}(text)")

"""Platform administrators: those who see all tenants from outside, and no tenant's records."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from core.auth.passwords import hash_password, verify
from core.auth.services import WrongCredentials, digest, plain_address
from core.db.platform import administrator, administrator_session
from core.errors import Unauthenticated

_LIFE: Final = timedelta(hours=12)


def create_administrator(connection: Connection, email: str, password: str) -> None:
    """Create a platform administrator, or give him a new password; needs the owner's connection.

    Raises:
        Invalid: the password is too short or too long.
    """
    values = {"email": email.strip().lower(), "password_hash": hash_password(password)}
    fresh = upsert(administrator).values(values)
    changed = {"password_hash": values["password_hash"]}
    connection.execute(fresh.on_conflict_do_update(index_elements=[administrator.c.email], set_=changed))


def sign_in(session: Session, email: str, password: str) -> str:
    """Start a session and give its token.

    Raises:
        WrongCredentials: no such administrator, or another password.
    """
    row = session.execute(select(administrator).where(administrator.c.email == plain_address(email))).first()
    if not verify(row.password_hash if row else None, password) or row is None:
        raise WrongCredentials
    token = secrets.token_urlsafe(32)
    values = {
        "token_hash": digest(token),
        "administrator_id": row.id,
        "expires_at": datetime.now(UTC) + _LIFE,
    }
    session.execute(insert(administrator_session).values(values))
    return token


def administrator_by_session(session: Session, token: str) -> str:
    """The mail address of the administrator behind a token.

    Raises:
        Unauthenticated: the session has ended.
    """
    email = session.scalar(
        select(administrator.c.email)
        .join(administrator_session, administrator_session.c.administrator_id == administrator.c.id)
        .where(
            administrator_session.c.token_hash == digest(token),
            administrator_session.c.expires_at > func.now(),
        )
    )
    if email is None:
        raise Unauthenticated
    return str(email)


def sign_out(session: Session, token: str) -> None:
    """End a session."""
    session.execute(delete(administrator_session).where(administrator_session.c.token_hash == digest(token)))

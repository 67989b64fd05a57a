"""Platform administrators: those who see all tenants from outside, and no tenant's records."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from core.auth import services
from core.auth.passwords import hash_password, verify
from core.auth.services import (
    WrongCredentials,
    digest,
    forget_failures,
    plain_address,
    require_few_failures,
)
from core.db.platform import administrator, administrator_session, sign_in_failure
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


def sign_in(session: Session, email: str, password: str, *, address: str) -> str:
    """Start a session and give its token.

    A failure is counted by the caller, through `count_failure`, once all else is undone.

    Raises:
        TooManyRequests: too many failures lately.
        WrongCredentials: no such administrator, or another password.
    """
    require_few_failures(session, email, address=address, counted=sign_in_failure)
    row = session.execute(select(administrator).where(administrator.c.email == plain_address(email))).first()
    if not verify(row.password_hash if row else None, password) or row is None:
        raise WrongCredentials
    forget_failures(session, email, counted=sign_in_failure)
    token = secrets.token_urlsafe(32)
    values = {
        "token_hash": digest(token),
        "administrator_id": row.id,
        "expires_at": datetime.now(UTC) + _LIFE,
    }
    session.execute(insert(administrator_session).values(values))
    return token


def count_failure(session: Session, email: str, *, address: str) -> None:
    """Count one failed sign-in; the caller commits it."""
    services.count_failure(session, email, address=address, counted=sign_in_failure)


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

"""Signing in and out, users, and API tokens. Tokens are random; only their SHA-256 is stored."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Table, case, delete, func, insert, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from core.access.actor import Actor, Rights, make_actor, rights_of
from core.access.models import RoleAssignment, Unit
from core.access.permissions import Permissions
from core.auth.models import ApiToken, SignInFailure, User, UserSession
from core.auth.passwords import hash_password, verify
from core.db.session import answer, tenant_of
from core.db.tenancy import Question
from core.errors import Conflict, Invalid, NotFound, TooManyRequests, Unauthenticated
from core.i18n import _l

SESSION_LIFE: Final = timedelta(days=14)
TOKEN_LIFE: Final = timedelta(hours=12)
#: Failed sign-ins that may follow one another, for an account and for an address, in this time.
ACCOUNT_FAILURES: Final = 8
ADDRESS_FAILURES: Final = 40
FAILURE_WINDOW: Final = timedelta(minutes=15)

_user = User.__table__
_session = UserSession.__table__
_token = ApiToken.__table__
_role = RoleAssignment.__table__
_unit = Unit.__table__
_failure = SignInFailure.__table__


class WrongCredentials(Unauthenticated):
    """The mail address or the password is not right; which of them is not told."""

    code = "wrong-credentials"
    message = _l("The email address or the password is not right.")


class UserExists(Conflict):
    """Somebody with this address is there already."""

    code = "user-exists"
    message = _l("There is a user with the address %(email)s already.")


class NoSuchUser(NotFound):
    """Nobody has this address."""

    code = "no-such-user"
    message = _l("There is no user with the address %(email)s.")


@dataclass(frozen=True, slots=True)
class Issued:
    """A token just made; it is never shown again."""

    token: str
    expires_at: datetime | None


def plain_address(email: str) -> str:
    """How a mail address typed at sign-in is compared; nothing the database cannot hold is left in it."""
    return email.replace("\x00", "").strip().lower()[:254]


def digest(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


# Signing in


def check_password(session: Session, email: str, password: str, *, address: str) -> int:
    """The number of the user whose address and password these are.

    Failures are counted for the account and for the network address, also when the caller rolls
    back: the count is written by the caller in a transaction of its own through `count_failure`.

    Raises:
        TooManyRequests: too many failures lately.
        WrongCredentials: no such user, another password, or the user is archived.
    """
    require_few_failures(session, email, address=address)
    row = session.execute(
        select(_user.c.id, _user.c.password_hash).where(
            func.lower(_user.c.email) == plain_address(email), _user.c.archived_at.is_(None)
        )
    ).first()
    if not verify(row.password_hash if row else None, password) or row is None:
        raise WrongCredentials
    forget_failures(session, email)
    return int(row.id)


def require_few_failures(session: Session, email: str, *, address: str, counted: Table = _failure) -> None:
    """See that neither the account nor the network address has failed too often lately.

    Args:
        session: bound to where ``counted`` is.
        email: as it was typed.
        address: the network address.
        counted: the table of failures; the platform has one of its own.

    Raises:
        TooManyRequests: one of them has.
    """
    subjects = _subjects(email, address)
    rows = session.execute(
        select(counted.c.subject, counted.c.failures).where(
            counted.c.subject.in_(subjects), counted.c.until > func.now()
        )
    )
    failures = dict(rows.all())
    limits = zip(subjects, (ACCOUNT_FAILURES, ADDRESS_FAILURES), strict=True)
    if any(failures.get(subject, 0) >= limit for subject, limit in limits):
        raise TooManyRequests


def count_failure(session: Session, email: str, *, address: str, counted: Table = _failure) -> None:
    """Count one failed sign-in; the caller commits it."""
    until = datetime.now(UTC) + FAILURE_WINDOW
    for subject in _subjects(email, address):
        fresh = upsert(counted).values(subject=subject, failures=1, until=until)
        over = counted.c.until <= func.now()
        statement = fresh.on_conflict_do_update(
            index_elements=[counted.c.subject],
            set_={
                "failures": case((over, literal(1)), else_=counted.c.failures + 1),
                "until": case((over, literal(until)), else_=counted.c.until),
            },
        )
        session.execute(statement)


def forget_failures(session: Session, email: str, *, counted: Table = _failure) -> None:
    """Begin to count anew for an account that has signed in."""
    session.execute(delete(counted).where(counted.c.subject == _subjects(email, "")[0]))


def _subjects(email: str, address: str) -> tuple[str, str]:
    return f"account:{plain_address(email)}", f"address:{address[:60]}"


def open_session(session: Session, user_id: int, *, address: str, agent: str) -> Issued:
    """Start a browser session for a user whose password was right."""
    token, expires_at = secrets.token_urlsafe(32), datetime.now(UTC) + SESSION_LIFE
    session.execute(delete(_session).where(_session.c.user_id == user_id, _session.c.expires_at < func.now()))
    session.execute(
        insert(_session).values(
            token_hash=digest(token),
            user_id=user_id,
            expires_at=expires_at,
            address=address[:60],
            agent=agent[:300],
        )
    )
    return Issued(token, expires_at)


def close_session(session: Session, token: str) -> None:
    """End the browser session behind a token."""
    session.execute(delete(_session).where(_session.c.token_hash == digest(token)))


def issue_token(session: Session, user_id: int, *, name: str, life: timedelta | None = TOKEN_LIFE) -> Issued:
    """Make an API token for a user; without a ``life`` it does not expire."""
    token = "gx_" + secrets.token_urlsafe(32)
    expires_at = datetime.now(UTC) + life if life is not None else None
    session.execute(
        insert(_token).values(
            token_hash=digest(token), user_id=user_id, name=name[:100], expires_at=expires_at
        )
    )
    return Issued(token, expires_at)


# Who is it?

_USER: Final = "id, name, email, unit_id, language, theme, stamp"
_BY_SESSION: Final = "core_who_has_session(%(key)s)"
_BY_TOKEN: Final = "core_who_has_token(%(key)s)"
#: A row also when there is nobody.
_BY_EMAIL: Final = """
    (select) as anybody
    left join core_user on id = (select id from core_user where lower(email) = lower(%(key)s) limit 1)
    left join (select stamp::text from core_rights_stamp) as rights on true
"""
#: Everything rights follow from, with the stamp of the same snapshot; the tree is walked only for
#: those whose roles reach below a unit.
_RIGHTS = text("""
    select u.unit_id, (select stamp::text from core_rights_stamp) as stamp,
    coalesce((select json_agg(json_build_array(r.role, r.unit_id) order by r.id)
              from core_role_assignment r where r.user_id = u.id), '[]'::json) as assignments,
    case when exists (
        select from core_role_assignment r where r.user_id = u.id and r.role = any(:reaching_below)
    ) then (
        with recursive tree(top, id) as (
            select coalesce(r.unit_id, u.unit_id), coalesce(r.unit_id, u.unit_id)
            from core_role_assignment r where r.user_id = u.id
            union
            select tree.top, core_unit.id from core_unit join tree on core_unit.parent_id = tree.id
        )
        select json_object_agg(top, ids) from (
            select top, json_agg(id) as ids from tree where top is not null group by top
        ) as units
    ) end as below
    from core_user u where u.id = :user
""")
#: Users whose rights a process remembers; all are worked out anew when there are more.
_REMEMBERED: Final = 5000


def whose_session(token: str) -> Question:
    """Who is behind a browser's token."""
    return Question(_USER, _BY_SESSION, {"key": digest(token)})


def whose_token(token: str) -> Question:
    """Who is behind an API token."""
    return Question(_USER, _BY_TOKEN, {"key": digest(token)})


def actor_by_session(session: Session, permissions: Permissions, token: str) -> Actor:
    """The user behind a browser's token.

    Raises:
        Unauthenticated: the session has ended, or the user is archived.
    """
    return _found(session, permissions, whose_session(token))


def actor_by_token(session: Session, permissions: Permissions, token: str) -> Actor:
    """The user behind an API token.

    Raises:
        Unauthenticated: there is no such token, it has expired, or the user is archived.
    """
    return _found(session, permissions, whose_token(token))


def actor_by_email(session: Session, permissions: Permissions, email: str) -> Actor:
    """The user with a mail address, for work at the command line in his name.

    Raises:
        NoSuchUser: there is none.
    """
    try:
        return _found(session, permissions, Question(_USER, _BY_EMAIL, {"key": email.strip()}))
    except Unauthenticated:
        raise NoSuchUser(email=email) from None


def _found(session: Session, permissions: Permissions, question: Question) -> Actor:
    row = answer(session, question)
    if row["id"] is None:
        raise Unauthenticated
    return make_actor(row, _rights(session, permissions, row["id"], row["stamp"]))


def _rights(session: Session, permissions: Permissions, user_id: int, stamp: str | None) -> Rights:
    """What a user's roles reach: as remembered under the present stamp and addons, or worked out."""
    tenant = tenant_of(session)
    place, standing = (tenant.id, user_id), (stamp, tenant.addons, tenant.version)
    remembered = permissions.known.get(place)
    if remembered is not None and remembered[0] == standing:
        rights: Rights = remembered[1]
        return rights
    made_up = session.info["database"].customisations.of(tenant, session).grants()
    granted = permissions.with_grants(made_up)
    given = {"user": user_id, "reaching_below": granted.roles_reaching_below()}
    row = session.connection().execute(_RIGHTS, given).mappings().one()
    below = {int(unit): ids for unit, ids in (row["below"] or {}).items()}
    rights = rights_of(
        granted, tenant, row["unit_id"], [(role, unit) for role, unit in row["assignments"]], below
    )
    if row["stamp"] is not None:
        if len(permissions.known) >= _REMEMBERED:
            permissions.known.clear()
        permissions.known[place] = (row["stamp"], tenant.addons, tenant.version), rights
    return rights


# People


def set_password(session: Session, user_id: int, password: str) -> None:
    """Give a user a new password; all his sessions and tokens end.

    Raises:
        Invalid: the password is too short or too long.
    """
    session.execute(update(_user).where(_user.c.id == user_id).values(password_hash=hash_password(password)))
    end_sessions(session, [user_id])


def end_sessions(session: Session, user_ids: Sequence[int]) -> None:
    """End every session and token of some users."""
    for table in (_session, _token):
        session.execute(delete(table).where(table.c.user_id.in_(user_ids)))


def assign_role(
    session: Session, permissions: Permissions, user_id: int, role: str, unit: str | None = None
) -> None:
    """Let a user hold a role, at a unit or at his own; holding it already changes nothing.

    Raises:
        Invalid: there is no such role, or no unit with this code.
    """
    if role not in permissions.roles:
        known = ", ".join(permissions.roles)
        raise Invalid(
            {"role": [_l("There is no role “%(role)s”; there are %(known)s.", role=role, known=known)]}
        )
    values = {"user_id": user_id, "role": role, "unit_id": unit_id(session, unit) if unit else None}
    session.execute(upsert(_role).values(values).on_conflict_do_nothing())


def unit_id(session: Session, code: str) -> int:
    """The number of the unit with a code.

    Raises:
        Invalid: there is none.
    """
    found = session.scalar(select(_unit.c.id).where(_unit.c.code == code))
    if found is None:
        raise Invalid({"unit": [_l("There is no unit with the code “%(code)s”.", code=code)]})
    return int(found)


def set_preferences(session: Session, user_id: int, values: Mapping[str, str]) -> None:
    """Keep a user's own language or theme, both already checked."""
    session.execute(update(_user).where(_user.c.id == user_id).values(dict(values)))

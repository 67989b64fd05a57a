"""The views one person may see, and which of them opens first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any, Final

from sqlalchemy import ARRAY, BigInteger, Row, String, and_, any_, bindparam, or_, select, true
from sqlalchemy.orm import Session

from core.access.actor import Actor
from core.access.permissions import READY_ROLES
from core.resources.declaration import Resource
from core.resources.views.models import SavedView, ViewHabit
from core.resources.views.query import ViewQuery, read_view_query

#: The verb that allows to share views of a resource and to set defaults for others.
SHARE: Final = "share"
_view = SavedView.__table__
_habit = ViewHabit.__table__


class Audience(StrEnum):
    """For whom a view is."""

    PRIVATE = "private"
    SHARED = "shared"
    ROLE = "role"


@dataclass(frozen=True, slots=True)
class View:
    """A view as one person may use it."""

    id: int
    name: str
    audience: Audience
    #: The role whose default it is.
    role: str | None
    query: ViewQuery
    version: int
    #: The default of everybody.
    is_default: bool
    #: Whether the reader may change and delete it.
    may_change: bool
    #: Whether it is offered to the reader; those who share views see the others' role defaults too.
    is_offered: bool
    #: The reader's own widths: ``{column: steps of 8 px}``.
    widths: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Views:
    """All views of one resource that one person may see, in his order."""

    items: Sequence[View] = ()
    #: What opens when nothing is said: a view, or None for the list as it is declared.
    default: View | None = None
    #: Whether the reader himself has set ``default``.
    default_is_own: bool = False
    #: His widths on the plain list.
    widths: Mapping[str, int] = field(default_factory=dict)
    may_share: bool = False

    def get(self, view_id: int | None) -> View | None:
        """The view with a number, if the reader may see it."""
        return next((each for each in self.items if each.id == view_id), None)


def may_share(actor: Actor, resource: Resource) -> bool:
    """Whether an actor may share views of ``resource`` and set defaults for others."""
    return actor.may(resource.name, SHARE)


def views_of(session: Session, resource: Resource, *, actor: Actor) -> Views:
    """The views an actor may see, his habits with them; one statement.

    What opens first: his own default, then that of his first role which has one, then everybody's.
    """
    shares = may_share(actor, resource)
    reader = {"resource": resource.name, "user": actor.user_id, "roles": sorted(actor.roles)}
    rows: Sequence[Any] = session.execute(_visible(shares), reader).all()
    plain = next((row for row in rows if row.habit is not None and row.view_id is None), None)
    kept = [row for row in rows if row.id is not None]
    kept.sort(key=lambda row: (row.position is None, row.position or 0, row.id))
    items = [_read(row, actor, shares) for row in kept]
    own = next((view for view, row in zip(items, kept, strict=True) if row.own_default), None)
    is_own = own is not None or (plain is not None and plain.own_default)
    return Views(
        items=items,
        default=own if is_own else _given_default(items, actor),
        default_is_own=is_own,
        widths=plain.widths if plain is not None else {},
        may_share=shares,
    )


def _given_default(items: Sequence[View], actor: Actor) -> View | None:
    """The default of the actor's first role that has one, else that of everybody."""
    of_role = {each.role: each for each in items if each.audience is Audience.ROLE}
    for role in READY_ROLES:
        if role.code in actor.roles and role.code in of_role:
            return of_role[role.code]
    return next((each for each in items if each.is_default), None)


@cache
def _visible(shares: bool) -> Any:
    """The views of a resource that a reader sees, each with his habits, and those of the plain list."""
    user, resource = bindparam("user", type_=BigInteger()), bindparam("resource", type_=String())
    own = and_(_view.c.audience == Audience.PRIVATE, _view.c.owner_id == user)
    of_role = true() if shares else _view.c.role == any_(bindparam("roles", type_=ARRAY(String)))
    seen = select(_view).where(
        _view.c.resource == resource,
        _view.c.deleted_at.is_(None),
        or_(own, _view.c.audience == Audience.SHARED, and_(_view.c.audience == Audience.ROLE, of_role)),
    )
    visible = seen.subquery()
    habits = select(_habit).where(_habit.c.user_id == user, _habit.c.resource == resource).subquery()
    return select(
        visible,
        habits.c.id.label("habit"),
        habits.c.view_id,
        habits.c.position,
        habits.c.is_default.label("own_default"),
        habits.c.widths,
    ).select_from(visible.join(habits, habits.c.view_id == visible.c.id, full=True))


def _read(row: Row[Any], actor: Actor, shares: bool) -> View:
    audience = Audience(row.audience)
    return View(
        id=row.id,
        name=row.name,
        audience=audience,
        role=row.role,
        query=read_view_query(row.query),
        version=row.version,
        is_default=row.is_default,
        may_change=shares or audience is Audience.PRIVATE,
        is_offered=audience is not Audience.ROLE or row.role in actor.roles,
        widths=row.widths or {},
    )

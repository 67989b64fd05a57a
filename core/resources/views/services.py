"""Keeping views: who may see, change and share them, and which one opens first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Row,
    String,
    and_,
    any_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.access.actor import Actor
from core.access.permissions import READY_ROLES
from core.errors import Conflict, Forbidden, Invalid, NotFound, StaleVersion
from core.i18n import _l
from core.resources.declaration import Resource
from core.resources.gateway import Gateway
from core.resources.views.models import SavedView, ViewHabit
from core.resources.views.query import ViewQuery, check, fit, read_view_query

#: The verb that allows to share views of a resource and to set defaults for others.
SHARE: Final = "share"
MAX_NAME: Final = 60
#: Views one person, or all together, may keep of a resource.
MAX_VIEWS: Final = 100
#: How long a deleted view can be had back.
GRACE: Final = timedelta(days=1)

_view = SavedView.__table__
_habit = ViewHabit.__table__


class Audience(StrEnum):
    """For whom a view is."""

    PRIVATE = "private"
    SHARED = "shared"
    ROLE = "role"


class ViewIncomplete(Conflict):
    """Whoever sees only a part of a view would lose the rest by saving it."""

    code = "view-incomplete"
    message = _l("Parts of this view are not available to you. Save yours under another name.")


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


def create_view(
    session: Session,
    resource: Resource,
    name: str,
    query: ViewQuery,
    *,
    actor: Actor,
    audience: Audience = Audience.PRIVATE,
    role: str | None = None,
    is_default: bool = False,
) -> int:
    """Keep a view.

    Args:
        session: bound to one tenant; the caller commits.
        resource: whose list it shows.
        name: unique among the actor's own views, or among those of others' use.
        query: what it shows; the actor must be able to ask every part of it.
        actor: its owner.
        audience: private, shared, or the default of a role.
        role: the code of that role.
        is_default: whether it opens for everybody who has no other default; of shared views only.

    Returns:
        Its number.

    Raises:
        NotFound: the actor may not read the resource.
        Forbidden: he may not share its views.
        Invalid: the name is taken or missing, or the query names what he may not ask.
    """
    gateway = Gateway(session, actor)
    gateway.require(resource, "read")
    check(gateway, resource, query)
    values = _audience_values(resource, actor, audience, role, is_default)
    _require_room(session, resource, actor, audience)
    if values["is_default"]:
        _drop_default(session, resource)
    statement = insert(_view).values(
        resource=resource.name,
        name=_name(name),
        owner_id=actor.user_id,
        query=query.normal(resource).to_json(),
        **values,
    )
    with _unique(session):
        return int(session.execute(statement.returning(_view.c.id)).scalar_one())


def change_view(
    session: Session,
    resource: Resource,
    view_id: int,
    *,
    actor: Actor,
    name: str | None = None,
    query: ViewQuery | None = None,
    audience: Audience | None = None,
    role: str | None = None,
    is_default: bool | None = None,
    version: int | None = None,
) -> None:
    """Change what is given of a view; ``role`` and ``is_default`` count with an ``audience`` only.

    Raises:
        NotFound: there is none the actor may see.
        Forbidden: he may not change it, or not share it.
        StaleVersion: somebody else changed it since ``version``.
        ViewIncomplete: ``query`` would drop parts that the actor does not see.
        Invalid: see `create_view`.
    """
    stored = _changeable(session, resource, view_id, actor)
    if version is not None and version != stored.version:
        raise StaleVersion
    values: dict[str, Any] = {}
    if name is not None:
        values["name"] = _name(name)
    if query is not None:
        gateway = Gateway(session, actor)
        check(gateway, resource, query)
        _fitted, missing = fit(gateway, resource, read_view_query(stored.query))
        if missing:
            raise ViewIncomplete
        values["query"] = query.normal(resource).to_json()
    if audience is not None:
        values |= _audience_values(resource, actor, audience, role, bool(is_default))
        if audience is not Audience(stored.audience):
            _require_room(session, resource, actor, audience)
        if audience is Audience.PRIVATE and stored.audience != Audience.PRIVATE:
            values["owner_id"] = actor.user_id
        if values["is_default"]:
            _drop_default(session, resource, but=view_id)
    values |= {"version": _view.c.version + 1, "updated_at": func.now()}
    with _unique(session):
        session.execute(update(_view).where(_view.c.id == view_id).values(values))


def delete_view(session: Session, resource: Resource, view_id: int, *, actor: Actor) -> None:
    """Take a view away; `restore_view` brings it back for a day.

    Raises:
        NotFound, Forbidden: see `change_view`.
    """
    _changeable(session, resource, view_id, actor)
    session.execute(delete(_view).where(_view.c.deleted_at < func.now() - GRACE))
    session.execute(
        update(_view).where(_view.c.id == view_id).values(deleted_at=func.now(), is_default=False)
    )


def restore_view(session: Session, resource: Resource, view_id: int, *, actor: Actor) -> None:
    """Bring a deleted view back.

    Raises:
        NotFound, Forbidden: see `change_view`.
        Invalid: its name has been taken meanwhile.
    """
    _changeable(session, resource, view_id, actor, deleted=True)
    with _unique(session):
        session.execute(update(_view).where(_view.c.id == view_id).values(deleted_at=None))


def order_views(session: Session, resource: Resource, view_ids: Sequence[int], *, actor: Actor) -> None:
    """Put views into an order for the actor alone; those not named follow.

    Raises:
        NotFound: one of them is none the actor may see.
    """
    known = {each.id for each in views_of(session, resource, actor=actor).items}
    if not set(view_ids) <= known:
        raise NotFound
    for position, view_id in enumerate(dict.fromkeys(view_ids)):
        _arrange(session, resource, view_id, actor, position=position)


def set_own_default(session: Session, resource: Resource, view_id: int | None, *, actor: Actor) -> None:
    """Let a view open first for the actor; None for the list as it is declared.

    Raises:
        NotFound: there is no such view he may see.
    """
    if view_id is not None and views_of(session, resource, actor=actor).get(view_id) is None:
        raise NotFound
    forget_own_default(session, resource, actor=actor)
    _arrange(session, resource, view_id, actor, is_default=True)


def forget_own_default(session: Session, resource: Resource, *, actor: Actor) -> None:
    """Let the default of the actor's role, or everybody's, open first again."""
    session.execute(
        update(_habit)
        .where(_habit.c.user_id == actor.user_id, _habit.c.resource == resource.name, _habit.c.is_default)
        .values(is_default=False)
    )


def keep_widths(
    session: Session, resource: Resource, view_id: int | None, widths: Mapping[str, int], *, actor: Actor
) -> None:
    """Keep the actor's widths of a view's columns, or of the plain list's.

    Raises:
        NotFound: there is no such view he may see.
    """
    if view_id is not None and views_of(session, resource, actor=actor).get(view_id) is None:
        raise NotFound
    _arrange(session, resource, view_id, actor, widths=dict(widths))


def _arrange(session: Session, resource: Resource, view_id: int | None, actor: Actor, **values: Any) -> None:
    if actor.user_id is None:
        raise Forbidden
    statement = upsert(_habit).values(
        user_id=actor.user_id, resource=resource.name, view_id=view_id, **values
    )
    key = [_habit.c.user_id, _habit.c.resource, _habit.c.view_id]
    session.execute(statement.on_conflict_do_update(index_elements=key, set_=values))


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


def _changeable(
    session: Session, resource: Resource, view_id: int, actor: Actor, *, deleted: bool = False
) -> Row[Any]:
    """A view for a change, locked.

    Raises:
        NotFound: there is none the actor may see.
        Forbidden: he may see it, but it is others' use too and he may not share.
    """
    Gateway(session, actor).require(resource, "read")
    there = _view.c.deleted_at.is_not(None) if deleted else _view.c.deleted_at.is_(None)
    statement = select(_view).where(_view.c.id == view_id, _view.c.resource == resource.name, there)
    row = session.execute(statement.with_for_update()).first()
    if row is None or (row.audience == Audience.PRIVATE and row.owner_id != actor.user_id):
        raise NotFound
    if row.audience != Audience.PRIVATE and not may_share(actor, resource):
        if row.audience == Audience.ROLE and row.role not in actor.roles:
            raise NotFound
        raise Forbidden
    return row


def _audience_values(
    resource: Resource, actor: Actor, audience: Audience, role: str | None, is_default: bool
) -> dict[str, Any]:
    if audience is not Audience.PRIVATE and not may_share(actor, resource):
        raise Forbidden
    if audience is Audience.PRIVATE and actor.user_id is None:
        raise Invalid({"audience": [_l("A private view needs an owner.")]})
    if audience is Audience.ROLE and role not in {each.code for each in READY_ROLES}:
        raise Invalid({"role": [_l("Choose a role.")]})
    return {
        "audience": audience.value,
        "role": role if audience is Audience.ROLE else None,
        "is_default": is_default and audience is Audience.SHARED,
    }


def _require_room(session: Session, resource: Resource, actor: Actor, audience: Audience) -> None:
    private = _view.c.audience == Audience.PRIVATE
    whose = and_(private, _view.c.owner_id == actor.user_id) if audience is Audience.PRIVATE else ~private
    statement = select(func.count()).where(
        _view.c.resource == resource.name, _view.c.deleted_at.is_(None), whose
    )
    if session.execute(statement).scalar_one() >= MAX_VIEWS:
        raise Invalid({"name": [_l("There are %(max)s views already. Delete one first.", max=MAX_VIEWS)]})


def _drop_default(session: Session, resource: Resource, but: int | None = None) -> None:
    statement = update(_view).where(_view.c.resource == resource.name, _view.c.is_default)
    session.execute(statement.where(_view.c.id != (but or 0)).values(is_default=False))


def _name(text: str) -> str:
    name = " ".join(text.replace("\x00", " ").split())
    if not name:
        raise Invalid({"name": [_l("This is needed.")]})
    if len(name) > MAX_NAME:
        raise Invalid({"name": [_l("At most %(max)s characters fit here.", max=MAX_NAME)]})
    return name


@contextmanager
def _unique(session: Session) -> Iterator[None]:
    """Say which rule of uniqueness a statement breaks, and undo that statement alone."""
    try:
        with session.begin_nested():
            yield
    except IntegrityError as error:
        raise _taken(str(error.orig)) from error


def _taken(said: str) -> Invalid:
    if "uq_core_saved_view_role" in said:
        message = _l("This role has a default already. Change that view, or delete it first.")
        return Invalid({"role": [message]})
    if "uq_core_saved_view_default" in said:
        return Invalid({"is_default": [_l("Somebody else has just set another default. Try again.")]})
    return Invalid({"name": [_l("There is a view with this name already.")]})

"""Making, changing and deleting views, for oneself and for others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Row, and_, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.access.actor import Actor
from core.access.permissions import READY_ROLES
from core.errors import Conflict, Forbidden, Invalid, NotFound, StaleVersion
from core.i18n import _l
from core.resources.declaration import Resource
from core.resources.gateway import Gateway
from core.resources.views.models import SavedView
from core.resources.views.query import ViewQuery, check, fit, read_view_query
from core.resources.views.services.visible import Audience, may_share

MAX_NAME: Final = 60
#: Views one person, or all together, may keep of a resource.
MAX_VIEWS: Final = 100
#: How long a deleted view can be had back.
GRACE: Final = timedelta(days=1)
_view = SavedView.__table__


class ViewIncomplete(Conflict):
    """Whoever sees only a part of a view would lose the rest by saving it."""

    code = "view-incomplete"
    message = _l("Parts of this view are not available to you. Save yours under another name.")


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

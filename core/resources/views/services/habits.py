"""How one person uses views: their order, which one opens first for him, and how wide their columns are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from core.access.actor import Actor
from core.errors import Forbidden, NotFound
from core.resources.declaration import Resource
from core.resources.views.models import ViewHabit
from core.resources.views.services.visible import views_of

_habit = ViewHabit.__table__


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

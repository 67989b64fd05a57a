"""What tenants have set: read once for a session, and changed by those who may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import orjson
from marshmallow import ValidationError
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from core.access.actor import Actor
from core.auth.models import User
from core.db.session import tenant_of
from core.errors import Forbidden, Invalid, StaleVersion
from core.i18n import Lazy
from core.resources.settings.models import KeptSettings
from core.resources.values import Habits, first_message, value_of

if TYPE_CHECKING:
    from core.resources.settings.declaration import Setting, Settings

_kept = KeptSettings.__table__
_user = User.__table__
#: Key of a session's memory.
_KNOWN: Final = "guanxi_settings"
#: Somebody who saved in between has another version; nobody has saved where there is no row.
_KEEP: Final = text("""
    insert into core_setting as kept (addon, values, updated_by_id)
    select :addon, cast(:values as jsonb), :user
    where :version = 0 or exists (select from core_setting where addon = :addon)
    on conflict (addon) do update set values = excluded.values, version = kept.version + 1,
        updated_at = now(), updated_by_id = excluded.updated_by_id
    where kept.version = :version
    returning version
""")


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of an addon's settings."""

    #: 0 where nobody has saved yet.
    version: int = 0
    updated_at: datetime | None = None
    #: Who saved last; empty where nobody has, or it was the command line.
    by: str = ""


def values_of(session: Session, addon: str, settings: Mapping[str, Setting]) -> dict[str, Any]:
    """The values that are set, by name; what cannot be read any more, such as a choice that is gone, is not.

    Args:
        session: bound to a tenant.
        addon: whose.
        settings: the values there are.
    """
    known: dict[str, dict[str, Any]] = session.info.setdefault(_KNOWN, {})
    if addon not in known:
        kept = session.scalar(select(_kept.c["values"]).where(_kept.c.addon == addon)) or {}
        habits = Habits.of(tenant_of(session))
        found = {}
        for name, setting in settings.items():
            if name in kept:
                value, problem = _read(setting, kept[name], habits)
                if problem is None:
                    found[name] = value
        known[addon] = found
    return known[addon]


def kept_of(session: Session, addon: str) -> Kept:
    """Which version of an addon's settings there is, and who saved it."""
    asked = (
        select(_kept.c.version, _kept.c.updated_at, _user.c.name)
        .outerjoin(_user, _user.c.id == _kept.c.updated_by_id)
        .where(_kept.c.addon == addon)
    )
    row = session.execute(asked).one_or_none()
    return Kept(row.version, row.updated_at, row.name or "") if row is not None else Kept()


def change(
    session: Session, declared: type[Settings], typed: Mapping[str, Any], *, actor: Actor, version: int
) -> None:
    """Set all values of an addon's settings.

    Args:
        session: bound to a tenant; the caller commits.
        declared: the settings.
        typed: raw input by name; what is not named keeps its value.
        actor: who does it.
        version: what was seen (`Kept.version`).

    Raises:
        Forbidden: the actor has no right to.
        Invalid: a value is not right; nothing is changed.
        StaleVersion: somebody else saved in between.
    """
    if not actor.may(declared.thing(), "change"):
        raise Forbidden
    habits = Habits.of(tenant_of(session))
    problems: dict[str, list[str | Lazy]] = {}
    values = dict(values_of(session, declared.addon, declared.settings))
    for name, setting in declared.settings.items():
        if name in typed:
            values[name], problem = _read(setting, typed[name], habits)
            if problem is not None:
                problems[name] = [problem]
    if problems:
        raise Invalid(problems)
    row = session.execute(
        _KEEP,
        {
            "addon": declared.addon,
            "values": orjson.dumps(values).decode(),
            "user": actor.user_id,
            "version": version,
        },
    ).one_or_none()
    if row is None:
        raise StaleVersion
    session.info.get(_KNOWN, {}).pop(declared.addon, None)


def _read(setting: Setting, value: Any, habits: Habits) -> tuple[Any, str | Lazy | None]:
    """A value as the addon gets it, and what is wrong with it."""
    try:
        return value_of(setting.word, habits, allow_none=setting.is_nullable).deserialize(value), None
    except ValidationError as error:
        return None, first_message(error)

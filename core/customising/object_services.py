"""Making up kinds of records, changing, putting away and deleting them: all rules about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from marshmallow import ValidationError, fields, validate
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.orm import Session

from core.access.actor import Actor
from core.access.permissions import READY_ROLES, Scope
from core.customising.definitions import changed, definitions
from core.customising.errors import LedTo, NoSuchObject, NotConfirmed
from core.customising.models import CustomObject, CustomRecord
from core.customising.naming import slug_for
from core.customising.objects import LEVELS, MadeUp, objects
from core.customising.services import require
from core.errors import Invalid
from core.i18n import Lazy, _l
from core.jobs import enqueue
from core.resources.schemas import InputSchema, flat_errors
from core.resources.values import TextValue

#: What a kind of record may be shown by; names of icons.
ICONS: Final = (
    "box", "package", "tools", "device-laptop", "truck", "plane", "building", "home", "map-pin",
    "calendar-event", "certificate", "award", "file-text", "clipboard-list", "notebook", "book", "school",
    "ticket", "gift", "star", "users", "user-star", "heart", "bulb",
)  # fmt: skip
#: What is done in the background, by `core.customising.jobs`.
REMOVE: Final = "core.remove-object"

_CHOOSE: Final = _l("Choose one of these.")
_object, _record = CustomObject.__table__, CustomRecord.__table__


class ObjectSchema(InputSchema):
    """A kind of record, new or changed: what is not named stays."""

    title_zh = TextValue(max_length=60, allow_none=True)
    title_en = TextValue(max_length=60, allow_none=True)
    plural_en = TextValue(max_length=60, allow_none=True)
    icon = fields.String(validate=validate.OneOf(ICONS, error=_CHOOSE))  # type: ignore[arg-type]
    #: ``{role: {level: scope}}``
    grants = fields.Dict(keys=fields.String(), values=fields.Dict())


def made_up(session: Session, name: str) -> MadeUp:
    """The kind called ``name``, archived or not.

    Raises:
        NoSuchObject: there is none.
    """
    found = next((each for each in objects(session) if each.name == name), None)
    if found is None:
        raise NoSuchObject
    return found


def held(session: Session, found: MadeUp) -> int:
    """How many records there are of a kind, archived ones too."""
    counted = select(func.count()).select_from(_record).where(_record.c.object_id == found.id)
    return int(session.scalar(counted) or 0)


def make_up(session: Session, values: Mapping[str, Any], *, actor: Actor) -> MadeUp:
    """Make up a kind of record; everybody who may has it with the next request.

    Args:
        session: bound to one tenant; the caller commits.
        values: raw, as `ObjectSchema` takes them.
        actor: who does it.

    Raises:
        Forbidden: the actor may not customise.
        Invalid: something about it is not right.
    """
    require(actor)
    row = _checked(session, {"title_zh": "", "title_en": "", "plural_en": "", "grants": {}}, values, "")
    taken = set(session.scalars(select(_object.c.name)))
    row["name"] = slug_for(row["plural_en"] or row["title_en"], row["title_zh"], taken)
    session.execute(insert(_object).values(row))
    _follow(session)
    return made_up(session, row["name"])


def change(session: Session, name: str, values: Mapping[str, Any], *, actor: Actor) -> MadeUp:
    """Change what a kind is called, how it is shown and who may do what with its records; see `make_up`.

    Raises:
        NoSuchObject: there is none.
    """
    require(actor)
    before = made_up(session, name)
    stored = dict(session.execute(select(_object).where(_object.c.id == before.id)).mappings().one())
    row = _checked(session, stored, values, name)
    session.execute(
        update(_object).where(_object.c.id == before.id).values({**row, "updated_at": func.now()})
    )
    _follow(session)
    return made_up(session, name)


def set_archived(session: Session, name: str, *, archived: bool, actor: Actor) -> MadeUp:
    """Put a kind away with all its records, or bring it back."""
    require(actor)
    found = made_up(session, name)
    moment = func.now() if archived else None
    session.execute(update(_object).where(_object.c.id == found.id).values(archived_at=moment))
    _follow(session)
    return found


def delete(session: Session, name: str, *, confirmed: str, actor: Actor) -> int:
    """Delete a kind: it is gone at once, and a job takes its records and fields away.

    Returns:
        The number of the job.

    Raises:
        NotConfirmed: something else than its name was typed.
        LedTo: fields of other records lead to it.
    """
    require(actor)
    found = made_up(session, name)
    if confirmed.strip() != name:
        raise NotConfirmed(name=name)
    leading = [each for each in definitions(session) if each.target == found.resource != each.resource]
    if leading:
        raise LedTo(fields=", ".join(f"{each.label} ({each.resource})" for each in leading))
    session.execute(update(_object).where(_object.c.id == found.id).values(deleted_at=func.now()))
    _follow(session)
    arguments = {"object": found.id, "resource": found.resource}
    return enqueue(session, REMOVE, arguments, actor=actor, label=str(found.title), key=str(found.id))


def _follow(session: Session) -> None:
    """Tell all processes, and let the rights of everybody be worked out anew."""
    session.execute(text("update core_rights_stamp set stamp = gen_random_uuid()"))
    changed(session)


def _checked(
    session: Session, stored: Mapping[str, Any], values: Mapping[str, Any], name: str
) -> dict[str, Any]:
    """The row of a kind with what is wished for, if that is right."""
    try:
        loaded = ObjectSchema().load(values)
    except ValidationError as error:
        raise Invalid(flat_errors(error)) from error
    kept = {key: stored[key] for key in ("title_zh", "title_en", "plural_en", "grants")}
    row: dict[str, Any] = {**kept, **{key: value or "" for key, value in loaded.items()}}
    row["grants"] = loaded.get("grants", stored["grants"])
    errors: dict[str, list[str | Lazy]] = {}
    if not row["title_zh"] and not row["title_en"]:
        errors["title_zh"] = [_l("Write what such a record is called, in one language at least.")]
    for other in objects(session):
        for key in ("title_zh", "title_en"):
            if other.name != name and row[key] and getattr(other, key).casefold() == row[key].casefold():
                errors[key] = [_l("Other records are called so already.")]
    row["grants"] = {role: levels for role, levels in row["grants"].items() if any(levels.values())}
    for role, levels in row["grants"].items():
        levels = row["grants"][role] = {level: scope for level, scope in levels.items() if scope}
        known = role in {each.code for each in READY_ROLES} and levels.keys() <= LEVELS.keys()
        if not known or not set(levels.values()) <= set(Scope):
            errors["grants"] = [_CHOOSE]
        elif "read" not in levels:
            errors[f"grants.{role}"] = [_l("Who changes or deletes records must be able to read them.")]
    if errors:
        raise Invalid(errors)
    return row

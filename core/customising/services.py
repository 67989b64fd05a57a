"""Adding, changing, putting away and deleting fields: all rules about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import orjson
from marshmallow import ValidationError
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from core.access.actor import Actor
from core.customising import stored
from core.customising.definitions import Definition, Option, changed, definitions, word_of
from core.customising.errors import NoSuchField, NotConfirmed, OptionInUse, TooManyFields
from core.customising.kinds import OFFERS
from core.customising.models import CustomField
from core.customising.naming import PREFIX, name_for, value_for
from core.customising.schemas import MAX_OPTIONS, FieldSchema
from core.db.fields import Kind, Sensitivity
from core.db.session import tenant_of
from core.errors import Forbidden, Invalid, NotFound
from core.i18n import LANGUAGES, Lazy, _l, speaking
from core.jobs import enqueue
from core.resources.declaration import Resource
from core.resources.registry import Resources
from core.resources.schemas import flat_errors
from core.resources.values import Habits, first_message, reader_of

#: The right to customise, held by administrators: a thing of its own, and a verb on it.
THING: Final = "core.customisation"
VERB: Final = "change"
MAX_FIELDS: Final = 200
#: What is done in the background, by `core.customising.jobs`.
INDEX: Final = "core.index-fields"
REMOVE: Final = "core.remove-field"

_field = CustomField.__table__


def require(actor: Actor) -> None:
    """Let only those pass who may customise.

    Raises:
        Forbidden: this one may not.
    """
    if not actor.may(THING, VERB):
        raise Forbidden


def customisable(resources: Resources, session: Session) -> list[Resource]:
    """The resources fields can be added to: those with pages that the tenant has on."""
    return [each for each in resources.visible(tenant_of(session)) if "custom" in each.table.c]


def anchors(resource: Resource) -> dict[str, Lazy]:
    """Where on the form a field can stand: ``{first field of a section: title of the section}``."""
    return {
        section.fields[0]: section.title
        for section in resource.form
        if section.fields and not section.fields[0].startswith(PREFIX)
    }


def named(session: Session, resource: str, name: str) -> Definition:
    """A definition as it is stored, archived or not.

    Raises:
        NoSuchField: there is none.
    """
    found = next((each for each in definitions(session, resource) if each.name == name), None)
    if found is None:
        raise NoSuchField
    return found


def add_field(
    session: Session, resources: Resources, resource: str, values: Mapping[str, Any], *, actor: Actor
) -> Definition:
    """Add a field to a resource; everybody has it with the next request.

    Args:
        session: bound to one tenant; the caller commits.
        resources: of this process.
        resource: name of the resource.
        values: raw, as `FieldSchema` takes them.
        actor: who does it.

    Raises:
        Forbidden: the actor may not customise.
        NotFound: there is no such resource here.
        TooManyFields: the resource has as many as it can have.
        Invalid: something about the field is not right.
    """
    require(actor)
    host = _host(resources, session, resource)
    there = definitions(session, resource)
    if len(there) >= MAX_FIELDS:
        raise TooManyFields(max=MAX_FIELDS)
    wish = _loaded(values)
    if wish.get("kind") is None:
        raise Invalid({"kind": [_l("This is needed.")]})
    taken = {*host.fields, *host.lines_fields, *session.scalars(_names(resource))}
    found = Definition(
        id=0,
        resource=resource,
        name=name_for(wish.get("label_en") or "", wish.get("label_zh") or "", taken),
        kind=Kind(wish["kind"]),
        label_zh="",
        label_en="",
        target=wish.get("target") if wish["kind"] == Kind.LINK else None,
        position=1 + max((each.position for each in there), default=0),
    )
    found = _checked(session, resources, host, found, wish)
    row = _row(found)
    number = session.scalars(insert(_field).values(row).returning(_field.c.id)).one()
    _follow(session, None, found, actor)
    return replace(found, id=number)


def change_field(
    session: Session,
    resources: Resources,
    resource: str,
    name: str,
    values: Mapping[str, Any],
    *,
    actor: Actor,
) -> Definition:
    """Change what is said of a field; its name, its kind and what it links to stay; see `add_field`.

    Raises:
        NoSuchField: there is none.
        OptionInUse: an option is left out that records hold.
    """
    require(actor)
    host = _host(resources, session, resource)
    before = named(session, resource, name)
    wish = _loaded(values)
    after = _checked(session, resources, host, before, wish)
    kept = {each.value for each in after.options}
    for option in before.options:
        if option.value not in kept and (count := _holding(session, host, before, option.value)):
            raise OptionInUse(option=option.label, count=count)
    row = {**_row(after), "updated_at": func.now()}
    session.execute(update(_field).where(_field.c.id == before.id).values(row))
    _follow(session, before, after, actor)
    return after


def set_archived(
    session: Session, resources: Resources, resource: str, name: str, *, archived: bool, actor: Actor
) -> Definition:
    """Put a field away, or bring it back; its values stay in the records.

    Raises:
        Forbidden: the actor may not customise.
        NoSuchField: there is none.
    """
    require(actor)
    _host(resources, session, resource)
    before = named(session, resource, name)
    after = replace(before, is_archived=archived)
    moment = func.now() if archived else None
    session.execute(update(_field).where(_field.c.id == before.id).values(archived_at=moment))
    _follow(session, before, after, actor)
    return after


def arrange(
    session: Session, resources: Resources, resource: str, names: Sequence[str], *, actor: Actor
) -> None:
    """Put the added fields of a resource into an order; those not named come last, as they stood."""
    require(actor)
    _host(resources, session, resource)
    there = [each.name for each in definitions(session, resource)]
    order = [*(name for name in dict.fromkeys(names) if name in there), *(n for n in there if n not in names)]
    for position, name in enumerate(order, 1):
        wanted = (_field.c.resource == resource, _field.c.name == name)
        session.execute(update(_field).where(*wanted).values(position=position))
    changed(session)


def delete_field(
    session: Session, resources: Resources, resource: str, name: str, *, confirmed: str, actor: Actor
) -> int:
    """Delete a field: it is gone at once, and a job takes its values out of the records.

    Args:
        session: bound to one tenant; the caller commits.
        resources: of this process.
        resource: name of the resource.
        name: of the field.
        confirmed: the name once more, as somebody has typed it.
        actor: who does it.

    Returns:
        The number of the job.

    Raises:
        Forbidden: the actor may not customise.
        NoSuchField: there is none.
        NotConfirmed: something else was typed.
    """
    require(actor)
    _host(resources, session, resource)
    before = named(session, resource, name)
    if confirmed.strip() != name:
        raise NotConfirmed(name=name)
    session.execute(update(_field).where(_field.c.id == before.id).values(deleted_at=func.now()))
    changed(session)
    return enqueue(
        session, REMOVE, {"field": before.id, "resource": resource, "name": name}, actor=actor,
        label=before.label, key=str(before.id),
    )  # fmt: skip


def held(session: Session, resource: Resource, definition: Definition) -> int:
    """How many records hold a value of a field, archived ones too."""
    table = resource.table
    return int(
        session.scalar(
            select(func.count())
            .select_from(table)
            .where(func.jsonb_exists(table.c.custom, definition.name), *resource.its_own(table))
        )
        or 0
    )


def _host(resources: Resources, session: Session, name: str) -> Resource:
    """The resource fields are added to.

    Raises:
        NotFound: it is not there, off, or part of another.
    """
    resource = resources.named(tenant_of(session), name)
    if "custom" not in resource.table.c:
        raise NotFound
    return resource


def _names(resource: str) -> Any:
    """All names in use, also of fields whose values are still being removed."""
    return select(_field.c.name).where(_field.c.resource == resource)


def _loaded(values: Mapping[str, Any]) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = FieldSchema().load(values)
    except ValidationError as error:
        raise Invalid(flat_errors(error)) from error
    return loaded


def _checked(
    session: Session, resources: Resources, host: Resource, base: Definition, wished: Mapping[str, Any]
) -> Definition:
    """``base`` with what is wished for, if that is right.

    Raises:
        Invalid: it is not.
    """
    wish = {**_row(base), **wished}
    errors: dict[str, list[str | Lazy]] = {}
    offer = OFFERS[base.kind]
    said = ("label_zh", "label_en", "help_zh", "help_en")
    texts: dict[str, Any] = {name: wish[name] or "" for name in said}
    if not texts["label_zh"] and not texts["label_en"]:
        errors["label_zh"] = [_l("Write what the field is called, in one language at least.")]
    for language in LANGUAGES:
        if _is_taken(host, base.name, texts[f"label_{language}"], language):
            errors.setdefault(f"label_{language}", []).append(_l("Another field is called so already."))
    if base.kind is Kind.LINK:
        targets = {each.name for each in resources.visible(tenant_of(session))}
        if base.target not in targets:
            errors["target"] = [_l("Choose one of these.")]
    options = _options(base, wish["options"], errors) if base.kind is Kind.CHOICE else ()
    if wish["beside"] is not None and wish["beside"] not in anchors(host):
        errors["beside"] = [_l("Choose one of these.")]
    found = replace(
        base,
        **texts,
        options=options,
        is_required=wish["is_required"] and base.kind is not Kind.FLAG,
        sensitivity=Sensitivity(wish["sensitivity"]),
        is_searched=wish["is_searched"] and offer.can_be_searched,
        is_frequent=wish["is_frequent"] and offer.can_be_frequent,
        in_list=wish["in_list"],
        in_quick_create=wish["in_quick_create"],
        beside=wish["beside"],
        default=None,
    )
    if wish["default"] not in (None, "", []) and offer.can_default and not errors:
        try:
            value = reader_of(word_of(found), Habits.of(tenant_of(session))).deserialize(wish["default"])
            found = replace(found, default=stored.pack(base.kind, value))
        except ValidationError as error:
            errors["default"] = [first_message(error)]
    if errors:
        raise Invalid(errors)
    return found


def _is_taken(host: Resource, name: str, label: str, language: str) -> bool:
    """Whether another field has this label in this language."""
    if not label:
        return False
    with speaking(language):
        return any(
            each.label.casefold() == label.casefold() for each in host.fields.values() if each.name != name
        )


def _options(
    base: Definition, wished: Sequence[Mapping[str, Any]], errors: dict[str, list[str | Lazy]]
) -> tuple[Option, ...]:
    """The options of a choice; a new one gets a value of its own, a known one keeps its."""
    known = {each.value for each in base.options}
    taken, found = set(known), list[Option]()
    if not 0 < len(wished) <= MAX_OPTIONS:
        errors["options"] = [_l("Write 1 to %(max)s options.", max=MAX_OPTIONS)]
    for number, each in enumerate(wished):
        zh, en = each.get("zh") or "", each.get("en") or ""
        if not zh and not en:
            errors[f"options.{number}"] = [_l("Write what the option is called.")]
        value = each["value"] if each.get("value") in known else value_for(en, zh, taken)
        taken.add(value)
        found.append(Option(value, zh, en, each.get("tone") or "mute"))
    for language in LANGUAGES:
        labels = [getattr(each, language).casefold() for each in found if getattr(each, language)]
        if len(set(labels)) < len(labels) or len({each.value for each in found}) < len(found):
            errors["options"] = [_l("Two options are called the same.")]
    return tuple(found)


def _holding(session: Session, host: Resource, definition: Definition, value: str) -> int:
    """How many records hold one option."""
    table = host.table
    written = stored.expression(Kind.CHOICE, table.c.custom, definition.name)
    return int(
        session.scalar(select(func.count()).select_from(table).where(written == value, *host.its_own(table)))
        or 0
    )


def _row(definition: Definition) -> dict[str, Any]:
    """A definition as its table keeps it."""
    same = (
        "resource", "name", "label_zh", "label_en", "help_zh", "help_en", "target", "is_required", "default",
        "is_searched", "is_frequent", "in_list", "in_quick_create", "beside", "position",
    )  # fmt: skip
    return {name: getattr(definition, name) for name in same} | {
        "kind": str(definition.kind),
        "sensitivity": str(definition.sensitivity),
        "options": orjson.loads(orjson.dumps(definition.options)),
    }


def _follow(session: Session, before: Definition | None, after: Definition, actor: Actor) -> None:
    """Tell all processes, and let jobs do what takes its time: the search, an index."""
    changed(session)
    was_found = before is not None and before.is_searched and not before.is_archived
    is_found = after.is_searched and not after.is_archived
    if was_found != is_found or (is_found and before is not None and before.sensitivity != after.sensitivity):
        enqueue(
            session, "core.reindex", {"resource": after.resource}, actor=actor, label=after.label,
            key=after.resource,
        )  # fmt: skip
    if (before.is_frequent if before is not None else False) != after.is_frequent:
        enqueue(session, INDEX, {}, actor=actor, label=after.label, key="index")

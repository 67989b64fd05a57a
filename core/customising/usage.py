"""Where an added field is used, asked before it is put away or deleted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Text, and_, cast, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from core.auth.models import User
from core.customising.definitions import Definition
from core.customising.services import held
from core.db.session import tenant_of
from core.i18n import _
from core.resources.declaration import Resource
from core.resources.exporting.models import Export
from core.resources.importing.models import Import
from core.resources.registry import Resources
from core.resources.views.models import SavedView

#: Of each sort, so many are looked through.
_LIMIT: Final = 2000

_view, _export, _import, _user = (each.__table__ for each in (SavedView, Export, Import, User))


@dataclass(frozen=True, slots=True)
class Use:
    """One place that names the field."""

    #: view, export, import, form, list or filter.
    sort: str
    title: str
    #: Where it can be seen; empty where there is nothing to show.
    url: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """All places, and how many records hold a value."""

    records: int
    uses: tuple[Use, ...]


def usage_of(session: Session, resources: Resources, definition: Definition) -> Usage:
    """Look for a field in what the tenant keeps.

    Args:
        session: bound to the tenant.
        resources: of this process.
        definition: the field, archived or not.
    """
    visible = {each.name: each for each in resources.visible(tenant_of(session))}
    resource = visible[definition.resource]
    uses = [
        *_placed(definition, resource),
        *_in_views(session, visible, definition),
        *_in_exports(session, visible, definition),
        *_in_imports(session, visible, definition),
    ]
    return Usage(held(session, resource, definition), tuple(uses))


def _placed(definition: Definition, resource: Resource) -> Iterator[Use]:
    """Where it stands by itself."""
    if definition.is_archived:
        return
    for section in resource.form:
        if definition.name in section.fields:
            yield Use("form", _("Form, section “%(title)s”", title=str(section.title)))
    if definition.in_quick_create:
        yield Use("form", _("Short form in dialogs"))
    if definition.in_list:
        yield Use("list", _("Columns of the list"), resource.url)
    if definition.name in resource.quick_filters:
        yield Use("filter", _("Filter above the list"), resource.url)


def _in_views(session: Session, visible: Mapping[str, Resource], definition: Definition) -> Iterator[Use]:
    columns = (_view.c.id, _view.c.resource, _view.c.name, _view.c.audience, _view.c.query, _user.c.name)
    statement = (
        select(*columns)
        .outerjoin(_user, _user.c.id == _view.c.owner_id)
        .where(_view.c.deleted_at.is_(None), _names(_view.c.query, definition))
        .order_by(_view.c.id)
        .limit(_LIMIT)
    )
    for number, name, title, audience, query, owner in session.execute(statement):
        if _mentions(query, visible.get(name), definition):
            if audience == "private":
                yield Use("view", _("A private view of %(name)s", name=owner or _("the command line")))
            else:
                yield Use("view", title, f"{visible[name].url}?view={number}")


def _in_exports(session: Session, visible: Mapping[str, Resource], definition: Definition) -> Iterator[Use]:
    named = or_(_names(_export.c.columns, definition), _names(_export.c.query, definition))
    columns = (_export.c.resource, _export.c.title, _export.c.columns, _export.c.query)
    wanted = and_(named, _export.c.expires_at > func.now())
    for name, title, named_columns, query in session.execute(
        select(*columns).where(wanted).order_by(_export.c.id.desc()).limit(_LIMIT)
    ):
        if _mentions([named_columns, query], visible.get(name), definition):
            yield Use("export", title)


def _in_imports(session: Session, visible: Mapping[str, Resource], definition: Definition) -> Iterator[Use]:
    """How files were read, which is offered again for files with the same columns."""
    statement = (
        select(_import.c.resource, _import.c.file_name, _import.c.mapping)
        .ext(distinct_on(_import.c.resource, _import.c.header_key))
        .where(_names(_import.c.mapping, definition))
        .order_by(_import.c.resource, _import.c.header_key, _import.c.id.desc())
        .limit(_LIMIT)
    )
    for name, title, mapping in session.execute(statement):
        if _mentions(mapping, visible.get(name), definition):
            yield Use("import", title)


def _names(column: Any, definition: Definition) -> Any:
    """Whether JSON may name the field; what it means is looked at afterwards."""
    return cast(column, Text).contains(definition.name, autoescape=True)


def _mentions(kept: Any, resource: Resource | None, definition: Definition) -> bool:
    """Whether some text in JSON kept about ``resource`` is a path to the field."""
    if resource is None:
        return False
    if isinstance(kept, str):
        return _leads_to(kept.lstrip("-").partition(":")[0], resource, definition)
    if isinstance(kept, Mapping):
        return any(_mentions(each, resource, definition) for pair in kept.items() for each in pair)
    return isinstance(kept, list) and any(_mentions(each, resource, definition) for each in kept)


def _leads_to(path: str, resource: Resource, definition: Definition) -> bool:
    at: Resource | None = resource
    for step in path.split("."):
        if at is None:
            return False
        if step == definition.name and at.name == definition.resource:
            return True
        found = at.lines_fields.get(step) or at.fields.get(step)
        at = found.target if found is not None else None
    return False

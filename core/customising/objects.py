"""Kinds of records that administrators make up, and the resources that follow from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.access.permissions import Grant, Scope, grant
from core.addons.switch import MADE_UP
from core.customising.models import CustomObject, CustomRecord
from core.i18n import Lazy, _l, either
from core.resources.declaration import Resource, Section
from core.resources.service import Service

#: What can be granted, and the verbs it stands for.
LEVELS: Final[Mapping[str, str]] = {
    "read": "read export",
    "write": "create update import",
    "delete": "delete",
}

_object = CustomObject.__table__


@dataclass(frozen=True, slots=True)
class MadeUp:
    """A kind of record that an administrator has made up; see `core.customising.models.CustomObject`."""

    id: int
    name: str
    title_zh: str
    title_en: str
    plural_en: str
    icon: str
    #: ``(role, level, scope)``
    grants: tuple[tuple[str, str, Scope], ...] = ()
    is_archived: bool = False

    @property
    def resource(self) -> str:
        """The name of its resource."""
        return f"{MADE_UP}.{self.name}"

    @property
    def title(self) -> Lazy:
        """What one of them is called."""
        return either(self.title_zh, self.title_en)

    @property
    def title_plural(self) -> Lazy:
        """What several of them are called."""
        return either(self.title_zh, self.plural_en or self.title_en)

    def granted(self) -> Iterator[tuple[str, Grant]]:
        """What roles may do with the records, each with its role."""
        for role, level, scope in self.grants:
            yield role, grant(self.resource, LEVELS[level], scope)


class MadeUpResource(Resource):
    """A resource of made-up records: its fields are those all of them have, and what is added."""

    model = CustomRecord
    list_columns = ("name", "number", "owner", "updated_at")
    quick_create = ("name",)
    subtitle = ("number",)
    sort = ("name",)
    form = (Section(_l("Basics"), "name", "owner"),)

    def __init__(self, made_up: MadeUp) -> None:
        """Make the resource of one kind; its records share a table with those of all others."""
        self.plural = made_up.name  # type: ignore[misc]
        self.name = made_up.resource  # type: ignore[misc]
        self.title, self.title_plural = made_up.title, made_up.title_plural  # type: ignore[misc]
        self.icon = made_up.icon  # type: ignore[misc]
        super().__init__(MADE_UP)
        self.constants = {"object_id": made_up.id}
        self.service = Service(self)


def objects(session: Session) -> Sequence[MadeUp]:
    """The kinds as they are stored, archived ones too, in the order in which they were made."""
    statement = select(_object).where(_object.c.deleted_at.is_(None)).order_by(_object.c.id)
    return [_read(row) for row in session.execute(statement).mappings()]


def _read(row: Mapping[Any, Any]) -> MadeUp:
    same = ("id", "name", "title_zh", "title_en", "plural_en", "icon")
    grants = tuple(
        (role, level, Scope(scope))
        for role, levels in sorted(row["grants"].items())
        for level, scope in sorted(levels.items())
    )
    return MadeUp(
        **{name: row[name] for name in same}, grants=grants, is_archived=row["archived_at"] is not None
    )

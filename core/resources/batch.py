"""A batch of changes on its way through a service: the rules see all rows at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from core.access.actor import Actor
from core.i18n import Lazy
from core.resources.declaration import Resource
from core.search.index import Pieces


@dataclass(slots=True)
class Change:
    """One row of a batch: a new record when ``before`` is None."""

    #: By field name, validated; only what is set or changed.
    values: dict[str, Any]
    #: The stored row by column name; what lies beside it by `Field.key`.
    before: Mapping[str, Any] | None = None
    id: int | None = None
    #: What the database gave a new record, by column name (number, version, updated_at); None where
    #: it was not asked because there are many.
    given: Mapping[str, Any] | None = None
    #: Nested lines by name, each a mapping of line fields, with ``id`` for existing ones.
    lines: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    errors: dict[str, list[str | Lazy]] = field(default_factory=dict)
    #: Where it stands when it is a nested line: ``phones.0.``
    address: str = ""
    #: The sort and match keys of values, worked out when these were read: ``{field: (value, keys)}``.
    keys: dict[str, tuple[Any, dict[str, str]]] = field(default_factory=dict)
    #: What values add to the search document, where that was worked out ahead; like ``keys``.
    pieces: dict[str, tuple[Any, Pieces]] = field(default_factory=dict)
    #: The lines as they were, of those that change; filled when they are written.
    lines_before: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)

    def refuse(self, name: str, message: str | Lazy) -> None:
        """Say what is wrong with a field."""
        self.errors.setdefault(name, []).append(message)

    def stored(self, resource: Resource, name: str) -> Any:
        """What was stored of a field before."""
        return None if self.before is None else self.before[resource.fields[name].key]

    def now(self, resource: Resource, name: str) -> Any:
        """What a field will hold after the change."""
        return self.values[name] if name in self.values else self.stored(resource, name)


@dataclass(slots=True)
class Batch:
    """Changes of one kind to one resource, by one actor."""

    resource: Resource
    session: Session
    actor: Actor
    changes: list[Change]
    #: The action that `core.resources.timeline` records: created, updated, archived or restored.
    kind: str

    @property
    def change_set(self) -> int | None:
        """The set these changes belong to; see `core.resources.change_sets.collecting`."""
        found: int | None = self.session.info.get("change_set")
        return found

    @property
    def channel(self) -> str | None:
        """The door these changes come through; see `core.resources.channels`."""
        found: str | None = self.session.info.get("channel")
        return found

    @property
    def good(self) -> list[Change]:
        """The changes nothing is wrong with."""
        return [change for change in self.changes if not change.errors]

"""The definitions of a tenant as the program works with them, read once a version of the tenant."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import count
from typing import Any, Final

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from core.access.permissions import Grant
from core.customising import stored
from core.customising.kinds import OFFERS
from core.customising.models import CustomField
from core.customising.objects import MadeUp, objects
from core.db.fields import Choice, Kind, Sensitivity, Word
from core.db.session import Database, tenant_of
from core.db.tenancy import Tenant
from core.i18n import LANGUAGES, either

#: Versions of tenants whose definitions a process remembers.
_REMEMBERED: Final = 2000
_field = CustomField.__table__


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a choice."""

    value: str
    zh: str
    en: str
    tone: str = "mute"

    @property
    def label(self) -> str:
        """What it is called in the language in force."""
        return str(either(self.zh, self.en))


@dataclass(frozen=True, slots=True)
class Definition:
    """A field that an administrator has added; see `core.customising.models.CustomField`."""

    id: int
    resource: str
    name: str
    kind: Kind
    label_zh: str
    label_en: str
    help_zh: str = ""
    help_en: str = ""
    options: tuple[Option, ...] = ()
    target: str | None = None
    is_required: bool = False
    #: As JSON holds it.
    default: Any = None
    sensitivity: Sensitivity = Sensitivity.INTERNAL
    is_searched: bool = False
    is_frequent: bool = False
    in_list: bool = False
    in_quick_create: bool = False
    beside: str | None = None
    position: int = 0
    is_archived: bool = False

    @property
    def label(self) -> str:
        """What it is called in the language in force."""
        return str(either(self.label_zh, self.label_en))

    @property
    def missing_language(self) -> str | None:
        """The language it has no label in; None when it has both."""
        return next((each for each in LANGUAGES if not getattr(self, f"label_{each}")), None)


@dataclass(frozen=True, slots=True)
class Customisation:
    """All that the administrators of one tenant have added and not put away, in its order."""

    fields: tuple[Definition, ...] = ()
    objects: tuple[MadeUp, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.fields or self.objects)

    def grants(self) -> Iterator[tuple[str, Grant]]:
        """What roles may do with made-up records, each with its role."""
        for each in self.objects:
            yield from each.granted()

    @property
    def has_links(self) -> bool:
        """Whether some field leads to another resource."""
        return any(each.target is not None for each in self.fields)


class Customisations:
    """What tenants have added, as this process remembers it: read once a version of the tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: OrderedDict[tuple[int, int], Customisation] = OrderedDict()
        self._unsaved = count(1)

    def of(self, tenant: Tenant, session: Session | None = None) -> Customisation:
        """What is added for a tenant.

        Args:
            tenant: as the present request or job has found it.
            session: of the tenant; where nothing is remembered and none is given, one is opened.
        """
        place = tenant.id, tenant.version
        found = self._known.get(place)
        if found is None:
            if session is not None:
                found = _read(session)
            else:
                with self._database.session(tenant) as own:
                    found = _read(own)
            self._remember(place, found)
        return found

    def forget(self) -> None:
        """Read everything anew: definitions have come or gone without a new version of their tenant."""
        self._known.clear()

    def changed(self, session: Session) -> None:
        """Let definitions that were changed in this transaction count: here now, elsewhere once it commits.

        The session goes on under a version that no other has, so that nothing is remembered of what may
        be rolled back.
        """
        session.execute(text("select queue.customised()"))
        tenant = replace(tenant_of(session), version=-next(self._unsaved))
        self._remember((tenant.id, tenant.version), _read(session))
        session.info["binding"] = tenant

    def _remember(self, place: tuple[int, int], found: Customisation) -> None:
        self._known[place] = found
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)


def changed(session: Session) -> None:
    """Let definitions that were changed in this transaction count; see `Customisations.changed`."""
    known: Customisations = session.info["database"].customisations
    known.changed(session)


def _read(session: Session) -> Customisation:
    return Customisation(
        tuple(each for each in definitions(session) if not each.is_archived),
        tuple(each for each in objects(session) if not each.is_archived),
    )


def definitions(session: Session, resource: str | None = None) -> Sequence[Definition]:
    """The definitions as they are stored, archived ones too, in their order."""
    statement = select(_field).where(_field.c.deleted_at.is_(None))
    if resource is not None:
        statement = statement.where(_field.c.resource == resource)
    rows = session.execute(statement.order_by(_field.c.resource, _field.c.position, _field.c.id)).mappings()
    return [_definition(row) for row in rows]


def _definition(row: Mapping[Any, Any]) -> Definition:
    same = ("id", "resource", "name", "label_zh", "label_en", "help_zh", "help_en", "target", "is_required")
    more = ("default", "is_searched", "is_frequent", "in_list", "in_quick_create", "beside", "position")
    return Definition(
        kind=Kind(row["kind"]),
        options=tuple(Option(**each) for each in row["options"]),
        sensitivity=Sensitivity(row["sensitivity"]),
        is_archived=row["archived_at"] is not None,
        **{name: row[name] for name in (*same, *more)},
    )


def order_key(name: str) -> str:
    """What the order of a text is kept as beside it; no field can be called so."""
    return f"{name}~order"


@lru_cache(maxsize=4096)
def word_of(definition: Definition) -> Word:
    """What a field means to people; the same object for the same definition, since caches are keyed by it."""
    kind = definition.kind
    return Word(
        kind=kind,
        label=either(definition.label_zh, definition.label_en),
        help=either(definition.help_zh, definition.help_en)
        if definition.help_zh or definition.help_en
        else None,
        sensitivity=definition.sensitivity,
        search=definition.is_searched,
        max_length=OFFERS[kind].max_length,
        choices=_choices(definition) if kind is Kind.CHOICE else None,
        target=definition.target,
        sort_by=order_key(definition.name) if kind is Kind.TEXT else None,
    )


def _choices(definition: Definition) -> type[Choice]:
    """The options as a list of values like that of any choice."""
    members = {
        f"OPTION_{number}": (each.value, either(each.zh, each.en), each.tone)
        for number, each in enumerate(definition.options)
    }
    make: Any = Choice
    made: type[Choice] = make(definition.name, members)
    return made


def default_of(definition: Definition) -> Any:
    """What a new record holds unless its input says otherwise; None for nothing."""
    return None if definition.default is None else stored.unpack(definition.kind, definition.default)

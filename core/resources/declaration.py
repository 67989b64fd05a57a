"""What a resource is: a model and how it is shown. Pure data, checked at start."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final

from sqlalchemy import ColumnElement, FromClause, Table

from core.addons.manifest import AddonError
from core.addons.placing import place_for
from core.db.base import Owned, Record
from core.db.fields import Kind, Sensitivity, Word, word_of
from core.i18n import Lazy, speaking
from core.resources.places import OwnColumn, Place

if TYPE_CHECKING:
    from marshmallow import Schema

    from core.resources.batch import Batch
    from core.resources.service import Service


class Section:
    """A titled group of fields on a form."""

    def __init__(
        self,
        title: Lazy,
        *fields: str,
        id: str = "",
        before: str = "",
        after: str = "",
        replace: str = "",
        when: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Group fields.

        Args:
            title: what stands above them.
            fields: their names, in order.
            id: what addons call the section that place something beside it, so it is not changed any
                more; the title in small letters unless said otherwise.
            before: for a section that an addon adds to another's form: the id of the section it stands
                before; without a place it stands at the end.
            after: the id of the section it stands behind.
            replace: the id of a section that is not shown as long as the addon is on; it stands where
                that was unless it is put elsewhere.
            when: ``{field: values}`` with which forms and pages show it, ``{"product": (Product.BOOTH,)}``;
                the fields are choices. What may be filled in is said by the rules, for all doors.

        Raises:
            ValueError: it is to stand both before one section and after another.
        """
        self.title = title
        self.fields = fields
        self.when: Mapping[str, Sequence[str]] = when or {}
        if not id:
            with speaking("en"):
                id = re.sub(r"[^a-z0-9]+", "-", str(title).lower()).strip("-")
        self.id = id
        self.place = place_for(before, after, replace)

    def fits(self, held: Mapping[str, Any]) -> bool:
        """Whether it is shown with these values, by field name."""
        return all(held.get(name) in values for name, values in self.when.items())

    def called(self, id: str) -> Section:
        """The same section under another id."""
        found = copy(self)
        found.id = id
        return found

    def with_fields(self, fields: Iterable[str]) -> Section:
        """The same section of other fields."""
        found = copy(self)
        found.fields = tuple(fields)
        return found


@dataclass(frozen=True, slots=True)
class Lines:
    """Records of another resource edited inside this one's form; they live and die with it."""

    name: str
    #: Resource of the lines and its link back to this one.
    resource: str
    via: str
    title: Lazy
    add_label: Lazy


@dataclass(frozen=True, slots=True)
class SameName:
    """Records are recognised by their name, however it is written; the field names a ``match_by``."""

    field: str


@dataclass(frozen=True, slots=True)
class Same:
    """Records are recognised by the value of a field: a telephone number, a mail address, a tax number."""

    field: str
    #: Where else the value may stand, in nested lines: ``phones.number``.
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A record of another resource may be meant: a lead's company is a customer already."""

    resource: str
    #: ``{field there: field here}``.
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Action:
    """A named verb beyond create and update: ``POST /{id}/actions/<name>`` and a button."""

    name: str
    title: Lazy
    #: Called as ``run(session, ids, actor=actor, **values)``; a service function of the addon.
    run: Callable[..., Any]
    verb: str = "update"
    icon: str = "bolt"
    #: Shape of ``values``; None when the action takes none.
    schema: type[Schema] | None = None
    #: Whether the page of a record offers it, by the record's fields; None for always. What may be
    #: done is said by ``run`` alone.
    offered: Callable[[Mapping[str, Any]], bool] | None = None


@dataclass(eq=False, slots=True)
class Field:
    """A value of a resource's records as the outside knows it."""

    name: str
    word: Word
    place: Place
    resource: Resource
    #: Who brings it: the resource's own addon, or one that extends it.
    addon: str
    #: The resource a link points to, in the same edition; set when that is complete.
    target: Resource | None = None

    @property
    def key(self) -> str:
        """What stored rows call it; see `Place.key`."""
        return self.place.key

    @property
    def is_nullable(self) -> bool:
        """Whether a record may hold nothing in it."""
        return self.place.is_nullable

    @property
    def is_unique(self) -> bool:
        """Whether no two records hold the same in it."""
        return self.place.is_unique

    @property
    def is_required(self) -> bool:
        """Whether a new record needs it from the input."""
        has_default = self.place.is_made or self.place.default() is not None
        return not self.place.is_nullable and not has_default and not self.word.readonly

    def default(self) -> Any:
        """What a new record holds in it unless the input says otherwise; None for nothing."""
        return self.place.default()

    @property
    def label(self) -> str:
        """The label in the reader's language."""
        return str(self.word.label)


@dataclass(eq=False, slots=True)
class LinesField:
    """Nested lines as a field: only with one record, and as a step of a filter path."""

    name: str
    lines: Lines
    resource: Resource
    target: Resource
    via: Field

    @property
    def back(self) -> ColumnElement[Any]:
        """The column of the lines with the number of the record they belong to."""
        return self.via.place.value(self.target.table)


class Resource:
    """Base of all declarations. Subclass it in the ``resources`` room of an addon.

    There is one object in a process, and one for each *edition*: what tenants see who have the same
    additions to it (`core.resources.editions`). Doors, gateways and services work with the edition of
    their tenant.
    """

    #: ``<addon>.<singular>``; the table is called alike with an underscore.
    name: ClassVar[str]
    model: ClassVar[type[Record]]
    title: ClassVar[Lazy]
    title_plural: ClassVar[Lazy]
    #: Last part of the address, ``customers``; the singular with an s unless said otherwise.
    plural: ClassVar[str] = ""
    icon: ClassVar[str] = "file"
    #: The field that names a record, and those shown muted beside the name.
    label: ClassVar[str] = "name"
    subtitle: tuple[str, ...] = ()
    #: Choice fields shown as tags at the head of a record.
    tags: tuple[str, ...] = ()
    list_columns: tuple[str, ...] = ()
    quick_filters: tuple[str, ...] = ()
    form: tuple[Section, ...] = ()
    #: Fields of the short form in a dialog.
    quick_create: tuple[str, ...] = ()
    #: Values for the example of a new record in the API's document, where its rules ask for more than
    #: its fields tell.
    example: ClassVar[Mapping[str, Any]] = {}
    lines: tuple[Lines, ...] = ()
    actions: tuple[Action, ...] = ()
    sort: ClassVar[tuple[str, ...]] = ("-id",)
    #: Other words for columns of tables, so that an import knows them: ``{"phones.number": ("fax", ...)}``.
    synonyms: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    #: By what two records are told to be the same; a form warns while somebody types.
    duplicates: tuple[SameName | Same, ...] = ()
    #: Other resources among which to look as well.
    elsewhere: tuple[Elsewhere, ...] = ()
    #: A link, or several, whose readable target makes a record readable too (a call follows its customer).
    readable_through: ClassVar[str | tuple[str, ...]] = ()
    #: Edited inside another record only; has no pages, no API and no rights of its own.
    is_nested: ClassVar[bool] = False
    has_timeline: ClassVar[bool] = True
    #: Addons bring calls, mails and the like into its history, which then can be seen alone.
    has_communication: ClassVar[bool] = False
    #: Rules that addons add to those of the service, in their order; see `ResourceExtension.rules`.
    further_rules: tuple[Callable[[Batch], None], ...] = ()
    #: The service class; None for the engine's own.
    service_class: ClassVar[type[Service] | None] = None

    def __init__(self, addon: str) -> None:
        self.addon = addon
        self.table: Table = self.model.__table__
        self.plural_name = self.plural or self.name.partition(".")[2] + "s"
        self.is_owned = issubclass(self.model, Owned)
        self.fields: dict[str, Field] = {}
        self.lines_fields: dict[str, LinesField] = {}
        #: What ``elsewhere`` names, with ``{field there: field here}``.
        #: What all its records hold in these columns, where several resources share a table.
        self.constants: Mapping[str, Any] = {}
        self.lookalikes: list[tuple[Resource, Mapping[str, str]]] = []
        #: All sections of the form in the order in which they came, those that others replace included.
        self.sections = self.form
        #: In editions, which fields additions have put behind which: ``{list: {field: field}}``.
        self.put_behind: dict[str, dict[str, str]] = {}
        for column in self.table.columns:
            word = word_of(column)
            if word is not None:
                name = field_name(column.name, word)
                self.fields[name] = Field(name, word, OwnColumn(column), self, addon)
        self.service: Service

    def edition(self) -> Resource:
        """A copy to which additions can be made; its links and lines are not connected yet."""
        found = copy(self)
        for name in _WORKED_OUT:
            found.__dict__.pop(name, None)
        found.fields = {
            name: replace(field, resource=found, target=None) for name, field in self.fields.items()
        }
        found.lines_fields, found.lookalikes, found.put_behind = {}, [], {}
        found.sections = self.form
        found.service = type(self.service)(found)
        return found

    @property
    def tables(self) -> Sequence[Table]:
        """Its own table, then those beside it that hold fields of its records."""
        columns = (field.place.column for field in self.fields.values())
        return tuple(dict.fromkeys((self.table, *(each.table for each in columns if each is not None))))

    def its_own(self, table: FromClause) -> list[ColumnElement[bool]]:
        """The conditions that tell its records from those of others in ``table``; mostly there are none."""
        return [table.c[name] == value for name, value in self.constants.items()]

    @property
    def label_field(self) -> Field:
        """The field that names a record."""
        return self.fields[self.label]

    @cached_property
    def searched(self) -> Sequence[tuple[LinesField | None, Field]]:
        """What the quick search looks at: fields, and fields of the nested lines; secret ones never."""
        own: list[tuple[LinesField | None, Field]] = [(None, field) for field in self.fields.values()]
        nested = [
            (lines, field) for lines in self.lines_fields.values() for field in lines.target.fields.values()
        ]
        return [
            (lines, field)
            for lines, field in own + nested
            if field.word.search and field.word.sensitivity is not Sensitivity.SECRET
        ]

    @cached_property
    def given_columns(self) -> Sequence[str]:
        """The columns of a new row that the database fills and what follows the write wants to know."""
        made = [field.key for lines, field in self.searched if lines is None and field.place.is_made]
        return tuple(dict.fromkeys(("id", "version", "updated_at", *made)))

    @property
    def is_searched(self) -> bool:
        """Whether the quick search finds its records by themselves."""
        return not self.is_nested and any(lines is None for lines, _field in self.searched)

    @property
    def path(self) -> str:
        """Address below the API: ``customer/customers``."""
        return f"{self.addon}/{self.plural_name}"

    @property
    def url(self) -> str:
        """Address of its pages: ``/customer/customers``; the core's lie under ``/settings``."""
        return f"/settings/{self.plural_name}" if self.addon == "core" else f"/{self.path}"

    @property
    def readable_links(self) -> tuple[str, ...]:
        """What ``readable_through`` names, as several."""
        through = self.readable_through
        return (through,) if isinstance(through, str) else through

    def verbs(self) -> Iterator[str]:
        """The verbs of its own actions, beyond those every resource has."""
        yield from dict.fromkeys(action.verb for action in self.actions)

    def check(self, file: str) -> None:
        """See that every field the declaration names is there.

        Raises:
            AddonError: names the file, the place and the field.
        """
        places: Mapping[str, tuple[str, ...]] = {
            "label": (self.label,),
            "subtitle": self.subtitle,
            "tags": self.tags,
            "list_columns": self.list_columns,
            "quick_filters": self.quick_filters,
            "form": tuple(name for section in self.form for name in section.fields),
            "quick_create": self.quick_create,
            "sort": tuple(name.removeprefix("-") for name in self.sort),
            "readable_through": self.readable_links,
            "duplicates": tuple(rule.field for rule in self.duplicates),
            "synonyms": tuple(
                name for name in self.synonyms if name.partition(".")[0] not in self._lines_names()
            ),
            "elsewhere": tuple(name for each in self.elsewhere for name in each.fields.values()),
        }
        for place, names in places.items():
            for name in names:
                if name.partition(".")[0] not in self.fields:
                    known = ", ".join(self.fields)
                    raise AddonError(
                        f"{file}: {type(self).__name__}.{place} names “{name}”; there are {known}"
                    )
        for section in self.form:
            if problem := self.condition_problem(section):
                raise AddonError(f"{file}: {type(self).__name__}.form: the section “{section.id}” {problem}")
        ids = [section.id for section in self.form]
        if len(set(ids)) < len(ids):
            raise AddonError(
                f"{file}: {type(self).__name__}.form has two sections of one id: {', '.join(ids)}"
            )
        for rule in self.duplicates:
            if isinstance(rule, SameName) and not self.fields[rule.field].word.match_by:
                raise AddonError(
                    f"{file}: {type(self).__name__}.duplicates: “{rule.field}” needs a match_by in the model"
                )
        for name in self.fields:
            if name.startswith(ADDED):
                raise AddonError(
                    f"{file}: {type(self).__name__}.{name}: names that begin with “{ADDED}” are left to"
                    " fields that administrators add"
                )
        if self.name.partition(".")[0] != self.addon:
            raise AddonError(f"{file}: {type(self).__name__}.name must begin with “{self.addon}.”")

    def condition_problem(self, section: Section) -> str:
        """What is wrong with that on which a section depends; empty where nothing is."""
        for name, values in section.when.items():
            choices = self.fields[name].word.choices if name in self.fields else None
            if choices is None:
                known = [each.name for each in self.fields.values() if each.word.choices]
                return f"depends on “{name}”, which is no choice; there are {', '.join(known) or 'none'}"
            for value in values:
                if value not in list(choices):
                    return f"depends on the value “{value}” of “{name}”; there are {', '.join(choices)}"
        return ""

    def _lines_names(self) -> set[str]:
        return {lines.name for lines in self.lines}

    def __repr__(self) -> str:
        return f"<resource {self.name}>"


#: So begin the names of fields that administrators add, and no others.
ADDED: Final = "x_"


def field_name(column: str, word: Word) -> str:
    """What the field of a column is called; a link drops the ``_id``."""
    return column.removesuffix("_id") if word.kind is Kind.LINK else column


#: What a resource works out once, from its fields.
_WORKED_OUT: Final = ("searched", "given_columns")

#: The declaration of each model in this process; tables are there once, and so are these.
_of_model: Final[dict[type[Record], Resource]] = {}


def remember(resource: Resource) -> None:
    """Let `resource_of` find a registered declaration."""
    _of_model[resource.model] = resource


def resource_of(model: type[Record]) -> Resource:
    """The declaration of ``model``, for services and queries of the addon that owns it.

    Raises:
        LookupError: the model has none, or its addon is not loaded.
    """
    try:
        return _of_model[model]
    except KeyError:
        raise LookupError(f"{model.__name__} has no declaration") from None


def resource_called(name: str) -> Resource | None:
    """The declaration whose name the database has kept, whether a tenant has its addon on or not.

    Returns:
        None where there is none, or its addon is not loaded any more.
    """
    return next((each for each in _of_model.values() if each.name == name), None)


def resource_named(name: str) -> Resource:
    """The declaration called ``name``, for an addon that knows it is there: its own, or one it needs.

    Raises:
        LookupError: it is not.
    """
    resource = resource_called(name)
    if resource is None:
        raise LookupError(f"there is no resource “{name}”")
    return resource

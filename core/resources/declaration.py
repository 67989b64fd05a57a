"""What a resource is: a model and how it is shown. Pure data, checked at start."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final

from sqlalchemy import Column, ColumnDefault, Table

from core.addons.manifest import AddonError
from core.db.base import Owned, Record
from core.db.fields import Kind, Sensitivity, Word, word_of
from core.i18n import Lazy

if TYPE_CHECKING:
    from marshmallow import Schema

    from core.resources.service import Service


class Section:
    """A titled group of fields on a form."""

    def __init__(self, title: Lazy, *fields: str, when: Mapping[str, Sequence[str]] | None = None) -> None:
        """Group fields.

        Args:
            title: what stands above them.
            fields: their names, in order.
            when: ``{field: values}`` with which a form shows it, ``{"product": (Product.BOOTH,)}``; the
                fields are choices. A page shows it whenever something is filled in, and the rules say
                what may be.
        """
        self.title = title
        self.fields = fields
        self.when: Mapping[str, Sequence[str]] = when or {}


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
    """A column of a resource as the outside knows it; a link drops the ``_id`` of its column."""

    name: str
    word: Word
    column: Column[Any]
    resource: Resource
    #: The resource a link points to; set when the registry is complete.
    target: Resource | None = None

    @property
    def is_required(self) -> bool:
        """Whether a new record needs it from the input."""
        has_default = self.column.default is not None or self.column.server_default is not None
        return not self.column.nullable and not has_default and not self.word.readonly

    def default(self) -> Any:
        """What a new record holds in it unless the input says otherwise; None for nothing."""
        default = self.column.default
        if not isinstance(default, ColumnDefault):
            return None
        return default.arg(None) if default.is_callable else default.arg

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


class Resource:
    """Base of all declarations. Subclass it in the ``resources`` room of an addon."""

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
    subtitle: ClassVar[tuple[str, ...]] = ()
    #: Choice fields shown as tags at the head of a record.
    tags: ClassVar[tuple[str, ...]] = ()
    list_columns: ClassVar[tuple[str, ...]] = ()
    quick_filters: ClassVar[tuple[str, ...]] = ()
    form: ClassVar[tuple[Section, ...]] = ()
    #: Fields of the short form in a dialog.
    quick_create: ClassVar[tuple[str, ...]] = ()
    #: Values for the example of a new record in the API's document, where its rules ask for more than
    #: its fields tell.
    example: ClassVar[Mapping[str, Any]] = {}
    lines: ClassVar[tuple[Lines, ...]] = ()
    actions: ClassVar[tuple[Action, ...]] = ()
    sort: ClassVar[tuple[str, ...]] = ("-id",)
    #: Other words for columns of tables, so that an import knows them: ``{"phones.number": ("fax", ...)}``.
    synonyms: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    #: By what two records are told to be the same; a form warns while somebody types.
    duplicates: ClassVar[tuple[SameName | Same, ...]] = ()
    #: Other resources among which to look as well.
    elsewhere: ClassVar[tuple[Elsewhere, ...]] = ()
    #: A link, or several, whose readable target makes a record readable too (a call follows its customer).
    readable_through: ClassVar[str | tuple[str, ...]] = ()
    #: Edited inside another record only; has no pages, no API and no rights of its own.
    is_nested: ClassVar[bool] = False
    has_timeline: ClassVar[bool] = True
    #: Addons bring calls, mails and the like into its history, which then can be seen alone.
    has_communication: ClassVar[bool] = False
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
        self.lookalikes: list[tuple[Resource, Mapping[str, str]]] = []
        for column in self.table.columns:
            word = word_of(column)
            if word is not None:
                name = column.name.removesuffix("_id") if word.kind is Kind.LINK else column.name
                self.fields[name] = Field(name, word, column, self)
        self.service: Service

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
        own = [field.column.name for lines, field in self.searched if lines is None]
        made = [name for name in own if self.table.c[name].server_default is not None]
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
        self._check_conditions(file)
        for rule in self.duplicates:
            if isinstance(rule, SameName) and not self.fields[rule.field].word.match_by:
                raise AddonError(
                    f"{file}: {type(self).__name__}.duplicates: “{rule.field}” needs a match_by in the model"
                )
        if self.name.partition(".")[0] != self.addon:
            raise AddonError(f"{file}: {type(self).__name__}.name must begin with “{self.addon}.”")

    def _check_conditions(self, file: str) -> None:
        """See that what sections depend on are values of choices.

        Raises:
            AddonError: names the file, the section and the field or value.
        """
        for section in self.form:
            for name, values in section.when.items():
                place = f"{file}: {type(self).__name__}.form: the section “{section.title}”"
                choices = self.fields[name].word.choices if name in self.fields else None
                if choices is None:
                    known = ", ".join(each.name for each in self.fields.values() if each.word.choices)
                    raise AddonError(f"{place} depends on “{name}”, which is no choice; there are {known}")
                for value in values:
                    if value not in list(choices):
                        known = ", ".join(choices)
                        raise AddonError(
                            f"{place} depends on the value “{value}” of “{name}”; there are {known}"
                        )

    def _lines_names(self) -> set[str]:
        return {lines.name for lines in self.lines}

    def __repr__(self) -> str:
        return f"<resource {self.name}>"


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

"""What becomes of a tenant's customisation in an addon: which field of which table each field is."""

from __future__ import annotations

import keyword
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from core.addons.switch import MADE_UP
from core.customising.definitions import Definition
from core.customising.models import CustomRecord
from core.customising.naming import PREFIX
from core.customising.objects import MadeUp
from core.db.fields import Kind
from core.errors import Invalid
from core.i18n import _l
from core.kit.scaffold import singular_of
from core.resources.declaration import Resource
from core.resources.query import RESERVED

#: Of identifiers of PostgreSQL; names of indexes begin with ``ix_`` and hold table and column.
_LONGEST: Final = 63
#: What no field may be called: columns and fields that all records have, words of addresses, attributes of
#: models, and names that the written classes read while they are made.
_STANDING: Final = frozenset(
    {*map(str, CustomRecord.__table__.c.keys()), "owner", "unit", "created_by", "updated_by", *RESERVED}
    | {"metadata", "registry", "fields", "date", "datetime", "int", "str", "bool", "list"}
)


@dataclass(frozen=True, slots=True)
class Column:
    """A field that becomes a column."""

    definition: Definition
    #: What the field is called from now on.
    name: str
    #: Name of the class with the values of a choice.
    choices: str = ""
    #: The resource a link leads to, as it is called from now on.
    target: str = ""
    #: Whether the link closes a circle of tables.
    is_circular: bool = False

    @property
    def column(self) -> str:
        """The column of the table."""
        return f"{self.name}_id" if self.definition.kind is Kind.LINK else self.name

    @property
    def label(self) -> str:
        """What it is called in English; made from the name where nobody has said it."""
        return self.definition.label_en or self.name.replace("_", " ").capitalize()


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the addon: of further fields of a resource, or of records of its own."""

    #: The resource it belongs to, as it is called from now on.
    resource: str
    name: str
    klass: str
    columns: Sequence[Column]
    #: The kind of record that becomes a resource of the addon's own.
    made_up: MadeUp | None = None
    #: The resource that is extended.
    host: Resource | None = None

    @property
    def record(self) -> str:
        """The last part of the resource's name."""
        return self.resource.partition(".")[2]


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is written."""

    addon: str
    tables: Sequence[Table]
    #: Addons it stands on.
    depends: Sequence[str]
    #: What could not come along, each with the reason; ``{resource.field: addon that is missing}``.
    left: Mapping[str, str] = field(default_factory=dict)

    @property
    def own(self) -> list[Table]:
        """Tables of records of its own."""
        return [each for each in self.tables if each.made_up is not None]

    @property
    def beside(self) -> list[Table]:
        """Tables of further fields of others' records."""
        return [each for each in self.tables if each.made_up is None]

    def as_data(self) -> dict[str, Any]:
        """Where each field and record goes, for programs that move the values."""
        return {
            "objects": [
                {"from": each.made_up.resource, "resource": each.resource, "table": each.name}
                for each in self.own
                if each.made_up is not None
            ],
            "fields": [
                {
                    "from": {"resource": column.definition.resource, "field": column.definition.name},
                    "kind": str(column.definition.kind),
                    "resource": each.resource,
                    "field": column.name,
                    "table": each.name,
                    "column": column.column,
                }
                for each in self.tables
                for column in each.columns
            ],
        }


def plan(
    addon: str,
    fields: Iterable[Definition],
    kinds: Iterable[MadeUp],
    resources: Mapping[str, Resource],
    taken: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> Plan:
    """Decide what everything is called and where it lies.

    Args:
        addon: the name of the addon.
        fields: the definitions that are in use.
        kinds: the made-up kinds that are in use.
        resources: what the tenant sees, by name, with all that is added to it.
        taken: names of fields that addons the tenant has off bring as well, by resource.

    Raises:
        Invalid: the addon's name makes names of tables that are too long.
    """
    fields, kinds = list(fields), list(kinds)
    records = _records(kinds)
    renamed = {each.resource: f"{addon}.{records[each.name]}" for each in kinds}
    left = {
        f"{each.resource}.{each.name}": (
            each.resource if each.resource not in resources else str(each.target)
        )
        for each in fields
        if each.resource not in resources or (each.target is not None and each.target not in resources)
    }
    hosts = dict.fromkeys(each.resource for each in fields if not each.resource.startswith(f"{MADE_UP}."))
    taken_records = set(records.values())
    classes: set[str] = set()
    links: dict[str, set[str]] = {}
    tables = []
    for name in (*(each.resource for each in kinds), *hosts):
        chosen = [
            each for each in fields if each.resource == name and f"{each.resource}.{each.name}" not in left
        ]
        if not chosen and name not in renamed:
            continue
        resource = renamed.get(name, name)
        record = resource.partition(".")[2]
        if name not in renamed and record in taken_records:
            record = resource.replace(".", "_")
        klass = _class_of(record, "" if name in renamed else "Facts", classes)
        host = None if name in renamed else resources[name]
        table = f"{addon}_{record}"
        names = {*host.fields, *host.lines_fields, *taken.get(name, ())} if host is not None else set()
        columns = _columns(addon, klass, chosen, names, renamed, classes)
        if name in renamed:
            columns = [_unwound(each, resource, links) for each in columns]
        _check_length(table, columns)
        taken_records.add(record)
        made_up = next((each for each in kinds if each.resource == name), None)
        tables.append(Table(resource, table, klass, columns, made_up, host))
    return Plan(addon, tables, _needed(addon, tables), left)


def _records(kinds: Sequence[MadeUp]) -> dict[str, str]:
    """What one record of each kind is called in names: ``{"machines": "machine"}``."""
    found: dict[str, str] = {}
    names = {each.name for each in kinds}
    for each in kinds:
        one = singular_of(each.name) or each.name
        found[each.name] = each.name if keyword.iskeyword(one) or one in names else one
    return found


def _class_of(name: str, ending: str, taken: set[str]) -> str:
    """A name for a class that no other has; it is noted."""
    first = found = "".join(part.capitalize() for part in name.split("_")) + ending
    number = 1
    while found in taken | _IMPORTED or not found.isidentifier() or keyword.iskeyword(found):
        number += 1
        found = f"{first}{number}" if first.isidentifier() else f"Kind{first}"
        first = first if first.isidentifier() else f"Kind{first}"
    taken.add(found)
    return found


#: What the written files import under these names.
_IMPORTED: Final = frozenset(
    {"Mapped", "Index", "Extension", "Owned", "Record", "Sensitivity", "Resource", "Section", "Placed"}
    | {"ResourceExtension", "MenuGroup", "MenuItem", "Scope", "Sequence", "Batch", "None", "True", "False"}
)


def _columns(
    addon: str,
    klass: str,
    chosen: Sequence[Definition],
    names: Collection[str],
    renamed: Mapping[str, str],
    classes: set[str],
) -> list[Column]:
    taken = {*_STANDING, *names}
    found = []
    for each in chosen:
        name = _field_name(addon, each, taken)
        taken |= {name, f"{name}_id", f"{name}_key"}
        choices = ""
        if each.kind is Kind.CHOICE:
            choices = _class_of(f"{klass.removesuffix('Facts')}_{name}", "", classes)
        target = renamed.get(each.target or "", each.target or "")
        found.append(Column(each, name, choices, target))
    return found


def _field_name(addon: str, definition: Definition, taken: Collection[str]) -> str:
    """Its name without the prefix; with the addon's before it where that is taken or is no name."""
    plain = definition.name.removeprefix(PREFIX)
    fits = plain.isidentifier() and not keyword.iskeyword(plain) and not plain.startswith("_")
    if definition.kind is Kind.LINK:
        plain = plain.removesuffix("_id") or plain
    first = name = (
        plain if fits and not {plain, f"{plain}_key", f"{plain}_id"} & set(taken) else f"{addon}_{plain}"
    )
    number = 1
    while name in taken:
        number += 1
        name = f"{first}_{number}"
    return name


def _unwound(column: Column, resource: str, links: dict[str, set[str]]) -> Column:
    """The column, marked if its link closes a circle; which resources lead to which is noted."""
    if not column.target or column.target == resource:
        return column
    seen, waiting = set(), [column.target]
    while waiting:
        each = waiting.pop()
        if each == resource:
            return Column(column.definition, column.name, column.choices, column.target, is_circular=True)
        if each not in seen:
            seen.add(each)
            waiting += links.get(each, ())
    links.setdefault(resource, set()).add(column.target)
    return column


def _check_length(table: str, columns: Sequence[Column]) -> None:
    longest = max((len(each.column) for each in columns), default=0)
    if len(f"ix_{table}_{'x' * longest}_key") > _LONGEST or len(f"{table}_number_seq") > _LONGEST:
        raise Invalid({"name": [_l("Names of tables would be too long. Choose a shorter name.")]})


def _needed(addon: str, tables: Sequence[Table]) -> list[str]:
    """The addons it stands on, in the order in which they are named."""
    named = []
    for table in tables:
        named += [table.resource, *(each.target for each in table.columns if each.target)]
        if table.host is not None:
            named += [section.id for section in _sections(table.host, table.columns) if "." in section.id]
    owners = (each.partition(".")[0] for each in named)
    return [each for each in dict.fromkeys(owners) if each not in ("core", addon)]


def _sections(host: Resource, columns: Sequence[Column]) -> list[Any]:
    beside = {each.definition.beside for each in columns} - {None}
    return [section for section in host.form if beside & set(section.fields)]

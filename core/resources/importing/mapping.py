"""Which column goes where: by name, by label, or by a mapping the user wrote.

A mapping is JSON; every part may be left out:

    {
      "columns": {
        "account": "name",
        "subsidiary_of": {"field": "parent", "by": "name", "create": true},
        "Churn": {"field": "kind", "values": {"Yes": "lost", "No": "active"}},
        "since": {"field": "joined_on", "format": "mdy"},
        "tenure": {"note": "Tenure (months)"},
        "x": null
      },
      "constants": {"type": "person"},
      "defaults": {"level": "B"}
    }

``null`` leaves a column out. ``note`` puts "Tenure (months): 34" into a note on the record's timeline,
one note for all such columns of a row: a field of the record is the user's to write in, an import does
not add to it. ``format`` says what comes first in days such as 3/1/2026: ymd, mdy or dmy. A constant
is set in every row, a default where a new record has no value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson

from core.db.fields import Kind
from core.errors import Forbidden, Invalid
from core.i18n import LANGUAGES, Lazy, _l, speaking
from core.resources.cells import fold
from core.resources.columns import Column, headers, read_column
from core.resources.declaration import Resource
from core.resources.gateway import Gateway
from core.resources.resolver import Answer, UnknownField
from core.resources.written import DAY_ORDERS, DayOrder

_DAYS = (Kind.DAY, Kind.INSTANT)
#: Who made and changed a record, and when.
AUTHORS: Final = ("created_at", "created_by", "updated_at", "updated_by")
#: The column that the file of bad rows has besides those of its source.
PROBLEM = _l("problem")


class BadMapping(Invalid):
    """A mapping cannot be used; ``reason`` says why."""

    code = "bad-mapping"
    message = _l("The columns cannot be mapped: %(reason)s.")

    def __init__(self, reason: str | Lazy) -> None:
        super().__init__(reason=reason)


class UnknownColumns(Invalid):
    """Columns of the file go nowhere."""

    code = "unknown-columns"
    message = _l(
        "There is no field for: %(columns)s. Map them or skip them on purpose. Fields are: %(known)s."
    )

    def __init__(self, columns: Sequence[str], known: Iterable[str]) -> None:
        shown = ", ".join(f"“{name[:60]}”" for name in columns[:20]) + (" …" if len(columns) > 20 else "")
        super().__init__(columns=shown, known=", ".join(known))


@dataclass(frozen=True, eq=False, slots=True)
class Target:
    """Where a column of the file goes."""

    header: str
    #: Place of the cell in the row; None for constants and defaults without a column.
    place: int | None
    #: The field; None when the cell goes into the note.
    column: Column | None = None
    #: What stands before the cell in the note.
    note: str = ""
    #: What cells mean: ``{folded cell: value}``.
    values: Mapping[str, str] = field(default_factory=dict)
    #: What comes first in days that do not say it themselves.
    order: DayOrder | None = None
    #: Make a missing record of a link instead of refusing the row.
    creates: bool = False
    constant: Any = None
    default: Any = None
    #: Who made or changed a record and when: taken from the file instead of now and oneself.
    keeps: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether its cells are values of a field people write, neither a link nor of a line."""
        column = self.column
        return (
            column is not None
            and column.lines is None
            and column.field.target is None
            and not column.field.word.readonly
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of every column."""

    targets: tuple[Target, ...]
    #: Columns left out because somebody said so, and fields that only the system sets.
    skipped: tuple[str, ...]
    kept_by_system: tuple[str, ...]
    #: The column that records are recognised by.
    key: Target | None = None


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """A mapping as the user wrote it."""

    columns: Mapping[str, Any] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)


def read_mapping(content: bytes) -> ColumnMap:
    """Read a mapping from JSON.

    Raises:
        BadMapping: it is no JSON, or not of this form.
    """
    try:
        data = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise BadMapping(_l("the mapping is not written in JSON (%(error)s)", error=str(error))) from None
    if not isinstance(data, dict) or set(data) - {"columns", "constants", "defaults"}:
        raise BadMapping(_l("a mapping is an object with “columns”, “constants” and “defaults”"))
    for part, value in data.items():
        if not isinstance(value, dict):
            raise BadMapping(_l("“%(part)s” must be an object", part=part))
    return ColumnMap(**data)


def make_plan(
    gateway: Gateway,
    resource: Resource,
    header: Sequence[str],
    mapping: ColumnMap | None = None,
    *,
    key: str | None = None,
    skip_unknown: bool = False,
    keep_authors: bool = False,
) -> Plan:
    """Say where each column of a file goes.

    Args:
        gateway: of the one who imports; fields hidden from them are unknown.
        resource: what is imported.
        header: the names of the columns.
        mapping: what the user said of them.
        key: the field, or the column, that records are recognised by.
        skip_unknown: leave columns without a field out instead of refusing the file.
        keep_authors: take from the file who made and changed the records and when, where it says so;
            for administrators only.

    Raises:
        UnknownColumns: columns go nowhere.
        BadMapping: two columns go to one field, the mapping names what is not there, or the key
            is no column.
        Forbidden: only administrators may keep authors.
    """
    if keep_authors and not gateway.actor.is_administrator:
        raise Forbidden
    return _Planner(gateway, resource, mapping or ColumnMap(), skip_unknown, keep_authors).plan(header, key)


class _Planner:
    def __init__(
        self,
        gateway: Gateway,
        resource: Resource,
        mapping: ColumnMap,
        skip_unknown: bool,
        keep_authors: bool,
    ) -> None:
        self.keeps = AUTHORS if keep_authors else ()
        self.gateway = gateway
        self.resource = resource
        self.mapping = mapping
        self.skip_unknown = skip_unknown
        self.known = headers(gateway.resolver, resource)

    def plan(self, header: Sequence[str], key: str | None) -> Plan:
        wishes = self._wishes(header)
        targets: list[Target] = []
        skipped: list[str] = []
        unknown: list[str] = []
        for place, name in enumerate(header):
            if name in wishes:
                target = self._wished(name, place, wishes[name])
            elif place == len(header) - 1 and self._is_problem(name):
                continue
            elif name.removesuffix(".id") != name and name.removesuffix(".id") in header:
                target = None  # a link of JSON comes by label and by id; without a word the label counts
            else:
                column = self._column(name)
                target = None if column is None else Target(name, place, column)
                if column is None and not self.skip_unknown:
                    unknown.append(name)
            if target is None:
                skipped.append(name)
            else:
                targets.append(target)
        if unknown:
            raise UnknownColumns(unknown, self._writable())
        self._once(targets)
        targets = self._fixed(targets)
        self._once(targets)
        found = self._key(targets, key)
        targets = [self._keeping(target) for target in targets]
        system = [
            each
            for each in targets
            if each.column and each.column.field.word.readonly and each is not found and not each.keeps
        ]
        kept = tuple(each for each in targets if each not in system)
        return Plan(kept, tuple(skipped), tuple(each.header for each in system), found)

    def _wishes(self, header: Sequence[str]) -> dict[str, Any]:
        """What the mapping says of the columns, by the file's own spelling of their names."""
        folded = {fold(name): name for name in header}
        wishes = {}
        for name, wish in self.mapping.columns.items():
            here = name if name in header else folded.get(fold(name))
            if here is None:
                raise BadMapping(_l("the file has no column “%(name)s”", name=name[:60]))
            wishes[here] = wish
        return wishes

    def _wished(self, name: str, place: int, wish: Any) -> Target | None:
        if wish is None:
            return None
        if isinstance(wish, str):
            return Target(name, place, self._named(wish))
        if not isinstance(wish, dict):
            raise BadMapping(_l("“%(name)s” must go to a field, a note or null", name=name[:60]))
        if set(wish) == {"note"} and (wish["note"] is True or isinstance(wish["note"], str)):
            return Target(name, place, note=name if wish["note"] is True else wish["note"])
        values = wish.get("values", {})
        if (
            not isinstance(wish.get("field"), str)
            or set(wish) - {"field", "by", "create", "values", "format"}
            or not isinstance(wish.get("by", ""), str)
            or not isinstance(wish.get("create", False), bool)
            or not isinstance(values, dict)
            or not all(isinstance(value, str) for value in values.values())
        ):
            raise BadMapping(
                _l(
                    "“%(name)s” takes “field”, “by”, “values”, “create” and “format”, or “note”",
                    name=name[:60],
                )
            )
        column = self._named(".".join(filter(None, (wish["field"], wish.get("by")))))
        creates = wish.get("create", False)
        if creates and (
            column.field.target is None or column.by not in (None, column.field.target.label_field)
        ):
            raise BadMapping(_l("“%(name)s” can create records only of a link by its name", name=name[:60]))
        order = wish.get("format")
        if order is not None and (order not in DAY_ORDERS or column.field.word.kind not in _DAYS):
            raise BadMapping(_l("“%(name)s”: the format of a day is ymd, mdy or dmy", name=name[:60]))
        meant = {fold(cell): value for cell, value in values.items()}
        return Target(name, place, column, values=meant, order=order, creates=creates)

    def _named(self, name: str) -> Column:
        column = self._column(name)
        if column is None:
            raise BadMapping(
                _l(
                    "there is no field “%(name)s”; there are %(known)s",
                    name=name[:60],
                    known=", ".join(self._writable()),
                )
            )
        return column

    def _column(self, name: str) -> Column | None:
        """The column a header or a mapping means: by exact name, else by folded name or label."""
        folded = self.known.get(fold(name), set())
        for each in (name, *(folded if len(folded) == 1 else ())):
            try:
                column = read_column(self.gateway.resolver, self.resource, each)
            except UnknownField:
                continue
            fields = (column.field, column.by) if column.by is not None else (column.field,)
            if all(self.gateway.resolver.answer(each) is Answer.OPEN for each in fields):
                return column
        return None

    def _writable(self) -> list[str]:
        names = [name for found in self.known.values() for name in found]
        columns = (read_column(self.gateway.resolver, self.resource, name) for name in dict.fromkeys(names))
        return sorted({column.name for column in columns if not column.field.word.readonly})

    def _fixed(self, targets: Sequence[Target]) -> list[Target]:
        """Add constants and defaults; a constant takes the place of a column."""
        by_name = {target.column.name if target.column else target.header: target for target in targets}
        for name, value in self.mapping.constants.items():
            column = self._named(name)
            by_name[column.name] = Target(column.name, None, column, constant=value)
        for name, value in self.mapping.defaults.items():
            column = self._named(name)
            found = by_name.get(column.name) or Target(column.name, None, column)
            by_name[column.name] = Target(
                found.header, found.place, found.column, values=found.values, order=found.order,
                creates=found.creates, constant=found.constant, default=value,
            )  # fmt: skip
        notes = [target for target in targets if target.column is None]
        return [target for target in by_name.values() if target.column is not None] + notes

    def _keeping(self, target: Target) -> Target:
        column = target.column
        if column is None or column.lines is not None or column.field.name not in self.keeps:
            return target
        return replace(target, keeps=True)

    def _once(self, targets: Sequence[Target]) -> None:
        seen: dict[tuple[Any, ...], Target] = {}
        for target in targets:
            if target.column is None:
                continue
            place = (
                target.column.lines and target.column.lines.name,
                target.column.position,
                target.column.field.name,
            )
            if place in seen:
                raise BadMapping(
                    _l(
                        "“%(one)s” and “%(other)s” both go to “%(field)s”",
                        one=seen[place].header[:60], other=target.header[:60], field=target.column.field.name,
                    )
                )  # fmt: skip
            seen[place] = target

    def _key(self, targets: Sequence[Target], name: str | None) -> Target | None:
        if name is None:
            return None
        column = self._column(name)
        for target in targets:
            if target.column is not None and name in (target.header, target.column.name):
                column = target.column
        key = next((each for each in targets if column is not None and each.column == column), None)
        if key is None or key.column is None or key.place is None:
            raise BadMapping(
                _l("the file has no column for “%(name)s” to recognise records by", name=name[:60])
            )
        if key.column.lines is not None or key.column.field.word.kind in (
            Kind.LINK,
            Kind.TAGS,
            Kind.MULTILINE,
        ):
            raise BadMapping(_l("records cannot be recognised by “%(name)s”", name=name[:60]))
        return key

    def _is_problem(self, name: str) -> bool:
        words = set()
        for language in LANGUAGES:
            with speaking(language):
                words.add(fold(str(PROBLEM)))
        return fold(name) in words and self._column(name) is None

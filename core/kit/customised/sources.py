"""The program files of a written addon."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from core.customising.definitions import Definition, Option
from core.customising.kinds import OFFERS
from core.customising.objects import LEVELS
from core.db.fields import Kind, Sensitivity
from core.kit.customised.plan import Column, Plan, Table
from core.kit.customised.texts import Texts
from core.kit.layout import statement

_FUTURE: Final = "from __future__ import annotations"
_CHINESE: Final = re.compile(r"[\u3000-\u9fff\uff00-\uffef]")
_TYPES: Final = {Kind.INTEGER: "int", Kind.FLAG: "bool", Kind.DAY: "date", Kind.INSTANT: "datetime"} | {
    Kind.LINK: "int",
    Kind.TAGS: "list[str]",
}
#: Kinds of which a list offers the values above its table.
_QUICK: Final = (Kind.CHOICE, Kind.PICK)
_USUAL: Final = {Kind.PHONE: Sensitivity.SENSITIVE, Kind.EMAIL: Sensitivity.SENSITIVE}


class Sources:
    """Writes the files of an addon, and gathers what they say."""

    def __init__(self, plan: Plan, title: str, title_zh: str, texts: Texts) -> None:
        self._plan = plan
        self._title, self._title_zh = title, title_zh
        self._texts = texts

    def files(self) -> dict[str, str]:
        """The files by path."""
        found = {"__init__.py": f'"""{_said(self._title)}."""\n', "models.py": self.models()}
        found["resources.py"] = self.resources()
        if any(_needed(each) for each in self._plan.beside):
            found["services.py"] = self.services()
        if self._plan.own:
            found["permissions.py"] = self.permissions()
            found["hooks.py"] = self.hooks()
        return found

    # Models

    def models(self) -> str:
        """The tables, and the values of choices before them."""
        body: list[str] = []
        for table in self._plan.tables:
            for column in table.columns:
                if column.choices:
                    body += self._choices(column)
            body += self._table(table)
        bases = ["Extension"] if self._plan.beside else []
        bases += ["Owned", "Record"] if self._plan.own else []
        imports = [
            *_if_used("from datetime import {}", ("date", "datetime"), body, r"Mapped\[{}\b"),
            "",
            *(["from sqlalchemy import Index"] if self._plan.own else []),
            "from sqlalchemy.orm import Mapped",
            "",
            "from core.db import fields",
            f"from core.db.base import {', '.join(bases)}",
            *_if_used("from core.db.fields import {}", ("Sensitivity",), body, r"\b{}\."),
            *_if_used("from core.i18n import {}", ("_l", "_lp"), body, r"\b{}\("),
        ]
        return _file("What is kept.", imports, body)

    def _choices(self, column: Column) -> list[str]:
        place = f"{column.definition.resource}.{column.definition.name}"
        lines = ["", "", f"class {column.choices}(fields.Choice):", f'    """{_said(column.label)}."""', ""]
        for option, name in zip(column.definition.options, _members(column.definition), strict=True):
            label = self._texts.code(_english(option), option.zh, f"{place}.{option.value}")
            tone = "" if option.tone == "mute" else f", {option.tone!r}"
            [assigned] = _code(f"{name} = ({option.value!r}, {label}{tone})")
            lines.append(assigned.replace(" = (", " = ", 1).removesuffix(")"))
        return lines

    def _table(self, table: Table) -> list[str]:
        if table.made_up is None:
            head = [
                f'class {table.klass}(Extension, of="{table.resource}"):',
                '    """What administrators have added."""',
                "",
                f'    __tablename__ = "{table.name}"',
                "",
            ]
        else:
            sequence = f"{table.name}_number_seq"
            head = [
                f"class {table.klass}(Record, Owned):",
                f'    """{_said(table.made_up.title_en or table.record)}, made up by administrators."""',
                "",
                f'    __tablename__ = "{table.name}"',
                '    __table_args__ = (Index(None, "name_key", "id"),)',
                "",
                f'    number: Mapped[str] = fields.series("R-", "{sequence}", label=_l("Number"))',
                '    name: Mapped[str] = fields.text(200, label=_l("Name"), search=True, sort_by="name_key")',
                "    name_key: Mapped[str] = fields.sort_key()",
            ]
        lines = ["", "", *head]
        for column in table.columns:
            lines += _code(f"{column.column}: Mapped[{_type(column, table)}] = {self._word(column)}")
            if column.definition.kind is Kind.TEXT:
                lines.append(f"    {column.name}_key: Mapped[str] = fields.sort_key()")
        return lines

    def _word(self, column: Column) -> str:
        """The call that makes a column."""
        each, kind = column.definition, column.definition.kind
        place = f"{each.resource}.{each.name}"
        first = {
            Kind.TEXT: str(OFFERS[Kind.TEXT].max_length),
            Kind.PICK: str(OFFERS[Kind.PICK].max_length),
            Kind.CHOICE: column.choices,
            Kind.LINK: repr(column.target),
        }.get(kind)
        parts = [first] if first else []
        parts.append(f"label={self._texts.code(column.label, each.label_zh, place)}")
        if each.help_en or each.help_zh:
            english = each.help_en or f"About {column.label}"
            parts.append(f"help={self._texts.code(english, each.help_zh, place)}")
        if kind in (Kind.PHONE, Kind.EMAIL):
            parts += [] if each.is_searched else ["search=False"]
        elif each.is_searched:
            parts.append("search=True")
        if kind is Kind.TEXT:
            parts.append(f"sort_by='{column.name}_key'")
        parts += _default(column)
        if kind in (Kind.PHONE, Kind.EMAIL, Kind.PICK):
            parts += [] if each.is_frequent else ["index=False"]
        elif each.is_frequent and kind not in (Kind.LINK, Kind.TAGS, Kind.MULTILINE):
            parts.append("index=True")
        if kind is Kind.LINK:
            parts += (
                []
                if each.is_required and column.definition.resource.startswith("custom.")
                else ["on_delete='SET NULL'"]
            )
            parts += ["circular=True"] if column.is_circular else []
        if each.sensitivity is not _USUAL.get(kind, Sensitivity.INTERNAL):
            parts.append(f"sensitivity=Sensitivity.{each.sensitivity.name}")
        return f"fields.{kind.value}({', '.join(parts)})"

    # Resources

    def resources(self) -> str:
        """How records of its own are shown, and where further fields stand."""
        body: list[str] = []
        for table in self._plan.tables:
            body += self._extension(table) if table.made_up is None else self._resource(table)
        own, beside = self._plan.own, self._plan.beside
        rooms = ["models"] if own else []
        rooms += ["services"] if any(_needed(each) for each in beside) else []
        shown = (["Resource"] if own else []) + (
            ["Section"] if any("Section(" in each for each in body) else []
        )
        imports = [
            *([f"from addons.{self._plan.addon} import {', '.join(rooms)}"] if rooms else []),
            *_if_used("from core.i18n import {}", ("_l", "_lp"), body, r"\b{}\("),
            *([f"from core.resources.declaration import {', '.join(shown)}"] if shown else []),
        ]
        if beside:
            placed = ["Placed"] if any("Placed(" in each for each in body) else []
            names = ", ".join([*placed, "ResourceExtension"])
            imports.append(f"from core.resources.extending import {names}")
        return _file(
            "How it is shown: from this come list, form, page, API, import and export.", imports, body
        )

    def _resource(self, table: Table) -> list[str]:
        made_up = table.made_up
        assert made_up is not None
        one = made_up.title_en or table.record.replace("_", " ").capitalize()
        many = made_up.plural_en or one
        basics = ["name", "owner"]
        basics += [each.name for each in table.columns if each.definition.beside in ("name", "owner")]
        more = [each.name for each in table.columns if each.name not in basics]
        form = f"(Section(_l('Basics'), {_names(basics)}),"
        form += f" Section(_lp('form', 'More'), {_names(more)}, id='more'),)" if more else ")"
        listed = [each.name for each in table.columns if each.definition.in_list]
        quick = [each.name for each in table.columns if each.definition.in_quick_create]
        # What a record cannot do without stands in the short form, or none could be made there.
        quick += [
            each.name for each in table.columns
            if each.definition.is_required and each.definition.default is None and each.name not in quick
        ]  # fmt: skip
        lines = [
            "", "", f"class {table.klass}Resource(Resource):",
            f'    """{_said(many)}, as administrators made them up."""', "",
            f'    name = "{table.resource}"',
            f"    model = models.{table.klass}",
        ]  # fmt: skip
        chinese = made_up.title_zh
        lines += _code(f"title = {self._texts.code(one, chinese, table.resource)}")
        lines += _code(f"title_plural = {self._texts.code(many, chinese, f'{table.resource}.plural')}")
        lines += [f'    plural = "{made_up.name}"', f'    icon = "{made_up.icon}"']
        lines += ['    subtitle = ("number",)']
        lines += _code(f"list_columns = {('name', 'number', 'owner', 'updated_at', *listed)!r}")
        lines += _quick_filters(table)
        lines += _code(f"form = {form}")
        lines += _code(f"quick_create = {('name', *quick)!r}")
        return [*lines, '    sort = ("name",)']

    def _extension(self, table: Table) -> list[str]:
        assert table.host is not None
        lines = [
            "", "", f"class {table.klass.removesuffix('Facts')}Extension(ResourceExtension):",
            '    """Where further fields stand."""', "", f'    of = "{table.resource}"',
        ]  # fmt: skip
        inside: list[str] = []
        outside = []
        for column in table.columns:
            section = _section_of(table, column.definition)
            if section:
                inside.append(f"Placed({column.name!r}, section={section!r})")
            else:
                outside.append(column.name)
        if outside:
            lines += _code(f"sections = (Section(_lp('form', 'More'), {_names(outside)}, id='more'),)")
        if inside:
            lines += _code(f"form_fields = ({', '.join(inside)},)")
        for name, chosen in (
            ("list_columns", [each.name for each in table.columns if each.definition.in_list]),
            ("quick_create", [each.name for each in table.columns if each.definition.in_quick_create]),
        ):
            lines += _code(f"{name} = {tuple(chosen)!r}") if chosen else []
        lines += _quick_filters(table)
        return [*lines, "    rules = (services.need_values,)"] if _needed(table) else lines

    # Rules, rights, menu

    def services(self) -> str:
        """The rule that a value is needed; what lies beside a record cannot be required by its table."""
        needed = {each.resource: _needed(each) for each in self._plan.beside if _needed(each)}
        [assigned] = ["\n".join(_code(f"NEEDED = {needed!r}", 0))]
        body = [
            "#: What nobody may leave empty who makes a record, or writes these fields of one.",
            assigned,
            "",
            "",
            "def need_values(batch: Batch) -> None:",
            '    """Refuse what leaves a field empty that may not be."""',
            "    for change in batch.changes:",
            "        for name in NEEDED[batch.resource.name]:",
            "            is_written = change.before is None or name in change.values",
            "            if is_written and change.now(batch.resource, name) is None:",
            '                change.refuse(name, _l("This is needed."))',
        ]
        return _file(
            "Rules.", ["from core.i18n import _l", "from core.resources.batch import Batch"], ["", *body]
        )

    def permissions(self) -> str:
        """What roles may do with records of its own."""
        grants: dict[str, list[str]] = {}
        for table in self._plan.own:
            assert table.made_up is not None
            for role, level, scope in table.made_up.grants:
                reach = "" if scope.value == "all" else f", Scope.{scope.name}"
                grants.setdefault(role, []).append(f"grant({table.resource!r}, {LEVELS[level]!r}{reach})")
        entries = ", ".join(f"{role!r}: [{', '.join(each)}]" for role, each in sorted(grants.items()))
        body = ["", *_code(f"GRANTS = {{{entries}}}", 0)]
        if not grants:
            body = ["", "GRANTS: dict[str, list[Grant]] = {}"]
        names = ["grant"] if grants else ["Grant"]
        names = (["Scope"] if any("Scope." in each for each in body) else []) + names
        imports = [f"from core.access.permissions import {', '.join(names)}"]
        return _file("What roles may do; the administrator may do everything anyway.", imports, body)

    def hooks(self) -> str:
        """The entries in the menu."""
        addon, entries = self._plan.addon, []
        for table in self._plan.own:
            assert table.made_up is not None
            one = table.made_up.title_en or table.record.replace("_", " ").capitalize()
            title = self._texts.code(
                table.made_up.plural_en or one, table.made_up.title_zh, f"{table.resource}.plural"
            )
            entries.append(
                f"MenuItem(name={table.made_up.name.replace('_', '-')!r}, title={title},"
                f" icon={table.made_up.icon!r}, group='{addon}.records', resource={table.resource!r})"
            )
        group = f"MenuGroup('records', {self._texts.code(self._title, self._title_zh, addon)})"
        [function] = ast.parse(f"({', '.join([group, *entries])},)").body
        assert isinstance(function, ast.Expr)
        returned = statement(function, 4)
        returned[0] = returned[0].replace("    ", "    return ", 1)
        body = [
            "", "", "@hookimpl", "def menu_items() -> Sequence[MenuItem | MenuGroup]:",
            '    """A group of its own."""', *returned,
        ]  # fmt: skip
        imports = [
            "from collections.abc import Sequence", "", "from core.addons.hookspecs import hookimpl",
            *_if_used("from core.i18n import {}", ("_l", "_lp"), body, r"\b{}\("),
            "from core.menus import MenuGroup, MenuItem",
        ]  # fmt: skip
        return _file("Where the addon joins in: the menu.", imports, body)


def _file(said: str, imports: Iterable[str], body: Iterable[str]) -> str:
    """A file with its imports; it says so where it holds Chinese, which administrators wrote."""
    head = "\n".join(imports).strip("\n")
    text = "\n".join(body)
    data = "\n# Chinese as data\n" if _CHINESE.search(text) else ""
    return f'"""{said}"""\n\n{_FUTURE}\n\n{head}\n{data}{text.rstrip()}\n'


def _code(code: str, indent: int = 4) -> list[str]:
    [node] = ast.parse(code).body
    return statement(node, indent)


def _if_used(line: str, names: Iterable[str], body: Iterable[str], shape: str) -> list[str]:
    """The import of those names that the body uses."""
    text = "\n".join(body)
    used = [name for name in names if re.search(shape.format(name), text)]
    return [line.format(", ".join(used))] if used else []


def _names(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))


def _said(text: str) -> str:
    """A title as a docstring may hold it."""
    return re.sub(r'["\\\x00-\x1f]', " ", text).strip().rstrip(".") or "Records"


def _english(option: Option) -> str:
    return option.en or option.value.replace("_", " ").capitalize()


def _members(definition: Definition) -> list[str]:
    """What the options of a choice are called in its class; numbered where a value is no name for it."""
    found: list[str] = []
    for number, option in enumerate(definition.options, 1):
        name = option.value.upper()
        fits = name.isascii() and name.isidentifier() and not name.startswith("_") and name not in found
        found.append(name if fits else f"OPTION_{number}")
    return found


def _type(column: Column, table: Table) -> str:
    found = _TYPES.get(column.definition.kind, "str")
    if column.definition.kind in (Kind.FLAG, Kind.TAGS):
        return found
    is_needed = table.made_up is not None and column.definition.is_required
    return found if is_needed else f"{found} | None"


def _default(column: Column) -> list[str]:
    value: Any = column.definition.default
    if value is None:
        return []
    if column.definition.kind is Kind.CHOICE:
        named = zip(column.definition.options, _members(column.definition), strict=True)
        return [f"default={column.choices}.{name}" for option, name in named if option.value == value]
    return [] if value is False else [f"default={value!r}"]


def _quick_filters(table: Table) -> list[str]:
    chosen = [
        each.name for each in table.columns
        if each.definition.is_frequent and each.definition.kind in _QUICK
    ]  # fmt: skip
    return _code(f"quick_filters = {tuple(chosen)!r}") if chosen else []


def _needed(table: Table) -> list[str]:
    """The further fields that have to be filled and that nothing fills by itself."""
    return [
        each.name
        for each in table.columns
        if each.definition.is_required
        and each.definition.default is None
        and each.definition.kind not in (Kind.FLAG, Kind.TAGS)
    ]


def _section_of(table: Table, definition: Definition) -> str:
    """The section of the form in which a field stands beside another; empty for that of added fields."""
    assert table.host is not None
    found: Iterator[str] = (
        section.id
        for section in table.host.form
        if definition.beside is not None and definition.beside in section.fields
    )
    section = next(found, "")
    return "" if section.startswith("core.") else section

"""What stands beside the programs of a written addon: manifest, explanation, tests, the map of names."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import Any, Final

from core.customising.definitions import Definition
from core.db.fields import Kind, Sensitivity
from core.kit.customised.plan import Plan, Table
from core.kit.layout import statement
from core.kit.scaffold import Wish

_TEMPLATE: Final = Path(__file__).parent / "template"
#: The machine-readable map of names, in the folder of the addon.
MAP: Final = "customisation.json"
_ROOMS: Final = {
    "services.py": "rules",
    "permissions.py": "what roles may do",
    "hooks.py": "the entries in the menu",
}
#: What tests write, as Python says it. A link needs another record, a moment has many spellings.
_SAMPLES: Final = {
    Kind.TEXT: "'Sample text'",
    Kind.MULTILINE: "'First line'",
    Kind.PICK: "'Sample'",
    Kind.INTEGER: "7",
    Kind.FLAG: "True",
    Kind.DAY: "date(2026, 2, 10)",
    Kind.PHONE: "'+8613800138000'",
    Kind.EMAIL: "'ada@example.com'",
    Kind.URL: "'https://example.com'",
    Kind.TAGS: "['one', 'two']",
}


def documents(plan: Plan, wish: Wish, summary: str, rooms: Iterator[str]) -> dict[str, str]:
    """The files by path.

    Args:
        plan: what the addon holds.
        wish: what it is called.
        summary: what it is, in English.
        rooms: the program files there are.
    """
    values = {
        "name": wish.name,
        "package": wish.name.replace("_", "-"),
        "title": wish.title,
        "author": wish.author,
        "licence": wish.licence,
        "summary": summary,
        "icon": next((each.made_up.icon for each in plan.own if each.made_up is not None), "adjustments"),
        "depends": json.dumps(list(plan.depends)),
        "rooms": "".join(f"| `{each}` | {_ROOMS[each]} |\n" for each in rooms if each in _ROOMS),
        "mapping": _mapping(plan),
        "left": _left(plan),
    }
    found = {
        name: Template((_TEMPLATE / f"{name}.tmpl").read_text(encoding="utf-8")).substitute(values)
        for name in ("addon.toml", "README.md", "pyproject.toml", "tests/test_conformance.py")
    }
    found["README.md"] = found["README.md"].rstrip() + "\n"
    found[f"tests/test_{wish.name}.py"] = _tests(plan)
    found[MAP] = json.dumps(plan.as_data(), indent=2) + "\n"
    return found


def _mapping(plan: Plan) -> str:
    lines = [
        f"| `{each.made_up.resource}` | `{each.resource}` | table `{each.name}` |"
        for each in plan.own
        if each.made_up is not None
    ]
    lines += [
        f"| `{column.definition.resource}.{column.definition.name}` | `{each.resource}.{column.name}`"
        f" | `{each.name}.{column.column}` |"
        for each in plan.tables
        for column in each.columns
    ]
    return "".join(f"{line}\n" for line in lines)


def _left(plan: Plan) -> str:
    if not plan.left:
        return ""
    lines = [f"- `{name}`: there is no `{missing}` for this tenant.\n" for name, missing in plan.left.items()]
    return "\n## What did not come along\n\n" + "".join(lines)


def _tests(plan: Plan) -> str:
    values = {each.resource: _values(each) for each in plan.tables}
    labels = {
        f"/{_path(plan, each)}/new": [
            column.definition.label_zh
            for column in each.columns
            if column.definition.label_zh and column.definition.sensitivity is not Sensitivity.SECRET
        ]
        for each in plan.tables
    }
    granted = [
        (each.resource, role, scope.value == "all")
        for each in plan.own
        if each.made_up is not None
        for role, level, scope in each.made_up.grants
        if level == "read" and scope.value in ("own", "all")
    ]
    parts = [f"{name!r}: {{{found}}}" for name, found in values.items() if found]
    data = _data(f"VALUES: dict[str, dict[str, Any]] = {{{', '.join(parts)}}}")
    data += _data(
        f"LABELS: dict[str, list[str]] = { ({path: said for path, said in labels.items() if said})!r}"
    )
    data += _data(f"GRANTED = {granted!r}") if granted else []
    text = Template((_TEMPLATE / "tests/test_file.py.tmpl").read_text(encoding="utf-8")).substitute(
        imports=_imports(with_days="date(" in "".join(data), with_roles=bool(granted)), data="\n".join(data)
    )
    return text + ((_TEMPLATE / "tests/roles.py.tmpl").read_text(encoding="utf-8") if granted else "")


def _path(plan: Plan, table: Table) -> str:
    """The address of the list of a table's resource."""
    if table.made_up is not None:
        return f"{plan.addon}/{table.made_up.name}"
    assert table.host is not None
    return table.host.path


def _data(code: str) -> list[str]:
    return statement(ast.parse(code).body[0], 0)


def _imports(*, with_days: bool, with_roles: bool) -> str:
    fixtures = ["Browser", "Factory", *(["MakeActor"] if with_roles else [])]
    lines = [
        "from collections.abc import Callable",
        *(["from datetime import date"] if with_days else []),
        "from typing import Any",
        "",
        "import pytest",
        "from markupsafe import escape",
        "from sqlalchemy.orm import Session",
        "",
        "from core.access.actor import OPERATOR",
        "from core.resources.declaration import resource_named",
        "from core.resources.gateway import Gateway",
        *(["from core.resources.query import Query"] if with_roles else []),
        f"from core.testing.plugin import {', '.join(fixtures)}",
    ]
    return "\n".join(lines)


def _values(table: Table) -> str:
    """What a test writes into a record, as the inside of a ``{}``."""
    found: list[str] = []
    for column in table.columns:
        sample: Any = _SAMPLES.get(column.definition.kind)
        if column.definition.kind is Kind.CHOICE:
            sample = repr(_option(column.definition))
        if sample:
            found.append(f"{column.name!r}: {sample}")
    return ", ".join([*(["'name': 'Sample'"] if table.made_up is not None else []), *found])


def _option(definition: Definition) -> str:
    return definition.options[-1].value

"""The conditions in force, said in words."""

from __future__ import annotations

from typing import Any

import orjson

from core.db.fields import Kind
from core.i18n import _
from core.resources.declaration import Field, Resource
from core.resources.filters import (
    OPERATOR_LABELS,
    All,
    AnyOf,
    Condition,
    Node,
    Not,
    from_text,
    to_json,
)
from core.resources.query import read_condition
from core.web.display import options_of
from core.web.lifecycle import gateway
from core.web.list_models import Chip
from core.web.pages.lists.address import Address, conditions_in
from core.web.pages.request import number_in


def chips_of(resource: Resource, address: Address) -> list[Chip]:
    """Each condition of the filter as text, with the address of the list without it."""
    chips = [
        Chip(_said(resource, read_condition(name, value)), address.having(**{name: None}))
        for name in conditions_in(resource, address)
        for value in address.args[name]
    ]
    text = address.one("filter")
    if not text:
        return chips
    tree = from_text(text)
    parts = list(tree.parts) if isinstance(tree, All) else [tree]
    for number, part in enumerate(parts):
        rest = parts[:number] + parts[number + 1 :]
        left = orjson.dumps(to_json(All(tuple(rest)))).decode() if rest else None
        chips.append(Chip(_said(resource, part), address.having(filter=left)))
    return chips


def _said(resource: Resource, node: Node) -> str:
    """A part of a filter in words."""
    match node:
        case Condition(path, op, value):
            found = gateway().resolver.predicate(resource, path)
            labels = [
                step.label if isinstance(step, Field) else str(step.lines.title) for step in found.steps
            ]
            name = " · ".join([*labels, found.leaf.label])
            if op == "isnull":
                empty = str(value).lower() in ("true", "1")
                return f"{name}: {_('is empty') if empty else _('is not empty')}"
            return f"{name} {OPERATOR_LABELS[op]} {_said_value(found.leaf, value)}"
        case All(parts):
            return _(" and ").join(_said(resource, part) for part in parts)
        case AnyOf(()):
            return _("A condition that is not available to you")
        case AnyOf(parts):
            return "(" + _(" or ").join(_said(resource, part) for part in parts) + ")"
        case Not(part):
            return _("not (%(part)s)", part=_said(resource, part))


def _said_value(field: Field, value: Any) -> str:
    values = value if isinstance(value, list | tuple) else [value]
    if field.word.kind is Kind.CHOICE:
        labels = {option.value: option.label for option in options_of(field)}
        return ", ".join(labels.get(str(each), str(each)) for each in values)
    if field.target is not None:
        numbers = [number for each in values if (number := number_in(each)) is not None]
        names = gateway().labels(field.target, numbers)
        return ", ".join(names.get(number, f"#{number}") for number in numbers) or _("me")
    return ", ".join(f"“{each}”" for each in values)

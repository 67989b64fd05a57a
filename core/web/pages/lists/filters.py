"""What a list can be narrowed by: the drop-downs above it, and the fields of the filter builder."""

from __future__ import annotations

from core.db.fields import Kind
from core.resources.declaration import Field, Resource
from core.resources.filters import OPERATOR_LABELS, OPERATORS
from core.web.display import options_of
from core.web.lifecycle import gateway
from core.web.list_models import FilterField, QuickFilter
from core.web.pages.lists.address import Address
from core.web.view_models import Option


def quick_filter(field: Field, address: Address) -> QuickFilter:
    """A drop-down above the list; a vocabulary that grows by use is read when it is opened."""
    here = address.one(field.name)
    if field.word.kind is Kind.CHOICE:
        options = [
            Option(each.value, each.label, each.tone, each.value == here) for each in options_of(field)
        ]
        return QuickFilter(field.name, field.label, options, here)
    suggest = f"{field.resource.url}/suggest/{field.name}"
    return QuickFilter(field.name, field.label, value=here, lookup_url=suggest)


def filter_fields(resource: Resource) -> list[FilterField]:
    """Its own fields as the form has them, then those of its lines and of the records it links to."""
    resolver = gateway().resolver
    visible = {field.name: field for field in resolver.visible(resource)}
    in_form = (name for section in resource.form for name in section.fields if name in visible)
    names = [name for name in dict.fromkeys((resource.label, *in_form, *visible)) if name != "id"]
    found = [_filter_field(visible[name], name, visible[name].label) for name in names]
    for lines in resource.lines_fields.values():
        for field in resolver.visible(lines.target):
            if not field.word.readonly and field is not lines.via:
                found.append(
                    _filter_field(field, f"{lines.name}.{field.name}", f"{lines.lines.title} · {field.label}")
                )
    for link in resolver.visible(resource):
        if link.target is not None and not link.word.readonly:
            for field in resolver.visible(link.target):
                if not field.word.readonly and field.word.kind is not Kind.MULTILINE:
                    found.append(
                        _filter_field(field, f"{link.name}.{field.name}", f"{link.label} · {field.label}")
                    )
    return found


def _filter_field(field: Field, path: str, label: str) -> FilterField:
    target = field.target
    return FilterField(
        path,
        label,
        str(field.word.kind),
        [(op, str(OPERATOR_LABELS[op])) for op in OPERATORS[field.word.kind]],
        options_of(field),
        f"{target.url}/lookup" if target is not None and not target.is_nested else "",
    )

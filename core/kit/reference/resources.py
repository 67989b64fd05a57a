"""What each addon brings to the pages and to the API: its resources with their fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from core.access.permissions import VERBS
from core.addons.manifest import Manifest
from core.i18n import _, _p
from core.kernel import Kernel
from core.kit.reference.markdown import code, codes, page, plain, table
from core.resources.declaration import Field, Resource
from core.resources.extending.side_table import side_tables


def resources_page(kernel: Kernel, addon: Manifest) -> str:
    """The resources of one addon, those with pages first."""
    own = [each for each in kernel.resources if each.addon == addon.name]
    own.sort(key=lambda each: each.is_nested)
    return page(
        f"{addon.title} ({addon.name})",
        f"{plain(addon.summary)}.",
        *(part for resource in own for part in _resource(resource)),
        *_added(kernel, addon),
    )


def _added(kernel: Kernel, addon: Manifest) -> Iterator[str]:
    """The fields the addon adds to records of others."""
    for side in side_tables(addon.name):
        edition = kernel.resources[side.resource].edition()
        side.add_to(edition)
        yield f"## {_('Added to %(resource)s', resource=side.resource)}"
        yield _fields_table(edition.fields[name] for name in side.fields)


def _resource(resource: Resource) -> Iterator[str]:
    yield f"## {resource.name}"
    if resource.is_nested:
        yield _("%(title)s; only inside the record they belong to.", title=plain(resource.title_plural))
    else:
        yield _(
            "%(title)s; pages at %(url)s, API at %(path)s.",
            title=plain(resource.title_plural),
            url=code(resource.url),
            path=code(f"/api/v1/{resource.path}"),
        )
        yield _("Verbs: %(verbs)s", verbs=codes(dict.fromkeys((*VERBS, *resource.verbs()))))
    yield _fields_table(resource.fields.values())
    yield table(
        (_("Lines"), _("Title"), _("Resource")),
        (
            (code(each.name), plain(each.lines.title), code(each.lines.resource))
            for each in resource.lines_fields.values()
        ),
    )
    yield table(
        (_("Action"), _("Title"), _("Needs the right to"), _("Address")),
        (
            (
                code(each.name),
                plain(each.title),
                code(each.verb),
                code(f"POST /api/v1/{resource.path}/{{id}}/actions/{each.name}"),
            )
            for each in resource.actions
        ),
    )
    yield table(
        (_("Section of the form"), _("Fields")),
        ((plain(section.title), codes(section.fields)) for section in resource.form),
    )


def _fields_table(fields: Iterable[Field]) -> str:
    headings = (_("Field"), _("Label"), _("Kind"), _("Holds"), _("What is to be known"))
    return table(headings, map(_field, fields))


def _field(field: Field) -> tuple[str, ...]:
    return (
        code(field.name),
        plain(field.label),
        code(field.word.kind.value),
        _holds(field),
        _("; ").join(_remarks(field)),
    )


def _holds(field: Field) -> str:
    if field.word.choices is not None:
        return _(", ").join(f"{code(each.value)} {plain(each.label)}" for each in field.word.choices)
    if field.word.target is not None:
        return code(field.word.target)
    if field.word.max_length is not None:
        return _("up to %(n)s characters", n=field.word.max_length)
    return ""


def _remarks(field: Field) -> Iterator[str]:
    word = field.word
    if field.is_required:
        yield _p("field", "needed")
    if word.readonly:
        yield _p("field", "set by the system")
    if word.search:
        yield _p("field", "searched")
    if word.sensitivity.value in ("sensitive", "secret"):
        yield code(word.sensitivity.value)
    if word.help is not None:
        yield plain(word.help)

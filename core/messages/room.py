"""The ``messages`` room: ``TEMPLATES``, checked against the fields of what they are about."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any, Final

from core.addons.manifest import AddonError, Manifest
from core.addons.pointing import place_in
from core.addons.slots import check_resource
from core.db.fields import Kind
from core.messages.declaration import Template, Templates
from core.messages.tags import BadTag, FieldsOf, check_tag, path_of, tags_in
from core.resources.declaration import Field, Resource
from core.resources.extending.side_table import SideTable, side_tables
from core.resources.registry import Resources

_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,59}")


class MessagesRoom:
    """Collects the templates of all addons."""

    name = "messages"

    def __init__(self, templates: Templates, resources: Resources) -> None:
        self._templates = templates
        self._resources = resources

    def read(self, addon: Manifest, module: ModuleType) -> Any:
        """See that each has a name of its own and that its tags lead somewhere, in the code's language."""
        declared: Sequence[Any] = getattr(module, "TEMPLATES", ())
        fields_of, names = fields_for(addon, self._resources), set[str]()
        there = {each.name: each for each in self._resources.readable(addon.name) if not each.is_nested}
        for each in declared:
            if not isinstance(each, Template):
                at = place_in(module, "TEMPLATES")
                raise AddonError(f"{at}: TEMPLATES must hold Templates, not {each!r}")
            where = place_in(module, f'"{each.name}"', "TEMPLATES")
            if not _NAME.fullmatch(each.name):
                raise AddonError(f"{where}: the name “{each.name}” must be small letters, digits, - and _")
            if each.name in names:
                raise AddonError(f"{where}: there are two templates “{each.name}”")
            names.add(each.name)
            check_resource(addon, place_in(module, f'"{each.about}"'), each.about, there)
            if each.about in there:  # that of an optional addon may not be installed
                _check(module, where, each, there[each.about], fields_of)
        return [replace(each, addon=addon.name) for each in declared]

    def open(self, addon: Manifest, contents: Any) -> None:
        """Register them."""
        for each in contents:
            self._templates.add(each)


def fields_for(addon: Manifest, resources: Resources) -> FieldsOf:
    """What gives the fields of a resource with those that an addon and its needs add to it."""
    needs, own = resources.additions.needs(addon), side_tables(addon.name)

    def fields_of(resource: Resource) -> Mapping[str, Field]:
        found = dict(resource.fields)
        for table in (*resources.additions.additions_to(resource.name, needs), *own):
            if isinstance(table, SideTable) and table.resource == resource.name:
                for name, (word, place) in table.fields.items():
                    target = resources.by_name.get(word.target or "")
                    found[name] = Field(name, word, place, resource, table.addon, target)
        return found

    return fields_of


def _check(
    module: ModuleType, where: str, template: Template, resource: Resource, fields_of: FieldsOf
) -> None:
    """See that the tags of a template, and whom it goes to, are there.

    Raises:
        AddonError: it names file, line and what there is, nearest first.
    """
    texts = template.supplied("en")
    try:
        for tag in tags_in(texts.subject, texts.text):
            check_tag(tag, resource, fields_of)
        if template.to and check_tag(path_of(template.to), resource, fields_of) is not Kind.EMAIL:
            raise AddonError(f"{where}: {template.name}: to=“{template.to}” is no mail address")
    except BadTag as error:
        place = place_in(module, error.written, f'"{template.name}"')
        raise AddonError(f"{place}: {template.name}: {error.problem}") from error

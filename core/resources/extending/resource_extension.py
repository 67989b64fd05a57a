"""What an addon adds to a resource of another, beside fields: where they stand, lines, actions, rules."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar, Final

from core.addons.manifest import AddonError, Manifest
from core.addons.pointing import nearest_first, place_of_class
from core.db.base import metadata
from core.resources.batch import Batch
from core.resources.declaration import Action, Lines, Resource, Same, SameName, Section
from core.resources.extending.layer import Addition
from core.resources.extending.placing import Placed, form_of, put_field, put_into_form

#: The lists of a resource into which fields can be put.
_LISTS: Final = ("list_columns", "quick_filters", "quick_create", "subtitle", "tags")
#: Names of actions that every resource has.
_STANDING: Final = ("update", "archive", "restore", "delete")


class ResourceExtension:
    """Base of additions to others' resources. Subclass it in the ``resources`` room of an addon.

    Whatever it names may be the resource's own, of the addon itself, or of an addon it needs.
    """

    #: The resource: ``customer.customer``. Its addon stands under ``depends``.
    of: ClassVar[str]
    #: Sections of the form; their ids get the addon's name before them: ``tradefair.stand``.
    sections: tuple[Section, ...] = ()
    #: Fields within sections that are there already.
    form_fields: tuple[str | Placed, ...] = ()
    list_columns: tuple[str | Placed, ...] = ()
    quick_filters: tuple[str | Placed, ...] = ()
    #: Fields of the short form in a dialog.
    quick_create: tuple[str | Placed, ...] = ()
    #: Fields shown muted beside the name, and choices shown as tags at the head of a record.
    subtitle: tuple[str | Placed, ...] = ()
    tags: tuple[str | Placed, ...] = ()
    #: Records of a nested resource of the addon, edited within the form.
    lines: tuple[Lines, ...] = ()
    actions: tuple[Action, ...] = ()
    #: Other words for columns of tables; see `Resource.synonyms`.
    synonyms: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    duplicates: tuple[SameName | Same, ...] = ()
    #: Called with every batch that is written, behind the rules of the resource itself: they look at all
    #: rows at once, set ``change.values`` or ``change.refuse()``. What they raise stops the writing.
    rules: tuple[Callable[[Batch], None], ...] = ()

    def __init__(self, addon: str) -> None:
        self.addon = addon
        self.resource = self.of
        self.where = place_of_class(type(self))
        self._sections = [each.called(f"{addon}.{each.id}") for each in self.sections]
        self._placed = {name: [Placed.read(each) for each in getattr(self, name)] for name in _LISTS}
        self._form_fields = [Placed.read(each) for each in self.form_fields]

    def add_to(self, resource: Resource) -> None:
        """See `Addition.add_to`."""
        resource.sections = (*resource.sections, *self._sections)
        for placed in self._form_fields:
            resource.sections = put_into_form(resource.sections, placed, _behind(resource, "form"))
        resource.form = form_of(resource.sections)
        for name, fields in self._placed.items():
            for placed in fields:
                there = getattr(resource, name)
                setattr(resource, name, put_field(there, placed, _behind(resource, name)))
        resource.lines = (*resource.lines, *self.lines)
        resource.actions = (*resource.actions, *self.actions)
        resource.duplicates = (*resource.duplicates, *self.duplicates)
        resource.further_rules = (*resource.further_rules, *self.rules)
        words = {name: (*resource.synonyms.get(name, ()), *more) for name, more in self.synonyms.items()}
        resource.synonyms = {**resource.synonyms, **words}

    # Checking

    def check(
        self,
        addon: Manifest,
        resources: Mapping[str, Resource],
        before: Sequence[Addition],
        others: Sequence[Addition],
    ) -> None:
        """See that everything it names is there.

        Args:
            addon: whose it is.
            resources: all there are, those of the addon itself included.
            before: what is added to the resource wherever the addon is on, before this.
            others: what is added to it anywhere.

        Raises:
            AddonError: names the file, the line and what may have been meant.
        """
        if not getattr(self, "of", ""):
            raise AddonError(f'{self.where}: {type(self).__name__} needs: of = "addon.record"')
        owner = self.of.partition(".")[0]
        if self.of not in resources:
            raise self._unknown("of", self.of, resources)
        if owner not in ("core", *addon.depends):
            raise AddonError(
                f"{self.where}: it extends “{self.of}”, but {owner} is not listed under depends in addon.toml"
            )
        resource = resources[self.of].edition()
        for each in before:
            each.add_to(resource)
        self._check_form(resource)
        for name, fields in self._placed.items():
            there = getattr(resource, name)
            for placed in fields:
                self._check_field(name, placed.field, resource)
                if placed.anchor and placed.anchor not in there:
                    raise self._unknown(name, placed.anchor, there)
                there = put_field(there, placed, {})
        for name, wanted in (
            ("duplicates", [rule.field for rule in self.duplicates]),
            (
                "synonyms",
                [each for each in self.synonyms if each.partition(".")[0] not in self._line_names(resource)],
            ),
        ):
            for field in wanted:
                self._check_field(name, field, resource)
        self._check_lines(resource, resources, others)
        self._check_actions(resource, others)

    def _check_form(self, resource: Resource) -> None:
        sections = resource.sections
        for section in self._sections:
            ids = [each.id for each in sections]
            if section.id in ids:
                raise AddonError(f"{self._at(section.id)}: the form has a section “{section.id}” already")
            for anchor in section.place.ids if section.place is not None else ():
                if anchor not in ids:
                    raise self._unknown("sections", anchor, ids)
            for name in section.fields:
                self._check_field("sections", name, resource)
            if problem := resource.condition_problem(section):
                raise AddonError(f"{self._at(section.id)}: the section “{section.id}” {problem}")
            sections = (*sections, section)
        for placed in self._form_fields:
            self._check_field("form_fields", placed.field, resource)
            ids = [each.id for each in sections]
            if placed.section and placed.section not in ids:
                raise self._unknown("form_fields", placed.section, ids)
            shown = [name for there in form_of(sections) for name in there.fields]
            if placed.anchor and placed.anchor not in shown:
                raise self._unknown("form_fields", placed.anchor, shown)
            sections = put_into_form(sections, placed, {})
        left = {name for section in form_of(sections) for name in section.fields}
        for section in resource.form:
            for name in section.fields:
                if resource.fields[name].is_required and name not in left:
                    raise AddonError(
                        f"{self._at(name)}: what replaces a part of the form must show “{name}”,"
                        " without which no record can be made"
                    )

    def _check_lines(
        self, resource: Resource, resources: Mapping[str, Resource], others: Iterable[Addition]
    ) -> None:
        taken = {*resource.fields, *self._line_names(resource, own=False)}
        for each in others:
            taken.update(getattr(each, "fields", ()))
            taken.update(lines.name for lines in getattr(each, "lines", ()))
        for lines in self.lines:
            if lines.name in taken:
                raise AddonError(f"{self._at(lines.name)}: “{lines.name}” is there already")
            if lines.resource not in resources:
                raise self._unknown("lines", lines.resource, resources)
            target = resources[lines.resource]
            if lines.via not in target.fields:
                raise self._unknown("lines", lines.via, target.fields)
            column = target.fields[lines.via].place.column
            table = metadata.tables[resource.table.name]
            keys = () if column is None else column.foreign_keys
            if not any(key.column.table is table and key.ondelete == "CASCADE" for key in keys):
                raise AddonError(
                    f"{self._at(lines.via)}: {lines.resource}.{lines.via} must be a link to {self.of} with"
                    ' on_delete="CASCADE", so that a record can be deleted while the addon is off'
                )

    def _check_actions(self, resource: Resource, others: Iterable[Addition]) -> None:
        taken = {*_STANDING, *(action.name for action in resource.actions)}
        taken.update(action.name for each in others for action in getattr(each, "actions", ()))
        for action in self.actions:
            if action.name in taken:
                raise AddonError(f"{self._at(action.name)}: there is an action “{action.name}” already")
            taken.add(action.name)

    def _line_names(self, resource: Resource, *, own: bool = True) -> list[str]:
        return [lines.name for lines in (*resource.lines, *(self.lines if own else ()))]

    def _check_field(self, place: str, name: str, resource: Resource) -> None:
        if name.partition(".")[0] not in resource.fields:
            raise self._unknown(place, name, resource.fields)

    def _unknown(self, place: str, name: str, known: Collection[str]) -> AddonError:
        there = ", ".join(nearest_first(name, dict.fromkeys(known))) or "none"
        return AddonError(
            f"{self._at(name)}: {type(self).__name__}.{place} names “{name}”; there are {there}"
        )

    def _at(self, name: str) -> str:
        """The file, and the line of the class that names it."""
        return place_of_class(type(self), name.removeprefix(f"{self.addon}."))


def _behind(resource: Resource, place: str) -> dict[str, str]:
    return resource.put_behind.setdefault(place, {})

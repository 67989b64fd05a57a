"""What the templates of customisation may ask for, like `core.web.view_models`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.web.view_models import FieldView, FormView, LinesView, MenuLink, Option


@dataclass(frozen=True, slots=True)
class HostCard:
    """A resource that fields can be added to."""

    title: str
    #: Title of its addon.
    addon: str
    icon: str
    url: str
    #: How many fields are added, and how many of those lack a language.
    added: str
    untranslated: str


@dataclass(frozen=True, slots=True)
class FieldRow:
    """An added field in the list of its resource."""

    name: str
    label: str
    #: The label in the other language; empty where it is missing.
    other_label: str
    #: Says which language is missing; empty when none is.
    missing: str
    icon: str
    kind: str
    #: What is special about it: needed, in the list, searched.
    marks: Sequence[Option]
    #: Where it leads: of a link.
    about: str
    edit_url: str
    usage_url: str
    archive_url: str
    delete_url: str


@dataclass(frozen=True, slots=True)
class NativeField:
    """A field that the resource comes with."""

    label: str
    name: str
    icon: str
    kind: str


@dataclass(frozen=True, slots=True)
class KindTile:
    """A kind of field to choose."""

    title: str
    hint: str
    icon: str
    url: str


@dataclass(frozen=True, slots=True)
class FieldForm:
    """The dialog of one field: labels and help, options, and how it behaves."""

    form: FormView
    kind: str
    icon: str
    hint: str
    options: LinesView | None = None


@dataclass(frozen=True, slots=True)
class UsageView:
    """Where a field is used, and what can be done about it."""

    title: str
    name: str
    #: Of the records, in a sentence.
    records: str
    uses: Sequence[MenuLink]
    #: Where it is put away; empty when that is done, or only the places are to be shown.
    archive_url: str = ""
    #: Where it is deleted; empty when only the places are to be shown.
    delete_url: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class ObjectForm:
    """The dialog of a made-up kind of record: names, an icon, and what each role reaches."""

    form: FormView
    icons: Sequence[Option]
    #: Heads of the columns of `rights`.
    levels: Sequence[str]
    #: ``(title of a role, a drop-down for each level)``
    rights: Sequence[tuple[str, Sequence[FieldView]]]


@dataclass(frozen=True, slots=True)
class ObjectTools:
    """What can be done with the kind of record whose fields are shown."""

    edit_url: str
    archive_url: str
    delete_url: str

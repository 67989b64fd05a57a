"""The form of an added field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from werkzeug.datastructures import MultiDict

from core.customising.definitions import Definition
from core.customising.kinds import OFFERS
from core.customising.schemas import TONES
from core.customising.services import anchors
from core.db.fields import Kind, Sensitivity
from core.errors import Invalid
from core.i18n import _
from core.resources.declaration import Resource
from core.web.custom_models import FieldForm
from core.web.view_models import FieldSection, FieldView, FormView, LinesView, LineView, Option

_TEXTS = ("label_zh", "label_en", "help_zh", "help_en", "target", "default", "sensitivity", "beside")
_FLAGS = ("is_required", "is_searched", "is_frequent", "in_list", "in_quick_create")
_OPTION = ("zh", "en", "tone")
#: Kinds whose default is typed as a text.
_TYPED = (Kind.TEXT, Kind.PICK)


def read_field(posted: MultiDict[str, str]) -> dict[str, Any]:
    """What a browser posted, as `core.customising.schemas.FieldSchema` takes it."""
    values: dict[str, Any] = {name: posted[name] or None for name in _TEXTS if name in posted}
    values |= {name: "1" in posted.getlist(name) for name in _FLAGS if name in posted}
    if values.get("sensitivity") is None:
        values.pop("sensitivity", None)
    numbers = {key.split(".")[1] for key in posted if key.startswith("options.") and key.count(".") == 2}
    values["options"] = [
        {name: posted.get(f"options.{number}.{name}", "") for name in _OPTION}
        | {"value": posted.get(f"options.{number}.id", "")}
        for number in sorted((each for each in numbers if each.isdigit()), key=int)
    ]
    return values


def field_form(
    host: Resource,
    kind: Kind,
    found: Definition | None,
    typed: Mapping[str, Any],
    *,
    action: str,
    targets: Sequence[Resource],
    error: Invalid | None = None,
) -> FieldForm:
    """The form with what is known of the field, or what was typed and is not right yet.

    Args:
        host: the resource it is a field of.
        kind: of the field.
        found: the field as it is stored; None for a new one.
        typed: what was typed, in a form that was refused.
        action: where it is posted.
        targets: what a link may lead to.
        error: why it was refused.
    """
    errors = {name: [str(each) for each in said] for name, said in error.errors.items()} if error else {}
    stored = {} if found is None else {name: getattr(found, name) for name in (*_TEXTS, *_FLAGS)}
    held: dict[str, Any] = {"sensitivity": str(Sensitivity.INTERNAL), **stored, **typed}
    offer = OFFERS[kind]

    def control(name: str, label: str, control_kind: str = "text", **more: Any) -> FieldView:
        value = held.get(name)
        return FieldView(
            name, label, control_kind, "" if value is None else value, errors=errors.get(name, ()), **more
        )

    names = [
        control("label_zh", _("Label in Chinese"), max_length=60),
        control("label_en", _("Label in English"), max_length=60),
        control("help_zh", _("Help in Chinese"), max_length=300),
        control("help_en", _("Help in English"), max_length=300),
    ]
    if kind is Kind.LINK and found is None:
        choices = [Option(each.name, str(each.title_plural)) for each in targets]
        names.append(control("target", _("Leads to"), "choice", options=choices, required=True))
    if offer.can_default and (kind is not Kind.CHOICE or found is not None):
        names.append(_default(control, kind, found))
    sections = [Option(name, str(title)) for name, title in anchors(host).items()]
    levels = [
        Option("internal", _("Everybody who sees the record")),
        Option("sensitive", _("Sensitive")),
        Option("secret", _("Administrators only")),
    ]
    places = [
        control(
            "beside",
            _("Section of the form"),
            "choice",
            options=[Option("", _("More (at the end)")), *sections],
        ),
        control("sensitivity", _("Who sees it"), "choice", options=levels, required=True),
    ]
    boxes = [control("in_list", _("Column of the list"), "flag")]
    boxes.append(control("in_quick_create", _("In the short form"), "flag"))
    if kind is not Kind.FLAG:
        boxes.insert(0, control("is_required", _("Must be filled in"), "flag"))
    if offer.can_be_searched:
        boxes.append(control("is_searched", _("Found by the search"), "flag"))
    if offer.can_be_frequent:
        boxes.append(control("is_frequent", _("Filtered by often"), "flag"))
    known = {*held, *(each.name for each in names), "options"}
    above = [text for name, said in errors.items() if name.partition(".")[0] not in known for text in said]
    return FieldForm(
        form=FormView(
            title=found.label if found is not None else _("New field: %(kind)s", kind=str(offer.title)),
            action=action,
            cancel_url="",
            sections=[FieldSection("", names), FieldSection("", places), FieldSection("", boxes)],
            errors=above,
        ),
        kind=str(offer.title),
        icon=offer.icon,
        hint=str(offer.hint),
        options=_options(found, typed, errors) if kind is Kind.CHOICE else None,
    )


def _default(control: Any, kind: Kind, found: Definition | None) -> FieldView:
    """The control of what a new record holds."""
    label = _("Default")
    if kind is Kind.CHOICE and found is not None:
        made: FieldView = control(
            "default", label, "choice", options=[Option(each.value, each.label) for each in found.options]
        )
    elif kind is Kind.FLAG:
        made = control("default", _("Ticked from the start"), "flag")
    else:
        made = control("default", label, "text" if kind in _TYPED else str(kind))
    return made


def _options(
    found: Definition | None, typed: Mapping[str, Any], errors: Mapping[str, Sequence[str]]
) -> LinesView:
    """The options of a choice as lines."""
    stored = (
        [{"value": o.value, "zh": o.zh, "en": o.en, "tone": o.tone} for o in found.options] if found else []
    )
    rows = typed.get("options", stored) or [{}, {}]
    tones = {
        "mute": _("grey"), "info": _("blue"), "ok": _("green"), "warn": _("orange"), "bad": _("red"),
        "violet": _("violet"),
    }  # fmt: skip

    def line(prefix: str, row: Mapping[str, Any], said: Sequence[str] = ()) -> list[FieldView]:
        return [
            FieldView(f"{prefix}.zh", _("Chinese"), "text", row.get("zh") or "", max_length=60, errors=said),
            FieldView(f"{prefix}.en", _("English"), "text", row.get("en") or "", max_length=60),
            FieldView(
                f"{prefix}.tone", _("Colour"), "choice", row.get("tone") or "mute", required=True,
                options=[Option(each, tones[each]) for each in TONES],
            ),
        ]  # fmt: skip

    return LinesView(
        name="options",
        title=_("Options"),
        headers=[_("Chinese"), _("English"), _("Colour")],
        lines=[
            LineView(str(row.get("value") or ""), line(f"options.{n}", row, errors.get(f"options.{n}", ())))
            for n, row in enumerate(rows)
        ],
        blank=LineView("", line("options.__i__", {})),
        add_label=_("Add an option"),
        errors=errors.get("options", ()),
    )

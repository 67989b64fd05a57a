"""What administrators write about a field."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, pre_load, validate

from core.customising.kinds import OFFERS
from core.db.fields import Sensitivity
from core.i18n import _l
from core.resources.schemas import InputSchema
from core.resources.values import FlagValue, TextValue

#: Tints of an option.
TONES = ("mute", "info", "ok", "warn", "bad", "violet")
MAX_OPTIONS = 200
_CHOOSE = _l("Choose one of these.")


class _Flag(FlagValue):
    """A box of a form: what is not ticked is not sent, or sent blank."""

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        """Take nothing as no."""
        return super().deserialize("no" if value in (None, "") else value, attr, data, **kwargs)


class OptionSchema(InputSchema):
    """One value of a choice; ``value`` is empty for a new one."""

    value = TextValue(max_length=40, allow_none=True)
    zh = TextValue(max_length=60, allow_none=True)
    en = TextValue(max_length=60, allow_none=True)
    tone = fields.String(validate=validate.OneOf(TONES, error=_CHOOSE))  # type: ignore[arg-type]


class FieldSchema(InputSchema):
    """A field, new or changed: what is not named stays; ``kind`` and ``target`` count for a new one only."""

    kind = fields.String(validate=validate.OneOf([*map(str, OFFERS)], error=_CHOOSE))  # type: ignore[arg-type]
    label_zh = TextValue(max_length=60, allow_none=True)
    label_en = TextValue(max_length=60, allow_none=True)
    help_zh = TextValue(max_length=300, allow_none=True)
    help_en = TextValue(max_length=300, allow_none=True)
    options = fields.List(fields.Nested(OptionSchema))
    target = TextValue(max_length=100, allow_none=True)
    is_required = _Flag()
    default = fields.Raw(allow_none=True)
    sensitivity = fields.String(
        validate=validate.OneOf(
            [str(Sensitivity.INTERNAL), str(Sensitivity.SENSITIVE), str(Sensitivity.SECRET)],
            error=_CHOOSE,  # type: ignore[arg-type]
        )
    )
    is_searched = _Flag()
    is_frequent = _Flag()
    in_list = _Flag()
    in_quick_create = _Flag()
    beside = TextValue(max_length=60, allow_none=True)

    @pre_load
    def _without_blank_options(self, data: dict[str, Any], **_more: Any) -> dict[str, Any]:
        """Leave out lines of options in which nothing is written."""
        if isinstance(data.get("options"), list):
            said = [
                each for each in data["options"]
                if not isinstance(each, dict) or any(each.get(name) for name in ("value", "zh", "en"))
            ]  # fmt: skip
            return {**data, "options": said}
        return data

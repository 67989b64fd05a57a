"""Shapes of what the addon's actions take."""

from __future__ import annotations

from typing import Final

from marshmallow import validate

from addons.customer.models import ActivityKind, Direction
from core.i18n import _l, _lp
from core.resources.schemas import InputSchema
from core.resources.values import ChoiceValue, DayValue, IntegerValue, LinkValue, TextValue

#: Characters a subject may have, as in the model.
_SUBJECT: Final = 200


class LogContact(InputSchema):
    """A talk with a customer that has just been had, and what comes next."""

    kind = ChoiceValue(ActivityKind, required=True, metadata={"title": _lp("activity", "Kind")})
    #: What it was about; the name of the kind when left out.
    subject = TextValue(max_length=_SUBJECT, allow_none=True, metadata={"title": _l("Subject")})
    body = TextValue(
        multiline=True, max_length=20_000, allow_none=True, metadata={"title": _lp("activity", "Content")}
    )
    contact = LinkValue(allow_none=True, metadata={"title": _l("Contact")})
    #: Now when left out; read by the activity itself, in the tenant's zone.
    done_at = TextValue(max_length=40, allow_none=True, metadata={"title": _l("When"), "format": "date-time"})
    minutes = IntegerValue(
        allow_none=True,
        validate=validate.Range(min=0, error=_l("This cannot be less than zero.")),  # type: ignore[arg-type]
        metadata={"title": _l("Minutes")},
    )
    direction = ChoiceValue(Direction, allow_none=True, metadata={"title": _l("Direction")})
    outcome = TextValue(max_length=80, allow_none=True, metadata={"title": _l("Outcome")})
    #: A task for this day is planned when given.
    next_on = DayValue(allow_none=True, metadata={"title": _l("Next step on")})
    next_subject = TextValue(max_length=_SUBJECT, allow_none=True, metadata={"title": _l("Next step")})


class PlanTask(InputSchema):
    """Something to do for a customer."""

    kind = ChoiceValue(ActivityKind, allow_none=True, metadata={"title": _lp("activity", "Kind")})
    subject = TextValue(max_length=_SUBJECT, required=True, metadata={"title": _l("Subject")})
    body = TextValue(
        multiline=True, max_length=20_000, allow_none=True, metadata={"title": _lp("activity", "Content")}
    )
    contact = LinkValue(allow_none=True, metadata={"title": _l("Contact")})
    due_at = TextValue(max_length=40, allow_none=True, metadata={"title": _l("Due"), "format": "date-time"})


class CompleteActivity(InputSchema):
    """What came of an activity."""

    outcome = TextValue(max_length=80, allow_none=True, metadata={"title": _l("Outcome")})


class QuickTask(InputSchema):
    """A task for myself, as typed into my day."""

    subject = TextValue(max_length=_SUBJECT, required=True, metadata={"title": _l("Subject")})
    due_on = DayValue(allow_none=True, metadata={"title": _l("Due")})

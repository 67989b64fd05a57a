"""Shapes of what the addon's actions take."""

from __future__ import annotations

from typing import Any, Final

from marshmallow import fields, validate

from addons.customer.models import ActivityKind, Answer, Direction
from core.i18n import _l, _lp
from core.resources.schemas import InputSchema
from core.resources.values import ChoiceValue, DayValue, FlagValue, IntegerValue, LinkValue, TextValue

#: Characters a subject may have, as in the model.
_SUBJECT: Final = 200
_NOT_A_LIST: Final[dict[str, Any]] = dict.fromkeys(
    ("required", "invalid", "null"), _l("This must be a list.")
)


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
    done_at = TextValue(
        max_length=40, allow_none=True, metadata={"title": _lp("activity", "When"), "format": "date-time"}
    )
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


class AnswerLine(InputSchema):
    """What is known about one criterion."""

    criterion = LinkValue(required=True, metadata={"title": _l("Criterion")})
    answer = ChoiceValue(Answer, required=True, metadata={"title": _lp("criterion", "Answer")})
    note = TextValue(max_length=500, allow_none=True, metadata={"title": _l("Remark")})


class AssessLead(InputSchema):
    """The check list of a lead, filled in."""

    answers = fields.List(
        fields.Nested(AnswerLine),
        required=True,
        error_messages=_NOT_A_LIST,
        metadata={"title": _l("Answers")},
    )
    #: The version of the standard that was answered; the present one when left out.
    version = LinkValue(allow_none=True, metadata={"title": _lp("standard", "Version")})


class ConvertLead(InputSchema):
    """What becomes of a lead."""

    create_customer = FlagValue(metadata={"title": _l("Create a customer")})
    customer = LinkValue(allow_none=True, metadata={"title": _l("Existing customer")})
    create_contact = FlagValue(metadata={"title": _l("Create a contact")})
    contact = LinkValue(allow_none=True, metadata={"title": _l("Existing contact")})
    create_sale = FlagValue(metadata={"title": _l("Create a sale")})
    sale_title = TextValue(max_length=200, allow_none=True, metadata={"title": _l("What is sold")})


class DisqualifyLead(InputSchema):
    """Why a lead comes to nothing."""

    lost_reason = TextValue(max_length=80, required=True, metadata={"title": _l("Why disqualified")})


class QuickTask(InputSchema):
    """A task for myself, as typed into my day."""

    subject = TextValue(max_length=_SUBJECT, required=True, metadata={"title": _l("Subject")})
    due_on = DayValue(allow_none=True, metadata={"title": _l("Due")})

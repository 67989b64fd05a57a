"""Qualification: which standard a lead is checked by, what the answers amount to, and keeping versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from addons.customer.models import (
    Answer,
    Assessment,
    Criterion,
    Lead,
    LeadState,
    Standard,
    StandardVersion,
)
from core.access.actor import Actor
from core.errors import Conflict, Invalid
from core.i18n import _l
from core.resources.batch import Batch
from core.resources.declaration import resource_of
from core.resources.service import Service

MAX_WEIGHT: Final = 1000
MAX_NOTE: Final = 500
#: Stands for the number of a standard that has none yet.
_NEW: Final = -1

_standard = Standard.__table__
_criterion = Criterion.__table__
_version = StandardVersion.__table__
_assessment = Assessment.__table__
_lead = Lead.__table__


class NoStandard(Conflict):
    """No standard is in force for the product line of a lead."""

    code = "customer.no-standard"
    message = _l("There is no qualification standard for this lead.")


class StandardChanged(Conflict):
    """The standard has a newer version than the one that was answered."""

    code = "customer.standard-changed"
    message = _l("The qualification standard has been changed in the meantime. Check the lead again.")


class LeadIsConverted(Conflict):
    """A converted lead is not assessed or converted again."""

    code = "customer.lead-is-converted"
    message = _l("This lead is converted already.")


@dataclass(frozen=True, slots=True)
class Version:
    """A standard as it is now, or was."""

    id: int
    standard_id: int
    name: str
    revision: int
    threshold: int
    #: ``[{"id", "text", "weight", "required"}]``.
    criteria: Sequence[Mapping[str, Any]]

    def score(self, answers: Mapping[str, Mapping[str, Any]]) -> int:
        """The fulfilled part of all points, in percent, rounded half up."""
        total = sum(each["weight"] for each in self.criteria)
        met = sum(each["weight"] for each in self.criteria if _is_met(answers, each))
        return (200 * met + total) // (2 * total) if total else 0

    def passes(self, answers: Mapping[str, Mapping[str, Any]]) -> bool:
        """Whether the needed score is reached and all that must be met is."""
        needed = all(_is_met(answers, each) for each in self.criteria if each["required"])
        return bool(self.criteria) and needed and self.score(answers) >= self.threshold


def _is_met(answers: Mapping[str, Mapping[str, Any]], criterion: Mapping[str, Any]) -> bool:
    return answers.get(str(criterion["id"]), {}).get("answer") == Answer.YES


class Judgement(Enum):
    """What stands between a lead and its qualification."""

    #: No standard asks anything; people decide.
    FREE = auto()
    PASSED = auto()
    #: The check list is not filled in, not well enough, or that of another standard.
    OPEN = auto()


class StandardService(Service):
    """Writes of standards; a change of what they ask makes a new version."""

    def rules(self, batch: Batch) -> None:
        """See to plausible figures, to questions, and to one standard in force for each product line."""
        for change in batch.changes:
            threshold = change.values.get("threshold")
            if threshold is not None and not 0 <= threshold <= 100:
                change.refuse("threshold", _l("Write a number from %(low)s to %(high)s.", low=0, high=100))
            is_new = change.before is None
            if not change.lines.get("criteria", [] if is_new else [{}]):
                change.refuse("criteria", _l("Name at least one criterion."))
        self._check_lines(batch)

    def write(self, batch: Batch) -> None:
        """Write, and keep a version of every standard that asks something new."""
        super().write(batch)
        asked = [
            change.id
            for change in batch.changes
            if change.id is not None and ("criteria" in change.lines or "threshold" in change.values)
        ]
        _keep_versions(batch.session, asked, batch.actor)

    def _check_lines(self, batch: Batch) -> None:
        known: dict[str | None, int] = {
            row.product_line: row.id
            for row in batch.session.execute(
                select(_standard.c.id, _standard.c.product_line).where(
                    _standard.c.is_active, _standard.c.archived_at.is_(None)
                )
            )
        }
        for change in batch.good:
            if not change.now(self.resource, "is_active"):
                continue
            line = change.now(self.resource, "product_line")
            if known.get(line, change.id) != change.id:
                change.refuse("product_line", _l("A standard is in force for this already; change that one."))
            known[line] = change.id if change.id is not None else _NEW


class CriterionService(Service):
    """Writes of criteria."""

    def rules(self, batch: Batch) -> None:
        """Points are worth something, and not everything."""
        for change in batch.changes:
            weight = change.values.get("weight")
            if weight is not None and not 1 <= weight <= MAX_WEIGHT:
                change.refuse(
                    "weight", _l("Write a number from %(low)s to %(high)s.", low=1, high=MAX_WEIGHT)
                )


def _keep_versions(session: Session, standard_ids: Sequence[int], actor: Actor) -> None:
    if not standard_ids:
        return
    criteria: dict[int, list[dict[str, Any]]] = {number: [] for number in standard_ids}
    rows = select(_criterion).where(_criterion.c.standard_id.in_(standard_ids)).order_by(_criterion.c.id)
    for row in session.execute(rows):
        criteria[row.standard_id].append(
            {"id": row.id, "text": row.text, "weight": row.weight, "required": row.required}
        )
    asked = (
        update(_standard)
        .where(_standard.c.id.in_(standard_ids))
        .values(revision=_standard.c.revision + 1)
        .returning(_standard.c.id, _standard.c.revision, _standard.c.threshold)
    )
    versions = [
        {
            "standard_id": row.id,
            "revision": row.revision,
            "threshold": row.threshold,
            "criteria": criteria[row.id],
            "created_by_id": actor.user_id,
        }
        for row in session.execute(asked)
    ]
    session.execute(insert(_version), versions)


# Reading


def versions_for(session: Session, product_lines: Sequence[str | None]) -> dict[str | None, Version]:
    """The newest version of the standard in force for each product line; lines without one are missing."""
    rows = session.execute(
        select(
            _version.c.id,
            _version.c.standard_id,
            _version.c.revision,
            _version.c.threshold,
            _version.c.criteria,
            _standard.c.name,
            _standard.c.product_line,
        )
        .join(
            _standard,
            (_standard.c.id == _version.c.standard_id) & (_standard.c.revision == _version.c.revision),
        )
        .where(_standard.c.is_active, _standard.c.archived_at.is_(None))
        .order_by(_standard.c.id)
    )
    known = {
        row.product_line: Version(
            row.id, row.standard_id, row.name, row.revision, row.threshold, row.criteria
        )
        for row in rows
    }
    found = {line: known.get(line) or known.get(None) for line in product_lines}
    return {line: version for line, version in found.items() if version is not None}


def last_assessments(session: Session, lead_ids: Sequence[int]) -> dict[int, Mapping[str, Any]]:
    """The newest check list of some leads, with the version it answers: ``{lead: row}``."""
    statement = (
        select(
            _assessment,
            _version.c.standard_id,
            _version.c.revision,
            _version.c.threshold,
            _version.c.criteria,
            _standard.c.name,
        )
        .join(_version, _version.c.id == _assessment.c.version_id)
        .join(_standard, _standard.c.id == _version.c.standard_id)
        .where(_assessment.c.lead_id.in_(lead_ids))
        .ext(distinct_on(_assessment.c.lead_id))
        .order_by(_assessment.c.lead_id, _assessment.c.id.desc())
    )
    return {row["lead_id"]: dict(row) for row in session.execute(statement).mappings()}


def judge(session: Session, leads: Sequence[tuple[int | None, str | None]]) -> list[Judgement]:
    """Say of leads, ``(number, product line)``, whether their standard lets them be qualified."""
    versions = versions_for(session, [line for _number, line in leads])
    done = last_assessments(session, [number for number, line in leads if number and line in versions])
    judgements = []
    for number, line in leads:
        version = versions.get(line)
        given = done.get(number) if number is not None else None
        if version is None:
            judgements.append(Judgement.FREE)
        elif given is not None and given["passes"] and given["standard_id"] == version.standard_id:
            judgements.append(Judgement.PASSED)
        else:
            judgements.append(Judgement.OPEN)
    return judgements


# Assessing


def assess_lead(
    session: Session,
    lead_id: int,
    answers: Mapping[int, Mapping[str, Any]],
    *,
    actor: Actor,
    version: int | None = None,
) -> bool:
    """Keep the filled-in check list of a lead; it sets the score and whether the lead is qualified.

    Args:
        session: bound to one tenant; the caller commits.
        lead_id: the lead.
        answers: ``{criterion: {"answer": yes, no or unknown, "note": text}}``; unknown where left out.
        actor: who has checked it.
        version: the version that was answered; the present one when left out.

    Returns:
        Whether the lead passes.

    Raises:
        NotFound, Forbidden: the actor may not change the lead.
        NoStandard: nothing is asked of it.
        StandardChanged: the answers are about an older version.
        LeadIsConverted: it is too late.
        Invalid: an answer is about something that is not asked.
    """
    service: Any = resource_of(Lead).service
    row = service.permitted(session, [lead_id], actor, "update")[lead_id]
    if row["state"] == LeadState.CONVERTED:
        raise LeadIsConverted
    asked = versions_for(session, [row["product_line"]]).get(row["product_line"])
    if asked is None:
        raise NoStandard
    if version is not None and version != asked.id:
        raise StandardChanged
    known = {each["id"] for each in asked.criteria}
    if not answers.keys() <= known:
        raise Invalid({"answers": [_l("This criterion is not part of the standard.")]})
    kept = {
        str(number): {"answer": given.get("answer") or Answer.UNKNOWN.value, "note": given.get("note") or ""}
        for number, given in answers.items()
    }
    score, passes = asked.score(kept), asked.passes(kept)
    session.execute(
        insert(_assessment).values(
            lead_id=lead_id,
            version_id=asked.id,
            answers=kept,
            score=score,
            passes=passes,
            created_by_id=actor.user_id,
        )
    )
    state = row["state"]
    if state != LeadState.DISQUALIFIED:
        state = LeadState.QUALIFIED.value if passes else LeadState.WORKING.value
    service.set_values(session, {lead_id: {"score": score, "state": state}}, actor=actor, verb="update")
    return passes


def assess_leads(
    session: Session,
    ids: Sequence[int],
    *,
    actor: Actor,
    answers: Sequence[Mapping[str, Any]],
    version: int | None = None,
) -> None:
    """The action: keep the same answers, ``[{"criterion", "answer", "note"}]``, for each lead."""
    given = {each["criterion"]: each for each in answers}
    for number in ids:
        assess_lead(session, number, given, actor=actor, version=version)

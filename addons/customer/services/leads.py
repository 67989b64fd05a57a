"""Rules of leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from addons.customer.models import Conversion, Lead, LeadState
from addons.customer.services.qualification import Judgement, judge
from core.access.actor import Actor
from core.i18n import _l
from core.resources.batch import Batch, Change
from core.resources.declaration import resource_of
from core.resources.gateway import Gateway
from core.resources.service import Service

#: What may still be changed of a converted lead.
_STANDING: Final = frozenset(("owner", "unit", "tags"))
_conversion = Conversion.__table__
_DECIDING: Final = ("state", "product_line")


def disqualify_leads(session: Session, ids: Sequence[int], *, actor: Actor, lost_reason: str) -> None:
    """Give leads up, with the reason.

    Raises:
        NotFound, Forbidden: one is out of reach, or the actor may not change it.
        Invalid: one is converted.
    """
    values = {"state": LeadState.DISQUALIFIED.value, "lost_reason": lost_reason}
    resource_of(Lead).service.update_many(session, dict.fromkeys(ids, values), actor=actor)


def reopen_leads(session: Session, ids: Sequence[int], *, actor: Actor) -> None:
    """Take up leads again that were given up; others stay as they are."""
    rows = Gateway(session, actor).locked(resource_of(Lead), ids)
    given_up = [
        number for number in ids if number in rows and rows[number]["state"] == LeadState.DISQUALIFIED
    ]
    values = {"state": LeadState.WORKING.value}
    resource_of(Lead).service.update_many(session, dict.fromkeys(given_up, values), actor=actor)


class LeadService(Service):
    """Writes of leads."""

    def rules(self, batch: Batch) -> None:
        """Name the lead, keep to the order of its states, and let only checked leads be qualified."""
        for change in batch.changes:
            self._name(change)
            self._check_state(change)
        self._check_qualified(batch)

    def write(self, batch: Batch) -> None:
        """Write, and close the conversions of leads that are none any more."""
        super().write(batch)
        reopened = [
            change.id
            for change in batch.changes
            if change.stored(self.resource, "state") == LeadState.CONVERTED
            and change.now(self.resource, "state") != LeadState.CONVERTED
        ]
        if reopened:
            batch.session.execute(
                update(_conversion)
                .where(_conversion.c.lead_id.in_(reopened), _conversion.c.undone_at.is_(None))
                .values(undone_at=func.now(), undone_by_id=batch.actor.user_id)
            )

    def set_values(
        self, session: Session, values: Mapping[int, Mapping[str, Any]], *, actor: Actor, verb: str
    ) -> None:
        """Set fields the works on leads keep, such as the score, past the rules for people.

        Raises:
            NotFound, Forbidden: the actor may not do ``verb`` with one of them.
        """
        stored = self.permitted(session, list(values), actor, verb)
        changes = []
        for number, wanted in values.items():
            change = Change(dict(wanted), before=stored[number], id=number)
            for name in [
                name for name, value in wanted.items() if value == change.stored(self.resource, name)
            ]:
                del change.values[name]
            changes.append(change)
        self.write(Batch(self.resource, session, actor, changes, "updated"))

    def _name(self, change: Change) -> None:
        company, name = (change.now(self.resource, each) for each in ("company", "name"))
        if not company and not name:
            change.refuse("company", _l("Name the company or the person."))
        elif change.before is None or "company" in change.values or "name" in change.values:
            title = " · ".join(filter(None, (company, name)))
            if title != change.stored(self.resource, "title"):
                change.values["title"] = title

    def _check_state(self, change: Change) -> None:
        if _is_restored(change):
            return
        before, now = change.stored(self.resource, "state"), change.now(self.resource, "state")
        if before == LeadState.CONVERTED:
            if not change.values.keys() <= _STANDING:
                first = next(name for name in change.values if name not in _STANDING)
                change.refuse(first, _l("This lead is converted. Undo the conversion to change it."))
            return
        if now == LeadState.CONVERTED:
            change.refuse("state", _l("Use “Convert” to make a customer of this lead."))
        if now == LeadState.DISQUALIFIED:
            if not change.now(self.resource, "lost_reason"):
                change.refuse("lost_reason", _l("Say why the lead is disqualified."))
        elif change.now(self.resource, "lost_reason") is not None:
            change.values["lost_reason"] = None

    def _check_qualified(self, batch: Batch) -> None:
        """Where there is a standard, only its check list makes a lead qualified."""
        asked = [
            change
            for change in batch.good
            if change.now(self.resource, "state") == LeadState.QUALIFIED
            and not _is_restored(change)
            and any(name in change.values for name in _DECIDING)
        ]
        if not asked:
            return
        lines = {id(change): change.now(self.resource, "product_line") for change in asked}
        numbers = [(change.id, lines[id(change)]) for change in asked]
        for change, judgement in zip(asked, judge(batch.session, numbers), strict=True):
            if judgement is Judgement.PASSED or judgement is Judgement.FREE:
                continue
            if change.stored(self.resource, "state") == LeadState.QUALIFIED:
                change.values["state"] = LeadState.WORKING.value
            else:
                change.refuse("state", _l("Fill in the check list first; it makes the lead qualified."))


def _is_restored(change: Change) -> bool:
    """Whether a change gives a lead back what it was: no input can name when it was converted."""
    return "converted_at" in change.values

"""Rules of fairs and booths."""

from __future__ import annotations

from sqlalchemy import select, tuple_

from addons.industry_tradefair.models import Booth
from core.i18n import _l
from core.resources.batch import Batch
from core.resources.service import Service

_booth = Booth.__table__


class FairService(Service):
    """Writes of fairs."""

    def rules(self, batch: Batch) -> None:
        """A fair ends after it begins, and is built up before."""
        for change in batch.changes:
            begins, ends, builds = (
                change.now(self.resource, name) for name in ("begins_on", "ends_on", "build_up_on")
            )
            if begins is not None and ends is not None and ends < begins:
                change.refuse("ends_on", _l("This day lies before the beginning."))
            if begins is not None and builds is not None and builds > begins:
                change.refuse("build_up_on", _l("This day lies after the beginning."))


class BoothService(Service):
    """Writes of booths."""

    def rules(self, batch: Batch) -> None:
        """A booth has a size, and a number of its own at its fair."""
        for change in batch.changes:
            if (change.values.get("area") or 1) < 1:
                change.refuse("area", _l("Write a number above zero."))
            if (change.values.get("price") or 0) < 0:
                change.refuse("price", _l("This cannot be less than zero."))
        self._refuse_taken_numbers(batch)

    def _refuse_taken_numbers(self, batch: Batch) -> None:
        placed = [
            (change, (change.now(self.resource, "fair"), change.now(self.resource, "number")))
            for change in batch.good
            if {"fair", "number"} & set(change.values)
        ]
        if not placed:
            return
        taken = {
            (row.fair_id, row.number): row.id
            for row in batch.session.execute(
                select(_booth.c.id, _booth.c.fair_id, _booth.c.number).where(
                    tuple_(_booth.c.fair_id, _booth.c.number).in_([place for _change, place in placed])
                )
            )
        }
        seen: set[tuple[int, str]] = set()
        for change, place in placed:
            if taken.get(place, change.id) != change.id or place in seen:
                change.refuse("number", _l("There is a booth of this number at the fair already."))
            seen.add(place)

"""Rules of the core's own records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.access.actor import Actor
from core.access.models import Unit
from core.auth.services import end_sessions
from core.db.session import tenant_of
from core.i18n import _l
from core.resources.batch import Batch
from core.resources.service import Service

_unit = Unit.__table__


class UserService(Service):
    """Writes of users."""

    def archive(
        self, session: Session, record_ids: Sequence[int], *, actor: Actor, reason: str | None = None
    ) -> None:
        """Archive users; their sessions and tokens end for good, also if they come back."""
        super().archive(session, record_ids, actor=actor, reason=reason)
        end_sessions(session, record_ids)


class UnitService(Service):
    """Writes of units."""

    def rules(self, batch: Batch) -> None:
        """Keep the units a tree: none stands below itself, directly or through others."""
        moved = {
            change.id: change for change in batch.good if change.id is not None and "parent" in change.values
        }
        if not any(change.values["parent"] is not None for change in moved.values()):
            return
        # Two moves at once could close a circle that neither sees.
        key = func.hashtextextended("core.unit.parent", tenant_of(batch.session).id)
        batch.session.execute(select(func.pg_advisory_xact_lock(key)))
        rows = batch.session.execute(select(_unit.c.id, _unit.c.parent_id))
        parents = {row.id: row.parent_id for row in rows} | {
            number: change.values["parent"] for number, change in moved.items()
        }
        for number, change in moved.items():
            if _is_below_itself(number, parents):
                change.refuse("parent", _l("A unit cannot stand below itself."))


def _is_below_itself(unit: int, parents: Mapping[int, int | None]) -> bool:
    """Whether the way up from ``unit`` leads back to it; ``parents`` is ``{unit: the one above}``."""
    seen: set[int] = set()
    above = parents[unit]
    while above is not None and above not in seen:
        if above == unit:
            return True
        seen.add(above)
        above = parents.get(above)
    return False

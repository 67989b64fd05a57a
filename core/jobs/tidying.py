"""Taking old jobs away."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

from core.i18n import _l
from core.jobs.registry import job
from core.jobs.work import Work

#: Days after which a job that is over is forgotten: periodic ones soon, parked ones when nobody looks.
_KEPT: Final = text("""
    delete from core_job where id in (
        select id from core_job
        where state in ('done', 'cancelled', 'parked') and finished_at < now() - make_interval(days => case
            when state = 'parked' then 90
            when due_at is not null then 2
            else 30 end)
        limit :batch
    )
""")
_BATCH: Final = 5000


@job("core.tidy-jobs", title=_l("Take old background jobs away"), every="17 * * * *")
def tidy_jobs(work: Work) -> dict[str, int]:
    """Delete jobs that ended long ago, some thousands at a time."""
    gone = 0
    while True:
        with work.unit() as session:
            deleted: int = session.execute(_KEPT, {"batch": _BATCH}).rowcount  # type: ignore[attr-defined]
        gone += deleted
        if deleted < _BATCH or work.cancelled():
            return {"deleted": gone}

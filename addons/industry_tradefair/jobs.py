"""Background work; a job may run twice with the same arguments and must not mind."""

from __future__ import annotations

from addons.industry_tradefair.services import remind_of_fairs
from core.i18n import _l
from core.jobs import Work, job


@job("industry_tradefair.remind", title=_l("Remind of coming fairs"), every="20 22 * * *")
def remind(work: Work) -> dict[str, int]:
    """Plan tasks for booths of fairs that begin soon, each night; it is morning in China then."""
    planned = 0
    while True:
        with work.unit() as session:
            some = remind_of_fairs(session, actor=work.actor(session))
        planned += some
        if not some or work.cancelled():
            return {"planned": planned}

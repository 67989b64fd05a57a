"""What is done with many records: at once, or by a job; and taken back.

The records are fixed when it is asked for: those that are named, or that match the filter at that
moment. A job treats exactly these, in parts, each with the rights its owner has then; one that comes
to match meanwhile is not changed, and one that is gone or out of reach by then is passed over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from core.access.actor import Actor
from core.errors import NotFound
from core.events import notify
from core.i18n import _, _l
from core.jobs import Work, enqueue, job
from core.jobs.models import Job
from core.resources import change_sets
from core.resources.bulk.edits import STANDING, Edit, Result, carry_out, carry_out_whole, check
from core.resources.bulk.models import BulkRun
from core.resources.channels import through
from core.resources.declaration import Resource
from core.resources.gateway import Gateway
from core.resources.models import ChangeSet

#: Records of one transaction of a job.
PART: Final = 500
#: Refusals a run keeps; the others are counted.
MAX_REFUSALS: Final = 200
#: Days the changes of a set can be taken back from the page.
UNDO_DAYS: Final = 30

_run = BulkRun.__table__
_set = ChangeSet.__table__
_job = Job.__table__


def do_now(
    gateway: Gateway, resource: Resource, record_ids: Sequence[int], edit: Edit
) -> tuple[Result, int | None]:
    """Do it in the present transaction, as one set of changes.

    Returns:
        What has come of it, and the number of the set; None where nothing can be taken back.

    Raises:
        NotFound, Forbidden, Invalid: as `core.resources.bulk.check`.
    """
    check(gateway, resource, edit)
    session = gateway.session
    attempt = session.begin_nested()
    set_id = _open(gateway, resource, edit, len(record_ids))
    with change_sets.collecting(session, set_id), through(session, "bulk"):
        result = carry_out(gateway, resource, record_ids, edit)
    if not result.changed:
        attempt.rollback()
        return result, None
    attempt.commit()
    notify(session, f"list:{resource.name}")
    return result, set_id if edit.can_be_undone else None


def do_whole(gateway: Gateway, resource: Resource, record_ids: Sequence[int], edit: Edit) -> int | None:
    """Do it with all records or with none; gives the number of the set that takes it back.

    Raises:
        NotFound, Forbidden, Invalid: as `core.resources.bulk.carry_out_whole`.
    """
    session = gateway.session
    gateway.require(resource, "read")
    set_id = _open(gateway, resource, edit, len(record_ids))
    with change_sets.collecting(session, set_id), through(session, "bulk"):
        carry_out_whole(gateway, resource, record_ids, edit)
    notify(session, f"list:{resource.name}")
    return set_id if edit.can_be_undone else None


def do_later(gateway: Gateway, resource: Resource, record_ids: Sequence[int], edit: Edit) -> tuple[int, int]:
    """Let a job do it after the present transaction: ``(number of the run, number of its job)``.

    Raises:
        NotFound, Forbidden, Invalid: as `core.resources.bulk.check`.
    """
    check(gateway, resource, edit)
    session, actor = gateway.session, gateway.actor
    values = {
        "resource": resource.name,
        "action": edit.action,
        "values": edit.to_json(),
        "ids": list(record_ids),
        "actor_id": actor.user_id,
    }
    number = int(session.scalars(insert(_run).values(values).returning(_run.c.id)).one())
    label = title_of(resource, edit, len(record_ids))
    job_id = enqueue(session, "core.bulk", {"run_id": number}, actor=actor, label=label)
    session.execute(update(_run).where(_run.c.id == number).values(job_id=job_id))
    return number, job_id


@job("core.bulk", title=_l("Change many records"), lane="bulk", while_held=True)
def run_bulk(work: Work) -> dict[str, Any] | None:
    """Treat the records of a run; begun again after a crash, it goes on where the last part ended."""
    number = work.arguments["run_id"]
    going_on = True
    while going_on and not work.told_to_stop:
        with work.unit() as session:
            run = session.execute(select(_run).where(_run.c.id == number).with_for_update()).first()
            if run is None:
                return None
            total = len(run.ids)
            part = run.ids[run.position : run.position + PART]
            going_on = bool(part)
            if part:
                _go_on(work, session, run, part)
        work.progress(min(run.position + len(part), total), total)
    with work.kernel.database.session(work.tenant) as session:
        return _told(run_of(session, None, number))


def _go_on(work: Work, session: Session, run: Any, part: Sequence[int]) -> None:
    """Treat one part of a run and write down how far it is."""
    actor = work.actor(session)
    resource = work.kernel.resources.named(work.tenant, run.resource)
    edit = Edit.from_json(run.action, run.values)
    gateway = Gateway(session, actor)
    check(gateway, resource, edit)
    set_id = run.change_set_id or _open(gateway, resource, edit, len(run.ids))
    with change_sets.collecting(session, set_id), through(session, "bulk"):
        result = carry_out(gateway, resource, part, edit)
    refusals = [*run.refusals, *([each.record_id, each.sentence] for each in result.refused)]
    session.execute(
        update(_run)
        .where(_run.c.id == run.id)
        .values(
            position=run.position + len(part),
            changed=run.changed + result.changed,
            unchanged=run.unchanged + result.unchanged,
            refused=run.refused + len(result.refused),
            refusals=refusals[:MAX_REFUSALS],
            change_set_id=set_id,
        )
    )
    if result.changed:
        notify(session, f"list:{resource.name}")


def run_of(session: Session, actor: Actor | None, number: int) -> Mapping[str, Any]:
    """A run as it stands; None as the actor for the job itself.

    Raises:
        NotFound: there is none, or it is somebody else's.
    """
    found = session.execute(select(_run).where(_run.c.id == number)).mappings().first()
    if found is None or (actor is not None and found["actor_id"] != actor.user_id):
        raise NotFound
    return dict(found)


def job_of(session: Session, run: Mapping[str, Any]) -> Mapping[str, Any]:
    """Where the job of a run stands: its state, and why it is parked."""
    columns = (_job.c.state, _job.c.error, _job.c.error_code)
    found = session.execute(select(*columns).where(_job.c.id == run["job_id"])).mappings().first()
    return dict(found) if found is not None else {"state": "done", "error": None, "error_code": None}


def _told(run: Mapping[str, Any]) -> dict[str, Any]:
    """What the job tells of a run."""
    can_be_undone = run["changed"] > 0 and Edit(run["action"]).can_be_undone
    return {
        "run_id": run["id"],
        "total": len(run["ids"]),
        "changed": run["changed"],
        "unchanged": run["unchanged"],
        "refused": run["refused"],
        "change_set": run["change_set_id"] if can_be_undone else None,
    }


def title_of(resource: Resource, edit: Edit, count: int) -> str:
    """What an edit is called in lists: Archive: Customers (12)."""
    return f"{action_title(resource, edit.action)}{_(': ')}{resource.title_plural} ({count:,})"


def action_title(resource: Resource, action: str) -> str:
    """What an action is called on buttons."""
    standing = {
        "update": _("Edit fields"), "archive": _("Archive"), "restore": _("Restore"), "delete": _("Delete"),
    }  # fmt: skip
    if action in STANDING:
        return standing[action]
    return next((str(each.title) for each in resource.actions if each.name == action), action)


def _open(gateway: Gateway, resource: Resource, edit: Edit, count: int) -> int:
    label = title_of(resource, edit, count)
    return change_sets.open_set(gateway.session, "bulk", resource, actor=gateway.actor, label=label)


# Taking back


def sets_of(session: Session, actor: Actor) -> list[Mapping[str, Any]]:
    """The edits of many that somebody made in the last days, newest first."""
    recent = _set.c.created_at > func.now() - func.make_interval(0, 0, 0, UNDO_DAYS)
    statement = select(_set).where(_set.c.kind == "bulk", _set.c.actor_id == actor.user_id, recent)
    rows = session.execute(statement.order_by(_set.c.id.desc()).limit(50)).mappings()
    return [dict(row) for row in rows]


def undo(session: Session, set_id: int, *, actor: Actor, at_once: int) -> change_sets.Undone | int:
    """Take a set back: at once, or where it is larger than ``at_once`` by a job, whose number is given.

    Raises:
        NotFound, Forbidden: see `core.resources.change_sets.undo`.
    """
    if change_sets.size(session, set_id) <= at_once:
        return change_sets.undo(session, set_id, actor=actor)
    # The first record shows whether he may; the job takes back the others.
    change_sets.undo(session, set_id, actor=actor, limit=1)
    label = session.scalar(select(_set.c.label).where(_set.c.id == set_id)) or ""
    return enqueue(session, "core.undo", {"set_id": set_id}, actor=actor, label=label, key=str(set_id))


@job("core.undo", title=_l("Take changes back"), lane="bulk", while_held=True)
def run_undo(work: Work) -> dict[str, int]:
    """Take back a set of changes in parts; begun again, it goes on where it ended."""
    number = work.arguments["set_id"]
    done = 0
    with work.kernel.database.session(work.tenant) as session:
        total = change_sets.size(session, number)
    while True:
        with work.unit() as session:
            undone = change_sets.undo(session, number, actor=work.actor(session), limit=PART)
        done += PART
        work.progress(min(done, total), total)
        if undone.is_done or work.told_to_stop:
            return {"restored": undone.restored, "removed": undone.removed, "left": undone.left}

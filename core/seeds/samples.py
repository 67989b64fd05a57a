"""Sample data: everything a demo writes is one set of changes, which is taken back as a whole.

What somebody has changed since stays, and so does what other records have come to refer to.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR
from core.resources import change_sets
from core.resources.channels import through
from core.resources.declaration import Resource
from core.resources.gateway import Gateway
from core.resources.models import ChangeSet, ChangeSetRow
from core.seeds.files import Mode
from core.seeds.registry import Seeds
from core.seeds.writing import Writing, hold, seed_table

#: Of sets of changes.
KIND: Final = "sample"

_set = ChangeSet.__table__
_row = ChangeSetRow.__table__


def states(session: Session) -> Sequence[str]:
    """How the samples of a tenant stand: ``made``, or ``undone`` where some were left; none without any."""
    return session.scalars(select(_set.c.state).where(_set.c.kind == KIND)).all()


@contextmanager
def sampling(session: Session, about: Resource) -> Iterator[None]:
    """Let what services write in the block be samples, which `unload` removes again.

    Args:
        session: bound to one tenant; the caller commits.
        about: the resource the set of changes is filed under.
    """
    number = change_sets.open_set(session, KIND, about, actor=OPERATOR, label="")
    with through(session, "sample"), change_sets.collecting(session, number):
        yield


def load(session: Session, seeds: Seeds, on: Collection[str]) -> None:
    """Write the sample seeds of some addons; those that are there already stay as they are.

    Raises:
        SeedRefused: one breaks a rule.
    """
    hold(session)
    for addon in seeds.addons(on):
        Writing(session, seeds, addon, strict=True).run((Mode.SAMPLE,))


def unload(session: Session, resources: Mapping[str, Resource]) -> Mapping[Resource, Sequence[str]]:
    """Remove the samples without a trace, but those that have become somebody's.

    Args:
        session: bound to one tenant; the caller commits.
        resources: of the addons that are on, by name.

    Returns:
        The names of the records that stay, by resource; all is tried again by the next call.
    """
    hold(session)
    sets = session.scalars(select(_set.c.id).where(_set.c.kind == KIND).order_by(_set.c.id.desc())).all()
    for number in sets:
        _take_back(session, number)
    rows = session.execute(select(_row.c.resource, _row.c.record_id).where(_row.c.set_id.in_(sets)))
    left = {(row.resource, row.record_id) for row in rows}
    session.execute(delete(_set).where(_set.c.id.in_(sets), _set.c.id.not_in(select(_row.c.set_id))))
    _forget(session, left)
    by_name: dict[str, list[int]] = {}
    for name, number in sorted(left):
        by_name.setdefault(name, []).append(number)
    gateway = Gateway(session, OPERATOR)
    return {
        resources[name]: list(gateway.labels(resources[name], numbers).values())
        for name, numbers in by_name.items()
        if name in resources
    }


def _take_back(session: Session, number: int) -> None:
    """Take a set back, again as long as that removes more: tables may refer to one another both ways."""
    before = None
    while True:
        session.execute(update(_row).where(_row.c.set_id == number).values(is_left=False))
        session.execute(update(_set).where(_set.c.id == number).values(state="made", left=0))
        left = change_sets.undo(session, number, actor=OPERATOR).left
        if left in (0, before):
            return
        before = left


def _forget(session: Session, left: Collection[tuple[str, int]]) -> None:
    """Remember no sample that is gone."""
    rows = session.execute(
        select(seed_table.c.id, seed_table.c.resource, seed_table.c.record_id).where(
            seed_table.c.mode == Mode.SAMPLE.value
        )
    ).all()
    gone = [row.id for row in rows if (row.resource, row.record_id) not in left]
    session.execute(delete(seed_table).where(seed_table.c.id.in_(gone)))

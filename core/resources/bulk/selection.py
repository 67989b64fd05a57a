"""Which records are meant: those that are named, or those that match."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import func, select

from core.errors import Conflict
from core.i18n import _l
from core.resources.declaration import Resource
from core.resources.gateway import Gateway
from core.resources.query import Query

#: Records treated in a request; more are treated by a job.
MAX_AT_ONCE: Final = 1000
#: Records treated by one job.
MAX_BY_JOB: Final = 100_000


class TooManyRecords(Conflict):
    """More records match than are treated at once."""

    code = "too-many-records"
    message = _l("At most %(max)s records are changed at once; these are %(count)s. Narrow the filter.")


def matching(
    gateway: Gateway, resource: Resource, query: Query, limit: int = MAX_BY_JOB, *, is_bounded: bool = True
) -> list[int]:
    """The numbers of the records within reach that match ``query``, rising.

    Args:
        gateway: of the one who asks.
        resource: what the records are.
        query: its filter and search count, the rest does not.
        limit: how many may match.
        is_bounded: whether more are an error; else one more than ``limit`` are given.

    Raises:
        NotFound: the actor may not read the resource.
        UnknownField, Invalid: the filter is not right.
        TooManyRecords: there are more than ``limit``.
    """
    gateway.require(resource, "read")
    table = resource.table
    condition = gateway.condition(resource, query)
    found = gateway.session.scalars(
        select(table.c.id).where(condition).order_by(table.c.id).limit(limit + 1)
    ).all()
    if is_bounded and len(found) > limit:
        count = gateway.session.scalar(select(func.count()).select_from(table).where(condition)) or 0
        raise TooManyRecords(max=f"{limit:,}", count=f"{count:,}")
    return list(found)


def existing(gateway: Gateway, resource: Resource, record_ids: Sequence[int]) -> list[int]:
    """Those of some records that are there and within reach, each once, in the given order."""
    gateway.require(resource, "read")
    reached = gateway.reached(resource, record_ids)
    return [number for number in dict.fromkeys(record_ids) if number in reached]

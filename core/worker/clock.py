"""Periodic jobs: noticing that one is due, and enqueueing it for every tenant it concerns."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Final

from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from core.addons.switch import is_on
from core.db import platform
from core.db.session import commit
from core.db.tenancy import Platform, read_tenant
from core.jobs.registry import JobKind
from core.kernel import Kernel

logger = logging.getLogger(__name__)

#: One job for each due time, however often this is run; none while an earlier one is still at work.
_ENQUEUE: Final = text("""
    with made as (
        insert into core_job (kind, due_at)
        select :kind, :due where not exists (
            select from core_job
            where kind = :kind and due_at is not null and state in ('waiting', 'running')
        )
        on conflict (kind, due_at) where due_at is not null do nothing
        returning id
    )
    select queue.enqueue(:kind, :lane, id, null) from made
""")


def tell_tenants(kernel: Kernel, kind_name: str, due: datetime) -> int:
    """Enqueue a periodic job for every tenant that is open, not held and has its addon on; safe to run twice.

    Returns:
        For how many.
    """
    kind = kernel.jobs.get(kind_name)
    if kind is None:
        return 0
    with kernel.database.session(Platform()) as session:
        rows = session.execute(select(platform.tenant).order_by(platform.tenant.c.id)).mappings().all()
    told = 0
    for tenant in map(read_tenant, rows):
        if tenant.state != "active" or tenant.held or not is_on(tenant, kind.addon):
            continue
        try:
            with kernel.database.session(tenant) as session:
                made = session.execute(_ENQUEUE, {"kind": kind.name, "lane": kind.lane, "due": due}).first()
                told += made is not None
                commit(session)
        except SQLAlchemyError:  # a tenant that is being upgraded keeps nobody else waiting
            logger.exception("periodic job %s was not enqueued for %s", kind.name, tenant.slug)
    return told


def due_now(kernel: Kernel, now: datetime) -> list[tuple[JobKind, datetime]]:
    """The periodic jobs with the last time each was due at."""
    return [(kind, kind.due(now)) for kind in kernel.jobs if kind.every]

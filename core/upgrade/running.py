"""Upgrading tenants: each in a process and a transaction of its own, resumable, failures kept apart."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from sqlalchemy import Connection, create_engine

from core.config import Config
from core.db.migrate import heads, revisions
from core.db.provision import set_state, upgrade_tenant
from core.db.tenancy import Tenant
from core.kernel import Kernel, start_kernel
from core.resources.reindexing import complete_search


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the upgrade of one tenant went; ``failure`` is empty when it went well."""

    slug: str
    seconds: float
    failure: str = ""


def pending(connection: Connection, kernel: Kernel, tenant: Tenant) -> list[str]:
    """The addons of a tenant that have revisions it has not reached."""
    histories = kernel.histories(tenant.addons)
    reached = revisions(connection, tenant.schema, histories)
    return [history.name for history in histories if heads(history) - reached[history.name]]


def upgrade_all(tenants: Sequence[Tenant], *, owner_url: str, processes: int) -> Iterator[Outcome]:
    """Upgrade tenants, ``processes`` at a time, and tell of each as it is done.

    A tenant that fails keeps its old schema, is closed (state ``failed``) with the reason kept, and
    is tried again by the next call. A suspended one stays suspended.
    """
    if not tenants:
        return
    context = multiprocessing.get_context("spawn")
    torn: list[Tenant] = []
    with ProcessPoolExecutor(min(processes, len(tenants)), mp_context=context) as pool:
        at_work = {pool.submit(_upgrade, tenant, owner_url): tenant for tenant in tenants}
        for done in as_completed(at_work):
            if isinstance(done.exception(), BrokenProcessPool):
                torn.append(at_work[done])
            else:
                yield done.result()
    # A process that dies (out of memory, say) takes the whole pool with it, so each gets one of its own.
    for tenant in torn:
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            alone = pool.submit(_upgrade, tenant, owner_url)
            if isinstance(alone.exception(), BrokenProcessPool):
                yield _failed(tenant, owner_url, "the process died", time.perf_counter())
            else:
                yield alone.result()


def complete(kernel: Kernel, tenant: Tenant) -> None:
    """Let jobs make what the newest revisions keep of records that were there before."""
    with kernel.database.unit_of_work(tenant) as session:
        complete_search(session, kernel.resources.visible(tenant))


def _kept(tenant: Tenant) -> str:
    """The state that an upgrade leaves as it is; empty where there is none."""
    return tenant.state if tenant.state in ("suspended", "restoring") else ""


def _failed(tenant: Tenant, owner_url: str, failure: str, started: float) -> Outcome:
    """Close a tenant and keep the reason; what was suspended stays so."""
    engine = create_engine(owner_url, pool_size=1)
    try:
        with engine.begin() as connection:
            set_state(connection, tenant, _kept(tenant) or "failed", failure)
    finally:
        engine.dispose()
    return Outcome(tenant.slug, time.perf_counter() - started, failure)


_kernel: Kernel | None = None


def _upgrade(tenant: Tenant, owner_url: str) -> Outcome:
    """Runs in a process of the pool; the addons are loaded once in each."""
    global _kernel  # noqa: PLW0603 - one kernel for the life of a worker process
    started = time.perf_counter()
    engine = create_engine(owner_url, pool_size=1)
    try:
        if _kernel is None:
            _kernel = start_kernel(Config.from_environ(), owner_url)
        with engine.begin() as connection:
            upgrade_tenant(connection, tenant, _kernel.histories(tenant.addons))
            set_state(connection, tenant, _kept(tenant) or "active")
    except Exception as error:  # noqa: BLE001 - whatever a migration raises, it concerns this tenant alone
        failure = f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"
        return _failed(tenant, owner_url, failure, started)
    finally:
        engine.dispose()
    return Outcome(tenant.slug, time.perf_counter() - started)

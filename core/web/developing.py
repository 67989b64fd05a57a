"""What helps whoever writes addons: pages and texts that are read again, and a word about the database."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

from flask import Flask, g
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from core.db import platform
from core.db.migrate import differences, outstanding
from core.db.tenancy import Platform, Tenant, read_tenant
from core.i18n import Lazy, _l, reload_catalogues
from core.kernel import Kernel

logger = logging.getLogger(__name__)

#: Tenants whose tables are looked at when the server starts.
_LOOKED_AT = 5


class Developing:
    """Added to an application that is being worked on."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._notices: dict[int, Sequence[Lazy]] = {}

    def prepare(self, app: Flask) -> None:
        """Read templates and texts again when they change, and show what is wrong with the tables."""
        app.jinja_env.auto_reload = True
        app.jinja_env.globals["notices"] = self._of_reader
        app.before_request(reload_catalogues)
        reload_catalogues()  # takes note of what there is

    def look(self) -> None:
        """Compare the tables of tenants with the models, beside the first requests."""
        threading.Thread(target=self._look, name="tables", daemon=True).start()

    def _of_reader(self) -> Sequence[Lazy]:
        tenant: Tenant | None = g.get("tenant")
        return self._notices.get(tenant.id, ()) if tenant is not None else ()

    def _look(self) -> None:
        try:
            with self._kernel.database.session(Platform()) as session:
                statement = select(platform.tenant).where(platform.tenant.c.state == "active")
                rows = session.execute(statement.order_by(platform.tenant.c.id).limit(_LOOKED_AT)).mappings()
                tenants = [read_tenant(row) for row in rows]
            for tenant in tenants:
                self._notices[tenant.id] = self._found(tenant)
        except DBAPIError as error:  # the pages say so themselves
            logger.warning("the tables could not be compared with the models: %s", error.orig)

    def _found(self, tenant: Tenant) -> Sequence[Lazy]:
        """What is to be done for the tables of a tenant, with the command that does it."""
        histories = self._kernel.histories(tenant.addons)
        with self._kernel.database.session(tenant) as session:
            connection = session.connection()
            waiting = {each.history for each in outstanding(connection, tenant.schema, histories)}
            if waiting:
                behind = _l(
                    "Migrations of %(addons)s have not run yet: guanxi upgrade",
                    addons=", ".join(sorted(waiting)),
                )
                return (behind,)
            return [
                _l(
                    "Models of %(addon)s have changed, and no migration says so: "
                    'guanxi addon makemigration %(addon)s -m "…"',
                    addon=history.name,
                )
                for history in histories
                if differences(connection, tenant.schema, [history.name])
            ]

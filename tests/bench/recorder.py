"""What a request of ours sends to the database, so that the floor can send the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from flask.testing import FlaskClient
from sqlalchemy import event

from core.app import create_app
from core.db.tenancy import Tenant
from core.kernel import Kernel

_PARAMETER: Final = re.compile(r"%\((\w+)\)s")


class Recorder:
    """Sends requests through our application in this process and listens to its statements."""

    def __init__(self, kernel: Kernel, tenant: Tenant, headers: Mapping[str, str]) -> None:
        self.kernel = kernel
        self.tenant = tenant
        self._headers = headers
        self._client: FlaskClient = create_app(kernel).test_client(use_cookies=False)

    def statements(self, path: str, *, method: str = "GET", body: Any = None) -> list[tuple[str, Any]]:
        """What one warm request sends, the message that binds and identifies first."""
        self._send(path, method, body)
        with self._listening() as found:
            self._send(path, method, body)
        return found

    def page(self, path: str, *, method: str = "GET", body: Any = None, names: list[str]) -> dict[str, Any]:
        """What the floor needs to answer as we do: ``names`` are the fields of a record in their order.

        The floor binds the tenant it knows in advance and asks for no token.
        """
        resource = self.kernel.resources["customer.customer"]
        _bound, *sent = self.statements(path, method=method, body=body)
        answer = json.loads(self._send(path, method, body))
        links = [name for name in names if resource.fields[name].target is not None]
        return {
            "bind": [
                "select set_config('role', %(role)s, true), set_config('search_path', %(path)s, true)",
                {"role": self.tenant.role, "path": f'"{self.tenant.schema}"'},
            ],
            "statements": [(statement, _used(statement, values)) for statement, values in sent],
            "names": names,
            "links": [(name, names.index(name), len(names) + at) for at, name in enumerate(links)],
            "lines": [] if "items" in answer else list(resource.lines_fields),
            "list": {name: value for name, value in answer.items() if name != "items"}
            if "items" in answer
            else None,
        }

    def _send(self, path: str, method: str, body: Any) -> bytes:
        response = self._client.open(
            path,
            method=method,
            json=body,
            headers=dict(self._headers),
            base_url=f"http://{self._headers['Host']}",
        )
        if not 200 <= response.status_code < 300:
            raise SystemExit(f"{path}: {response.status_code} {response.get_data(as_text=True)[:300]}")
        return response.get_data()

    @contextmanager
    def _listening(self) -> Iterator[list[tuple[str, Any]]]:
        found: list[tuple[str, Any]] = []

        def keep(connection: Any, cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
            found.append((statement, parameters))

        event.listen(self.kernel.database.engine, "before_cursor_execute", keep)
        try:
            yield found
        finally:
            event.remove(self.kernel.database.engine, "before_cursor_execute", keep)


def _used(statement: str, values: Any) -> Any:
    """The values a statement asks for, of all that it was given."""
    if not isinstance(values, Mapping):
        return values
    return {name: values[name] for name in dict.fromkeys(_PARAMETER.findall(statement))}

"""Who calls in a test: a program with a token, and a browser without a window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core.access.actor import Actor


@dataclass(frozen=True, slots=True)
class ApiClient:
    """Calls the API of one tenant as one user: ``api.get("customer/customers?sort=name")``."""

    client: FlaskClient
    token: str
    host: str = "main.localhost"

    def call(self, method: str, path: str, **options: Any) -> TestResponse:
        """Send a request; ``path`` is below ``/api/v1/`` unless it begins with a slash."""
        url = path if path.startswith("/") else f"/api/v1/{path}"
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return self.client.open(
            url, method=method, base_url=f"http://{self.host}", headers=headers, **options
        )

    def get(self, path: str, **options: Any) -> TestResponse:
        """GET."""
        return self.call("GET", path, **options)

    def post(self, path: str, **options: Any) -> TestResponse:
        """POST."""
        return self.call("POST", path, **options)

    def patch(self, path: str, **options: Any) -> TestResponse:
        """PATCH."""
        return self.call("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> TestResponse:
        """DELETE."""
        return self.call("DELETE", path, **options)


@dataclass(frozen=True, slots=True)
class Browser:
    """A signed-in browser without a window: pages and forms of one tenant as one user."""

    client: FlaskClient
    actor: Actor
    csrf: str
    host: str = "main.localhost"

    def get(self, path: str, **options: Any) -> TestResponse:
        """GET a page."""
        return self.client.get(path, base_url=f"http://{self.host}", **options)

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        """POST a form, its token included."""
        form = {"csrf_token": self.csrf, **(data or {})}
        return self.client.post(path, base_url=f"http://{self.host}", data=form, **options)

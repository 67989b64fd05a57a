"""Whether the API answers as its own document says."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from flask import Flask

from core.resources.declaration import Resource
from core.testing.clients import ApiClient


def answers_that_differ(app: Flask, program: ApiClient, resource: Resource) -> Iterator[str]:
    """Ask for a resource in every way that changes nothing, and compare the answers with the document.

    Args:
        app: the application.
        program: of an administrator.
        resource: has records, one of which bears the number 1.
    """
    schemathesis = _schemathesis()
    document = program.get("openapi.json").get_json()
    schema = schemathesis.openapi.from_dict(document)
    schema.app = app
    checks = import_module("schemathesis.checks")
    wanted = (
        checks.not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
    )
    headers = {"Authorization": f"Bearer {program.token}"}
    base = f"/api/v1/{resource.path}"
    for path, methods in document["paths"].items():
        if not (path == base or path.startswith(f"{base}/")) or "get" not in methods:
            continue
        for number in (1, 1_000_000):
            case = schema[path]["GET"].Case(path_parameters=dict.fromkeys(_names(path), number))
            try:
                case.call_and_validate(base_url=f"http://{program.host}", headers=headers, checks=wanted)
            except AssertionError as error:
                yield f"GET {path}: {' '.join(str(error).split())[:500]}"


def _names(path: str) -> list[str]:
    return [part.strip("{}") for part in path.split("/") if part.startswith("{")]


def _schemathesis() -> Any:
    try:
        return import_module("schemathesis")
    except ImportError:
        pytest.fail("Answers are compared by schemathesis: pip install schemathesis", pytrace=False)

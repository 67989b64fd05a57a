"""The OpenAPI document: it is valid, says what each reader may use, and the API keeps to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings, strategies
from schemathesis import checks
from schemathesis.core.result import Ok

from core.testing.plugin import Browser

#: An `ApiClient`, whose answers have a body: werkzeug says it may be None.
Client = Any
WANTED = (
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
)
#: Requests to each operation.
FEW = settings(
    max_examples=20,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
MakeApi = Callable[..., Client]


def document(client: Client, **options: Any) -> dict[str, Any]:
    answer = client.get("openapi.json", **options)
    assert answer.status_code == 200, answer.json
    found: dict[str, Any] = answer.json
    return found


def operations(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in found["paths"].values():
        yield from (operation for method, operation in methods.items() if method != "parameters")


def test_the_document_is_valid_openapi_and_every_reference_leads_somewhere(api: MakeApi) -> None:
    found = document(api())
    assert found["openapi"] == "3.1.0"
    schemathesis.openapi.from_dict(found).validate()
    for reference in re.findall(r'"\$ref":"#/([^"]+)"', orjson.dumps(found).decode()):
        at: Any = found
        for part in reference.split("/"):
            at = at[part]


def test_every_operation_has_a_name_a_summary_and_its_refusals(api: MakeApi) -> None:
    found = document(api())
    all_operations = list(operations(found))
    names = [operation["operationId"] for operation in all_operations]
    assert len(names) == len(set(names)) > 50
    for operation in all_operations:
        assert operation["summary"]
        assert "401" in operation["responses"]
        if "requestBody" in operation:
            assert {"413", "415", "422"} <= operation["responses"].keys()
    parameters = found["components"]["parameters"].values()
    inline = [each for one in operations(found) for each in one.get("parameters", ()) if "$ref" not in each]
    assert all(each["description"] for each in (*parameters, *inline))
    assert found["security"] == [{"token": []}]
    assert found["paths"]["/api/v1/auth/token"]["post"]["security"] == []


def test_bodies_are_described_by_the_schemas_that_read_them(api: MakeApi) -> None:
    shapes = document(api())["components"]["schemas"]
    shape = shapes["CustomerCustomerInput"]
    assert shape["required"] == ["name"]
    assert shape["additionalProperties"] is False
    assert shape["properties"]["kind"]["enum"] == ["potential", "active", "lost"]
    assert shape["properties"]["name"]["maxLength"] == 200
    assert "number" not in shape["properties"], "the system's own fields cannot be written"
    assert "required" not in shapes["CustomerCustomerChange"]
    assert shapes["CustomerCustomer"]["properties"]["number"]["type"] == "string"


def test_the_examples_of_the_document_are_taken_by_the_api(api: MakeApi) -> None:
    client = api()
    found = document(client)
    for path, methods in found["paths"].items():
        operation = methods.get("post")
        if operation and operation["operationId"].startswith("create_"):
            [content] = operation["requestBody"]["content"].values()
            answer = client.post(path, json=content["example"])
            assert answer.status_code == 201, (content["example"], answer.json["errors"])


def test_readers_see_what_they_may_use_and_nothing_else(api: MakeApi) -> None:
    analyst, bare = document(api("analyst")), document(api(tenant="bare"))
    methods = analyst["paths"]["/api/v1/customer/customers"]
    assert methods.keys() - {"parameters"} == {"get"}
    assert analyst["paths"]["/api/v1/customer/customers/{id}"].keys() - {"parameters"} == {"get"}
    assert "/api/v1/customer/customers/bulk" not in analyst["paths"]
    assert "/api/v1/customer/customers/export" in analyst["paths"]
    assert "/api/v1/customer/customers/export" not in document(api("marketer"))["paths"]
    assert "CustomerCustomerInput" not in analyst["components"]["schemas"]
    assert not any("customer" in path for path in bare["paths"])
    assert not any("customer" in path for path in document(api("maintainer"))["paths"])


def test_the_document_speaks_the_readers_language(api: MakeApi) -> None:
    client = api()
    english = document(client)["paths"]["/api/v1/me"]["get"]["summary"]
    chinese = document(client, headers={"Accept-Language": "zh"})["paths"]["/api/v1/me"]["get"]["summary"]
    assert (english, chinese) == ("Who the token belongs to", "令牌的持有人")


def test_people_read_the_same_on_a_page(client: Callable[..., Browser], app: Flask) -> None:
    browser = client("analyst")
    page = browser.get("/api/docs")
    assert page.status_code == 200
    shown = page.get_data(as_text=True)
    assert "/api/v1/customer/customers/{id}" in shown
    assert "customers/bulk" not in shown, "an analyst changes nothing"
    assert "<script>" not in shown
    signed_out = app.test_client().get("/api/docs", base_url="http://main.localhost")
    assert signed_out.status_code == 302


@pytest.mark.slow
def test_no_request_the_document_allows_ends_in_an_error_of_ours(
    api: MakeApi, app: Flask, committed: Callable[[], Any]
) -> None:
    client = api()
    callers = [client]
    client.post("core/units", json={"code": "A", "name": "Alpha"})
    for name in ("Acme", "Birch"):
        client.post("customer/customers", json={"name": name, "phones": [{"number": "13800138000"}]})
        client.post("customer/contacts", json={"name": name})
        client.post("customer/activities", json={"subject": name, "customer": 1})
    schema = schemathesis.openapi.from_dict(document(client))
    schema.app = app
    found = [each.ok() for each in schema.get_all_operations() if isinstance(each, Ok)]
    assert len(found) > 50
    reached: set[str] = set()

    def send(case: Any, near: bool) -> None:
        if near:
            # Numbers that are there, so that more is tried than what is not found.
            case.path_parameters.update({name: n % 3 + 1 for name, n in case.path_parameters.items()})
        answer = case.call_and_validate(
            base_url="http://main.localhost",
            headers={"Authorization": f"Bearer {callers[-1].token}"},
            checks=WANTED,
        )
        if answer.status_code < 300:
            reached.add(case.operation.label)
        if callers[-1].get("me").status_code == 401:  # its user was just archived
            callers.append(api())

    for operation in found:
        FEW(given(operation.as_strategy(), strategies.booleans())(send))()
    assert len(reached) > 15, sorted(reached)

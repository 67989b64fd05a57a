"""Tokens: how one gets one, what is refused without, and what its holder learns of himself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from core.auth import services as auth
from core.testing.plugin import PASSWORD, Browser

#: An `ApiClient`, whose answers have a body: werkzeug says it may be None.
Client = Any
HOST = "http://main.localhost"


@pytest.fixture
def admin(api: Callable[..., Client]) -> Client:
    return api("administrator")


@pytest.fixture
def ada(admin: Client, committed: Callable[[], Any]) -> str:
    """The address of a user who has a password."""
    with committed() as session:
        auth.set_password(session, 1, PASSWORD)
        email = session.scalar(text("select email from core_user where id = 1"))
    return str(email)


def sign_in(app: Flask, **body: Any) -> Any:
    return app.test_client().post("/api/v1/auth/token", base_url=HOST, json=body)


def test_a_password_gives_a_token_that_opens_the_api(app: Flask, ada: str) -> None:
    answer = sign_in(app, email=ada.upper(), password=PASSWORD)
    assert answer.status_code == 201, answer.json
    left = datetime.fromisoformat(answer.json["expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=11) < left <= timedelta(hours=12)
    headers = {"Authorization": f"Bearer {answer.json['token']}"}
    me: Any = app.test_client().get("/api/v1/me", base_url=HOST, headers=headers)
    assert me.json["email"] == ada
    assert me.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("password", ["wrong", "", " " + PASSWORD])
def test_a_wrong_password_is_401_and_is_counted(
    app: Flask, ada: str, committed: Callable[[], Any], password: str
) -> None:
    answer = sign_in(app, email=ada, password=password)
    assert (answer.status_code, answer.json["code"]) == (401, "wrong-credentials")
    assert "WWW-Authenticate" in answer.headers
    with committed() as session:
        assert session.scalar(text("select max(failures) from core_sign_in_failure")) == 1


def test_too_many_wrong_passwords_are_429_even_with_the_right_one(app: Flask, ada: str) -> None:
    for _ in range(auth.ACCOUNT_FAILURES):
        assert sign_in(app, email=ada, password="wrong").status_code == 401
    answer = sign_in(app, email=ada, password=PASSWORD)
    assert (answer.status_code, answer.mimetype) == (429, "application/problem+json")
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "a@example.com"},
        {"email": 3, "password": "x"},
        {"email": "a\x00", "password": "x"},
        {"email": "a@example.com", "password": None},
        {"email": "a@example.com", "password": "x", "admin": True},
    ],
)
def test_a_token_is_asked_for_in_one_form_only(app: Flask, body: dict[str, Any]) -> None:
    assert sign_in(app, **body).status_code == 422


@pytest.mark.parametrize(
    ("header", "error"),
    [
        ({}, ""),
        ({"Authorization": "Bearer nonsense"}, "invalid_token"),
        ({"Authorization": "Bearer "}, "invalid_token"),
        ({"Authorization": "Basic YTpi"}, "invalid_token"),
        ({"Authorization": "Bearer \xff"}, "invalid_token"),
    ],
)
def test_without_a_good_token_everything_is_401(app: Flask, header: dict[str, str], error: str) -> None:
    client = app.test_client()
    for path in ("me", "openapi.json", "customer/customers", "customer/customers/1", "nonsense/things"):
        answer = client.get(f"/api/v1/{path}", base_url=HOST, headers=header)
        assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
        assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="guanxi"')
        assert error in answer.headers["WWW-Authenticate"]


def test_cookies_do_not_open_the_api(client: Callable[..., Browser]) -> None:
    browser = client("administrator")
    assert browser.get("/api/v1/me").status_code == 401
    answer = browser.client.post("/api/v1/core/units", base_url=HOST, json={"code": "A", "name": "A"})
    assert answer.status_code == 401


def test_a_token_ends_with_its_time_its_user_and_its_tenant(
    admin: Client, api: Callable[..., Client], committed: Callable[[], Any]
) -> None:
    elsewhere = api("administrator", tenant="bare")
    crossed = admin.client.get(
        "/api/v1/me", base_url="http://bare.localhost", headers={"Authorization": f"Bearer {admin.token}"}
    )
    assert crossed.status_code == 401
    assert elsewhere.get("me").json["tenant"]["slug"] == "bare"
    assert admin.get("me").status_code == 200
    with committed() as session:
        session.execute(text("update core_api_token set expires_at = now() - interval '1 second'"))
    assert admin.get("me").status_code == 401
    with committed() as session:
        session.execute(text("update core_api_token set expires_at = null"))
        session.execute(text("update core_user set archived_at = now()"))
    assert admin.get("me").status_code == 401


def test_me_tells_what_one_may_do(api: Callable[..., Client]) -> None:
    me = api("analyst").get("me").json
    assert me["roles"] == ["analyst"]
    assert me["permissions"]["customer.customer"] == ["read", "export"]
    assert me["tenant"] == {
        "slug": "main", "name": "Main", "language": "en", "timezone": "Asia/Shanghai", "addons": ["customer"],
    }  # fmt: skip
    bare = api("administrator", tenant="bare").get("me").json
    assert bare["permissions"].keys() == {"core.user", "core.unit"}


def test_sentences_come_in_the_language_that_is_asked_for(admin: Client) -> None:
    deep = {"data": b'{"a": ' + b"[" * 50 + b"]" * 50 + b"}", "content_type": "application/json"}
    english = admin.post("core/units", **deep).json["detail"]
    chinese = admin.post("core/units", **deep, headers={"Accept-Language": "zh-CN"}).json["detail"]
    assert english.startswith("The lists and objects of this body are nested too deeply")
    assert "嵌套" in chinese


def test_an_unknown_address_or_method_is_a_problem_document(admin: Client) -> None:
    for method, path, status in (
        ("GET", "nonsense", 404),
        ("PUT", "customer/customers/1", 405),
        ("POST", "me", 405),
    ):
        answer = admin.call(method, path)
        assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")

"""What people are told when something goes wrong: a sentence in their language, a number, never a trace."""

from __future__ import annotations

import errno
import io
import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from core.app import create_app
from core.config import Config
from core.db.embedded import Server
from core.kernel import Kernel, start_kernel
from core.resources.gateway import Gateway
from core.testing.plugin import Browser
from core.web.assets import manifest
from core.web.assets.builder import build

MakeBrowser = Callable[..., Browser]
LIST = "/customer/customers"
HEADERS = {
    "Content-Security-Policy": "default-src 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@pytest.fixture(scope="module", autouse=True)
def assets() -> None:
    """Error pages name files of the build too."""
    build()


@pytest.fixture
def visitor(app: Flask) -> FlaskClient:
    """Somebody who is not signed in."""
    return app.test_client()


def explained(answer: TestResponse, status: int, *sentences: str) -> None:
    """The answer is a page for people, with the sentences, a request number and no trace."""
    page = answer.text
    assert answer.status_code == status, page[:500]
    assert answer.mimetype == "text/html"
    for sentence in sentences:
        assert sentence in page, page
    number = answer.headers["X-Request-Id"]
    assert re.fullmatch("[0-9a-f]{16}", number)
    assert number in page
    for word in ("Traceback", "psycopg2", "sqlalchemy", "File &#34;", "site-packages"):
        assert word not in page
    guarded(answer)


def guarded(answer: TestResponse) -> None:
    for name, value in HEADERS.items():
        assert value in answer.headers[name], name
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("language", "title", "sentence"),
    [
        ("en", "Not found", "There is nothing at this address, or you may not see it."),
        ("zh", "页面不存在", "该地址没有内容，或没有查看权限。"),
    ],
)
def test_an_address_without_a_page_says_so_in_the_readers_language(
    client: MakeBrowser, language: str, title: str, sentence: str
) -> None:
    ada = client(language=language)
    for path in (
        "/nowhere",
        "/customer/nothing",
        f"{LIST}/999999",
        "/customer/customer_phones",
        "/settings/x/1/edit",
    ):
        answer = ada.get(path)
        explained(answer, 404, title, sentence, f'lang="{"zh-CN" if language == "zh" else "en"}"')
        assert ("Not found" in answer.text) is (language == "en")


def test_what_one_may_not_do_is_told(client: MakeBrowser) -> None:
    explained(client("analyst").get(f"{LIST}/new"), 403, "Not allowed", "You may not do this.")
    explained(client("analyst").post(f"{LIST}/new", {"csrf_token": "x"}), 403, "This form has expired.")


def test_a_method_an_address_does_not_take_is_told(client: MakeBrowser) -> None:
    explained(client().post(f"{LIST}/lookup"), 405, "This address does not support that method.")


def test_a_body_that_is_too_large_is_told(
    client: MakeBrowser, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 1000)
    explained(client().post(f"{LIST}/new", {"name": "x" * 2000}), 413, "Too large")


def test_an_unexpected_error_is_told_without_its_trace(
    client: MakeBrowser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*arguments: Any, **options: Any) -> None:
        raise RuntimeError("a secret of the house")

    monkeypatch.setattr(Gateway, "page", fail)
    for language, sentence in (("en", "An unexpected error happened. Nothing was changed"), ("zh", "意外")):
        answer = client(language=language).get(LIST)
        explained(answer, 500, sentence)
        assert "secret" not in answer.text
        assert answer.headers["X-Request-Id"] in caplog.text


def test_scripts_and_programs_get_a_problem_document(client: MakeBrowser) -> None:
    ada = client()
    for headers in ({"HX-Request": "true"}, {"Accept": "application/json"}):
        answer = ada.get("/nowhere", headers=headers)
        assert answer.mimetype == "application/problem+json"
        assert answer.json is not None
        assert (answer.json["status"], answer.json["code"]) == (404, "not-found")
        assert answer.json["request_id"] == answer.headers["X-Request-Id"]
        guarded(answer)


def test_who_is_not_signed_in_is_led_to_the_sign_in_page_and_back(visitor: FlaskClient) -> None:
    answer = visitor.get(f"{LIST}?q=a", base_url="http://main.localhost")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/login?next=%2Fcustomer%2Fcustomers%3Fq%3Da"
    guarded(answer)
    told = visitor.get(LIST, base_url="http://main.localhost", headers={"HX-Request": "true"})
    assert (told.status_code, told.mimetype) == (401, "application/problem+json")


@pytest.mark.parametrize("host", ["nobody.localhost", "a" * 60 + ".localhost"])
def test_a_host_without_a_tenant_is_told(visitor: FlaskClient, tenants: object, host: str) -> None:
    for language in ("en", "zh"):
        answer = visitor.get("/", base_url=f"http://{host}", headers={"Accept-Language": language})
        explained(answer, 404)
        assert f'lang="{"zh-CN" if language == "zh" else "en"}"' in answer.text


@pytest.fixture
def stranded(server: Server, config: Config, tenants: object) -> Iterator[FlaskClient]:
    """A program whose database has gone."""
    kernel: Kernel = start_kernel(config, re.sub(r"host=[^&]*", "host=/nonexistent", server.app_url))
    assert kernel.database.engine.url != server.app_url
    yield create_app(kernel).test_client()
    kernel.close()


@pytest.mark.parametrize(
    ("language", "sentence"), [("en", "The service cannot answer right now."), ("zh", "")]
)
def test_a_dead_database_is_told_and_when_to_come_again(
    stranded: FlaskClient, language: str, sentence: str
) -> None:
    answer = stranded.get("/login", base_url="http://main.localhost", headers={"Accept-Language": language})
    explained(answer, 503, sentence)
    assert answer.headers["Retry-After"] == "10"
    assert ("cannot answer" in answer.text) is (language == "en")
    api = stranded.get("/api/v1/me", base_url="http://main.localhost")
    assert (api.status_code, api.mimetype) == (503, "application/problem+json")
    assert stranded.get("/healthz").status_code == 200
    assert stranded.get("/readyz").status_code == 503


def test_a_connection_that_breaks_within_a_request_is_told(
    client: MakeBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any, **options: Any) -> None:
        raise OperationalError("select 1", {}, Exception("server closed the connection unexpectedly"))

    monkeypatch.setattr(Gateway, "page", fail)
    explained(client().get(LIST), 503, "Not available right now")


@pytest.mark.parametrize(
    ("language", "sentence"), [("en", "takes longer than 0.05 seconds"), ("zh", "查询超过 0.05 秒")]
)
def test_a_question_that_takes_too_long_is_broken_off_and_told(
    client: MakeBrowser, kernel: Kernel, monkeypatch: pytest.MonkeyPatch, language: str, sentence: str
) -> None:
    def sleep(gateway: Gateway, *arguments: Any, **options: Any) -> None:
        gateway.session.execute(text("select pg_sleep(600)"))

    ada = client(language=language)
    monkeypatch.setattr(Gateway, "page", sleep)
    monkeypatch.setattr(kernel.database, "patience", 0.05)
    explained(ada.get(LIST), 503, sentence)
    answer = ada.get(LIST, headers={"HX-Request": "true"})
    assert answer.json is not None
    assert (answer.json["code"], answer.headers.get("Retry-After")) == ("too-slow", None)


def test_a_missing_build_of_the_front_end_is_told(
    client: MakeBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*arguments: Any, **options: Any) -> None:
        raise manifest.AssetsMissing

    ada = client()
    app = ada.client.application
    monkeypatch.setitem(app.jinja_env.globals, "asset", missing)
    answer = ada.get("/")
    explained(answer, 503)
    assert answer.text.startswith("<!doctype html><html lang=")


def test_a_full_disk_is_told_and_keeps_nothing(
    client: MakeBrowser, committed: Callable[[], Any], kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = client()
    answer = ada.post(f"{LIST}/new", {"name": "Acme"})
    url = answer.headers["Location"]

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    file = (io.BytesIO(b"x"), "a.txt")
    answer = ada.post(f"{url}/attachments", {"file": file}, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (507, "300")
    assert answer.json is not None
    assert answer.json["code"] == "storage-full"
    monkeypatch.undo()
    assert "a.txt" not in ada.get(url).text


def test_every_answer_is_guarded(client: MakeBrowser, visitor: FlaskClient) -> None:
    ada = client()
    for path in ("/", LIST, f"{LIST}/new", f"{LIST}/lookup", "/palette", "/nowhere"):
        guarded(ada.get(path))
    guarded(visitor.get("/login", base_url="http://main.localhost"))


@pytest.mark.parametrize(
    "value", ["[", "%5B1%5D", "%22x%22", "null", "%5B%22a%22%2C%22b%22%2C%22//evil%22%5D", "x" * 3000]
)
def test_a_message_cookie_that_was_tampered_with_does_no_harm(client: MakeBrowser, value: str) -> None:
    ada = client()
    ada.client.set_cookie("guanxi_toast", value, domain="main.localhost")
    page = ada.get("/")
    assert page.status_code == 200
    assert "//evil" not in page.text


#: Labels and sentences of pages that no Chinese page may show.
ENGLISH = (
    "Home",
    "Customers",
    "Search",
    "Settings",
    "Save",
    "Cancel",
    "Export",
    "Columns",
    "More filters",
    "Edit",
    "Archive",
    "Timeline",
    "Add note",
    "Sign in",
    "Email",
    "Password",
    "Basics",
    "Name",
    "Owner",
    "Phone",
    "Create",
    "Mine",
    "All",
    "Actions",
    "Back",
    "Industry",
    "Created",
    "Yes",
    "No",
)


def test_a_chinese_page_shows_no_english_label_and_an_english_page_no_chinese_one(
    client: MakeBrowser, visitor: FlaskClient
) -> None:
    zh = client(language="zh", name="王雨桐")
    number = zh.post(f"{LIST}/new", {"name": "港口", "city": "上海", "employees": "5"}).headers["Location"]
    paths = (
        "/",
        LIST,
        f"{LIST}/new",
        number,
        f"{number}/edit",
        f"{number}/archive",
        "/settings/users",
        "/nowhere",
        "/customer/contacts",
        "/customer/activities",
        "/customer/my-day",
        f"{LIST}?q=x",
        f"{LIST}/quick",
    )
    pages = [zh.get(path).text for path in paths]
    pages.append(visitor.get("/login?lang=zh", base_url="http://main.localhost").text)
    for path, page in zip((*paths, "/login"), pages, strict=True):
        shown = [
            each.strip()
            for each in re.findall(r">([^<>]+)<", re.sub(r"<script.*?</script>", "", page, flags=re.S))
        ]
        shown += re.findall(r' (?:aria-label|title|placeholder)="([^"]*)"', page)
        assert set(shown) & set(ENGLISH) == set(), path
    en = client(name="Ada")
    for path in paths:
        page = re.sub(r"港口|上海|王雨桐|雨桐|中文|关系|中<|桐|文<", "", en.get(path).text)
        assert re.findall(r"[\u4e00-\u9fff]+", page) == [], path

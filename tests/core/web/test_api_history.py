"""Histories over the API: entries, notes and files."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.kernel import Kernel
from core.resources import timeline

#: An `ApiClient`, whose answers have a body: werkzeug says it may be None.
Client = Any
RECORD = "customer/customers/1"


@pytest.fixture
def admin(api: Callable[..., Client]) -> Client:
    client = api("administrator")
    assert client.post("customer/customers", json={"name": "Acme"}).status_code == 201
    return client


def upload(client: Client, content: bytes, name: str = "offer.pdf", **options: Any) -> Any:
    form = {"file": (io.BytesIO(content), name, "text/html")}
    return client.post(f"{RECORD}/attachments", data=form, content_type="multipart/form-data", **options)


def entries(client: Client, query: str = "") -> list[dict[str, Any]]:
    answer = client.get(f"{RECORD}/timeline{query}")
    assert answer.status_code == 200, answer.json
    found: list[dict[str, Any]] = answer.json["items"]
    return found


def test_a_history_tells_who_changed_what_newest_first(admin: Client) -> None:
    admin.patch(RECORD, json={"city": "上海"})
    newest, oldest = entries(admin)
    assert (newest["kind"], oldest["kind"]) == ("updated", "created")
    assert newest["changes"] == {"city": [None, "上海"]}
    assert newest["created_by"] == {"id": 1, "label": "Ada"}
    assert newest["created_at"].endswith("Z")
    assert [each["id"] for each in entries(admin, f"?before={newest['id']}")] == [oldest["id"]]
    assert [each["kind"] for each in entries(admin, "?kinds=created,note")] == ["created"]


def test_a_long_history_is_read_page_by_page(admin: Client) -> None:
    for number in range(timeline.PAGE + 4):
        admin.post(f"{RECORD}/notes", json={"body": f"note {number}"})
    first = admin.get(f"{RECORD}/timeline").json
    assert len(first["items"]) == timeline.PAGE
    second = admin.get(f"{RECORD}/timeline?before={first['next']}").json
    assert len(second["items"]) == 5
    assert second["next"] is None


def test_a_note_is_written_and_taken_back(admin: Client) -> None:
    answer = admin.post(f"{RECORD}/notes", json={"body": " 想要报价 "})
    assert answer.status_code == 201
    assert answer.json == entries(admin)[0]
    assert (answer.json["kind"], answer.json["body"]) == ("note", "想要报价")
    assert admin.delete(f"{RECORD}/notes/{answer.json['id']}").status_code == 204
    assert [each["kind"] for each in entries(admin)] == ["created"]
    assert admin.delete(f"{RECORD}/notes/{answer.json['id']}").status_code == 404


@pytest.mark.parametrize(
    "body", [{}, {"body": ""}, {"body": "  "}, {"body": 3}, {"body": "x" * 20_001}, {"text": "x"}]
)
def test_a_note_without_words_is_refused(admin: Client, body: dict[str, Any]) -> None:
    assert admin.post(f"{RECORD}/notes", json=body).status_code == 422
    assert [each["kind"] for each in entries(admin)] == ["created"]


@pytest.mark.parametrize(
    "query", ["?before=x", "?before=-1", "?before=" + "9" * 30, "?kinds=nonsense", "?page=2"]
)
def test_what_a_history_does_not_understand_is_refused(admin: Client, query: str) -> None:
    assert admin.get(f"{RECORD}/timeline{query}").status_code == 422


def test_a_file_comes_back_as_it_went_in_and_only_for_saving(admin: Client) -> None:
    content = b"<script>alert(1)</script>\x00\xff" * 1000
    answer = upload(admin, content, "报价 单.html")
    assert answer.status_code == 201, answer.json
    assert answer.json["attachment"]["name"] == "报价 单.html"
    assert answer.json["attachment"]["size"] == len(content)
    assert answer.headers["Location"] == answer.json["attachment"]["url"]
    with admin.get(answer.headers["Location"]) as file:
        assert file.data == content
        assert file.mimetype == "application/octet-stream"
        assert file.headers["Content-Disposition"].startswith("attachment;")
        assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert admin.delete(answer.headers["Location"]).status_code == 204
    assert admin.get(answer.headers["Location"]).status_code == 404


def test_a_file_too_large_is_refused_and_leaves_nothing(
    admin: Client, kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline, "MAX_ATTACHMENT", 1000)
    assert upload(admin, b"x" * 1001).status_code == 413
    assert [each["kind"] for each in entries(admin)] == ["created"]
    files = Path(kernel.config.data) / "files"
    assert not [path for path in files.rglob("*") if path.is_file() and path.stat().st_size == 1001]


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"json": {"file": "x"}}, 415),
        ({"data": {}, "content_type": "multipart/form-data"}, 422),
        ({"data": {"file": "text"}, "content_type": "multipart/form-data"}, 422),
        ({"data": b"nonsense", "content_type": "multipart/form-data; boundary=x"}, 422),
    ],
)
def test_a_body_without_a_file_is_refused(admin: Client, options: dict[str, Any], status: int) -> None:
    assert admin.post(f"{RECORD}/attachments", **options).status_code == status
    assert [each["kind"] for each in entries(admin)] == ["created"]


def test_the_history_of_what_one_may_not_read_is_not_there(admin: Client, api: Callable[..., Client]) -> None:
    url = upload(admin, b"secret").headers["Location"]
    note = admin.post(f"{RECORD}/notes", json={"body": "secret"}).json
    for stranger in (api("account_manager"), api("maintainer"), api("administrator", tenant="bare")):
        assert stranger.get(f"{RECORD}/timeline").status_code == 404
        assert stranger.get(url).status_code == 404
        assert stranger.post(f"{RECORD}/notes", json={"body": "x"}).status_code == 404
        assert upload(stranger, b"x").status_code == 404
        assert stranger.delete(f"{RECORD}/notes/{note['id']}").status_code == 404
    assert api("analyst").delete(f"{RECORD}/notes/{note['id']}").status_code == 403
    admin.post("customer/customers", json={"name": "Birch"})
    assert admin.get(url.replace("customers/1/", "customers/2/")).status_code == 404
    assert [each["kind"] for each in entries(admin)] == ["note", "attachment", "created"]

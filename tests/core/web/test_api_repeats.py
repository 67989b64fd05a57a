"""Idempotency-Key: what is sent twice is done once."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from core.kernel import Kernel
from core.resources.service import Service
from core.testing.plugin import ApiClient

#: An `ApiClient`, whose answers have a body: werkzeug says it may be None.
Client = Any
CUSTOMERS = "customer/customers"
KEY = {"Idempotency-Key": "order-4711"}


@pytest.fixture
def admin(api: Callable[..., Client]) -> Client:
    return api("administrator")


def kept(committed: Callable[[], Any]) -> list[Any]:
    with committed() as session:
        return list(session.execute(text("select key, status, body from core_kept_answer order by id")))


def total(client: Client) -> int:
    found: int = client.get(CUSTOMERS).json["total"]
    return found


def test_a_repeated_request_gets_the_same_answer_and_is_done_once(admin: Client) -> None:
    first = admin.post(CUSTOMERS, json={"name": "Acme", "phone": "13800138000"}, headers=KEY)
    again = admin.post(CUSTOMERS, json={"name": "Acme", "phone": "13800138000"}, headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.data == first.data
    for name in ("Location", "ETag", "Content-Type"):
        assert again.headers[name] == first.headers[name]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert total(admin) == 1


def test_another_body_or_address_under_the_same_key_is_409(admin: Client) -> None:
    admin.post(CUSTOMERS, json={"name": "Acme"}, headers=KEY)
    for path, body in ((CUSTOMERS, {"name": "Birch"}), ("customer/contacts", {"name": "Acme"})):
        answer = admin.post(path, json=body, headers=KEY)
        assert (answer.status_code, answer.json["code"]) == (409, "idempotency-key-reused")
    assert total(admin) == 1
    assert admin.get("customer/contacts").json["total"] == 0


def test_a_refusal_is_not_kept(admin: Client, committed: Callable[[], Any]) -> None:
    assert admin.post(CUSTOMERS, json={"name": ""}, headers=KEY).status_code == 422
    assert kept(committed) == []
    assert admin.post(CUSTOMERS, json={"name": "Acme"}, headers=KEY).status_code == 201
    assert total(admin) == 1


def test_the_answer_is_committed_with_the_work_or_not_at_all(
    admin: Client, committed: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.web.lifecycle.commit", lambda session: 1 / 0)
    assert admin.post(CUSTOMERS, json={"name": "Acme"}, headers=KEY).status_code == 500
    monkeypatch.undo()
    assert kept(committed) == []
    assert total(admin) == 0


def test_keys_are_each_actors_own(admin: Client, api: Callable[..., Client]) -> None:
    other = api("administrator")
    assert admin.post(CUSTOMERS, json={"name": "Acme"}, headers=KEY).json["id"] == 1
    assert other.post(CUSTOMERS, json={"name": "Birch"}, headers=KEY).json["id"] == 2


@pytest.mark.parametrize("key", ["", "x" * 256, "with blank", "schlüssel"])
def test_a_key_of_another_form_is_400(admin: Client, key: str) -> None:
    answer = admin.post(CUSTOMERS, json={"name": "Acme"}, headers={"Idempotency-Key": key})
    assert answer.status_code == 400
    assert total(admin) == 0


def test_sensitive_members_are_not_kept_but_read_again(admin: Client, committed: Callable[[], Any]) -> None:
    body = {"name": "Acme", "phone": "13800138000", "phones": [{"number": "13900139000"}]}
    first = admin.post(CUSTOMERS, json=body, headers=KEY)
    [(_, _, stored)] = kept(committed)
    assert b"13800138000" not in bytes(stored)
    assert b"13900139000" not in bytes(stored)
    assert b"Acme" in bytes(stored)
    admin.patch(f"{CUSTOMERS}/1", json={"phone": "13700137000", "name": "Renamed"})
    again = admin.post(CUSTOMERS, json=body, headers=KEY).json
    assert again == first.json | {"phone": "+8613700137000"}
    admin.delete(f"{CUSTOMERS}/1?purge=true")
    gone = admin.post(CUSTOMERS, json=body, headers=KEY)
    assert gone.status_code == 201
    assert (gone.json["name"], gone.json["phone"], gone.json["phones"]) == ("Acme", None, None)
    assert total(admin) == 0


def test_after_24_hours_a_key_is_new_and_old_answers_go(admin: Client, committed: Callable[[], Any]) -> None:
    for number in range(3):
        admin.post(CUSTOMERS, json={"name": "Acme"}, headers={"Idempotency-Key": f"key-{number}"})
    with committed() as session:
        session.execute(text("update core_kept_answer set created_at = now() - interval '25 hours'"))
    assert admin.post(CUSTOMERS, json={"name": "Birch"}, headers={"Idempotency-Key": "key-1"}).json["id"] == 4
    assert [row.key for row in kept(committed)] == ["key-1"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"{CUSTOMERS}/1/actions/archive", {"reason": "old"}),
        (f"{CUSTOMERS}/1/notes", {"body": "Hello"}),
        (f"{CUSTOMERS}/bulk", {"ids": [1], "action": "update", "values": {"city": "上海"}}),
    ],
)
def test_every_post_knows_the_key(admin: Client, path: str, body: dict[str, Any]) -> None:
    admin.post(CUSTOMERS, json={"name": "Acme"})
    first = admin.post(path, json=body, headers=KEY)
    state = admin.get(f"{CUSTOMERS}/1").data, admin.get(f"{CUSTOMERS}/1/timeline").data
    again = admin.post(path, json=body, headers=KEY)
    assert first.status_code in (200, 201)
    assert (again.status_code, again.data) == (first.status_code, first.data)
    assert (admin.get(f"{CUSTOMERS}/1").data, admin.get(f"{CUSTOMERS}/1/timeline").data) == state


def test_of_an_upload_the_file_counts_not_the_boundary(admin: Client) -> None:
    admin.post(CUSTOMERS, json={"name": "Acme"})

    def upload(content: bytes) -> Any:
        form = {"file": (io.BytesIO(content), "offer.txt")}
        return admin.post(
            f"{CUSTOMERS}/1/attachments", data=form, content_type="multipart/form-data", headers=KEY
        )

    first = upload(b"one")
    assert first.status_code == 201, first.json
    assert upload(b"one").data == first.data
    assert upload(b"two").status_code == 409
    assert len(admin.get(f"{CUSTOMERS}/1/timeline?kinds=attachment").json["items"]) == 1


Events = tuple[threading.Event, threading.Event]


@pytest.fixture
def slow_rules(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> Iterator[Events]:
    """Rules of customers that say when they began and wait until they may end."""
    begun, free = threading.Event(), threading.Event()
    service = kernel.resources["customer.customer"].service
    rules = service.rules

    def wait(self: Service, batch: Any) -> None:
        begun.set()
        assert free.wait(10)
        rules(batch)

    monkeypatch.setattr(type(service), "rules", wait)
    yield begun, free
    free.set()


def test_while_its_twin_is_running_a_request_is_409_with_retry_after(
    admin: Client, slow_rules: Events
) -> None:
    begun, free = slow_rules

    def send() -> Any:
        client = ApiClient(admin.client.application.test_client(), admin.token)
        return client.post(CUSTOMERS, json={"name": "Acme"}, headers=KEY)

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(send)
        assert begun.wait(10)
        twin = send()
        assert (twin.status_code, twin.json["code"]) == (409, "still-running")
        assert int(twin.headers["Retry-After"]) > 0
        free.set()
        assert first.result().status_code == 201
    assert send().data == first.result().data
    assert total(admin) == 1


def test_a_job_cancelled_under_a_key_is_cancelled_once(admin: Client) -> None:
    admin.post(CUSTOMERS, json={"name": "Acme"})
    number = admin.post(f"{CUSTOMERS}/export").json["job"]
    first, again = (admin.post(f"jobs/{number}/cancel", headers=KEY) for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.data == first.data
    assert again.headers["Idempotency-Replayed"] == "true"

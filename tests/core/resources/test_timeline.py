"""Histories: what changed, notes, files, and that a refusal leaves neither a row nor a file behind."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR, Actor
from core.errors import Forbidden, Invalid, NotFound, StorageFull, TooLarge
from core.kernel import Kernel
from core.resources import timeline
from core.resources.declaration import Resource
from core.resources.gateway import Gateway
from core.resources.models import Attachment
from core.testing.plugin import MakeActor
from tests.core.conftest import Make, Statements

CUSTOMER = "customer.customer"
Attach = Callable[..., int]


@pytest.fixture
def gateway(session: Session) -> Gateway:
    return Gateway(session, OPERATOR)


@pytest.fixture
def entries(gateway: Gateway, customers: Resource) -> Callable[..., list[Mapping[str, Any]]]:
    """What happened to a customer, newest first."""
    return lambda number, **options: timeline.entries(gateway, customers, number, **options)


@pytest.fixture
def attach(gateway: Gateway, customers: Resource, tmp_path: Path) -> Attach:
    """Puts a file on a customer: ``attach(7, b"...", name="a.pdf")``."""

    def attach(
        number: int,
        content: bytes | io.BytesIO = b"hello",
        *,
        name: str = "a.txt",
        media_type: str = "text/plain",
        actor: Actor = OPERATOR,
    ) -> int:
        return timeline.add_attachment(
            Gateway(gateway.session, actor),
            customers,
            number,
            store=tmp_path,
            name=name,
            media_type=media_type,
            content=io.BytesIO(content) if isinstance(content, bytes) else content,
        )

    return attach


def files(store: Path) -> list[Path]:
    return [path for path in store.rglob("*") if path.is_file()]


def test_a_change_is_told_with_what_was_and_what_is(
    session: Session, make: Make, customers: Resource, actor_as: MakeActor, entries: Callable[..., Any]
) -> None:
    ann = actor_as("administrator", name="Ann")
    group = make(CUSTOMER, name="Group")
    number = make(CUSTOMER, name="Acme", city="上海", tags=["vip"])
    change = {"name": "Acme Ltd", "city": None, "tags": ["vip", "new"], "parent": group, "employees": 5}
    lines = {"phones": [{"number": "13800138000"}]}
    customers.service.update(session, number, change | lines, actor=ann)
    changed, created = entries(number)
    assert (created["kind"], created["changes"], created["author"]) == ("created", {}, None)
    assert (changed["kind"], changed["author"]) == ("updated", "Ann")
    assert changed["changes"] == {
        "name": ["Acme", "Acme Ltd"],
        "city": ["上海", None],
        "tags": [["vip"], ["vip", "new"]],
        "parent": [None, {"id": group, "label": "Group"}],
        "employees": [None, 5],
        "phones": [None, None],
    }


def test_moments_and_days_are_told_as_json_can_hold_them(
    session: Session, make: Make, kernel: Kernel, gateway: Gateway
) -> None:
    contacts, activities = kernel.resources["customer.contact"], kernel.resources["customer.activity"]
    person, talk = make("customer.contact"), make("customer.activity")
    contacts.service.update(session, person, {"birthday": "1990-01-31"}, actor=OPERATOR)
    activities.service.update(session, talk, {"due_at": "2026-01-31T09:30"}, actor=OPERATOR)
    assert timeline.entries(gateway, contacts, person)[0]["changes"] == {"birthday": [None, "1990-01-31"]}
    assert timeline.entries(gateway, activities, talk)[0]["changes"] == {
        "due_at": [None, "2026-01-31T01:30:00+00:00"]
    }


def test_a_long_history_is_read_page_by_page_and_by_kind(
    make: Make, gateway: Gateway, customers: Resource, entries: Callable[..., Any], statements: Statements
) -> None:
    number = make(CUSTOMER)
    for each in range(timeline.PAGE + 5):
        timeline.add_note(gateway, customers, number, f"note {each}")
    with statements() as sent:
        first = entries(number)
    assert len(sent) == 1
    assert [entry["body"] for entry in first[:2]] == [
        f"note {timeline.PAGE + 4}",
        f"note {timeline.PAGE + 3}",
    ]
    rest = entries(number, before=first[-1]["id"])
    assert len(first) == timeline.PAGE
    assert [entry["kind"] for entry in rest] == ["note"] * 5 + ["created"]
    assert [entry["kind"] for entry in entries(number, kinds=("created",))] == ["created"]
    assert entries(number, kinds=("attachment",)) == []


# Notes


def test_a_note_keeps_its_lines_and_its_author(
    make: Make, session: Session, customers: Resource, actor_as: MakeActor, entries: Callable[..., Any]
) -> None:
    ann = actor_as("administrator", name="Ann")
    number = make(CUSTOMER)
    timeline.add_note(Gateway(session, ann), customers, number, "  one\r\n\n<b>two</b> 好\t ")
    note = entries(number)[0]
    assert (note["body"], note["author"]) == ("one\n\n<b>two</b> 好", "Ann")


@pytest.mark.parametrize(
    "body", ["", " \n\u3000", "x" * (timeline.MAX_NOTE + 1), "a\x00b", "a\x07b", "a\ud800b"]
)
def test_a_note_that_is_none_is_refused(
    make: Make, gateway: Gateway, customers: Resource, entries: Callable[..., Any], body: str
) -> None:
    number = make(CUSTOMER)
    with pytest.raises(Invalid) as caught:
        timeline.add_note(gateway, customers, number, body)
    assert list(caught.value.errors) == ["body"]
    assert [entry["kind"] for entry in entries(number)] == ["created"]


def test_who_reads_a_record_may_write_a_note_on_it_and_nobody_else(
    make: Make,
    session: Session,
    customers: Resource,
    actor_as: MakeActor,
    entries: Callable[..., Any],
    attach: Attach,
) -> None:
    number = make(CUSTOMER)
    timeline.add_note(Gateway(session, actor_as("analyst")), customers, number, "seen")
    for role in ("account_manager", "maintainer"):
        other = actor_as(role)
        with pytest.raises(NotFound):
            timeline.add_note(Gateway(session, other), customers, number, "x")
        with pytest.raises(NotFound):
            attach(number, actor=other)
    assert [entry["kind"] for entry in entries(number)] == ["note", "created"]


def test_a_note_is_taken_back_by_its_author_or_an_administrator_only(
    make: Make, session: Session, customers: Resource, actor_as: MakeActor, entries: Callable[..., Any]
) -> None:
    number, other = make(CUSTOMER), make(CUSTOMER)
    ann, ben = (Gateway(session, actor_as("analyst", name=name)) for name in ("Ann", "Ben"))
    boss = Gateway(session, actor_as("administrator"))
    first, second = (timeline.add_note(ann, customers, number, body) for body in ("one", "two"))
    with pytest.raises(Forbidden):
        timeline.delete_note(ben, customers, number, first)
    for record, entry in ((other, first), (number, 10**12), (number, entries(number)[-1]["id"])):
        with pytest.raises(NotFound):
            timeline.delete_note(boss, customers, record, entry)
    assert len(entries(number)) == 3
    timeline.delete_note(ann, customers, number, first)
    timeline.delete_note(boss, customers, number, second)
    assert [entry["kind"] for entry in entries(number)] == ["created"]


# Files


def test_a_file_comes_back_as_it_was_put(
    make: Make,
    gateway: Gateway,
    customers: Resource,
    tmp_path: Path,
    entries: Callable[..., Any],
    attach: Attach,
) -> None:
    number, content = make(CUSTOMER), os.urandom(3_000_000)
    entry = attach(number, content, name="报价单 2026.pdf", media_type="application/pdf")
    row, path = timeline.open_attachment(gateway, customers, number, entry, store=tmp_path)
    assert path.read_bytes() == content
    assert (row["name"], row["size"], row["media_type"]) == ("报价单 2026.pdf", 3_000_000, "application/pdf")
    told = entries(number)[0]
    assert (told["kind"], told["file_name"], told["file_size"]) == (
        "attachment",
        "报价单 2026.pdf",
        3_000_000,
    )


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/etc/passwd", "passwd"),
        ("C:\\Users\\ada\\offer.pdf", "offer.pdf"),
        ("a\x00b.txt", "ab.txt"),
        ("a\r\nX-Evil: 1.txt", "aX-Evil: 1.txt"),
        ("a\u202egpj.exe", "agpj.exe"),
        ("a\ud800b.txt", "ab.txt"),
        ("x" * 300 + ".pdf", "x" * 251 + ".pdf"),
    ],
)
def test_a_file_name_cannot_lead_anywhere(
    make: Make, gateway: Gateway, customers: Resource, tmp_path: Path, attach: Attach, name: str, kept: str
) -> None:
    number = make(CUSTOMER)
    row, path = timeline.open_attachment(
        gateway, customers, number, attach(number, name=name), store=tmp_path
    )
    assert row["name"] == kept
    assert path.resolve().is_relative_to(tmp_path)
    assert [each.read_bytes() for each in files(tmp_path)] == [b"hello"]


@pytest.mark.parametrize("name", ["", "..", ".", "/", "a/..", "\x00"])
def test_a_file_without_a_name_is_refused(make: Make, tmp_path: Path, attach: Attach, name: str) -> None:
    number = make(CUSTOMER)
    with pytest.raises(Invalid) as caught:
        attach(number, name=name)
    assert list(caught.value.errors) == ["file"]
    assert files(tmp_path) == []


def test_a_kind_of_file_that_cannot_be_stored_becomes_an_unknown_one(
    make: Make, gateway: Gateway, customers: Resource, tmp_path: Path, attach: Attach
) -> None:
    number = make(CUSTOMER)
    for given in ("text/\x00html", "x" * 500, "", "text/html\r\nX: 1"):
        entry = attach(number, media_type=given)
        row, _path = timeline.open_attachment(gateway, customers, number, entry, store=tmp_path)
        assert row["media_type"] == "application/octet-stream"


def test_the_same_content_is_kept_once(make: Make, tmp_path: Path, attach: Attach) -> None:
    number, other = make(CUSTOMER), make(CUSTOMER)
    assert attach(number, name="a.txt") != attach(other, name="b.txt")
    assert len(files(tmp_path)) == 1


def test_a_file_that_is_too_large_is_refused_and_not_kept(
    make: Make,
    tmp_path: Path,
    session: Session,
    entries: Callable[..., Any],
    attach: Attach,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(timeline, "MAX_ATTACHMENT", 3_000_000)
    number = make(CUSTOMER)
    attach(number, b"x" * 3_000_000)
    with pytest.raises(TooLarge) as caught:
        attach(number, b"y" * 3_000_001)
    assert caught.value.status == 413
    assert len(files(tmp_path)) == 1
    assert len(entries(number)) == 2


class _Full(io.BytesIO):
    """A stream whose reading stands for a disk that fills up while it is written."""

    def read(self, size: int | None = -1, /) -> bytes:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("number_of_error", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_and_leaves_nothing_behind(
    make: Make,
    tmp_path: Path,
    session: Session,
    entries: Callable[..., Any],
    attach: Attach,
    monkeypatch: pytest.MonkeyPatch,
    number_of_error: int,
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(number_of_error, "No space left on device")

    number = make(CUSTOMER)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFull) as caught:
        attach(number)
    monkeypatch.undo()
    assert caught.value.status == 507
    with pytest.raises(StorageFull):
        attach(number, _Full())
    assert files(tmp_path) == []
    assert session.scalar(select(func.count()).select_from(Attachment)) == 0
    assert [entry["kind"] for entry in entries(number)] == ["created"]
    assert attach(number)


def test_a_folder_that_cannot_be_made_for_lack_of_space_is_told_alike(
    make: Make, attach: Attach, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: Any, **options: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    number = make(CUSTOMER)
    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(StorageFull):
        attach(number)


def test_a_file_is_opened_on_its_own_record_only_and_only_by_who_reads_it(
    make: Make,
    session: Session,
    gateway: Gateway,
    customers: Resource,
    kernel: Kernel,
    tmp_path: Path,
    actor_as: MakeActor,
    attach: Attach,
) -> None:
    number, other = make(CUSTOMER), make(CUSTOMER)
    entry = attach(number)
    stranger = Gateway(session, actor_as("account_manager"))
    person = make("customer.contact")
    contacts = kernel.resources["customer.contact"]
    for reader, resource, record in (
        (stranger, customers, number),
        (gateway, customers, other),
        (gateway, contacts, person),
    ):
        with pytest.raises(NotFound):
            timeline.open_attachment(reader, resource, record, entry, store=tmp_path)
    for path in files(tmp_path):
        path.unlink()
    with pytest.raises(NotFound):
        timeline.open_attachment(gateway, customers, number, entry, store=tmp_path)


def test_a_note_that_is_there_already_is_not_written_twice(
    make: Make, gateway: Gateway, customers: Resource, entries: Callable[..., Any]
) -> None:
    first, second = make(CUSTOMER), make(CUSTOMER)
    assert list(timeline.add_notes(gateway, customers, {first: "seen"})) == [first]
    assert list(timeline.add_notes(gateway, customers, {first: "seen", second: "seen"})) == [second]
    assert [entry["kind"] for entry in entries(first)] == ["note", "created"]

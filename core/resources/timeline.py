"""The history of a record: what was done to it, notes, and attached files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any, Final

from sqlalchemy import delete, insert, or_, select
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import Session

from core.auth.models import User
from core.db.fields import Sensitivity
from core.db.messages import Order
from core.db.rows import insert_rows
from core.db.session import tenant_of
from core.errors import Forbidden, Invalid, NotFound
from core.i18n import Lazy, _l
from core.resources.batch import Batch
from core.resources.declaration import Resource
from core.resources.gateway import Gateway
from core.resources.models import Attachment, TimelineEntry
from core.resources.storage import keep_file, kept_file

MAX_NOTE: Final = 20_000
MAX_ATTACHMENT: Final = 25 * 1024 * 1024
PAGE: Final = 30
#: Control characters but line breaks and tabs, and halves of surrogate pairs.
_UNSTORABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
#: What the name of a file leaves out: these, line breaks, and marks that turn the direction of reading.
_UNNAMEABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}", re.IGNORECASE | re.ASCII)

_CREATED: Final = Order("""
    insert into core_timeline_entry (resource, kind, record_id, channel, created_at, created_by_id)
    select :resource, 'created', n.id, :channel, coalesce(n.moment, now()), n.author
    from unnest(cast(:ids as bigint[]), cast(:moments as timestamptz[]), cast(:authors as bigint[]))
        with ordinality as n (id, moment, author, place)
    order by n.place
""")

_entry = TimelineEntry.__table__
_attachment = Attachment.__table__
_user = User.__table__


def record_changes(batch: Batch) -> None:
    """Write one entry for each changed record; an upkeep step of every batch."""
    resource = batch.resource
    if resource.is_nested or not resource.has_timeline:
        return
    if batch.kind == "created":
        _record_created(batch)
        return
    entries = []
    for change in batch.changes:
        changes = None
        if batch.kind == "updated":
            changes = {
                name: [plain(change.stored(resource, name)), plain(value)]
                for name, value in change.values.items()
                if resource.fields[name].word.sensitivity is not Sensitivity.SECRET
            }
            changes |= {name: [None, None] for name in change.lines}
            if not changes:
                continue
        entries.append(
            {
                "resource": resource.name,
                "record_id": change.id,
                "kind": batch.kind,
                "body": change.values.get("archived_reason") if batch.kind == "archived" else None,
                "changes": changes,
                "channel": batch.channel,
                "created_by_id": batch.actor.user_id,
            }
        )
    if entries:
        insert_rows(batch.session, _entry, entries)


def _record_created(batch: Batch) -> None:
    """New records are many in an import, and say nothing but when and by whom."""
    by = batch.actor.user_id
    values = {
        "resource": batch.resource.name,
        "channel": batch.channel,
        "ids": [change.id for change in batch.changes],
        "moments": [change.values.get("created_at") for change in batch.changes],
        "authors": [change.values.get("created_by", by) for change in batch.changes],
    }
    _CREATED.send_later(batch.session.connection(), values)


def plain(value: Any) -> Any:
    """A stored value as JSON keeps it."""
    return value.isoformat() if isinstance(value, date | datetime) else value


def entries(
    gateway: Gateway,
    resource: Resource,
    record_id: int,
    *,
    kinds: Sequence[str] = (),
    before: int | None = None,
    limit: int = PAGE,
) -> list[Mapping[str, Any]]:
    """A page of the history of a record within reach, newest first.

    A change is ``[before, after]`` in the stored form, a link ``{"id", "label"}``.

    Args:
        gateway: of the reader; the caller has read the record through it.
        resource: what the record is.
        record_id: its number.
        kinds: only entries of these kinds; all when empty.
        before: only entries older than the one with this number.
        limit: how many at most; fewer means that there are no more.
    """
    visible = {field.name for field in gateway.resolver.visible(resource)} | set(resource.lines_fields)
    statement = (
        select(
            _entry.c.id, _entry.c.kind, _entry.c.channel, _entry.c.body, _entry.c.changes,
            _entry.c.created_at, _entry.c.created_by_id,
            _user.c.name.label("author"), _entry.c.attachment_id, _attachment.c.name.label("file_name"),
            _attachment.c.size.label("file_size"), _attachment.c.media_type,
        )
        .outerjoin(_user, _user.c.id == _entry.c.created_by_id)
        .outerjoin(_attachment, _attachment.c.id == _entry.c.attachment_id)
        .where(_entry.c.resource == resource.name, _entry.c.record_id == record_id)
        .where(or_(_entry.c.kind != "updated", _entry.c.changes.has_any(array(sorted(visible)))))
        .order_by(_entry.c.id.desc())
        .limit(limit)
    )  # fmt: skip
    if kinds:
        statement = statement.where(_entry.c.kind.in_(kinds))
    if before is not None:
        statement = statement.where(_entry.c.id < before)
    found: list[Mapping[str, Any]] = []
    for row in gateway.session.execute(statement).mappings():
        changes = {name: pair for name, pair in (row["changes"] or {}).items() if name in visible}
        found.append({**row, "changes": changes})
    _name_links(gateway, resource, [row["changes"] for row in found])
    return found


def _name_links(gateway: Gateway, resource: Resource, histories: Sequence[dict[str, list[Any]]]) -> None:
    """Put ``{"id", "label"}`` for the numbers of links, as far as the reader reaches what they lead to."""
    for field in resource.fields.values():
        if field.target is None:
            continue
        pairs = [changes[field.name] for changes in histories if field.name in changes]
        numbers = {number for pair in pairs for number in pair if number is not None}
        if not numbers:
            continue
        labels = gateway.labels(field.target, numbers)
        for pair in pairs:
            pair[:] = [None if each is None else {"id": each, "label": labels.get(each)} for each in pair]


def _editable(gateway: Gateway, resource: Resource, record_id: int) -> None:
    """Pass when the actor reaches the record; writing to a history needs no more than reading it."""
    if record_id not in gateway.reached(resource, [record_id]):
        raise NotFound


def add_note(gateway: Gateway, resource: Resource, record_id: int, body: str) -> int:
    """Write a note on a record.

    Raises:
        NotFound: the record is not within reach.
        Invalid: the note is empty, too long, or cannot be stored.
    """
    gateway.require(resource, "read")
    _editable(gateway, resource, record_id)
    text = body.replace("\r\n", "\n").strip()
    problem = note_problem(text)
    if problem is not None:
        raise Invalid({"body": [problem]})
    return _add(gateway, resource, record_id, kind="note", body=text)


def note_problem(body: str) -> Lazy | None:
    """What keeps a text from being a note."""
    if not body:
        return _l("Write something first.")
    if len(body) > MAX_NOTE:
        return _l("At most %(max)s characters fit here.", max=MAX_NOTE)
    if _UNSTORABLE.search(body):
        return _l("This holds characters that cannot be stored (a line break or a control character).")
    return None


def add_notes(gateway: Gateway, resource: Resource, bodies: Mapping[int, str]) -> dict[int, int]:
    """Write a note on each of many records; one that is there already, word for word, is not repeated.

    Args:
        gateway: of the author.
        resource: what the records are.
        bodies: by record, each without a `note_problem`; the caller has reached the records.

    Returns:
        The notes that are new: ``{record: number of the note}``.
    """
    stored = gateway.session.execute(
        select(_entry.c.record_id, _entry.c.body).where(
            _entry.c.resource == resource.name, _entry.c.record_id.in_(bodies), _entry.c.kind == "note"
        )
    )
    known = set(stored)
    rows = [
        {
            "resource": resource.name,
            "record_id": record_id,
            "kind": "note",
            "body": body,
            "created_by_id": gateway.actor.user_id,
        }
        for record_id, body in bodies.items()
        if (record_id, body) not in known
    ]
    if not rows:
        return {}
    written = gateway.session.execute(insert(_entry).returning(_entry.c.record_id, _entry.c.id), rows)
    return {row.record_id: row.id for row in written}


def delete_note(gateway: Gateway, resource: Resource, record_id: int, entry_id: int) -> None:
    """Take back a note or a file; its author may, and an administrator.

    Raises:
        NotFound: no such note on a record within reach.
        Forbidden: somebody else wrote it.
    """
    gateway.require(resource, "read")
    _editable(gateway, resource, record_id)
    found = gateway.session.execute(
        select(_entry.c.created_by_id).where(
            _entry.c.id == entry_id,
            _entry.c.resource == resource.name,
            _entry.c.record_id == record_id,
            _entry.c.kind.in_(("note", "attachment")),
        )
    ).first()
    if found is None:
        raise NotFound
    if found.created_by_id != gateway.actor.user_id and not gateway.actor.is_administrator:
        raise Forbidden
    gateway.session.execute(delete(_entry).where(_entry.c.id == entry_id))


def add_attachment(
    gateway: Gateway,
    resource: Resource,
    record_id: int,
    *,
    store: Path,
    name: str,
    media_type: str,
    content: IO[bytes],
) -> int:
    """Put a file on a record.

    Args:
        gateway: of the one who does it.
        resource: what the record is.
        record_id: its number.
        store: folder of all files; each tenant has a folder of its own below it.
        name: as the user called it.
        media_type: as the browser told it; never trusted when the file is sent out.
        content: read in blocks, never kept in memory whole.

    Raises:
        NotFound: the record is not within reach.
        TooLarge: over 25 MB.
        StorageFull: no space is left; nothing is kept.
    """
    gateway.require(resource, "read")
    _editable(gateway, resource, record_id)
    shown = _file_name(name)
    if not shown:
        raise Invalid({"file": [_l("Choose a file first.")]})
    kind = media_type if _MEDIA_TYPE.fullmatch(media_type) else "application/octet-stream"
    folder = store / str(tenant_of(gateway.session).id)
    size, digest = keep_file(folder, content, limit=MAX_ATTACHMENT)
    attachment_id = gateway.session.scalar(
        insert(_attachment)
        .values(
            resource=resource.name,
            record_id=record_id,
            name=shown,
            media_type=kind,
            size=size,
            sha256=digest,
        )
        .returning(_attachment.c.id)
    )
    return _add(gateway, resource, record_id, kind="attachment", attachment_id=attachment_id)


def open_attachment(
    gateway: Gateway, resource: Resource, record_id: int, entry_id: int, *, store: Path
) -> tuple[Mapping[str, Any], Path]:
    """The row and the path of a file on a record within reach.

    Raises:
        NotFound: there is none, or the record is out of reach.
    """
    gateway.require(resource, "read")
    _editable(gateway, resource, record_id)
    row = (
        gateway.session.execute(
            select(_attachment)
            .join(_entry, _entry.c.attachment_id == _attachment.c.id)
            .where(
                _entry.c.id == entry_id, _entry.c.resource == resource.name, _entry.c.record_id == record_id
            )
        )
        .mappings()
        .first()
    )
    if row is None:
        raise NotFound
    path = kept_file(store / str(tenant_of(gateway.session).id), row["sha256"])
    if not path.is_file():
        raise NotFound
    return dict(row), path


def _file_name(given: str) -> str:
    """The last part of a path as some system writes it, fit to be stored, shown and sent; empty for none."""
    name = Path(_UNNAMEABLE.sub("", given).replace("\\", "/")).name
    stem, suffix = Path(name).stem, Path(name).suffix[:20]
    return "" if name == ".." else stem[: 255 - len(suffix)] + suffix


def _add(gateway: Gateway, resource: Resource, record_id: int, **values: Any) -> int:
    values |= {"resource": resource.name, "record_id": record_id, "created_by_id": gateway.actor.user_id}
    return int(gateway.session.scalars(insert(_entry).values(values).returning(_entry.c.id)).one())


def forget(session: Session, resource: Resource, record_ids: Sequence[int]) -> None:
    """Delete the histories of records that are deleted for good."""
    for table in (_entry, _attachment):
        session.execute(
            delete(table).where(table.c.resource == resource.name, table.c.record_id.in_(record_ids))
        )

"""Rows of a table become records: matched, linked, validated and written in batches."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import Any, Final

import orjson
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from core.access.actor import Actor
from core.access.policy import Policy
from core.errors import GuanxiError, Invalid, Unavailable
from core.i18n import Lazy, _
from core.resources import timeline
from core.resources.batch import Change
from core.resources.cells import cell_reader, fold, unguard
from core.resources.columns import Column
from core.resources.declaration import LinesField, Resource
from core.resources.gateway import Gateway
from core.resources.importing.links import Found, find_linked, find_records, key_value
from core.resources.importing.mapping import Plan, Target
from core.resources.importing.tables import Row

BATCH: Final = 1000


class Mode(StrEnum):
    """What happens to rows that are there already, and to those that are not."""

    INSERT = "insert"
    UPDATE = "update"
    UPSERT = "upsert"


@dataclass(slots=True)
class Outcome:
    """What an import has done so far."""

    read: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    bad: int = 0
    #: Records made because a link named them.
    created: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class _Entry:
    """A row on its way."""

    row: Row
    #: Texts by target, blank ones left out.
    texts: dict[Target, Any] = field(default_factory=dict)
    #: The record it changes; None for a new one.
    match: Found | None = None
    #: Numbers of linked records.
    links: dict[Target, int] = field(default_factory=dict)
    #: Lines that a cell of the row says something of: ``(name, position)``.
    spoken: set[tuple[str, int]] = field(default_factory=set)
    note: str = ""
    problems: list[str] = field(default_factory=list)
    is_waiting: bool = False


class _Aside:
    """Rows put aside until those they refer to are there; on disk when they are many."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=4 * 1024 * 1024)  # noqa: SIM115
        self.count = 0

    def add(self, row: Row) -> None:
        self._file.write(orjson.dumps([row.line, row.cells]) + b"\n")
        self.count += 1

    def rows(self) -> Iterator[Row]:
        self._file.seek(0)
        return (Row(*orjson.loads(line)) for line in self._file)

    def close(self) -> None:
        self._file.close()


class Importer:
    """One import, in one transaction of the caller's, who commits or rolls back."""

    def __init__(
        self,
        session: Session,
        resource: Resource,
        plan: Plan,
        *,
        actor: Actor,
        mode: Mode = Mode.INSERT,
        clear_blank: bool = False,
        on_bad: Callable[[Row, Sequence[str]], None] | None = None,
        on_progress: Callable[[Outcome], None] | None = None,
    ) -> None:
        """Prepare an import.

        Args:
            session: bound to one tenant.
            resource: what the rows become.
            plan: where each column goes.
            actor: who imports; everything happens within their rights.
            mode: update and upsert need a key in the plan; insert refuses rows that are there, if it has one.
            clear_blank: a blank cell empties the field of a record that is there; else it leaves it.
            on_bad: is given each row that cannot be imported, with the reasons.
            on_progress: is called after each batch.

        Raises:
            NotFound, Forbidden: the actor may not import this.
        """
        self.session = session
        self.resource = resource
        self.service = resource.service
        self.gateway = Gateway(session, actor)
        self.actor = actor
        self.plan = plan
        self.mode = mode
        self.clear_blank = clear_blank
        self.on_bad = on_bad
        self.on_progress = on_progress
        self.outcome = Outcome()
        self._started = time.monotonic()
        self._width = 0
        self._seen: dict[Any, int] = {}
        self._readers = {
            target: cell_reader(target.column.field.word)
            for target in plan.targets
            if target.column is not None
        }
        self._headers = {_address(target.column): target.header for target in plan.targets if target.column}
        self.gateway.require(resource, "import")
        if mode is not Mode.UPDATE:
            self.gateway.require(resource, "create")
        if mode is not Mode.INSERT:
            self.gateway.require(resource, "update")

    def run(self, rows: Iterable[Row], width: int) -> Outcome:
        """Import rows; those that refer to rows further down come after them.

        Args:
            rows: of the file, in its order.
            width: how many columns its header has.
        """
        self._width = width
        with ExitStack() as files:
            waiting = files.enter_context(closing(_Aside()))
            self._pass(rows, waiting, is_first=True)
            while waiting.count:
                following = files.enter_context(closing(_Aside()))
                self._pass(waiting.rows(), following)
                if following.count == waiting.count:  # nothing they wait for will come
                    self._pass(waiting.rows(), following, is_last=True)
                    break
                waiting.close()
                waiting = following
        self.outcome.seconds = time.monotonic() - self._started
        return self.outcome

    def _pass(
        self, rows: Iterable[Row], aside: _Aside, *, is_first: bool = False, is_last: bool = False
    ) -> None:
        """Import rows; those that must wait are put aside."""
        source = iter(rows)
        while batch := list(islice(source, BATCH)):
            if is_first:
                self.outcome.read += len(batch)
            for row in self._batch(batch, is_last=is_last):
                aside.add(row)
            self.outcome.seconds = time.monotonic() - self._started
            if self.on_progress is not None:
                self.on_progress(self.outcome)

    def _batch(self, rows: Sequence[Row], *, is_last: bool) -> Iterator[Row]:
        """Import what can be; gives the rows that must wait."""
        entries = [self._entry(row) for row in rows]
        self._match(_good(entries))
        self._default(_good(entries))
        self._link(_good(entries), is_last=is_last)
        ready = [entry for entry in _good(entries) if not entry.is_waiting]
        self._insert([entry for entry in ready if entry.match is None])
        self._update([entry for entry in ready if entry.match is not None])
        for entry in entries:
            if entry.problems:
                self.outcome.bad += 1
                if self.on_bad is not None:
                    self.on_bad(entry.row, entry.problems)
            elif entry.is_waiting:
                yield entry.row

    # Reading

    def _entry(self, row: Row) -> _Entry:
        entry = _Entry(row)
        cells = row.cells
        if len(cells) < self._width or any(cell.strip() for cell in cells[self._width :]):
            entry.problems.append(
                _(
                    "This row has %(cells)s cells, the header has %(columns)s.",
                    cells=len(cells),
                    columns=self._width,
                )
            )
            return entry
        notes = []
        for target in self.plan.targets:
            text = target.constant
            if text is None and target.place is not None:
                text = unguard(cells[target.place]).strip()
                text = target.values.get(fold(text), text) if target.values else text
            if text is None or text == "":
                continue
            if target.column is None:
                notes.append(f"{target.note}: {text}")
                continue
            entry.texts[target] = self._read(target, text)
            if target.column.lines is not None and target.place is not None:
                entry.spoken.add((target.column.lines.name, target.column.position))
        entry.note = "\n".join(notes)
        problem = timeline.note_problem(entry.note) if notes else None
        if problem is not None:
            entry.problems.append(_("The note: %(problem)s", problem=problem))
        return entry

    def _read(self, target: Target, value: Any) -> Any:
        return self._readers[target](value) if isinstance(value, str) else value

    def _default(self, entries: Iterable[_Entry]) -> None:
        """Give new records what the mapping says they have when their row says nothing."""
        defaults = [target for target in self.plan.targets if target.default is not None]
        for entry in entries:
            if entry.match is None:
                for target in defaults:
                    entry.texts.setdefault(target, self._read(target, target.default))

    # Matching

    def _match(self, entries: Sequence[_Entry]) -> None:
        """Find the records that rows are about, by the key."""
        key = self.plan.key
        if key is None or key.column is None:
            return
        named = {}
        for entry in entries:
            text = str(entry.texts.get(key, ""))
            value = key_value(self.gateway, key.column.field, text)
            if not text:
                # A number the system gives cannot be known of a new record.
                if self.mode is Mode.UPDATE or (
                    self.mode is Mode.UPSERT and not key.column.field.word.readonly
                ):
                    entry.problems.append(
                        _("“%(column)s” is blank, so the record is not known.", column=key.header)
                    )
            elif value is not None and self._seen.setdefault(value, entry.row.line) != entry.row.line:
                line = self._seen[value]
                entry.problems.append(
                    _("“%(value)s” is in line %(line)s already.", value=_short(text), line=line)
                )
            else:
                named[text] = entry
        found = find_records(self.gateway, self.resource, key.column.field, named)
        policy = Policy(self.actor, self.resource.name, "update", self.resource.is_owned)
        for text, entry in named.items():
            is_given = self.mode is Mode.UPSERT and key.column.field.word.readonly
            problem = self._take(entry, found.get(text, []), policy, is_given=is_given)
            if problem is not None:
                entry.problems.append(_("“%(value)s”: %(problem)s", value=_short(text), problem=problem))

    def _take(self, entry: _Entry, found: Sequence[Found], policy: Policy, *, is_given: bool) -> str | None:
        """Connect a row with its record; gives what speaks against it.

        ``is_given``: only the system gives keys, so a record cannot be made under this one.
        """
        if not found:
            return _("There is no such record.") if self.mode is Mode.UPDATE or is_given else None
        if self.mode is Mode.INSERT:
            return _("There is such a record already.")
        if len(found) > 1:
            return _("There are %(count)s such records.", count=len(found))
        (entry.match,) = found
        if entry.match.is_archived:
            return _("This record is archived; restore it first.")
        if not policy.decide(entry.match.row).allowed:
            return _("You may not change this record.")
        return None

    # Links

    def _link(self, entries: Sequence[_Entry], *, is_last: bool) -> None:
        """Find the records that cells of links name."""
        for target in self.plan.targets:
            column = target.column
            if column is None or column.field.target is None:
                continue
            named = [entry for entry in entries if target in entry.texts]
            texts = {str(entry.texts[target]) for entry in named}
            if not texts:
                continue
            found = find_linked(self.gateway, column.field, column.by, texts)
            is_own = column.field.target is self.resource
            missing = texts - found.keys()
            if missing and target.creates and (is_last or not is_own):
                self._create_linked(target, named, found, missing)
            for entry in named:
                text = str(entry.texts[target])
                records = found.get(text, [])
                if len(records) == 1:
                    entry.links[target] = records[0].id
                elif records:
                    count = len(records)
                    self._refuse(
                        entry,
                        column,
                        _("“%(value)s” is the name of %(count)s records.", value=_short(text), count=count),
                    )
                elif is_own and not is_last:
                    entry.is_waiting = True
                elif not entry.problems:
                    self._refuse(
                        entry,
                        column,
                        _("There is no “%(value)s”, or you may not see it.", value=_short(text)),
                    )

    def _create_linked(
        self, target: Target, entries: Sequence[_Entry], found: dict[str, list[Found]], missing: Iterable[str]
    ) -> None:
        """Make records that links name and nobody has made yet."""
        assert target.column is not None
        assert target.column.field.target is not None
        resource = target.column.field.target
        names = sorted(missing)
        batch = resource.service.prepare(
            self.session, [{resource.label: name} for name in names], actor=self.actor
        )
        problems = {
            name: change.errors for name, change in zip(names, batch.changes, strict=True) if change.errors
        }
        resource.service.write(batch)
        made = [name for name in names if name not in problems]
        for name, change in zip(made, batch.changes, strict=True):
            assert change.id is not None
            found[name] = [Found(change.id, False, {})]
            self.outcome.created += 1
        for entry in entries:
            errors = problems.get(str(entry.texts[target]))
            if errors:
                self._refuse(entry, target.column, " ".join(_sentences(errors)))

    # Writing

    def _input(self, entry: _Entry) -> dict[str, Any]:
        """The values of a row as the service takes them, without lines."""
        values: dict[str, Any] = {}
        for target in self.plan.targets:
            column = target.column
            if column is None or column.lines is not None or column.field.word.readonly:
                continue
            value = entry.links.get(target, entry.texts.get(target))
            if value is not None:
                values[column.field.name] = value
            elif entry.match is not None and self.clear_blank and target.place is not None:
                values[column.field.name] = None
        return values

    def _lines(
        self, entry: _Entry, lines: LinesField, stored: Sequence[Mapping[str, Any]]
    ) -> list[dict[str, Any]] | None:
        """The lines of a record with those of the row put in their places; None when the row has none."""
        given: dict[int, dict[str, Any]] = {}
        for target in self.plan.targets:
            column = target.column
            # A default or constant alone ("mobile") makes no line of a row without a number.
            if (
                column is None
                or column.lines is not lines
                or (lines.name, column.position) not in entry.spoken
            ):
                continue
            value = entry.links.get(target, entry.texts.get(target))
            if value is not None:
                given.setdefault(column.position, {})[column.field.name] = value
        if not given:
            return None
        merged: list[dict[str, Any]] = [{"id": line["id"]} for line in stored]
        for position, values in sorted(given.items()):
            if position < len(merged):
                merged[position] |= values
            else:
                merged.append(values)
        return merged

    def _insert(self, entries: Sequence[_Entry]) -> None:
        if not entries:
            return
        inputs = []
        for entry in entries:
            values = self._input(entry)
            for lines in self.resource.lines_fields.values():
                merged = self._lines(entry, lines, ())
                if merged is not None:
                    values[lines.name] = merged
            inputs.append(values)
        batch = self.service.prepare(self.session, inputs, actor=self.actor)
        good = self._sift(entries, batch.changes)
        try:
            self.service.write(batch)
        except (GuanxiError, IntegrityError, DataError) as error:
            self._halve([entry for entry, _change in good], error, self._insert)
            return
        self.outcome.inserted += len(good)
        self._note([(entry, change) for entry, change in good if entry.note])

    def _update(self, entries: Sequence[_Entry]) -> None:
        if not entries:
            return
        records = [entry.match.id for entry in entries if entry.match is not None]
        stored: dict[str, dict[int, list[dict[str, Any]]]] = {}
        for name in {
            target.column.lines.name for target in self.plan.targets if target.column and target.column.lines
        }:
            stored[name] = self.gateway.lines(self.resource.lines_fields[name], records)
        inputs = {}
        for entry, record_id in zip(entries, records, strict=True):
            values = self._input(entry)
            for name, of_records in stored.items():
                merged = self._lines(entry, self.resource.lines_fields[name], of_records[record_id])
                if merged is not None:
                    values[name] = merged
            inputs[record_id] = values
        batch = self.service.prepare_update(self.session, inputs, actor=self.actor, versions={})
        good = self._sift(entries, batch.changes)
        for _entry, change in good:
            assert change.id is not None
            for name in [
                name for name in change.lines if _is_same(change.lines[name], stored[name][change.id])
            ]:
                del change.lines[name]
        changed = {change.id for _entry, change in good if change.values or change.lines}
        try:
            self.service.write(batch)
        except (GuanxiError, IntegrityError, DataError) as error:
            self._halve([entry for entry, _change in good], error, self._update)
            return
        changed |= self._note([(entry, change) for entry, change in good if entry.note])
        self.outcome.updated += len(changed)
        self.outcome.unchanged += len(good) - len(changed)

    def _sift(self, entries: Sequence[_Entry], changes: Sequence[Change]) -> list[tuple[_Entry, Change]]:
        good = []
        for entry, change in zip(entries, changes, strict=True):
            if change.errors:
                self._refuse_fields(entry, change.errors)
            else:
                good.append((entry, change))
        return good

    def _halve(
        self, entries: Sequence[_Entry], error: Exception, write: Callable[[Sequence[_Entry]], None]
    ) -> None:
        """Find the rows the database refuses: a batch of one is at fault itself."""
        if isinstance(error, Unavailable):
            raise error
        if len(entries) > 1:
            middle = len(entries) // 2
            write(entries[:middle])
            write(entries[middle:])
        elif isinstance(error, Invalid) and error.errors:
            self._refuse_fields(entries[0], error.errors)
        elif isinstance(error, GuanxiError):
            entries[0].problems.append(error.detail)
        else:
            entries[0].problems.append(_("The database refuses this row: a value breaks one of its rules."))

    def _note(self, noted: Sequence[tuple[_Entry, Change]]) -> set[int | None]:
        """Put the notes of rows on their records; gives the records that have got a new one."""
        bodies = {change.id: entry.note for entry, change in noted if change.id is not None}
        return set(timeline.add_notes(self.gateway, self.resource, bodies)) if bodies else set()

    # Refusing

    def _refuse(self, entry: _Entry, column: Column, sentence: str) -> None:
        entry.problems.append(f"{self._headers[_address(column)]}{_(': ')}{sentence}")

    def _refuse_fields(self, entry: _Entry, errors: Mapping[str, Sequence[str | Lazy]]) -> None:
        for address, messages in errors.items():
            shown = self._headers.get(address) or self._label(address)
            sentences = " ".join(map(str, messages))
            entry.problems.append(f"{shown}{_(': ')}{sentences}" if shown else sentences)

    def _label(self, address: str) -> str:
        """What a field without a column is called."""
        name, _dot, rest = address.partition(".")
        lines = self.resource.lines_fields.get(name)
        if lines is not None:
            below = lines.target.fields.get(rest.rpartition(".")[2])
            return f"{lines.lines.title}.{below.label}" if below is not None else str(lines.lines.title)
        known = self.resource.fields.get(name)
        return known.label if known is not None else ""


def _good(entries: Iterable[_Entry]) -> list[_Entry]:
    return [entry for entry in entries if not entry.problems]


def _address(column: Column) -> str:
    """How errors of the service call a column's field."""
    if column.lines is None:
        return column.field.name
    return f"{column.lines.name}.{column.position}.{column.field.name}"


def _is_same(lines: Sequence[Mapping[str, Any]], stored: Sequence[Mapping[str, Any]]) -> bool:
    """Whether lines of an input change nothing."""
    by_id = {line["id"]: line for line in stored}
    if len(lines) != len(stored):
        return False
    for line in lines:
        before = by_id.get(line.get("id", 0))
        if before is None:
            return False
        for name, value in line.items():
            old = before.get(name)
            if value != (old["id"] if isinstance(old, dict) else old):
                return False
    return True


def _sentences(errors: Mapping[str, Sequence[str | Lazy]]) -> list[str]:
    return [str(message) for messages in errors.values() for message in messages]


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"

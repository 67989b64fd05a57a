"""Rows of a table become records: matched, linked, validated and written in batches."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice
from typing import Any, Final

import orjson
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from core.access.actor import Actor
from core.access.policy import Policy
from core.db.fields import Kind
from core.errors import GuanxiError, Invalid, Unavailable
from core.i18n import Lazy, _l
from core.resources import change_sets, timeline
from core.resources.batch import Change
from core.resources.columns import Column
from core.resources.declaration import LinesField, Resource
from core.resources.gateway import Gateway
from core.resources.importing.entries import Entry, Problem, RowReader, Seen, good, short
from core.resources.importing.links import Found, find_by_values, find_linked
from core.resources.importing.mapping import Plan, Target
from core.resources.importing.tables import Row

BATCH: Final = 2000


class Mode(StrEnum):
    """What happens to rows that are there already, and to those that are not."""

    INSERT = "insert"
    UPDATE = "update"
    UPSERT = "upsert"
    #: Insert what is new, leave what is there.
    SKIP = "skip"


@dataclass(slots=True)
class Outcome:
    """What an import has done so far, in rows."""

    read: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    #: There already, and left so on purpose.
    skipped: int = 0
    bad: int = 0
    #: Records made because a link named them.
    created: int = 0
    seconds: float = 0.0


class _Aside:
    """Rows put aside until those they refer to are there; on disk when they are many."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=4 * 1024 * 1024)  # noqa: SIM115
        self.count = 0

    def add(self, row: Row) -> None:
        self._file.write(orjson.dumps([row.line, row.cells, row.number]) + b"\n")
        self.count += 1

    def rows(self) -> Iterator[Row]:
        self._file.seek(0)
        return (Row(*orjson.loads(line)) for line in self._file)

    def close(self) -> None:
        self._file.close()


class Importer:
    """One import within one transaction of the caller's, who commits or rolls back."""

    def __init__(
        self,
        session: Session,
        resource: Resource,
        plan: Plan,
        *,
        actor: Actor,
        mode: Mode = Mode.INSERT,
        clear_blank: bool = False,
        reader: RowReader | None = None,
        seen: Seen | None = None,
        on_bad: Callable[[Row, Sequence[Problem]], None] | None = None,
        on_entry: Callable[[Entry], None] | None = None,
    ) -> None:
        """Prepare an import.

        Args:
            session: bound to one tenant.
            resource: what the rows become.
            plan: where each column goes.
            actor: who imports; everything happens within their rights.
            mode: all but insert need a key in the plan; insert refuses rows that are there, if it has one.
            clear_blank: a blank cell empties the field of a record that is there; else it leaves it.
            reader: of the rows, where they are taken in parts; `run` makes its own.
            seen: the keys of the parts before.
            on_bad: is given each row that cannot be imported, with the reasons.
            on_entry: is given every row that need not wait, with what came of it.

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
        self.on_entry = on_entry
        self.outcome = Outcome()
        self._seen = seen if seen is not None else Seen()
        self.gateway.require(resource, "import")
        if mode is not Mode.UPDATE:
            self.gateway.require(resource, "create")
        if mode in (Mode.UPDATE, Mode.UPSERT):
            self.gateway.require(resource, "update")
        if reader is not None:
            self.reader = reader

    def run(
        self, rows: Iterable[Row], width: int, on_progress: Callable[[Outcome], None] | None = None
    ) -> Outcome:
        """Import all rows; those that refer to rows further down come after them.

        Args:
            rows: of the file, in its order.
            width: how many columns its header has.
            on_progress: is called after each batch.
        """
        self.reader = RowReader(self.gateway, self.resource, self.plan, width)
        started = time.monotonic()

        def go_through(rows: Iterable[Row], aside: _Aside, *, is_last: bool = False) -> None:
            source = iter(rows)
            while batch := list(islice(source, BATCH)):
                for row in self.take(batch, is_last=is_last):
                    aside.add(row)
                self.outcome.seconds = time.monotonic() - started
                if on_progress is not None:
                    on_progress(self.outcome)

        with ExitStack() as files:
            waiting = files.enter_context(closing(_Aside()))
            go_through(self._counted(rows), waiting)
            while waiting.count:
                following = files.enter_context(closing(_Aside()))
                go_through(waiting.rows(), following)
                if following.count == waiting.count:  # nothing they wait for will come
                    go_through(waiting.rows(), following, is_last=True)
                    break
                waiting.close()
                waiting = following
        return self.outcome

    def _counted(self, rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            self.outcome.read += 1
            yield row

    def take(self, rows: Sequence[Row], *, is_last: bool = False) -> list[Row]:
        """Import rows, all that can be; gives those that must wait for others.

        Args:
            rows: some of the file.
            is_last: none has to wait any more, what a row refers to will not come.
        """
        return self.write(self.reader.read(rows), is_last=is_last)

    def write(self, entries: Sequence[Entry], *, is_last: bool = False) -> list[Row]:
        """Import rows that are read already; see `take`."""
        self._match([entry for entry in entries if not entry.problems])
        self._default(good(entries))
        pending = [entry for entry in good(entries) if not entry.action]
        while pending:
            for entry in pending:
                entry.is_waiting = False
            self._link(pending, is_last=is_last)
            ready = [entry for entry in good(pending) if not entry.is_waiting]
            self._insert([entry for entry in ready if entry.match is None])
            self._update([entry for entry in ready if entry.match is not None])
            waiting = [entry for entry in good(pending) if entry.is_waiting]
            if not any(entry.action == "insert" for entry in ready):
                break  # what the others wait for is not in this batch
            pending = waiting
        return [entry.row for entry in entries if not self._settle(entry)]

    def _settle(self, entry: Entry) -> bool:
        """Count what came of a row; False when it still waits."""
        if entry.problems:
            self.outcome.bad += 1
            if self.on_bad is not None:
                self.on_bad(entry.row, entry.problems)
        elif entry.is_waiting:
            return False
        else:
            match entry.action:
                case "insert":
                    self.outcome.inserted += 1
                case "update":
                    self.outcome.updated += 1
                case "skip":
                    self.outcome.skipped += 1
                case _:
                    self.outcome.unchanged += 1
        if self.on_entry is not None:
            self.on_entry(entry)
        return True

    def _default(self, entries: Iterable[Entry]) -> None:
        """Give new records what the mapping says they have when their row says nothing."""
        defaults = [target for target in self.plan.targets if target.default is not None]
        if not defaults:
            return
        fresh = [entry for entry in entries if entry.match is None]
        for target in defaults:
            assert target.column is not None
            value = self.reader.read_text(target, target.default)
            name = target.column.field.name
            for entry in fresh:
                if target in entry.texts:
                    continue
                entry.texts[target] = value
                if target.is_plain:
                    [change] = self.service.validated(self.gateway, [{name: value}], partial=True)
                    self.reader.refuse(entry, change.errors)
                    entry.values |= change.values

    # Matching

    def _match(self, entries: Sequence[Entry]) -> None:
        """Find the records that rows are about, by the key."""
        key = self.plan.key
        if key is None or key.column is None:
            return
        named: dict[Any, Entry] = {}
        for entry in entries:
            text = entry.texts.get(key)
            value = self.reader.key_of_entry(entry)
            if text is None:
                # A number the system gives cannot be known of a new record.
                if self.mode is Mode.UPDATE or (
                    self.mode is not Mode.INSERT and not key.column.field.word.readonly
                ):
                    sentence = _l("“%(column)s” is blank, so the record is not known.", column=key.header)
                    entry.problems.append(Problem(sentence))
                continue
            line = self._seen.first_line(value, entry.row.line) if value is not None else entry.row.line
            if line != entry.row.line:
                sentence = _l("“%(value)s” is in line %(line)s already.", value=short(text), line=line)
                entry.problems.append(Problem(sentence))
            elif value is None:
                self._take(entry, text, ())
            else:
                named[value] = entry
        if named:
            found = find_by_values(self.gateway, self.resource, key.column.field, named)
            for value, entry in named.items():
                self._take(entry, entry.texts[key], found.get(value, ()))

    def _take(self, entry: Entry, text: Any, found: Sequence[Found]) -> None:
        """Connect a row with its record, or say what speaks against it."""
        problem = self._speaks_against(entry, found)
        if problem is not None:
            sentence = _l("“%(value)s”: %(problem)s", value=short(text), problem=problem)
            entry.problems.append(Problem(sentence))

    def _speaks_against(self, entry: Entry, found: Sequence[Found]) -> Lazy | None:
        assert self.plan.key is not None
        assert self.plan.key.column is not None
        # Where only the system gives keys, a record cannot be made under one.
        is_given = self.plan.key.column.field.word.readonly and self.mode is not Mode.INSERT
        if not found:
            return _l("There is no such record.") if self.mode is Mode.UPDATE or is_given else None
        if self.mode is Mode.INSERT:
            return _l("There is such a record already.")
        if self.mode is Mode.SKIP:
            entry.action = "skip"
            return None
        if len(found) > 1:
            return _l("There are %(count)s such records.", count=len(found))
        (entry.match,) = found
        if entry.match.is_archived:
            return _l("This record is archived; restore it first.")
        policy = Policy(self.actor, self.resource.name, "update", self.resource.is_owned)
        if not policy.decide(entry.match.row).allowed:
            return _l("You may not change this record.")
        return None

    # Links

    def _link(self, entries: Sequence[Entry], *, is_last: bool) -> None:
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
                    self._refuse(
                        entry,
                        column,
                        _l(
                            "“%(value)s” is the name of %(count)s records.",
                            value=short(text),
                            count=len(records),
                        ),
                    )
                elif is_own and not is_last:
                    entry.is_waiting = True
                elif not entry.problems:
                    sentence = _l("There is no “%(value)s”, or you may not see it.", value=short(text))
                    self._refuse(entry, column, sentence)

    def _create_linked(
        self, target: Target, entries: Sequence[Entry], found: dict[str, list[Found]], missing: Iterable[str]
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
            for messages in problems.get(str(entry.texts[target]), {}).values():
                for message in messages:
                    self._refuse(entry, target.column, message)

    # Writing

    def _change(self, entry: Entry) -> Change:
        """The change a row means, without lines; made anew for each try, as rules work on it."""
        values = dict(entry.values)
        for target in self.plan.targets:
            column = target.column
            if column is None or column.lines is not None:
                continue
            if target in entry.links and (target.keeps or not column.field.word.readonly):
                values[column.field.name] = entry.links[target]
            elif target.keeps and column.field.target is None and target in entry.texts:
                values[column.field.name] = entry.texts[target]
        return Change(values, keys=entry.keys)

    def _clear(self, entry: Entry, change: Change) -> None:
        """Empty the fields whose cells are blank."""
        if not self.clear_blank or entry.match is None:
            return
        blank = {
            target.column.field.name: None
            for target in self.plan.targets
            if target.column is not None
            and target.place is not None
            and target.column.lines is None
            and not target.column.field.word.readonly
            and target not in entry.texts
        }
        if blank:
            [cleared] = self.service.validated(self.gateway, [blank], partial=True)
            change.values |= cleared.values
            change.errors |= cleared.errors

    def _lines(
        self, entry: Entry, lines: LinesField, stored: Sequence[Mapping[str, Any]]
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

    def _add_lines(
        self, entry: Entry, change: Change, stored: Mapping[str, Sequence[Mapping[str, Any]]]
    ) -> None:
        """Put the lines a row speaks of into its change."""
        if not entry.spoken:
            return
        given = {}
        for name, lines in self.resource.lines_fields.items():
            merged = self._lines(entry, lines, stored.get(name, ()))
            if merged is not None:
                given[name] = merged
        if given:
            [read] = self.service.validated(self.gateway, [given], partial=True)
            change.lines |= read.lines
            change.errors |= read.errors

    def _insert(self, entries: Sequence[Entry]) -> None:
        if not entries:
            return
        changes = [self._change(entry) for entry in entries]
        for entry, change in zip(entries, changes, strict=True):
            self._add_lines(entry, change, {})
        self._keep_authors(changes)
        try:
            batch = self.service.prepare_new(self.gateway, changes)
            ready = self._sift(entries, batch.changes)
            self.service.write(batch)
        except (GuanxiError, IntegrityError, DataError) as error:
            self._halve([entry for entry in entries if not entry.problems], error, self._insert)
            return
        for entry, change in ready:
            entry.action, entry.change = "insert", change
        self._note(ready)

    def _keep_authors(self, changes: Sequence[Change]) -> None:
        """Rows that leave out what others say of their making are made now, by the one who imports."""
        now = datetime.now(UTC)
        for target in self.plan.targets:
            if target.keeps and target.column is not None:
                field = target.column.field
                made = now if field.word.kind is Kind.INSTANT else self.actor.user_id
                for change in changes:
                    change.values.setdefault(field.name, made)

    def _update(self, entries: Sequence[Entry]) -> None:
        if not entries:
            return
        records = [entry.match.id for entry in entries if entry.match is not None]
        try:
            kept = self.service.permitted(self.session, records, self.actor, "update")
            lines = {name for entry in entries for name, _position in entry.spoken}
            stored = {name: self.gateway.lines(self.resource.lines_fields[name], records) for name in lines}
            changes = []
            for entry, record_id in zip(entries, records, strict=True):
                change = self._change(entry)
                change.id, change.before = record_id, kept[record_id]
                self._clear(entry, change)
                self._take_out_same_moments(change)
                self._add_lines(entry, change, {name: found[record_id] for name, found in stored.items()})
                changes.append(change)
            batch = self.service.prepare_changes(self.gateway, changes)
            ready = self._sift(entries, batch.changes)
            for _entry, change in ready:
                assert change.id is not None
                for name in [
                    name for name in change.lines if _is_same(change.lines[name], stored[name][change.id])
                ]:
                    del change.lines[name]
            changed = {change.id for _entry, change in ready if change.values or change.lines}
            self.service.write(batch)
        except (GuanxiError, IntegrityError, DataError) as error:
            self._halve([entry for entry in entries if not entry.problems], error, self._update)
            return
        changed |= self._note(ready)
        for entry, change in ready:
            entry.action = "update" if change.id in changed else "unchanged"
            entry.change = change

    def _take_out_same_moments(self, change: Change) -> None:
        """A cell with whole seconds is no change of a moment that agrees in these: workbooks show no more."""
        for name, value in list(change.values.items()):
            stored = change.stored(self.resource, name)
            is_moment = isinstance(value, datetime) and isinstance(stored, datetime)
            if is_moment and not value.microsecond and stored.replace(microsecond=0) == value:
                del change.values[name]

    def _sift(self, entries: Sequence[Entry], changes: Sequence[Change]) -> list[tuple[Entry, Change]]:
        ready = []
        for entry, change in zip(entries, changes, strict=True):
            if change.errors:
                self.reader.refuse(entry, change.errors)
            else:
                ready.append((entry, change))
        return ready

    def _halve(
        self, entries: Sequence[Entry], error: Exception, write: Callable[[Sequence[Entry]], None]
    ) -> None:
        """Find the rows the database refuses: a batch of one is at fault itself."""
        if isinstance(error, Unavailable):
            raise error
        if len(entries) > 1:
            middle = len(entries) // 2
            write(entries[:middle])
            write(entries[middle:])
        elif isinstance(error, Invalid) and error.errors:
            self.reader.refuse(entries[0], error.errors)
        elif isinstance(error, GuanxiError):
            entries[0].problems.append(Problem(error.detail))
        else:
            sentence = _l("The database refuses this row: a value breaks one of its rules.")
            entries[0].problems.append(Problem(sentence))

    def _note(self, noted: Sequence[tuple[Entry, Change]]) -> set[int | None]:
        """Put the notes of rows on their records; gives the records that have got a new one."""
        bodies = {change.id: entry.note for entry, change in noted if change.id is not None and entry.note}
        if not bodies:
            return set()
        written = timeline.add_notes(self.gateway, self.resource, bodies)
        change_sets.record_notes(self.session, self.resource, written)
        return set(written)

    def _refuse(self, entry: Entry, column: Column, sentence: str | Lazy) -> None:
        entry.problems.append(Problem(sentence, self.reader.header_of(column)))


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

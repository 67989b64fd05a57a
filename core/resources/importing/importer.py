"""Rows of a table become records: matched, linked, validated and written in batches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from core.access.actor import Actor
from core.db.fields import Kind
from core.errors import GuanxiError, Invalid, Unavailable
from core.i18n import _l
from core.resources import change_sets, timeline
from core.resources.batch import Change
from core.resources.declaration import LinesField, Resource
from core.resources.gateway import Gateway
from core.resources.importing.entries import Entry, Problem, RowReader, Seen, good
from core.resources.importing.linking import Linker
from core.resources.importing.mapping import Plan
from core.resources.importing.matching import Matcher
from core.resources.importing.outcome import Aside, Mode, Outcome
from core.resources.importing.tables import Row

BATCH: Final = 2000


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
            self._use(reader)

    def _use(self, reader: RowReader) -> None:
        self.reader = reader
        self._linker = Linker(self.gateway, self.resource, self.plan, reader)
        self._matcher = Matcher(
            self.gateway, self.resource, self.plan, mode=self.mode, reader=reader, seen=self._seen
        )

    def run(
        self, rows: Iterable[Row], width: int, on_progress: Callable[[Outcome], None] | None = None
    ) -> Outcome:
        """Import all rows; those that refer to rows further down come after them.

        Args:
            rows: of the file, in its order.
            width: how many columns its header has.
            on_progress: is called after each batch.
        """
        self._use(RowReader(self.gateway, self.resource, self.plan, width))
        started = time.monotonic()

        def go_through(rows: Iterable[Row], aside: Aside, *, is_last: bool = False) -> None:
            source = iter(rows)
            while batch := list(islice(source, BATCH)):
                for row in self.take(batch, is_last=is_last):
                    aside.add(row)
                self.outcome.seconds = time.monotonic() - started
                if on_progress is not None:
                    on_progress(self.outcome)

        with ExitStack() as files:
            waiting = files.enter_context(closing(Aside()))
            go_through(self._counted(rows), waiting)
            while waiting.count:
                following = files.enter_context(closing(Aside()))
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
        self._matcher.match(list(good(entries)))
        self._default(good(entries))
        pending = [entry for entry in good(entries) if not entry.action]
        while pending:
            for entry in pending:
                entry.is_waiting = False
            self._linker.link(pending, is_last=is_last)
            ready = [entry for entry in good(pending) if not entry.is_waiting]
            self._insert([entry for entry in ready if entry.match is None])
            self._update([entry for entry in ready if entry.match is not None])
            waiting = [entry for entry in good(pending) if entry.is_waiting]
            if not any(entry.action == "insert" for entry in ready):
                break  # what the others wait for is not in this batch
            pending = waiting
        self.outcome.created = self._linker.created
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
        return Change(values, keys=entry.keys, pieces=entry.pieces)

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

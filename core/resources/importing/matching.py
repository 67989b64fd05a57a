"""Which records the rows of a file are about, by their key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.access.policy import Policy
from core.i18n import Lazy, _l
from core.resources.declaration import Resource
from core.resources.gateway import Gateway
from core.resources.importing.entries import Entry, Problem, RowReader, Seen, short
from core.resources.importing.links import Found, find_by_values
from core.resources.importing.mapping import Plan
from core.resources.importing.outcome import Mode


class Matcher:
    """Connects rows with records that are there."""

    def __init__(
        self, gateway: Gateway, resource: Resource, plan: Plan, *, mode: Mode, reader: RowReader, seen: Seen
    ) -> None:
        self._gateway = gateway
        self._resource = resource
        self._plan = plan
        self._mode = mode
        self._reader = reader
        self._seen = seen

    def match(self, entries: Sequence[Entry]) -> None:
        """Find the records that rows are about, by the key."""
        key = self._plan.key
        if key is None or key.column is None:
            return
        named: dict[Any, Entry] = {}
        for entry in entries:
            text = entry.texts.get(key)
            value = self._reader.key_of_entry(entry)
            if text is None:
                # A number the system gives cannot be known of a new record.
                if self._mode is Mode.UPDATE or (
                    self._mode is not Mode.INSERT and not key.column.field.word.readonly
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
            found = find_by_values(self._gateway, self._resource, key.column.field, named)
            for value, entry in named.items():
                self._take(entry, entry.texts[key], found.get(value, ()))

    def _take(self, entry: Entry, text: Any, found: Sequence[Found]) -> None:
        """Connect a row with its record, or say what speaks against it."""
        problem = self._speaks_against(entry, found)
        if problem is not None:
            sentence = _l("“%(value)s”: %(problem)s", value=short(text), problem=problem)
            entry.problems.append(Problem(sentence))

    def _speaks_against(self, entry: Entry, found: Sequence[Found]) -> Lazy | None:
        assert self._plan.key is not None
        assert self._plan.key.column is not None
        # Where only the system gives keys, a record cannot be made under one.
        is_given = self._plan.key.column.field.word.readonly and self._mode is not Mode.INSERT
        if not found:
            return _l("There is no such record.") if self._mode is Mode.UPDATE or is_given else None
        if self._mode is Mode.INSERT:
            return _l("There is such a record already.")
        if self._mode is Mode.SKIP:
            entry.action = "skip"
            return None
        if len(found) > 1:
            return _l(
                "There are %(count)s such records; recognise them by a field that is different for each.",
                count=len(found),
            )
        (entry.match,) = found
        if entry.match.is_archived:
            return _l("This record is archived; restore it first.")
        policy = Policy(self._gateway.actor, self._resource.name, "update", self._resource.is_owned)
        if not policy.decide(entry.match.row).allowed:
            return _l("You may not change this record.")
        return None

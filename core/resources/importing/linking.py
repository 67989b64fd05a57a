"""The records behind the links of rows: found, waited for, or made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.i18n import Lazy, _l
from core.resources.columns import Column
from core.resources.declaration import Resource
from core.resources.gateway import Gateway
from core.resources.importing.entries import Entry, Problem, RowReader, short
from core.resources.importing.links import Found, find_linked
from core.resources.importing.mapping import Plan, Target


class Linker:
    """Connects rows with the records they name."""

    def __init__(self, gateway: Gateway, resource: Resource, plan: Plan, reader: RowReader) -> None:
        self._gateway = gateway
        self._resource = resource
        self._plan = plan
        self._reader = reader
        #: Records made because a link named them.
        self.created = 0

    def link(self, entries: Sequence[Entry], *, is_last: bool) -> None:
        """Find the records that cells of links name."""
        for target in self._plan.targets:
            column = target.column
            if column is None or column.field.target is None:
                continue
            named = [entry for entry in entries if target in entry.texts]
            texts = {str(entry.texts[target]) for entry in named}
            if not texts:
                continue
            found = find_linked(self._gateway, column.field, column.by, texts)
            is_own = column.field.target is self._resource
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
                            "“%(value)s” is the name of %(count)s records; write its number instead.",
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
            self._gateway.session, [{resource.label: name} for name in names], actor=self._gateway.actor
        )
        problems = {
            name: change.errors for name, change in zip(names, batch.changes, strict=True) if change.errors
        }
        resource.service.write(batch)
        made = [name for name in names if name not in problems]
        for name, change in zip(made, batch.changes, strict=True):
            assert change.id is not None
            found[name] = [Found(change.id, False, {})]
            self.created += 1
        for entry in entries:
            for messages in problems.get(str(entry.texts[target]), {}).values():
                for message in messages:
                    self._refuse(entry, target.column, message)

    def _refuse(self, entry: Entry, column: Column, sentence: str | Lazy) -> None:
        entry.problems.append(Problem(sentence, self._reader.header_of(column)))

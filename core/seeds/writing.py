"""Writing the seeds of an addon into a tenant: new ones once, managed ones as far as they are not edited."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR, Actor
from core.db.session import tenant_of
from core.errors import Conflict, GuanxiError, Invalid, Unavailable
from core.i18n import _l, pack
from core.resources.channels import through
from core.resources.declaration import Resource
from core.resources.gateway import Gateway
from core.seeds.files import Mode, Seed
from core.seeds.merging import merge
from core.seeds.models import SeedRecord
from core.seeds.registry import Seeds
from core.seeds.stored import empty, present, supplied, with_numbers
from core.seeds.values import Meaning

#: What an addon supplies for good.
SUPPLIED: Final = (Mode.ONCE, Mode.MANAGED)

seed_table: Final = SeedRecord.__table__


class SeedRefused(Conflict):
    """A record an addon brings along breaks a rule; nothing of the addon's was written."""

    code = "seed-refused"
    message = _l("The record “%(key)s” that comes with the addon (%(place)s) cannot be written: %(reason)s")


@dataclass(slots=True)
class Told:
    """What became of the seeds of one addon, by key."""

    addon: str
    written: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    #: ``{key: fields}`` that the tenant has edited and that are supplied otherwise now.
    kept: dict[str, list[str]] = field(default_factory=dict)
    #: ``{key: reason}``
    refused: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.written or self.updated or self.kept or self.refused)


def hold(session: Session) -> None:
    """Let nobody else write seeds into this tenant until the transaction ends."""
    key = func.hashtextextended("core.seed", tenant_of(session).id)
    session.execute(select(func.pg_advisory_xact_lock(key)))


def records(session: Session) -> dict[str, Row[Any]]:
    """What is known of all seeds of the tenant, by key."""
    return {row.key: row for row in session.execute(select(seed_table))}


def reason(error: GuanxiError, resource: Resource) -> Any:
    """Why something was refused, as a text that can be packed."""
    if isinstance(error, Invalid) and error.errors:
        name, messages = next(iter(error.errors.items()))
        field = resource.fields.get(name)
        return _l("%(name)s: %(reason)s", name=field.word.label if field else name, reason=messages[0])
    return _l("%(reason)s", reason=error.detail)


class Writing:
    """One call: writes seeds of one addon into the tenant of a session, which the caller commits."""

    def __init__(
        self, session: Session, seeds: Seeds, addon: str, *, strict: bool = False, actor: Actor = OPERATOR
    ) -> None:
        """Prepare.

        Args:
            session: bound to the tenant, in a transaction that has called `hold`.
            seeds: of all addons.
            addon: whose seeds.
            strict: raise where one cannot be written, instead of remembering why.
            actor: who writes.
        """
        self.session = session
        self.seeds = seeds
        self.strict = strict
        self.gateway = Gateway(session, actor)
        self.told = Told(addon)
        self._rows = records(session)
        self._meaning = Meaning.of(session, self._linked)
        self._reached: dict[str, set[int]] = {}

    def run(self, modes: Sequence[Mode] = SUPPLIED, tell: Callable[[int, int], None] | None = None) -> Told:
        """Write what is new and bring what is managed up to date.

        Args:
            modes: which seeds.
            tell: is told after each step how many of how many are done; what it raises undoes all.

        Raises:
            SeedRefused: one cannot be written, where this is strict.
        """
        seeds = self.seeds.of(self.told.addon, modes)
        done = 0
        with through(self.session, "sample" if modes == (Mode.SAMPLE,) else "seed"):
            for batch in self.seeds.batches(seeds):
                self._create([seed for seed in batch if self._is_open(seed)])
                self._follow([seed for seed in batch if not self._is_open(seed)])
                done += len(batch)
                if tell is not None:
                    tell(done, len(seeds))
        return self.told

    def bring_back(self, seed: Seed) -> None:
        """Write one again that was deleted, or restore one that was put away.

        Raises:
            GuanxiError: what the service refuses.
        """
        row = self._rows.get(seed.key)
        with through(self.session, "seed"):
            if row is not None and self._is_there(row):
                resource = self._resource(seed.resource)
                resource.service.restore(self.session, [row.record_id], actor=self.gateway.actor)
            else:
                self._insert([seed])

    def take(self, seed: Seed, names: Sequence[str]) -> None:
        """Give fields of a record the values that are supplied, whatever the tenant has made of them.

        Raises:
            GuanxiError: what the service refuses.
        """
        row, resource = self._rows[seed.key], self._resource(seed.resource)
        with through(self.session, "seed"):
            self._update(seed, resource, row, names)

    def is_there(self, seed: Seed) -> bool:
        """Whether the record of a seed is there, within the actor's reach."""
        row = self._rows.get(seed.key)
        return row is not None and self._is_there(row)

    # Those that are new

    def _is_open(self, seed: Seed) -> bool:
        """Whether it is still to be written: a sample also where it is gone, others one time only."""
        row = self._rows.get(seed.key)
        if row is None or row.record_id is None:
            return True
        return seed.mode is Mode.SAMPLE and not self._is_there(row)

    def _create(self, batch: Sequence[Seed]) -> None:
        """Write new ones together; each by itself where that does not go, to know which it is."""
        if not batch:
            return
        try:
            with self.session.begin_nested():
                self._insert(batch)
        except Unavailable:
            raise
        except GuanxiError as error:
            if len(batch) > 1:
                for seed in batch:
                    self._create([seed])
                return
            self._refuse(batch[0], error)
        else:
            self.told.written += [seed.key for seed in batch]

    def _insert(self, batch: Sequence[Seed]) -> None:
        resource = self._resource(batch[0].resource)
        raw = [self._meaning.raw(seed, resource) for seed in batch]
        numbers = resource.service.create(self.session, raw, actor=self.gateway.actor)
        stored = present(self.gateway, resource, numbers)
        shipped = [supplied(self.gateway, resource, values) for values in raw]
        written = [
            {name: stored[number][name] for name in values}
            for number, values in zip(numbers, shipped, strict=True)
        ]
        self._keep(
            [
                _row_of(seed, number, now, then)
                for seed, number, now, then in zip(batch, numbers, shipped, written, strict=True)
            ]
        )
        self._reached.setdefault(resource.name, set()).update(numbers)

    # Those that are there

    def _follow(self, batch: Sequence[Seed]) -> None:
        """Bring managed ones up to date as far as the tenant has left them alone."""
        managed = [
            (seed, self._rows[seed.key])
            for seed in batch
            if seed.mode is Mode.MANAGED and self._rows[seed.key].resource == seed.resource
        ]
        if not managed:
            return
        resource = self._resource(batch[0].resource)
        fresh = [
            (seed, row, shipped)
            for seed, row in managed
            if (shipped := supplied(self.gateway, resource, self._meaning.raw(seed, resource))) != row.shipped
            or row.failure
        ]
        stored = present(self.gateway, resource, [row.record_id for _seed, row, _shipped in fresh])
        for seed, row, shipped in fresh:
            values = stored.get(row.record_id)
            # What is deleted or archived is theirs to bring back; then this is looked at again.
            if values is not None and values["archived_at"] is None:
                self._merge(seed, resource, row, shipped, values)

    def _merge(
        self,
        seed: Seed,
        resource: Resource,
        row: Row[Any],
        shipped: Mapping[str, Any],
        values: Mapping[str, Any],
    ) -> None:
        found = merge(shipped, last=row.shipped, written=row.written, present=values, empty=empty(resource))
        if found.kept:
            self.told.kept[seed.key] = sorted(found.kept)
        if not found.changed:
            written = {name: values[name] for name in found.same}
            self._note(row, mode=seed.mode, shipped=shipped, written=written, failure=None)
            return
        try:
            with self.session.begin_nested():
                self._update(seed, resource, row, sorted(found.changed), same=found.same, kept=found.kept)
        except Unavailable:
            raise
        except GuanxiError as error:
            self._refuse(seed, error)
        else:
            self.told.updated.append(seed.key)

    def _update(
        self,
        seed: Seed,
        resource: Resource,
        row: Row[Any],
        names: Sequence[str],
        same: frozenset[str] = frozenset(),
        kept: frozenset[str] = frozenset(),
    ) -> None:
        """Give a record the supplied values of some fields, and remember all that is supplied now."""
        raw = self._meaning.raw(seed, resource)
        shipped = supplied(self.gateway, resource, raw)
        values = {name: raw[name] for name in names}
        for name in values.keys() & resource.lines_fields.keys():
            lines = self.gateway.lines(resource.lines_fields[name], [row.record_id])[row.record_id]
            values[name] = with_numbers(values[name], lines)
        resource.service.update(self.session, row.record_id, values, actor=self.gateway.actor)
        now = present(self.gateway, resource, [row.record_id])[row.record_id]
        written = {name: value for name, value in row.written.items() if name in shipped and name not in kept}
        written |= {name: now[name] for name in (*names, *same)}
        self._note(row, mode=seed.mode, shipped=shipped, written=written, failure=None, updated_at=func.now())

    def _resource(self, name: str) -> Resource:
        """A resource as the tenant sees it."""
        return self.gateway.seen(self.seeds.resources[name])

    # What is remembered

    def _keep(self, rows: Sequence[dict[str, Any]]) -> None:
        """Remember new rows, and what has become of known ones."""
        known = [row for row in rows if row["key"] in self._rows]
        for row in known:
            self._note(self._rows[row["key"]], **row)
        new = [row for row in rows if row["key"] not in self._rows]
        if new:
            statement = insert(seed_table).returning(seed_table)
            self._rows |= {row.key: row for row in self.session.execute(statement, new)}

    def _note(self, row: Row[Any], **values: Any) -> None:
        statement = update(seed_table).where(seed_table.c.id == row.id).values(values).returning(seed_table)
        self._rows[row.key] = self.session.execute(statement).one()

    def _refuse(self, seed: Seed, error: GuanxiError) -> None:
        """Say why one was not written, or remember it for whoever looks at the supplied data."""
        why = reason(error, self._resource(seed.resource))
        if self.strict:
            raise SeedRefused(key=seed.key, place=seed.place, reason=str(why)) from error
        self.told.refused[seed.key] = str(why)
        row = self._rows.get(seed.key)
        if row is None:
            self._keep([_row_of(seed, None, {}, {}, pack(why))])
        else:
            self._note(row, failure=pack(why))

    def _linked(self, key: str) -> int | None:
        """The record of another seed, where it is still there."""
        row = self._rows.get(key)
        return row.record_id if row is not None and self._is_there(row) else None

    def _is_there(self, row: Row[Any]) -> bool:
        """Whether the record of a seed has not been deleted."""
        if row.record_id is None or row.resource not in self.seeds.resources:
            return False
        if row.resource not in self._reached:
            ids = [each.record_id for each in self._rows.values() if each.resource == row.resource]
            resource = self._resource(row.resource)
            self._reached[row.resource] = self.gateway.reached(resource, filter(None, ids))
        return row.record_id in self._reached[row.resource]


def _row_of(
    seed: Seed, number: int | None, shipped: Any, written: Any, failure: Any = None
) -> dict[str, Any]:
    return {
        "key": seed.key, "addon": seed.addon, "resource": seed.resource, "record_id": number,
        "mode": seed.mode.value, "shipped": shipped, "written": written, "failure": failure,
    }  # fmt: skip

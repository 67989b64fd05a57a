"""The one way to write: every door calls the service of a resource.

A service takes a batch; a form is a batch of one. It validates, asks the rights, lets the addon's
rules look at all rows at once, writes in a few statements and runs the upkeep steps. It flushes
nothing by halves and never commits: that is the unit of work's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property, wraps
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from marshmallow import Schema, ValidationError
from sqlalchemy import bindparam, delete, func, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.access.actor import Actor
from core.access.policy import Policy
from core.db.rows import MANY, insert_few, insert_rows
from core.errors import Conflict, Forbidden, Invalid, NotFound, StaleVersion
from core.i18n import _l
from core.resources import change_sets, completing, indexing, nested, timeline
from core.resources.batch import Batch, Change
from core.resources.declaration import LinesField, Resource
from core.resources.editions import edition_of
from core.resources.gateway import Gateway
from core.resources.loading import input_loader
from core.resources.places import Stored
from core.resources.refusals import understood
from core.resources.schemas import InputSchema, flat_errors
from core.resources.side_rows import insert_beside, update_beside
from core.resources.values import TextValue
from core.search.names import name_match
from core.search.pinyin import sort_key

_Bound = TypeVar("_Bound", bound=Session | Gateway | Batch)
_Rest = ParamSpec("_Rest")
_Answer = TypeVar("_Answer")

#: What is kept up with every batch, in its transaction.
UPKEEP: Final[Sequence[Callable[[Batch], None]]] = (
    timeline.record_changes,
    change_sets.record,
    indexing.record_documents,
)


class InUse(Conflict):
    """Other records link to the one that should be deleted."""

    code = "in-use"
    message = _l("Other records still refer to this one. Archive it instead, or remove them first.")


class ArchiveSchema(InputSchema):
    """What goes with putting a record away."""

    reason = TextValue(multiline=True, max_length=300, allow_none=True)


def _seen_by_tenant(
    door: Callable[Concatenate[Service, _Bound, _Rest], _Answer],
) -> Callable[Concatenate[Service, _Bound, _Rest], _Answer]:
    """Let the service of the edition that the tenant sees do it, whichever edition's is asked.

    Addons have the service of `resource_of`, which knows of no additions.
    """

    @wraps(door)
    def found(asked: Service, bound: _Bound, /, *args: _Rest.args, **options: _Rest.kwargs) -> _Answer:
        session = bound if isinstance(bound, Session) else bound.session
        return door(edition_of(session).of(asked.resource).service, bound, *args, **options)

    return found


class Service:
    """Writes for one resource. An addon subclasses it and overrides `rules`.

    There is one for each edition of the resource.
    """

    def __init__(self, resource: Resource) -> None:
        self.resource = resource

    def rules(self, batch: Batch) -> None:
        """Check and complete all rows of a batch at once: set ``change.values``, or ``change.refuse()``.

        Runs after validation and before anything is written; may query, set-wise, never per row.
        """

    # Doors

    @_seen_by_tenant
    def create(self, session: Session, inputs: Sequence[Mapping[str, Any]], *, actor: Actor) -> list[int]:
        """Create records, all or none.

        Args:
            session: bound to one tenant; the caller commits.
            inputs: raw values by field name, lines as lists of such.
            actor: who does it.

        Returns:
            Their numbers, in the order of the inputs.

        Raises:
            Forbidden: the actor may not create these.
            Invalid: values or rules; of the first bad row.
        """
        batch = self.prepare(session, inputs, actor=actor)
        _raise_first(batch)
        self.write(batch)
        return [change.id for change in batch.changes if change.id is not None]

    @_seen_by_tenant
    def update(
        self,
        session: Session,
        record_id: int,
        values: Mapping[str, Any],
        *,
        actor: Actor,
        version: int | None = None,
    ) -> None:
        """Change one record.

        Args:
            session: bound to one tenant; the caller commits.
            record_id: the record.
            values: raw values by field name; what is not named stays.
            actor: who does it.
            version: the version the change is based on; None to change whatever is there.

        Raises:
            NotFound: no such record within reach.
            Forbidden: the actor may read but not change it.
            StaleVersion: it was changed since ``version``.
            Invalid: values or rules.
        """
        self.update_many(session, {record_id: values}, actor=actor, versions={record_id: version})

    @_seen_by_tenant
    def update_many(
        self,
        session: Session,
        inputs: Mapping[int, Mapping[str, Any]],
        *,
        actor: Actor,
        versions: Mapping[int, int | None] | None = None,
    ) -> None:
        """Change records, all or none; see `update`."""
        batch = self.prepare_update(session, inputs, actor=actor, versions=versions or {})
        _raise_first(batch)
        self.write(batch)

    @_seen_by_tenant
    def archive(
        self, session: Session, record_ids: Sequence[int], *, actor: Actor, reason: str | None = None
    ) -> None:
        """Put records away; lists leave them out, links keep them.

        Raises:
            NotFound, Forbidden: as for `update`.
            Invalid: the reason is too long.
        """
        text = (reason or "").replace("\x00", "").strip() or None
        if text is not None and len(text) > 300:
            raise Invalid({"reason": [_l("At most %(max)s characters fit here.", max=300)]})
        values = {"archived_at": datetime.now(UTC), "archived_reason": text}
        self._set_state(session, record_ids, actor, "archived", values)

    @_seen_by_tenant
    def restore(self, session: Session, record_ids: Sequence[int], *, actor: Actor) -> None:
        """Bring archived records back; see `archive`."""
        self._set_state(
            session, record_ids, actor, "restored", {"archived_at": None, "archived_reason": None}
        )

    @_seen_by_tenant
    def delete(self, session: Session, record_ids: Sequence[int], *, actor: Actor) -> None:
        """Delete records and their lines for good.

        Raises:
            NotFound: one is not within reach.
            Forbidden: the actor may not delete one of them.
            InUse: other records refer to one.
        """
        self.permitted(session, record_ids, actor, "delete")
        try:
            with session.begin_nested():
                for lines in self.resource.lines_fields.values():
                    session.execute(delete(lines.target.table).where(lines.back.in_(record_ids)))
                session.execute(delete(self.resource.table).where(self.resource.table.c.id.in_(record_ids)))
        except IntegrityError as error:
            raise InUse from error
        timeline.forget(session, self.resource, record_ids)
        indexing.forget(session, self.resource, record_ids)

    @_seen_by_tenant
    def perform(
        self,
        session: Session,
        name: str,
        record_ids: Sequence[int],
        values: Mapping[str, Any],
        *,
        actor: Actor,
    ) -> None:
        """Do what a name stands for with records, all or none.

        Args:
            session: bound to one tenant; the caller commits.
            name: an action of the resource, or ``update``, ``archive``, ``restore`` or ``delete``.
            record_ids: the records.
            values: raw values by name, as the action's schema (an update: the form) takes them.
            actor: who does it.

        Raises:
            NotFound: there is no such action, or a record is not within reach.
            Forbidden: the actor may not do this with one of them.
            Invalid: values or rules.
        """
        if name == "update":
            self.update_many(session, dict.fromkeys(record_ids, values), actor=actor)
        elif name == "archive":
            reason = _loaded(ArchiveSchema, values).get("reason")
            self.archive(session, record_ids, actor=actor, reason=reason)
        elif name in ("restore", "delete"):
            _loaded(InputSchema, values)
            (self.restore if name == "restore" else self.delete)(session, record_ids, actor=actor)
        else:
            action = next((each for each in self.resource.actions if each.name == name), None)
            if action is None:
                raise NotFound
            self.permitted(session, record_ids, actor, action.verb)
            action.run(session, record_ids, actor=actor, **_loaded(action.schema or InputSchema, values))

    # Batches

    @_seen_by_tenant
    def prepare(self, session: Session, inputs: Sequence[Mapping[str, Any]], *, actor: Actor) -> Batch:
        """Validate new records and run the rules; nothing is written. Bad rows carry their errors.

        Raises:
            NotFound, Forbidden: the actor may not create records of this resource at all.
        """
        gateway = Gateway(session, actor)
        return self.prepare_new(gateway, self.validated(gateway, inputs))

    @_seen_by_tenant
    def prepare_new(self, gateway: Gateway, changes: Sequence[Change]) -> Batch:
        """Complete new records whose values are read already, and run the rules; see `prepare`."""
        gateway.require(self.resource, "create")
        batch = Batch(self.resource, gateway.session, gateway.actor, list(changes), "created")
        completing.require(batch)
        completing.complete(batch)
        completing.check_links(gateway, batch)
        policy = Policy(gateway.actor, self.resource.name, "create", self.resource.is_owned)
        if not policy.reaches_all:
            for change in batch.good:
                owned = {"owner_id": change.values.get("owner"), "unit_id": change.values.get("unit")}
                if not policy.decide(owned).allowed:
                    change.refuse("owner", _l("You may not create records for this owner or unit."))
        self._run_rules(batch)
        return batch

    @_seen_by_tenant
    def prepare_update(
        self,
        session: Session,
        inputs: Mapping[int, Mapping[str, Any]],
        *,
        actor: Actor,
        versions: Mapping[int, int | None],
    ) -> Batch:
        """Validate changes and run the rules; nothing is written. Bad rows carry their errors.

        Raises:
            NotFound, Forbidden, StaleVersion: see `update`.
        """
        stored = self.permitted(session, list(inputs), actor, "update")
        for record_id, version in versions.items():
            if version is not None and stored[record_id]["version"] != version:
                raise StaleVersion
        gateway = Gateway(session, actor)
        changes = self.validated(gateway, list(inputs.values()), partial=True)
        for record_id, change in zip(inputs, changes, strict=True):
            change.id, change.before = record_id, stored[record_id]
        return self.prepare_changes(gateway, changes)

    @_seen_by_tenant
    def prepare_changes(self, gateway: Gateway, changes: Sequence[Change]) -> Batch:
        """Run the rules over changes of stored records whose values are read already.

        The caller has seen to the rights; what a change repeats of its record is taken out of it.
        """
        for change in changes:
            for name in [
                name for name, value in change.values.items() if value == change.stored(self.resource, name)
            ]:
                del change.values[name]
        batch = Batch(self.resource, gateway.session, gateway.actor, list(changes), "updated")
        nested.take_out_same_lines(batch)
        completing.check_links(gateway, batch)
        self._run_rules(batch)
        return batch

    @_seen_by_tenant
    def write(self, batch: Batch) -> None:
        """Write the good rows of a batch and keep up what hangs on them.

        Raises:
            Invalid: a value must be unique and is not, or the database refuses it for another reason.
        """
        batch.changes = batch.good
        if not batch.changes:
            return
        with understood(batch):
            if batch.kind == "created":
                self._insert(batch)
            else:
                batch.changes = [change for change in batch.changes if change.values or change.lines]
                self._update(batch)
            for lines in self.resource.lines_fields.values():
                self._write_lines(batch, lines)
        for step in UPKEEP:
            step(batch)

    # Steps

    @_seen_by_tenant
    def validated(
        self, gateway: Gateway, inputs: Sequence[Mapping[str, Any]], *, partial: bool = False
    ) -> list[Change]:
        """Read raw values; nothing is asked of the database. Bad rows carry their errors.

        Args:
            gateway: of the actor; fields hidden from him are unknown.
            inputs: raw values by field name.
            partial: leave it to `prepare_new` to ask for what a new record needs.
        """
        loader = input_loader(self.resource, gateway.resolver, gateway.habits)
        kinds = list(self.resource.lines_fields)
        changes = []
        for raw in inputs:
            try:
                values = loader.load(raw, partial=partial)
            except ValidationError as error:
                changes.append(Change({}, errors=flat_errors(error)))
                continue
            lines = {name: values.pop(name) for name in kinds if name in values}
            change = Change(values, lines=lines)
            if lines:
                nested.require_of_new_lines(self.resource, change)
            for name in self._keyed:
                if name in values:
                    self._keys(change, name)
            changes.append(change)
        return changes

    def _run_rules(self, batch: Batch) -> None:
        whole = batch.changes
        batch.changes = batch.good
        if batch.changes:
            self.rules(batch)
        for rule in self.resource.further_rules:
            batch.changes = batch.good
            if batch.changes:
                rule(batch)
        batch.changes = whole

    @_seen_by_tenant
    def permitted(
        self, session: Session, record_ids: Sequence[int], actor: Actor, verb: str
    ) -> dict[int, Mapping[str, Any]]:
        """The stored rows, locked, of records the actor may treat with ``verb``."""
        gateway = Gateway(session, actor)
        gateway.require(self.resource, "read")
        stored: dict[int, Mapping[str, Any]] = {**gateway.locked(self.resource, record_ids)}
        if len(stored) < len(set(record_ids)):
            raise NotFound
        policy = Policy(actor, self.resource.name, verb, self.resource.is_owned)
        if not all(policy.decide(row).allowed for row in stored.values()):
            raise Forbidden
        return stored

    def _set_state(
        self, session: Session, record_ids: Sequence[int], actor: Actor, kind: str, values: dict[str, Any]
    ) -> None:
        stored = self.permitted(session, record_ids, actor, "update")
        wanted = kind == "archived"
        changes = [
            Change(dict(values), before=row, id=record_id)
            for record_id, row in stored.items()
            if (row["archived_at"] is None) is wanted
        ]
        batch = Batch(self.resource, session, actor, changes, kind)
        self._update(batch)
        for step in UPKEEP:
            step(batch)

    def _stored(self, change: Change) -> Stored:
        """What a change writes, sort and match keys included."""
        stored = Stored()
        for name, value in change.values.items():
            self.resource.fields[name].place.put(stored, value)
        for name in self._keyed:
            if name in change.values:
                value, keys = change.keys.get(name, (None, {}))
                if not keys or value != change.values[name]:
                    keys = self._keys(change, name)
                place = self.resource.fields[name].place
                for column, key in keys.items():
                    place.companion(column).put(stored, key)
        return stored

    def _keys(self, change: Change, name: str) -> dict[str, str]:
        """What is stored beside a text to order it and to recognise it, by what the field calls it."""
        word, value = self.resource.fields[name].word, change.values[name]
        keys = {}
        if word.sort_by is not None:
            keys[word.sort_by] = sort_key(value)
        if word.match_by is not None:
            keys[word.match_by] = name_match(value)
        change.keys[name] = (value, keys)
        return keys

    @cached_property
    def _keyed(self) -> list[str]:
        """The fields with sort or match keys."""
        fields = self.resource.fields.values()
        return [each.name for each in fields if each.word.sort_by or each.word.match_by]

    def _insert(self, batch: Batch) -> None:
        by = {"created_by_id": batch.actor.user_id, "updated_by_id": batch.actor.user_id}
        stored = [self._stored(change) for change in batch.changes]
        rows = [by | each.own for each in stored]
        if len(rows) < MANY:
            made = insert_few(batch.session, self.resource.table, rows, self.resource.given_columns)
            for change, row in zip(batch.changes, made, strict=True):
                change.id, change.given = row["id"], dict(row)
        else:
            numbers = insert_rows(batch.session, self.resource.table, rows, numbered=True)
            for change, number in zip(batch.changes, numbers, strict=True):
                change.id = number
        insert_beside(
            batch.session, [(change.id, each) for change, each in zip(batch.changes, stored, strict=True)]
        )

    def _update(self, batch: Batch) -> None:
        table = self.resource.table
        by_names: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        stored = [(change.id, self._stored(change)) for change in batch.changes]
        for record_id, each in stored:
            by_names.setdefault(tuple(each.own), []).append(
                {"_id": record_id, **{f"_{k}": v for k, v in each.own.items()}}
            )
        for names, rows in by_names.items():
            statement = (
                update(table)
                .where(table.c.id == bindparam("_id"))
                .values(
                    {
                        "version": table.c.version + 1,
                        "updated_at": func.now(),
                        "updated_by_id": batch.actor.user_id,
                    }
                    | {name: bindparam(f"_{name}") for name in names}
                )
            )
            batch.session.connection().execute(statement, rows)
        update_beside(batch.session, stored)

    def _write_lines(self, batch: Batch, lines: LinesField) -> None:
        """Make the stored lines those of the input: new ones in, known ones changed, missing ones out."""
        if not any(lines.name in change.lines for change in batch.changes):
            return
        service, table = lines.target.service, lines.target.table
        found = nested.sort_lines(batch, lines)
        if found.gone:
            batch.session.execute(delete(table).where(table.c.id.in_(found.gone)))
        for kind, changes in (("created", found.new), ("updated", found.changed)):
            service.write_lines(Batch(lines.target, batch.session, batch.actor, changes, kind))

    @_seen_by_tenant
    def write_lines(self, batch: Batch) -> None:
        """Write validated lines of records that are being written; their rights are the records'.

        Raises:
            Invalid: a line breaks a rule; addressed as ``phones.0.number``.
        """
        if batch.kind == "created":
            completing.complete(batch)
        else:
            for change in batch.changes:
                same = [
                    key for key, value in change.values.items() if value == change.stored(self.resource, key)
                ]
                for key in same:
                    del change.values[key]
            batch.changes = [change for change in batch.changes if change.values]
        self._run_rules(batch)
        _raise_first(batch)
        if batch.changes and batch.kind == "created":
            self._insert(batch)
        elif batch.changes:
            self._update(batch)


def _loaded(schema: type[Schema], values: Mapping[str, Any]) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = schema().load(values)
    except ValidationError as error:
        raise Invalid(flat_errors(error)) from error
    return loaded


def _raise_first(batch: Batch) -> None:
    for change in batch.changes:
        if change.errors:
            raise Invalid({change.address + name: messages for name, messages in change.errors.items()})

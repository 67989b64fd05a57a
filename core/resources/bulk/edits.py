"""The same done with many records: what can be done is done, and what is refused is told with its reason.

Everything is written by the service of the resource, with its rights and rules. A preview is the work
itself, undone before anybody has seen it, so it cannot promise what the work then does not keep.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from marshmallow import ValidationError
from sqlalchemy.exc import DataError, IntegrityError

from core.access.policy import Policy
from core.db.fields import Kind
from core.errors import Forbidden, GuanxiError, Invalid, NotFound, Unavailable
from core.i18n import _
from core.resources.declaration import Field, Resource
from core.resources.gateway import Gateway
from core.resources.resolver import Answer, UnknownField
from core.resources.schemas import flat_errors, input_schema

#: Records of a preview that are shown with what they hold before and after.
SHOWN: Final = 20
#: What every resource knows to do, with the right it takes.
STANDING: Final[Mapping[str, str]] = {
    "update": "update", "archive": "update", "restore": "update", "delete": "delete",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Edit:
    """What is to be done with each record."""

    #: update, archive, restore, delete, or an action of the resource.
    action: str
    #: Raw values by name, as the action takes them; None or blank empties a field.
    values: Mapping[str, Any] = field(default_factory=dict)
    #: ``{field of tags: tags}``; with an update only.
    add: Mapping[str, Sequence[str]] = field(default_factory=dict)
    remove: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As a run keeps it."""
        return {"values": dict(self.values), "add": dict(self.add), "remove": dict(self.remove)}

    @classmethod
    def from_json(cls, action: str, kept: Mapping[str, Any]) -> Edit:
        """Read back what `to_json` gave."""
        return cls(action, kept["values"], kept["add"], kept["remove"])

    @property
    def can_be_undone(self) -> bool:
        """Whether a set of changes takes it back."""
        return self.action != "delete"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record with which it is not done, and why."""

    record_id: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A record with what it held before and holds after, by field in the stored form."""

    record_id: int
    values: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)


@dataclass(slots=True)
class Result:
    """What has come of it."""

    changed: int = 0
    #: They were so already.
    unchanged: int = 0
    refused: list[Refusal] = field(default_factory=list)
    #: The first `SHOWN` records that were changed.
    shown: list[Changed] = field(default_factory=list)

    def add(self, other: Result) -> None:
        """Count what has come of further records."""
        self.changed += other.changed
        self.unchanged += other.unchanged
        self.refused += other.refused
        self.shown = [*self.shown, *other.shown][:SHOWN]


def editable_fields(gateway: Gateway, resource: Resource) -> list[Field]:
    """The fields the actor may set on many records at once, in the order of the form."""
    if not gateway.actor.may(resource.name, "update"):
        return []
    visible = {each.name: each for each in gateway.resolver.visible(resource)}
    named = [name for section in resource.form for name in section.fields]
    return [
        visible[name]
        for name in dict.fromkeys((*named, *visible))
        if name in visible
        and not visible[name].word.readonly
        and gateway.resolver.answer(visible[name]) is Answer.OPEN
    ]


def check(gateway: Gateway, resource: Resource, edit: Edit) -> None:
    """Refuse what could be done with no record at all.

    Raises:
        NotFound: the actor may not read the resource, or there is no such action.
        Forbidden: he may do this with no record.
        Invalid: the values are not right, whatever the record.
    """
    gateway.require(resource, _verb(resource, edit.action))
    if edit.action != "update":
        return
    known = {each.name: each for each in editable_fields(gateway, resource)}
    for name in (*edit.values, *edit.add, *edit.remove):
        if name not in known and name not in resource.lines_fields:
            raise UnknownField(name)
    for name in (*edit.add, *edit.remove):
        if known[name].word.kind is not Kind.TAGS:
            raise UnknownField(name)
    try:
        schema = input_schema(resource, gateway.resolver, gateway.habits)
        for part in (edit.values, edit.add, edit.remove):
            schema.load(part, partial=True)
    except ValidationError as error:
        raise Invalid(flat_errors(error)) from error


def carry_out(gateway: Gateway, resource: Resource, record_ids: Sequence[int], edit: Edit) -> Result:
    """Do it with those of the records with which it may be done; the caller commits.

    Records out of the actor's reach are not there: they are neither changed nor counted.

    Args:
        gateway: of the one who does it.
        resource: what the records are.
        record_ids: each once.
        edit: what is to be done, and has passed `check`.

    Raises:
        Unavailable: no space is left, or the database is not there.
    """
    verb = _verb(resource, edit.action)
    stored = gateway.locked(resource, record_ids)
    policy = Policy(gateway.actor, resource.name, verb, resource.is_owned)
    result = Result()
    permitted = []
    for number in record_ids:
        if number not in stored:
            continue
        if policy.decide(stored[number]).allowed:
            permitted.append(number)
        else:
            result.refused.append(Refusal(number, Forbidden().detail))
    done = _Work(gateway, resource, edit, stored).do(permitted)
    result.add(done)
    return result


def carry_out_whole(gateway: Gateway, resource: Resource, record_ids: Sequence[int], edit: Edit) -> None:
    """Do it with all of the records or with none; the caller commits.

    Raises:
        NotFound: a record is not within reach, or there is no such action.
        Forbidden: it may not be done with one of them.
        Invalid: values or rules, of the first record at fault.
    """
    session, actor, service = gateway.session, gateway.actor, resource.service
    if not (edit.add or edit.remove):
        service.perform(session, edit.action, record_ids, edit.values, actor=actor)
        return
    check(gateway, resource, edit)
    stored = gateway.locked(resource, record_ids)
    if len(stored) < len(set(record_ids)):
        raise NotFound
    inputs = {number: _values_for(resource, edit, row) for number, row in stored.items()}
    service.update_many(session, inputs, actor=actor)


def preview(gateway: Gateway, resource: Resource, record_ids: Sequence[int], edit: Edit) -> Result:
    """What `carry_out` would come to; nothing is changed."""
    session = gateway.session
    waiting = list(session.info.get("after_commit", ()))
    attempt = session.begin_nested()
    try:
        return carry_out(gateway, resource, record_ids, edit)
    finally:
        attempt.rollback()
        session.info["after_commit"] = waiting


@dataclass(slots=True)
class _Work:
    gateway: Gateway
    resource: Resource
    edit: Edit
    stored: Mapping[int, Mapping[str, Any]]

    def do(self, numbers: Sequence[int]) -> Result:
        """Do it with all at once; where one of them is refused, with halves, down to the one at fault."""
        if not numbers:
            return Result()
        try:
            with self.gateway.session.begin_nested():
                return self._update(numbers) if self.edit.action == "update" else self._perform(numbers)
        except Unavailable:
            raise
        except (GuanxiError, IntegrityError, DataError) as error:
            if len(numbers) == 1:
                return Result(refused=[Refusal(numbers[0], self._sentence(error))])
        middle = len(numbers) // 2
        result = self.do(numbers[:middle])
        result.add(self.do(numbers[middle:]))
        return result

    def _update(self, numbers: Sequence[int]) -> Result:
        session, actor, service = self.gateway.session, self.gateway.actor, self.resource.service
        inputs = {number: _values_for(self.resource, self.edit, self.stored[number]) for number in numbers}
        batch = service.prepare_update(session, inputs, actor=actor, versions={})
        result = Result()
        for change in batch.changes:
            assert change.id is not None
            if change.errors:
                result.refused.append(Refusal(change.id, self._of_fields(change.errors)))
            elif not (change.values or change.lines):
                result.unchanged += 1
            else:
                result.changed += 1
                if len(result.shown) < SHOWN:
                    pairs = {
                        name: (change.stored(self.resource, name), value)
                        for name, value in change.values.items()
                    }
                    result.shown.append(Changed(change.id, pairs))
        service.write(batch)
        return result

    def _perform(self, numbers: Sequence[int]) -> Result:
        session, action = self.gateway.session, self.edit.action
        treated = list(numbers)
        if action in ("archive", "restore"):
            wanted = action == "archive"
            treated = [each for each in numbers if (self.stored[each]["archived_at"] is None) is wanted]
        if treated:
            self.resource.service.perform(
                session, action, treated, self.edit.values, actor=self.gateway.actor
            )
        shown = [Changed(number) for number in treated[:SHOWN]]
        return Result(len(treated), len(numbers) - len(treated), shown=shown)

    def _sentence(self, error: Exception) -> str:
        if isinstance(error, Invalid) and error.errors:
            return self._of_fields(error.errors)
        if isinstance(error, GuanxiError):
            return error.detail
        return _("The database refuses this: a value breaks one of its rules.")

    def _of_fields(self, errors: Mapping[str, Sequence[Any]]) -> str:
        sentences = []
        for name, messages in errors.items():
            known = self.resource.fields.get(name.partition(".")[0])
            said = " ".join(map(str, messages))
            sentences.append(f"{known.label}{_(': ')}{said}" if known is not None else said)
        return " ".join(sentences)


def _values_for(resource: Resource, edit: Edit, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values for one record: the same for all, but for tags that are put to its own or taken away."""
    if not (edit.add or edit.remove):
        return edit.values
    values = dict(edit.values)
    for name in {**edit.add, **edit.remove}:
        removed = set(edit.remove.get(name, ()))
        own = values.get(name, row[resource.fields[name].key])
        kept = [tag for tag in own if tag not in removed]
        values[name] = list(dict.fromkeys([*kept, *edit.add.get(name, ())]))
    return values


def _verb(resource: Resource, action: str) -> str:
    """The right an action takes.

    Raises:
        NotFound: there is no such action.
    """
    if action in STANDING:
        return STANDING[action]
    found = next((each for each in resource.actions if each.name == action), None)
    if found is None:
        raise NotFound
    return found.verb

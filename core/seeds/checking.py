"""Whether the seeds of an addon fit its resources; asked at the start, without a database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final
from zoneinfo import ZoneInfo

from marshmallow import ValidationError

from core.access.actor import OPERATOR
from core.addons.pointing import nearest_first
from core.db.fields import Kind
from core.i18n import LANGUAGES
from core.resources.declaration import Field, Resource
from core.resources.resolver import Resolver
from core.resources.schemas import flat_errors, input_schema
from core.resources.values import Habits
from core.seeds.files import Mode, Problem, Seed
from core.seeds.values import RELATIVE, SPOKEN, Meaning, is_person, is_spoken, links_of, values_of

_HABITS: Final = Habits()


def problems_of(
    seeds: Sequence[Seed],
    resources: Mapping[str, Resource],
    others: Mapping[str, Seed],
    roles: Iterable[str],
    *,
    try_samples: bool,
) -> Iterator[Problem]:
    """What is wrong with the seeds of one addon, each at its line, with the names that may be meant.

    Args:
        seeds: all of the addon.
        resources: what they may be of, by name: its own, and those of what it needs.
        others: the seeds of what it needs, by key.
        roles: all there are.
        try_samples: whether to read the values of samples too; there are many, and every start would wait.
    """
    known = {**others, **{seed.key: seed for seed in seeds}}
    sound = True
    for seed in seeds:
        tries = try_samples or seed.mode is not Mode.SAMPLE
        for problem in _problems(seed, resources, known, set(roles), tries=tries):
            sound = False
            yield problem
    if sound:
        yield from _circle(seeds, resources)


def _problems(
    seed: Seed, resources: Mapping[str, Resource], known: Mapping[str, Seed], roles: set[str], *, tries: bool
) -> Iterator[Problem]:
    resource = resources.get(seed.resource)
    if resource is None or resource.is_nested:
        names = [name for name, each in resources.items() if not each.is_nested]
        near = ", ".join(nearest_first(seed.resource, names)[:6])
        yield seed.problem(f"there is no resource “{seed.resource}” for “{seed.key}”; there are {near}")
        return
    found = [*_names(seed, resource, seed.values), *_words(seed, resource, known, roles)]
    yield from found
    if tries and not found:
        yield from _refused(seed, resource)


def _names(seed: Seed, resource: Resource, values: Mapping[str, Any], at: str = "") -> Iterator[Problem]:
    """Fields and lines that are not there, or that the system sets."""
    writable = [name for name, field in resource.fields.items() if not field.word.readonly]
    for name, value in values.items():
        if name in resource.lines_fields:
            for line in value if isinstance(value, list) else [value]:
                if isinstance(line, dict):
                    yield from _names(seed, resource.lines_fields[name].target, line, at or name)
                else:
                    yield seed.problem(f"“{name}” of “{seed.key}” must be a list of lines", at or name)
        elif name not in writable:
            near = ", ".join(nearest_first(str(name), [*writable, *resource.lines_fields])[:6])
            said = "is set by the system" if name in resource.fields else "is no field"
            yield seed.problem(f"“{name}” {said} of {resource.name}; there are {near}", at or name)


def _words(seed: Seed, resource: Resource, known: Mapping[str, Seed], roles: set[str]) -> Iterator[Problem]:
    """Languages, people, links and days as only seeds write them."""
    for address, field, value in values_of(resource, seed.values):
        place = address.partition(".")[0]
        sentence = _about(seed, field, value, roles)
        if sentence:
            yield seed.problem(f"“{address}” of “{seed.key}”: {sentence}", place)
    for address, field, key in links_of(seed, resource):
        other = known.get(key)
        fitting = [name for name, each in known.items() if each.resource == field.word.target]
        said = ""
        if other is None or other.resource != field.word.target:
            near = ", ".join(nearest_first(key, fitting)[:6]) or "none"
            said = f"there is no seed “{key}” of {field.word.target}; there are {near}"
        elif other.mode is Mode.SAMPLE and seed.mode is not Mode.SAMPLE:
            said = f"“{key}” is a sample, which may go"
        if said:
            yield seed.problem(f"“{address}” of “{seed.key}”: {said}", address.partition(".")[0])


def _about(seed: Seed, field: Field, value: Any, roles: set[str]) -> str:
    """What is wrong with one value; empty when nothing is, or a service has to say it."""
    kind = field.word.kind
    if isinstance(value, dict):
        if kind is Kind.LINK and field.word.target == "core.user" and is_person(value):
            if seed.mode is not Mode.SAMPLE:
                return "only samples are given to people by their role"
            if value["role"] not in roles:
                near = ", ".join(nearest_first(str(value["role"]), roles))
                return f"there is no role “{value['role']}”; there are {near}"
            return ""
        if kind not in SPOKEN or not is_spoken(value):
            return f"a value is plain, or one for each language: {', '.join(LANGUAGES)}"
        missing = [each for each in LANGUAGES if not value.get(each)]
        return f"it is not said in {', '.join(missing)}" if missing else ""
    if kind is Kind.LINK and value is not None and not isinstance(value, str):
        return "a link is the id of another seed"
    told = RELATIVE.fullmatch(value) if kind in (Kind.DAY, Kind.INSTANT) and isinstance(value, str) else None
    if told is not None:
        if seed.mode is Mode.MANAGED:
            return "a managed record cannot move with the day"
        if (told["time"] is None) is (kind is Kind.INSTANT):
            return "a moment is written today-3d 09:30, a day today-3d"
    return ""


def _refused(seed: Seed, resource: Resource) -> Iterator[Problem]:
    """What the form of the resource says to the values, in each language."""
    schema = input_schema(resource, Resolver(OPERATOR), _HABITS)
    said: set[str] = set()
    for language in LANGUAGES:
        meaning = Meaning(language, date(2026, 1, 31), ZoneInfo(_HABITS.timezone), lambda _key: 1, None)
        try:
            schema.load(meaning.raw(seed, resource))
        except ValidationError as error:
            for address, messages in flat_errors(error).items():
                sentence = f"“{address}” of “{seed.key}”: {' '.join(map(str, messages))}"
                if sentence not in said:
                    yield seed.problem(sentence, address.partition(".")[0])
                said.add(sentence)


def _circle(seeds: Sequence[Seed], resources: Mapping[str, Resource]) -> Iterator[Problem]:
    by_key = {seed.key: seed for seed in seeds}
    graph = {
        seed.key: {key for _address, _field, key in links_of(seed, resources[seed.resource]) if key in by_key}
        for seed in seeds
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = error.args[1]
        yield by_key[circle[0]].problem(f"these link to one another in a circle: {', '.join(circle)}")

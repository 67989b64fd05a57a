"""Every address of the application, filled with what is there: found in the routes, not listed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask import Flask
from werkzeug.routing import Rule

from core.kernel import Kernel
from core.resources.declaration import Resource
from core.testing.gate.traces import Traces, suggested, with_pages

#: Addresses that tell of addons themselves to whoever switches them, or that no tenant has.
APART: Final = ("/settings/addons", "/platform", "/static/", "/healthz", "/readyz")
#: What is kept under numbers of its own: how its address begins, and where `Traces` has it.
KEPT: Final[Mapping[str, str]] = {
    "/imports/<int:import_id>": "imports",
    "/settings/exports/<int:number>": "exports",
    "/settings/bulk/<int:number>": "runs",
    "/settings/changes/<int:number>": "sets",
    "/settings/jobs/<int:job_id>": "jobs",
    "/api/v1/imports/<int:import_id>": "imports",
    "/api/v1/exports/<int:number>": "exports",
    "/api/v1/bulk-runs/<int:number>": "runs",
    "/api/v1/change-sets/<int:number>": "sets",
    "/api/v1/jobs/<int:job_id>": "jobs",
}
#: Where each addon that declares settings has its page.
SETTINGS: Final = "/settings/options/<name>"
#: Where administrators add fields to a resource, and where they make up kinds of records of their own.
ADDED: Final = "/settings/customisation/<resource>"
MADE_UP: Final = "/settings/customisation/objects/<name>"
#: What somebody does with his own account; nothing of an addon is in it.
PERSONAL: Final = frozenset({"/login", "/logout", "/preferences", "/api/v1/auth/token"})


class UnknownContribution(AssertionError):
    """Something can be asked for that the walk does not know how to ask: teach it."""


@dataclass(frozen=True, slots=True)
class Address:
    """One address, and what may be done there."""

    path: str
    methods: tuple[str, ...]
    #: The addon it is of; "core" for pages that tell of several.
    addon: str
    #: The resource it is about; empty for none.
    resource: str = ""

    @property
    def is_program(self) -> bool:
        """Whether programs ask here, by a token."""
        return self.path.startswith("/api/v1/")


def addresses(app: Flask, kernel: Kernel, traces: Traces) -> Iterator[Address]:
    """All addresses of all resources, of what is kept of them, and of blueprints.

    Raises:
        UnknownContribution: a part of an address is not known.
    """
    for rule in app.url_map.iter_rules():
        methods = tuple(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        blueprint = rule.endpoint.partition(".")[0]
        if rule.rule.startswith(APART) or rule.rule in PERSONAL:
            continue
        if {"addon", "plural"} <= rule.arguments:
            yield from _of_resources(rule, methods, kernel, traces)
        elif blueprint in kernel.catalogue.addons:
            values: dict[str, Any] = dict.fromkeys(rule.arguments, 1)
            yield Address(_built(rule, values), methods, blueprint)
        elif rule.rule == SETTINGS:
            yield from (Address(_built(rule, {"name": each}), methods, each) for each in kernel.settings)
        elif rule.rule.startswith(ADDED):
            for resource in with_pages(kernel, kernel.catalogue.addons):
                path = _built(rule, {"resource": resource.name, "name": "x_never"})
                yield Address(path, methods, resource.addon, resource.name)
        elif rule.rule.startswith(MADE_UP):
            yield Address(_built(rule, {"name": "never"}), methods, "core")
        elif rule.arguments:
            yield from _of_kept(rule, methods, traces)
        else:
            yield Address(rule.rule, methods, "core")


def _of_resources(rule: Rule, methods: tuple[str, ...], kernel: Kernel, traces: Traces) -> Iterator[Address]:
    for resource in with_pages(kernel, kernel.catalogue.addons):
        is_page = not rule.rule.startswith("/api/v1/")
        values = {name: _value(rule, name, resource, traces) for name in rule.arguments - {"addon", "plural"}}
        place = "settings" if is_page and resource.addon == "core" else resource.addon
        path = _built(rule, {**values, "addon": place, "plural": resource.plural_name})
        yield Address(path, methods, resource.addon, resource.name)


def _value(rule: Rule, name: str, resource: Resource, traces: Traces) -> Any:
    """What stands in the place of a part of an address of a resource."""
    known: Mapping[str, Any] = {
        "record_id": traces.records.get(resource.name, 1),
        "entry_id": traces.files.get(resource.name, 1),
        "view_id": traces.views.get(resource.name, 1),
        "action": "archive",
        "name": suggested(resource),
    }
    if name not in known:
        raise UnknownContribution(f"what is <{name}> of {rule.rule}? (core.testing.gate.addresses)")
    return known[name]


def _of_kept(rule: Rule, methods: tuple[str, ...], traces: Traces) -> Iterator[Address]:
    for beginning, place in KEPT.items():
        if rule.rule.startswith(beginning):
            [name] = rule.arguments
            for about, number in getattr(traces, place).items():
                resource = about.rpartition(" ")[2]
                yield Address(_built(rule, {name: number}), methods, resource.partition(".")[0], resource)
            return
    raise UnknownContribution(f"what is kept at {rule.rule}? (core.testing.gate.addresses)")


def _built(rule: Rule, values: Mapping[str, Any]) -> str:
    built = rule.build(values, append_unknown=False)
    assert built is not None, (rule, values)
    return built[1]

"""What addons bring, worked out from the registries: what appears with them, and vanishes with them.

Everything registered carries its addon's name, so nothing here knows any addon.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.access.actor import OPERATOR
from core.access.permissions import VERBS
from core.addons.hooks import Implemented
from core.addons.switching import plan_off, plan_on
from core.db.migrate import Revision
from core.db.session import tenant_of
from core.db.tenancy import Tenant
from core.i18n import Lazy, _, _l, _lp, _p, ngettext
from core.resources.declaration import Resource
from core.resources.openapi import document
from core.resources.values import Habits
from core.seeds.values import said
from core.seeds.writing import SUPPLIED
from core.settings.places import places

if TYPE_CHECKING:
    from core.kernel import Kernel

_WAITING: Final = text("""
    select kind, count(*) from core_job where state = 'waiting' and kind = any(:kinds) group by kind
""")
#: What people call the verbs that every resource has, and the one of its views.
_VERBS: Final[Mapping[str, Lazy]] = {
    "read": _lp("verb", "Read"),
    "create": _lp("verb", "Create"),
    "update": _lp("verb", "Change"),
    "delete": _lp("verb", "Delete"),
    "import": _lp("verb", "Import"),
    "export": _lp("verb", "Export"),
    "share": _lp("verb", "Share views"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing an addon brings."""

    #: What programs call it: ``customer.customer``, ``/customer/my-day``.
    name: str
    #: What people read, in their language; the name again where nobody has said it.
    title: str
    #: What else is to be known: the fields of a resource, the jobs that wait.
    more: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """The things of one sort."""

    name: str
    title: str
    entries: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class Preview:
    """All that some addons bring to one tenant; nothing where their packages are gone."""

    #: Those with entries only.
    parts: Sequence[Part]
    #: Jobs of theirs that wait now; they are kept while the addon is off, and done when it is on again.
    waiting_jobs: int

    def part(self, name: str) -> Sequence[Entry]:
        """The entries of one part; none where the addons bring no such thing."""
        return next((each.entries for each in self.parts if each.name == name), ())

    def as_data(self) -> dict[str, Any]:
        """The preview as JSON has it."""
        parts = {
            part.name: [
                {"name": each.name, "title": each.title} | ({"more": each.more} if each.more else {})
                for each in part.entries
            ]
            for part in self.parts
        }
        return {"parts": parts, "waiting_jobs": self.waiting_jobs}


@dataclass(frozen=True, slots=True)
class Change:
    """What switching an addon would do: off where it is on, on where it is off."""

    addon: str
    #: As it is now.
    is_on: bool
    #: Addons that must come on too.
    needs: Sequence[str]
    #: Addons that are on and need it, so that it cannot go.
    needing: Sequence[str]
    #: Revisions of its tables that would run.
    revisions: Sequence[Revision]
    #: What would appear or vanish, with ``needs``.
    preview: Preview

    def as_data(self) -> dict[str, Any]:
        """The change as JSON has it."""
        revisions = [
            {"addon": each.history, "revision": each.number, "title": each.title} for each in self.revisions
        ]
        more = {"needs": list(self.needs), "needed_by": list(self.needing), "revisions": revisions}
        return {"addon": self.addon, "on": self.is_on, **more, **self.preview.as_data()}


def change_of(kernel: Kernel, session: Session, name: str) -> Change:
    """Work out what switching ``name`` for the tenant of ``session`` would do.

    Raises:
        NoSuchAddon: it is not on, and there is none.
        AddonBroken: it is not on, and in quarantine.
    """
    tenant = tenant_of(session)
    if name in tenant.addons:
        needing = plan_off(kernel.catalogue, tenant, name).needing
        return Change(name, True, (), needing, (), preview(kernel, session, [name]))
    plan = plan_on(kernel, session.connection(), tenant, name)
    brought = preview(kernel, session, [name, *plan.needs])
    return Change(name, False, plan.needs, (), plan.revisions, brought)


def preview(kernel: Kernel, session: Session, addons: Sequence[str]) -> Preview:
    """Work out what ``addons`` bring to the tenant of ``session``, whether they are on or off.

    Args:
        kernel: the registries.
        session: bound to the tenant; its jobs are counted.
        addons: their names.
    """
    waiting = _waiting(kernel, session, addons)
    found = _Found(kernel, tenant_of(session), addons, waiting)
    parts = [Part(name, str(title), list(entries(found))) for name, title, entries in _PARTS]
    return Preview([part for part in parts if part.entries], sum(waiting.values()))


def _waiting(kernel: Kernel, session: Session, addons: Sequence[str]) -> dict[str, int]:
    """``{kind: jobs that wait}`` of the addons' kinds."""
    kinds = [kind.name for kind in kernel.jobs if kind.addon in addons]
    rows = session.execute(_WAITING, {"kinds": kinds}).all() if kinds else ()
    return {row[0]: row[1] for row in rows}


@dataclass(frozen=True, slots=True)
class _Found:
    """Where the parts are looked for."""

    kernel: Kernel
    tenant: Tenant
    addons: Sequence[str]
    waiting: Mapping[str, int]

    def resources(self) -> list[Resource]:
        return [each for each in self.kernel.resources if each.addon in self.addons]

    def extended(self) -> Iterator[tuple[Resource, Resource]]:
        """The resources of others to which they add something, with and without that."""
        seen_by, own = self.kernel.resources.seen_by, frozenset(self.addons)
        there = seen_by(replace(self.tenant, addons=self.tenant.addons | own))
        gone = seen_by(replace(self.tenant, addons=self.tenant.addons - own))
        for resource in self.kernel.resources:
            if resource.addon not in own and any(
                self.kernel.resources.additions.additions_to(resource.name, own)
            ):
                yield there.of(resource), gone.of(resource)

    def hooks(self) -> list[Implemented]:
        """Each once, whoever implements it."""
        all_ = [hook for addon in self.addons for hook in self.kernel.hooks.implemented(addon)]
        return list(dict.fromkeys(all_))


def _menu(found: _Found) -> Iterator[Entry]:
    for addon in found.addons:
        for group, item in found.kernel.menu.of(addon):
            url = item.url or found.kernel.resources[item.resource].url
            yield Entry(url, str(item.title), group)


def _resources(found: _Found) -> Iterator[Entry]:
    for resource in found.resources():
        more = _("part of another record") if resource.is_nested else resource.url
        yield Entry(resource.name, str(resource.title_plural), more)


def _pages(found: _Found) -> Iterator[Entry]:
    """The pages of its own views, beyond those that every resource has."""
    for addon, blueprint in found.kernel.blueprints:
        if addon in found.addons:
            app = Flask(addon)
            app.register_blueprint(copy(blueprint))
            rules = (rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith(f"{addon}."))
            for path in sorted({rule.rule for rule in rules}):
                yield Entry(path, path)


def _fields(found: _Found) -> Iterator[Entry]:
    for resource in found.resources():
        labels = _(", ").join(dict.fromkeys(field.label for field in resource.fields.values()))
        yield Entry(resource.name, str(resource.title_plural), labels)
    for there, gone in found.extended():
        fields = (field.label for name, field in there.fields.items() if name not in gone.fields)
        lines = (str(each.title) for each in there.lines if each not in gone.lines)
        if labels := _(", ").join(dict.fromkeys((*fields, *lines))):
            yield Entry(there.name, str(there.title_plural), labels)


def _sections(found: _Found) -> Iterator[Entry]:
    """Parts of the forms of others' records, and what they hide."""
    for there, gone in found.extended():
        before = {section.id: section for section in gone.form}
        for section in there.form:
            if section.id not in before:
                place = section.place
                instead = before.get(place.stands_for) if place is not None else None
                more = _("instead of %(title)s", title=str(instead.title)) if instead is not None else ""
                title = f"{there.title}{_(': ')}{section.title}"
                yield Entry(f"{there.name}:{section.id}", title, more)


def _permissions(found: _Found) -> Iterator[Entry]:
    granted: dict[str, dict[str, None]] = {}
    for _addon, grant in found.kernel.permissions.grants_of(found.kernel.permissions.roles):
        granted.setdefault(grant.resource, {}).update(dict.fromkeys(sorted(grant.verbs)))
    for resource in found.resources():
        if not resource.is_nested:
            titles = {action.verb: action.title for action in resource.actions} | dict(_VERBS)
            verbs = dict.fromkeys((*VERBS, *resource.verbs(), *granted.get(resource.name, ())))
            for verb in verbs:
                yield Entry(f"{resource.name}:{verb}", f"{resource.title}{_(': ')}{titles.get(verb, verb)}")
    for there, gone in found.extended():
        before = {*VERBS, *gone.verbs()}
        for action in there.actions:
            if action.verb not in before:
                yield Entry(f"{there.name}:{action.verb}", f"{there.title}{_(': ')}{action.title}")


def _seeds(found: _Found) -> Iterator[Entry]:
    """Records it brings along for good; they stay when it goes."""
    for addon in found.addons:
        for seed in found.kernel.seeds.of(addon, SUPPLIED):
            resource = found.kernel.resources[seed.resource]
            yield Entry(seed.key, said(seed, resource.label), str(resource.title))


def _jobs(found: _Found) -> Iterator[Entry]:
    for kind in found.kernel.jobs:
        if kind.addon in found.addons:
            number = found.waiting.get(kind.name, 0)
            more = ngettext("%(n)s waits", "%(n)s wait", number) if number else ""
            yield Entry(kind.name, str(kind.title), more)


def _channels(found: _Found) -> Iterator[Entry]:
    for channel in found.kernel.channels:
        if channel.addon in found.addons:
            yield Entry(channel.name, str(channel.title))


def _panels(found: _Found) -> Iterator[Entry]:
    """What it puts on pages, and what stands there until then and will again."""
    for place in places(found.kernel):
        for each in place.standing:
            if each.addon in found.addons and not place.name.startswith("menu_items"):
                told = [place.title]
                if each.replaces:
                    told.append(_p("place", "instead of %(id)s", id=each.replaces))
                yield Entry(each.id, each.title or place.title, " · ".join(told))


def _hooks(found: _Found) -> Iterator[Entry]:
    for hook in found.hooks():
        yield Entry(hook.name, hook.title)


def _settings(found: _Found) -> Iterator[Entry]:
    for addon, declared in found.kernel.settings.items():
        if addon in found.addons:
            labels = _(", ").join(str(each.word.label) for each in declared.settings.values())
            yield Entry(declared.url(), str(declared.title), labels)


def _templates(found: _Found) -> Iterator[Entry]:
    for template in found.kernel.templates:
        if template.addon in found.addons:
            about = found.kernel.resources.by_name.get(template.about)
            yield Entry(template.id, str(template.title), str(about.title) if about is not None else "")


def _api(found: _Found) -> Iterator[Entry]:
    """What the document of the API has for its resources, as the one who may do everything reads it."""
    resources = [each for each in found.resources() if not each.is_nested]
    names = {resource.name for resource in resources}
    pairs = list(found.extended())
    names |= {there.name for there, _gone in pairs}
    known = {each.name for each in _operations(found, [gone for _there, gone in pairs], names)}
    for entry in _operations(found, [*resources, *(there for there, _gone in pairs)], names):
        if entry.name not in known:
            yield entry


def _operations(found: _Found, resources: Sequence[Resource], names: Collection[str]) -> Iterator[Entry]:
    described = document(resources, OPERATOR, Habits.of(found.tenant), title="", version="", shapes={})
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            if method != "parameters" and operation["tags"][0] in names:
                yield Entry(f"{method.upper()} {path}", operation["summary"])


_PARTS: Final[Sequence[tuple[str, Lazy, Callable[[_Found], Iterator[Entry]]]]] = (
    ("menu", _l("Menu"), _menu),
    ("resources", _l("Records"), _resources),
    ("pages", _l("Further pages"), _pages),
    ("fields", _l("Fields"), _fields),
    ("sections", _l("Parts of forms"), _sections),
    ("permissions", _l("Rights"), _permissions),
    ("seeds", _l("Supplied data"), _seeds),
    ("jobs", _l("Background jobs"), _jobs),
    ("channels", _l("Channels"), _channels),
    ("panels", _l("Cards and buttons on pages"), _panels),
    ("settings", _l("Settings"), _settings),
    ("templates", _l("Message templates"), _templates),
    ("hooks", _l("Where it joins in"), _hooks),
    ("api", _lp("addon", "Addresses of the API"), _api),
)

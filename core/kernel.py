"""The kernel: everything one process knows once its addons are loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Sized
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from flask import Blueprint, Flask

from core.access.permissions import Permissions, PermissionsRoom
from core.addons.discovery import discover
from core.addons.hooks import Hooks
from core.addons.ledger import Ledger
from core.addons.loading import Catalogue, HookspecsRoom, HooksRoom, ModelsRoom, load
from core.addons.manifest import AddonError, Manifest
from core.config import Config
from core.customising.definitions import Customisations
from core.customising.layer import CustomLayer
from core.db.migrate import History
from core.db.session import Database
from core.events import Deliveries
from core.i18n import add_catalogue
from core.jobs.registry import Jobs, JobsRoom
from core.menus import Menu, MenuRoom
from core.messages.declaration import Templates
from core.messages.room import MessagesRoom
from core.resources.channels import Channels, ChannelsRoom
from core.resources.extending.side_table import ExtensionsRoom
from core.resources.registry import Resources, ResourcesRoom
from core.resources.settings import Settings
from core.resources.settings.room import SettingsRoom
from core.seeds.registry import DataRoom, Seeds

#: The folder of the addons that come with Guanxi.
OWN_ADDONS: Final = Path(__file__).parents[1] / "addons"


@dataclass(slots=True)
class Kernel:
    """The registries of this process, and its database."""

    config: Config
    database: Database
    catalogue: Catalogue
    resources: Resources
    permissions: Permissions
    hooks: Hooks
    #: What this process and the others tell each other of hooks.
    ledger: Ledger
    menu: Menu
    jobs: Jobs
    channels: Channels
    #: Records that addons bring along.
    seeds: Seeds
    #: Routes that addons bring themselves: ``(addon, blueprint)``.
    blueprints: list[tuple[str, Blueprint]] = field(default_factory=list)
    #: ``{addon: its settings}``.
    settings: dict[str, type[Settings]] = field(default_factory=dict)
    #: What people write about records.
    templates: Templates = field(default_factory=Templates)
    #: The owner's login, which makes tables; a worker has it, a web process never does.
    owner_url: str | None = field(default=None, repr=False)

    def histories(self, addons: frozenset[str]) -> list[History]:
        """The migration histories of the core and ``addons``, in the order of their needs."""
        return [
            History(addon.name, addon.folder / "migrations")
            for addon in self.catalogue.addons.values()
            if addon.name == "core" or addon.name in addons
        ]

    def close(self) -> None:
        """Write down what was counted, and let go of the database."""
        self.ledger.close()
        self.database.close()


class _ViewsRoom:
    """The ``views`` room: a blueprint ``bp``."""

    name = "views"

    def __init__(self, found: list[tuple[str, Blueprint]]) -> None:
        self._found = found

    def read(self, addon: Manifest, module: ModuleType) -> Any:
        """See that there is a blueprint which keeps to the addon's own addresses."""
        blueprint = getattr(module, "bp", None)
        if not isinstance(blueprint, Blueprint):
            raise AddonError(f"{module.__file__}: the views room needs a Blueprint called bp")
        if blueprint.name != addon.name or blueprint.url_prefix != f"/{addon.name}":
            wanted = f"bp must be called “{addon.name}” with url_prefix “/{addon.name}”"
            raise AddonError(f"{module.__file__}: {wanted}")
        trial = Flask(addon.name)
        before = _reach(trial)
        try:  # two views of one name show only when the routes are laid
            trial.register_blueprint(copy(blueprint))
        except (AssertionError, ValueError) as error:
            raise AddonError(f"{module.__file__}: {error}") from error
        if _reach(trial) != before:
            raise AddonError(
                f"{module.__file__}: bp must keep to its own addresses; what it does before, after or around"
                " requests, and what it gives to templates, would reach pages of tenants that have it off"
            )
        return blueprint

    def open(self, addon: Manifest, contents: Any) -> None:
        """Keep it for the application, which puts the gate before it."""
        self._found.append((addon.name, contents))


def _reach(app: Flask) -> list[int]:
    """How much of an application concerns every address, whichever blueprint it belongs to."""
    by_blueprint: Sequence[Mapping[Any, Sized]] = (
        app.before_request_funcs, app.after_request_funcs, app.teardown_request_funcs,
        app.template_context_processors, app.url_value_preprocessors, app.url_default_functions,
    )  # fmt: skip
    templates = app.jinja_env
    shared: Sequence[Sized] = (
        *(each.get(None, ()) for each in by_blueprint),
        *app.error_handler_spec[None].values(),
        app.teardown_appcontext_funcs, app.cli.commands,
        templates.filters, templates.globals, templates.tests,
    )  # fmt: skip
    return [sum(map(len, shared)), len(shared)]


def start_kernel(
    config: Config, database_url: str, *, make_database: Callable[[str], Database] = Database
) -> Kernel:
    """Load the core's rooms and all addons.

    Args:
        config: the operator's decisions.
        database_url: the application's login.
        make_database: makes the pool; tests pass one of their own.
    """
    permissions, resources, hooks, menu, jobs = Permissions(), Resources(), Hooks(), Menu(), Jobs()
    hooks.screens = resources
    channels, seeds, templates = Channels(), Seeds(resources), Templates()
    blueprints: list[tuple[str, Blueprint]] = []
    settings: dict[str, type[Settings]] = {}
    rooms: Sequence[Any] = (
        ExtensionsRoom(resources.by_name, resources.additions),
        ModelsRoom(),
        HookspecsRoom(hooks),
        ResourcesRoom(resources, permissions),
        PermissionsRoom(permissions),
        SettingsRoom(settings, permissions, menu),
        DataRoom(seeds, permissions.roles),
        HooksRoom(hooks),
        MenuRoom(menu, resources.names, permissions.names),
        JobsRoom(jobs),
        ChannelsRoom(channels),
        MessagesRoom(templates, resources),
        _ViewsRoom(blueprints),
    )
    add_catalogue(Path(__file__).parent / "translations")
    catalogue = load(discover([OWN_ADDONS, *config.addons_path]), rooms)
    database = make_database(database_url)
    database.deliveries, database.jobs = Deliveries(database, hooks), jobs
    database.channels, database.resources = channels, resources
    database.customisations = Customisations(database)
    resources.editions.add_layer(CustomLayer(database.customisations))
    return Kernel(
        config=config,
        database=database,
        catalogue=catalogue,
        resources=resources,
        permissions=permissions,
        hooks=hooks,
        ledger=Ledger(database, hooks),
        menu=menu,
        jobs=jobs,
        channels=channels,
        seeds=seeds,
        blueprints=blueprints,
        settings=settings,
        templates=templates,
    )

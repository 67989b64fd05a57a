"""The command line; each module of this package brings a group of commands."""

from __future__ import annotations

import importlib
import pkgutil

from core.cli.group import cli

for _module in pkgutil.iter_modules(__path__):
    if _module.name == "__main__":
        continue
    importlib.import_module(f"{__name__}.{_module.name}")


def main() -> None:
    """Run the command line."""
    cli()

"""The pages of the reference, beside the documents."""

from __future__ import annotations

import tempfile
from pathlib import Path

from core.cli.group import cli
from core.config import Config
from core.kernel import start_kernel
from core.kit.reference import reference

#: Never connected to: the registries are complete without a database.
_NOWHERE = "postgresql+psycopg2://nobody@127.0.0.1:1/none"


def write_reference(folder: Path) -> None:
    """Write what there is to look up of the addons that come with Guanxi, in the language in force."""
    with tempfile.TemporaryDirectory() as data:
        kernel = start_kernel(Config.from_environ({"GUANXI_DATA": data}), _NOWHERE)
    assert not kernel.catalogue.quarantined, kernel.catalogue.quarantined
    for name, text in reference(kernel, cli).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

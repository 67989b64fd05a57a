"""The doors of the core itself."""

from __future__ import annotations

from core.i18n import _l, _lp
from core.resources.channels import Channel

CHANNELS = (
    Channel("form", _l("Form")),
    Channel("api", _lp("channel", "API")),
    Channel("import", _l("Import")),
    Channel("bulk", _l("Edit of many records")),
    Channel("undo", _l("Undo")),
    Channel("job", _l("Background work")),
    Channel("command", _l("Command line")),
    Channel("sample", _l("Sample data")),
    Channel("seed", _l("Supplied data")),
)

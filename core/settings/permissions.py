"""What every role may know of colleagues and units: names, for links and look-ups."""

from __future__ import annotations

from core.access.permissions import READY_ROLES, grant

GRANTS = {role.code: [grant("core.user", "read"), grant("core.unit", "read")] for role in READY_ROLES}

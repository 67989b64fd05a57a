"""What every role may know of colleagues and units: names, for links and look-ups.

Switching addons is a right of its own (``core.addon``, ``switch``), which administrators have.
"""

from __future__ import annotations

from core.access.permissions import READY_ROLES, grant
from core.addons.switching import THING

THINGS = (THING,)
GRANTS = {role.code: [grant("core.user", "read"), grant("core.unit", "read")] for role in READY_ROLES}

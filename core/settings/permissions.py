"""What every role may know of colleagues and units: names, for links and look-ups.

Switching addons is a right of its own (``core.addon``, ``switch``), and so is adding fields
(``core.customisation``, ``change``); administrators have both.
"""

from __future__ import annotations

from core.access.permissions import READY_ROLES, grant
from core.addons.switching import THING
from core.customising.services import THING as CUSTOMISATION

THINGS = (THING, CUSTOMISATION)
GRANTS = {role.code: [grant("core.user", "read"), grant("core.unit", "read")] for role in READY_ROLES}

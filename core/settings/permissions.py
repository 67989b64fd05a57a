"""What every role may know of colleagues and units: names, for links and look-ups.

Switching addons is a right of its own (``core.addon``, ``switch``), and so is adding fields
(``core.customisation``, ``change``) and changing the words of message templates (``core.template``,
``change``); administrators have all of them.
"""

from __future__ import annotations

from core.access.permissions import READY_ROLES, grant
from core.addons.switching import THING
from core.customising.services import THING as CUSTOMISATION
from core.messages.declaration import THING as TEMPLATE

THINGS = (THING, CUSTOMISATION, TEMPLATE)
GRANTS = {role.code: [grant("core.user", "read"), grant("core.unit", "read")] for role in READY_ROLES}

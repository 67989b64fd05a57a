"""Sets of changes: what an import or an edit of many did, kept so that it can be taken back.

    set_id = open_set(session, "import", resource, actor=actor, label="customers.csv")
    with collecting(session, set_id):
        ...  # every batch a service writes in here is recorded, whichever resource it is of
    undo(session, set_id, actor=actor)

A record the set created is removed again, one it changed gets its former values and lines, and notes
it wrote go away. A record that was changed since, by whomever, is left as it is and counted; so is a
created one that people have written notes on or that others have come to refer to. Secret values are
nowhere kept in the clear, so a set does not hold them and they stay as the set has made them.
"""

from __future__ import annotations

from core.resources.change_sets.recording import collecting, open_set, record, record_notes
from core.resources.change_sets.undoing import Undone, may_undo, size, undo

__all__ = ["Undone", "collecting", "may_undo", "open_set", "record", "record_notes", "size", "undo"]

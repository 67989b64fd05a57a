"""What can go wrong when fields are added, changed or taken away."""

from __future__ import annotations

from core.errors import Conflict, NotFound
from core.i18n import _l


class NoSuchField(NotFound):
    """Nobody has added this field, or it is deleted."""

    code = "no-such-custom-field"
    message = _l("There is no such field. Perhaps somebody has deleted it.")


class NoSuchObject(NotFound):
    """Nobody has made up such a kind of record, or it is deleted."""

    code = "no-such-custom-object"
    message = _l("There are no such records. Perhaps somebody has deleted them.")


class LedTo(Conflict):
    """Fields of other records lead to the kind that should go."""

    code = "custom-object-led-to"
    message = _l("These fields lead here: %(fields)s. Delete them first.")


class OptionInUse(Conflict):
    """Records hold an option that should go."""

    code = "custom-option-in-use"
    message = _l("“%(option)s” is the value of %(count)s records, so it stays. Change those records first.")


class TooManyFields(Conflict):
    """One resource can have so many added fields and no more."""

    code = "too-many-custom-fields"
    message = _l("At most %(max)s fields can be added here.")


class NotConfirmed(Conflict):
    """The name that confirms a deletion was not written."""

    code = "not-confirmed"
    message = _l("Write %(name)s to confirm the deletion.")


class NoOwner(Conflict):
    """The worker has no login that makes indexes; the operator has."""

    code = "no-owner"
    message = _l("The worker may not make indexes here, so the field is filtered without. Ask your operator.")

"""Rules of what is known of a customer besides."""

from __future__ import annotations

from addons.industry_tradefair.models import FirmKind
from core.i18n import _l
from core.resources.batch import Batch


def keep_services_to_service_firms(batch: Batch) -> None:
    """Refuse a service of who offers none; where a firm becomes something else, take it away."""
    for change in batch.changes:
        if change.now(batch.resource, "firm_kind") == FirmKind.SERVICE:
            continue
        if change.values.get("service_offered"):
            change.refuse("service_offered", _l("Only a service firm has this."))
        elif change.stored(batch.resource, "service_offered") is not None:
            change.values["service_offered"] = None

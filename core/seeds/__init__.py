"""Records that addons bring along: YAML files with stable ids, read at the start, written for each tenant.

A seed of the mode *once* is written when the addon comes on, and from then on it is the tenant's. A
*managed* one follows the addon's upgrades field by field, as far as the tenant has not changed it. A
*sample* comes and goes with the demo data. What a tenant has changed or deleted is never lost.

All is written by the services of the resources, with their rules, as the operator.
"""

from __future__ import annotations

from core.seeds.models import record_of

__all__ = ["record_of"]

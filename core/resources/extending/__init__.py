"""What addons add to the resources of others: fields in tables of their own, and places to show them.

A model of the addon, an `core.db.base.Extension`, brings fields to every record of the other resource; a
`ResourceExtension` in its ``resources`` room says where they stand, and what else it adds. All of it is
there for tenants that have the addon on, and nowhere for others.
"""

from __future__ import annotations

from core.resources.extending.placing import Placed
from core.resources.extending.resource_extension import ResourceExtension

__all__ = ["Placed", "ResourceExtension"]

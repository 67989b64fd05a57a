"""Tables of the agency."""

from addons.industry_tradefair.models.fairs import Booth, BoothKind, Fair
from addons.industry_tradefair.models.firms import FirmFacts, FirmKind
from addons.industry_tradefair.models.orders import Order, OrderState, Position, Product

__all__ = [
    "Booth",
    "BoothKind",
    "Fair",
    "FirmFacts",
    "FirmKind",
    "Order",
    "OrderState",
    "Position",
    "Product",
]

"""Tables of the agency."""

from addons.industry_tradefair.models.fairs import Booth, BoothKind, Fair
from addons.industry_tradefair.models.orders import Order, OrderState, Position, Product

__all__ = ["Booth", "BoothKind", "Fair", "Order", "OrderState", "Position", "Product"]

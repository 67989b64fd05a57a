"""Rules of the agency, and everything that writes."""

from addons.industry_tradefair.services.fairs import BoothService, FairService
from addons.industry_tradefair.services.firms import keep_services_to_service_firms
from addons.industry_tradefair.services.orders import (
    OrderService,
    cancel_orders,
    confirm_orders,
    finish_orders,
)
from addons.industry_tradefair.services.reminders import remind_of_fairs

__all__ = [
    "BoothService",
    "FairService",
    "OrderService",
    "cancel_orders",
    "confirm_orders",
    "finish_orders",
    "keep_services_to_service_firms",
    "remind_of_fairs",
]

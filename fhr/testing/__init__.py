"""Public checks for a user's own network: what every network of this package promises."""

from .network_checks import CHECKS, check_network
from .outcomes import CheckOutcome, Checks

__all__ = ["CHECKS", "CheckOutcome", "Checks", "check_network"]

"""From a risk score to a probability that means what it says."""

from .ridge_platt import RidgePlatt
from .thresholds import Thresholds

__all__ = ["RidgePlatt", "Thresholds"]

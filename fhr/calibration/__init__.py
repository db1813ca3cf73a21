"""From a risk score to a probability that means what it says."""

from .ridge_platt import RidgePlatt

__all__ = ["RidgePlatt"]

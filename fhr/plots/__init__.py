"""Figures: each function returns a `matplotlib.figure.Figure` of its own and leaves pyplot's state alone."""

from .reliability import reliability
from .roc import roc_curve
from .score_by_class import score_by_class
from .strips import strips

__all__ = ["reliability", "roc_curve", "score_by_class", "strips"]

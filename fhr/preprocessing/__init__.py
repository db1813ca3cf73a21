"""Cleaning, gaps, resampling, windows, and the frozen `Pipeline` that trains and predicts alike."""

from .augmentation import Augmentation
from .cleaning import remove_islands, remove_out_of_range, remove_spikes
from .gaps import interpolate_gaps
from .pipeline import DEFAULT_STEPS, Pipeline, Window
from .resampling import block_mean, last_minutes

__all__ = [
    "DEFAULT_STEPS",
    "Augmentation",
    "Pipeline",
    "Window",
    "block_mean",
    "interpolate_gaps",
    "last_minutes",
    "remove_islands",
    "remove_out_of_range",
    "remove_spikes",
]

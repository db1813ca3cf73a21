"""Cleaning, gaps, resampling, windows, and the frozen `Pipeline` that trains and predicts alike."""

from .augmentation import Augmentation
from .cleaning import remove_islands, remove_out_of_range, remove_spikes
from .gaps import interpolate_gaps
from .pipeline import Pipeline, Window
from .resampling import block_factor, block_mean, last_minutes
from .steps import DEFAULT_STEPS, check_steps, clean
from .windows import cut_windows

__all__ = [
    "DEFAULT_STEPS",
    "Augmentation",
    "Pipeline",
    "Window",
    "block_factor",
    "block_mean",
    "check_steps",
    "clean",
    "cut_windows",
    "interpolate_gaps",
    "last_minutes",
    "remove_islands",
    "remove_out_of_range",
    "remove_spikes",
]

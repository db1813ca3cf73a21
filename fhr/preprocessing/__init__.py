"""Cleaning, gaps, resampling, windows, and the frozen `Pipeline` that trains and predicts alike."""

from .any_rate import resample
from .augmentation import Augmentation
from .cleaning import remove_islands, remove_out_of_range, remove_spikes
from .false_signal_augmentation import FalseSignalAugmentation
from .false_signal_input import FalseSignalInput, hold
from .false_signal_removal import remove_false_signal
from .gap_patterns import draw_gap_patterns
from .gaps import interpolate_gaps
from .halved_stretches import halved_or_doubled_stretches
from .held_values import held, hold_threshold, note_held, remove_held
from .mothers_rate import mothers_rate
from .pipeline import Pipeline, Window
from .quality import QUALITY_COLUMNS, RANGE_COLUMNS, check_quality, quality_table
from .quality_rules import (
    coincident,
    halved_or_doubled,
    jumping,
    out_of_range,
    remove_halved_doubled,
    remove_stuck,
    stuck,
)
from .resampling import block_factor, block_mean, last_minutes
from .steps import DEFAULT_STEPS, check_steps, clean, plain_steps
from .true_runs import fill_runs, runs
from .window_cut import cut_from, cut_until, cut_window, window_words
from .windows import cut_windows

__all__ = [
    "DEFAULT_STEPS",
    "QUALITY_COLUMNS",
    "RANGE_COLUMNS",
    "Augmentation",
    "FalseSignalAugmentation",
    "FalseSignalInput",
    "Pipeline",
    "Window",
    "block_factor",
    "block_mean",
    "check_quality",
    "check_steps",
    "clean",
    "coincident",
    "cut_from",
    "cut_until",
    "cut_window",
    "cut_windows",
    "draw_gap_patterns",
    "fill_runs",
    "halved_or_doubled",
    "halved_or_doubled_stretches",
    "held",
    "hold",
    "hold_threshold",
    "interpolate_gaps",
    "jumping",
    "last_minutes",
    "mothers_rate",
    "note_held",
    "out_of_range",
    "plain_steps",
    "quality_table",
    "remove_false_signal",
    "remove_halved_doubled",
    "remove_held",
    "remove_islands",
    "remove_out_of_range",
    "remove_spikes",
    "remove_stuck",
    "resample",
    "runs",
    "stuck",
    "window_words",
]

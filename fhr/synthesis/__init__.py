"""Generators of recordings, fitted inside a training fold, so that a test on other records stays a test."""

from .bank import Bank
from .birth_table import BIRTH_COLUMNS, birth_table
from .copula_segments import CopulaSegments
from .embedding import Embedding
from .generator import Drawn, FittedGenerator, Generator
from .generator_file import load_generator, save_generator
from .refitted import Refitted
from .refitted_labours import SimulatedLabours
from .scale_band import ScaleBand
from .signal_statistics import STATISTIC_FAMILIES, STATISTICS, signal_statistics, window_statistics
from .synthetic_folder import write_synthetic
from .tilt import Tilt, fit_tilt
from .training_windows import TrainingWindows

__all__ = [
    "BIRTH_COLUMNS",
    "STATISTICS",
    "STATISTIC_FAMILIES",
    "Bank",
    "CopulaSegments",
    "Drawn",
    "Embedding",
    "FittedGenerator",
    "Generator",
    "Refitted",
    "ScaleBand",
    "SimulatedLabours",
    "Tilt",
    "TrainingWindows",
    "birth_table",
    "fit_tilt",
    "load_generator",
    "save_generator",
    "signal_statistics",
    "window_statistics",
    "write_synthetic",
]

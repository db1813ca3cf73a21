"""Generators of recordings, fitted inside a training fold, so that a test on other records stays a test."""

from .bank import Bank
from .birth_table import BIRTH_COLUMNS, birth_table
from .copula_segments import CopulaSegments
from .generator import Drawn, FittedGenerator, Generator
from .generator_file import load_generator, save_generator
from .rebalancing import AS_IT_IS, Rebalanced, Rebalancing
from .refitted import Refitted
from .refitted_labours import SimulatedLabours
from .synthetic_folder import write_synthetic
from .tilt import Tilt, fit_tilt
from .training_windows import TrainingWindows

__all__ = [
    "AS_IT_IS",
    "BIRTH_COLUMNS",
    "Bank",
    "CopulaSegments",
    "Drawn",
    "FittedGenerator",
    "Generator",
    "Rebalanced",
    "Rebalancing",
    "Refitted",
    "SimulatedLabours",
    "Tilt",
    "TrainingWindows",
    "birth_table",
    "fit_tilt",
    "load_generator",
    "save_generator",
    "write_synthetic",
]

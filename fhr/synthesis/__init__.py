"""Banks of simulated labours that are refitted inside a training fold, so that a test on its records stays a test."""

from .bank import Bank
from .birth_table import BIRTH_COLUMNS, birth_table
from .refitted import Refitted
from .tilt import Tilt, fit_tilt

__all__ = ["BIRTH_COLUMNS", "Bank", "Refitted", "Tilt", "birth_table", "fit_tilt"]

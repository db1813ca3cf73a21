"""Banks of simulated labours refitted inside a training fold, and synthetic signals with a record's statistics."""

from .bank import Bank
from .birth_table import BIRTH_COLUMNS, birth_table
from .refitted import Refitted
from .scattering_synthesis import ScatteringSynthesis, scattering_synthesis
from .tilt import Tilt, fit_tilt

__all__ = [
    "BIRTH_COLUMNS",
    "Bank",
    "Refitted",
    "ScatteringSynthesis",
    "Tilt",
    "birth_table",
    "fit_tilt",
    "scattering_synthesis",
]

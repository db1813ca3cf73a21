"""Banks of simulated labours refitted inside a training fold, and surrogates of real ones: each says what it keeps."""

from .bank import Bank
from .birth_table import BIRTH_COLUMNS, birth_table
from .filling import fill_for_transform
from .iterative_surrogates import IAAFTSurrogates, iaaft
from .phase_randomization import phase_randomized
from .refitted import Refitted
from .segment_resampling import Resampled, resampled
from .tilt import Tilt, fit_tilt
from .wavelet_surrogates import WaveletSurrogates, wavelet_iaaft

__all__ = [
    "BIRTH_COLUMNS",
    "Bank",
    "IAAFTSurrogates",
    "Refitted",
    "Resampled",
    "Tilt",
    "WaveletSurrogates",
    "birth_table",
    "fill_for_transform",
    "fit_tilt",
    "iaaft",
    "phase_randomized",
    "resampled",
    "wavelet_iaaft",
]

"""Surrogates and generators of recordings, fitted inside a training fold, so that a test on others stays a test."""

from .bank import Bank
from .birth_table import BIRTH_COLUMNS, birth_table
from .copula_segments import CopulaSegments
from .embedding import Embedding
from .filling import fill_for_transform
from .generator import Drawn, FittedGenerator, Generator
from .generator_file import load_generator, save_generator
from .iterative_surrogates import IAAFTSurrogates, iaaft
from .maximum_entropy import MaximumEntropy
from .phase_randomization import phase_randomized
from .rebalancing import AS_IT_IS, Rebalanced, Rebalancing
from .refitted import Refitted
from .refitted_labours import SimulatedLabours
from .scale_band import ScaleBand
from .scattering_synthesis import ScatteringSynthesis, scattering_synthesis
from .segment_generator import ResampledSegments
from .segment_resampling import Resampled, resampled
from .signal_statistics import STATISTIC_FAMILIES, STATISTICS, signal_statistics, window_statistics
from .surrogate_generators import IAAFT, PhaseRandomization, Surrogate, WaveletIAAFT
from .synthetic_folder import write_synthetic
from .tilt import Tilt, fit_tilt
from .training_windows import TrainingWindows
from .wavelet_surrogates import WaveletSurrogates, wavelet_iaaft

__all__ = [
    "AS_IT_IS",
    "BIRTH_COLUMNS",
    "IAAFT",
    "STATISTICS",
    "STATISTIC_FAMILIES",
    "Bank",
    "CopulaSegments",
    "Drawn",
    "Embedding",
    "FittedGenerator",
    "Generator",
    "IAAFTSurrogates",
    "MaximumEntropy",
    "PhaseRandomization",
    "Rebalanced",
    "Rebalancing",
    "Refitted",
    "Resampled",
    "ResampledSegments",
    "ScaleBand",
    "ScatteringSynthesis",
    "SimulatedLabours",
    "Surrogate",
    "Tilt",
    "TrainingWindows",
    "WaveletIAAFT",
    "WaveletSurrogates",
    "birth_table",
    "fill_for_transform",
    "fit_tilt",
    "iaaft",
    "load_generator",
    "phase_randomized",
    "resampled",
    "save_generator",
    "scattering_synthesis",
    "signal_statistics",
    "wavelet_iaaft",
    "window_statistics",
    "write_synthetic",
]

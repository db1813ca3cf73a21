"""Scalar features of a recording, feature sets, and the table of a folder's windows.

The table, and with it what reads and writes Parquet, is imported when it is first used.
"""

from typing import TYPE_CHECKING

from fhr.compute import late_names

from .band_coherence import COHERENCE_BANDS, band_coherence
from .column import Column
from .computed_by import COMPUTED_BY, computed_by
from .covariates import COVARIATES, checked_covariates, covariates
from .deep_ctg_features import DEEP_CTG, deep_ctg
from .detrended_fluctuation import dfa
from .entropy_by_scale import coarse_grain, multiscale_entropy
from .entropy_of_matches import sample_entropy
from .feature_set import FeatureSet, Windows
from .features_by_name import features_by_name
from .fractal_dimension import higuchi
from .groups import GROUPS, NESTED_GROUPS, OPTIONAL_GROUPS, SIGNAL_GROUPS
from .increments import increment_moments
from .lagged_correlation import lagged_correlation, response_lag
from .median_deviation import mad
from .multiscale_columns import MULTISCALE, MULTISCALE_COLUMNS
from .normal_scores import NormalScores
from .phase_rectified import PRSA, prsa
from .poincare_plot import poincare
from .raw_order_statistics import RawOrderStatistics
from .robust_statistics import ORDER_STATISTICS, order_statistic_names, order_statistics
from .scalar import SCALAR_COLUMNS, scalar_features
from .scale_cumulants import SCALES, scale_cumulants
from .scaling import FeatureScaling
from .scattering_columns import SCATTERING_COLUMNS, scattering_features
from .spectral_power import BANDS, band_power
from .symbol_complexity import lempel_ziv

if TYPE_CHECKING:
    from .extraction import Extraction, extract
    from .parquet_table import METADATA_COLUMNS, PATH_COLUMN, features_in_parts, read_features, read_provenance

__all__ = [
    "BANDS",
    "COHERENCE_BANDS",
    "COMPUTED_BY",
    "COVARIATES",
    "DEEP_CTG",
    "GROUPS",
    "METADATA_COLUMNS",
    "MULTISCALE",
    "MULTISCALE_COLUMNS",
    "NESTED_GROUPS",
    "OPTIONAL_GROUPS",
    "ORDER_STATISTICS",
    "PATH_COLUMN",
    "PRSA",
    "SCALAR_COLUMNS",
    "SCALES",
    "SCATTERING_COLUMNS",
    "SIGNAL_GROUPS",
    "Column",
    "Extraction",
    "FeatureScaling",
    "FeatureSet",
    "NormalScores",
    "RawOrderStatistics",
    "Windows",
    "band_coherence",
    "band_power",
    "checked_covariates",
    "coarse_grain",
    "computed_by",
    "covariates",
    "deep_ctg",
    "dfa",
    "extract",
    "features_by_name",
    "features_in_parts",
    "higuchi",
    "increment_moments",
    "lagged_correlation",
    "lempel_ziv",
    "mad",
    "multiscale_entropy",
    "order_statistic_names",
    "order_statistics",
    "poincare",
    "prsa",
    "read_features",
    "read_provenance",
    "response_lag",
    "sample_entropy",
    "scalar_features",
    "scale_cumulants",
    "scattering_features",
]

__getattr__, __dir__ = late_names(
    __name__,
    {
        "extraction": ("Extraction", "extract"),
        "parquet_table": ("METADATA_COLUMNS", "PATH_COLUMN", "features_in_parts", "read_features", "read_provenance"),
    },
)

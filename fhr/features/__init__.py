"""Scalar features of a recording, and the one table that holds them."""

from .band_power import BANDS, band_power
from .column import Column
from .deep_ctg import DEEP_CTG, deep_ctg
from .dfa import dfa
from .extraction import Extraction, extract
from .feature_set import GROUPS, FeatureSet, Windows
from .higuchi import higuchi
from .lempel_ziv import lempel_ziv
from .mad import mad
from .multiscale_columns import MULTISCALE, MULTISCALE_COLUMNS
from .multiscale_entropy import coarse_grain, multiscale_entropy
from .order_statistics import ORDER_STATISTICS, order_statistic_names, order_statistics
from .parquet_table import METADATA_COLUMNS, read_features
from .poincare import poincare
from .prsa import PRSA, prsa
from .sample_entropy import sample_entropy
from .scalar import SCALAR_COLUMNS, scalar_features
from .scaling import FeatureScaling
from .table import feature_table

__all__ = [
    "BANDS",
    "DEEP_CTG",
    "GROUPS",
    "METADATA_COLUMNS",
    "MULTISCALE",
    "MULTISCALE_COLUMNS",
    "ORDER_STATISTICS",
    "PRSA",
    "SCALAR_COLUMNS",
    "Column",
    "Extraction",
    "FeatureScaling",
    "FeatureSet",
    "Windows",
    "band_power",
    "coarse_grain",
    "deep_ctg",
    "dfa",
    "extract",
    "feature_table",
    "higuchi",
    "lempel_ziv",
    "mad",
    "multiscale_entropy",
    "order_statistic_names",
    "order_statistics",
    "poincare",
    "prsa",
    "read_features",
    "sample_entropy",
    "scalar_features",
]

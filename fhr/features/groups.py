"""Groups of features: the columns of each, and the function that computes them of windows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from fhr.preprocessing import block_factor, block_mean

from .activity_quantiles import ACTIVITY_QUANTILE_COLUMNS, activity_quantiles
from .band_amplitudes import band_amplitudes, band_amplitudes_columns
from .capacities import capacities, capacities_columns
from .column import Column
from .coupling import COUPLING_COLUMNS, SHORTEST_OF_COUPLING, coupling_features
from .event_statistics import event_statistics, event_statistics_columns
from .gap_pattern import GAP_PATTERN_COLUMNS, gap_pattern
from .increments import INCREMENT_COLUMNS, increment_features
from .modulation import modulation, modulation_columns
from .morphology_columns import LEAST, MORPHOLOGY_COLUMNS, morphology_features
from .multiscale_columns import MULTISCALE_COLUMNS, multiscale_features
from .nested_order_statistics import (
    nested_order_statistics,
    nested_order_statistics_columns,
    signal_loss,
    signal_loss_columns,
)
from .nested_windows import ENOUGH
from .octave_spectra import OCTAVE_SPECTRA_COLUMNS, SHORTEST_OF_OCTAVES, octave_spectra
from .scalar import SCALAR_COLUMNS, scalar_features
from .scale_cumulants import (
    CROSS_CHANNEL_COLUMNS,
    SCALE_CUMULANT_COLUMNS,
    SHORTEST_OF_SCALES,
    cross_channel_features,
    scale_cumulant_features,
)
from .scattering_columns import SCATTERING_COLUMNS, SHORTEST, scattering_features
from .wide_quantiles import wide_quantiles, wide_quantiles_columns

__all__ = ["GROUPS", "NESTED_GROUPS", "OF_GROUP", "OPTIONAL_GROUPS", "SIGNAL_GROUPS", "GivenWindows"]

GROUPS = ("multiscale", "scalar", "morphology")
"""The groups of a feature set that names none. Checkpoints and tables rely on them; another group is optional."""
NESTED_GROUPS = (
    "order_statistics",
    "signal_loss",
    "wide_quantiles",
    "band_amplitudes",
    "modulation",
    "capacities",
    "event_statistics",
)
"""Groups over nested parts of a window, meant for windows of 60 min; each is a kernel of the kernel line."""
SIGNAL_GROUPS = (
    "scale_cumulants",
    "cross_channel",
    "octave_spectra",
    "increments",
    "activity_quantiles",
    "coupling",
    "gap_pattern",
)
"""Groups that compare signals, such as synthetic with measured ones. Models are not meant to learn from them: some say
how much signal was lost."""
OPTIONAL_GROUPS = ("scattering", *NESTED_GROUPS, *SIGNAL_GROUPS)
"""The groups that a feature set has only if it names them."""


@dataclass(frozen=True)
class GivenWindows:
    """Cleaned windows that features are computed of.

    Attributes:
        fhr: (window, n) bpm; NaN is missing.
        uc: (window, n) arbitrary units; NaN is missing.
        fs: sampling rate, Hz.
        device: of torch.
        multiscale: parameters of the group of this name.
    """

    fhr: np.ndarray
    uc: np.ndarray
    fs: float
    device: str = "cpu"
    multiscale: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def seconds(self) -> np.ndarray:
        """FHR (window, second), means of what was measured.

        Raises:
            SignalError: a rate that is no multiple of 1 Hz.
        """
        return block_mean(self.fhr, block_factor(self.fs, 1.0))


class Group(NamedTuple):
    """A group of features.

    Attributes:
        columns: of windows of so many minutes, whole seconds.
        compute: float64 (window, column); NaN where a window has too little signal.
        shortest: length of a window that it takes, s.
        on_device: whether it is computed by torch.
    """

    columns: Callable[[float], tuple[Column, ...]]
    compute: Callable[[GivenWindows], np.ndarray]
    shortest: float = ENOUGH
    on_device: bool = False


def _always(columns: tuple[Column, ...]) -> Callable[[float], tuple[Column, ...]]:
    return lambda minutes: columns


OF_GROUP: Mapping[str, Group] = {
    "multiscale": Group(
        _always(MULTISCALE_COLUMNS),
        lambda w: multiscale_features(w.fhr, fs=w.fs, device=w.device, **w.multiscale),
        shortest=0,
        on_device=True,
    ),
    "scalar": Group(_always(SCALAR_COLUMNS), lambda w: scalar_features(w.fhr, fs=w.fs), shortest=0),
    "morphology": Group(_always(MORPHOLOGY_COLUMNS), lambda w: morphology_features(w.fhr, w.uc, fs=w.fs), LEAST),
    "scattering": Group(
        _always(SCATTERING_COLUMNS),
        lambda w: scattering_features(w.fhr, fs=w.fs, device=w.device),
        SHORTEST,
        on_device=True,
    ),
    "order_statistics": Group(nested_order_statistics_columns, lambda w: nested_order_statistics(w.fhr, fs=w.fs)),
    "signal_loss": Group(signal_loss_columns, lambda w: signal_loss(w.fhr, fs=w.fs)),
    "wide_quantiles": Group(wide_quantiles_columns, lambda w: wide_quantiles(w.seconds)),
    "band_amplitudes": Group(band_amplitudes_columns, lambda w: band_amplitudes(w.seconds)),
    "modulation": Group(modulation_columns, lambda w: modulation(w.seconds)),
    "capacities": Group(capacities_columns, lambda w: capacities(w.seconds)),
    "event_statistics": Group(event_statistics_columns, lambda w: event_statistics(w.fhr, w.uc, w.seconds, fs=w.fs)),
    "scale_cumulants": Group(
        _always(SCALE_CUMULANT_COLUMNS),
        lambda w: scale_cumulant_features(w.fhr, w.uc, fs=w.fs, device=w.device),
        SHORTEST_OF_SCALES,
        on_device=True,
    ),
    "cross_channel": Group(
        _always(CROSS_CHANNEL_COLUMNS),
        lambda w: cross_channel_features(w.fhr, w.uc, fs=w.fs, device=w.device),
        SHORTEST_OF_SCALES,
        on_device=True,
    ),
    "octave_spectra": Group(
        _always(OCTAVE_SPECTRA_COLUMNS), lambda w: octave_spectra(w.fhr, w.uc, fs=w.fs), SHORTEST_OF_OCTAVES
    ),
    "increments": Group(_always(INCREMENT_COLUMNS), lambda w: increment_features(w.fhr, w.uc, fs=w.fs)),
    "activity_quantiles": Group(_always(ACTIVITY_QUANTILE_COLUMNS), lambda w: activity_quantiles(w.uc, fs=w.fs)),
    "coupling": Group(
        _always(COUPLING_COLUMNS), lambda w: coupling_features(w.fhr, w.uc, fs=w.fs), SHORTEST_OF_COUPLING
    ),
    "gap_pattern": Group(_always(GAP_PATTERN_COLUMNS), lambda w: gap_pattern(w.fhr, w.uc, fs=w.fs)),
}
"""Every group, in the order of a feature set."""

"""Spectra of fetal heart rate and uterine activity by octaves, through gaps."""

import numpy as np

from fhr.preprocessing import block_factor, block_mean

from .column import Column
from .spectral_power import band_power

__all__ = ["OCTAVE_SPECTRA_COLUMNS", "SHORTEST_OF_OCTAVES", "octave_spectra"]

_RATE = 4.0  # Hz
_SEGMENT = 256.0  # s; twice what the lowest octave needs
SHORTEST_OF_OCTAVES = 2 * _SEGMENT
"""Length, s, of a window that holds three segments which overlap by half."""
_OCTAVES = {f"{2**k}s": (2.0**-k, 2.0 ** (1 - k)) for k in range(7, -1, -1)}  # longest period: Hz
_RESOLUTION = 1e-4  # square of 0.01 bpm, or of 0.01 units of UC

OCTAVE_SPECTRA_COLUMNS = tuple(
    Column(
        f"{prefix}power_{period}", f"log {unit}^2", f"log(1e-4 + power) of {channel} from {low:.3g} to {high:.3g} Hz"
    )
    for channel, prefix, unit in (("FHR", "", "bpm"), ("UC", "uc_", "unit"))
    for period, (low, high) in _OCTAVES.items()
)
"""Name, unit and description of each column of `octave_spectra`."""


def octave_spectra(fhr: np.ndarray, uc: np.ndarray, *, fs: float) -> np.ndarray:
    """Logarithm of the power of both channels in each of eight octaves, 1/128 to 2 Hz, by `band_power`.

    Args:
        fhr: (window, n) cleaned, bpm; NaN is missing.
        uc: (window, n) any unit; NaN is missing.
        fs: sampling rate, Hz; a multiple of 4. A faster signal is averaged in blocks.

    Returns:
        float64 (window, column), see `OCTAVE_SPECTRA_COLUMNS`; NaN with fewer than three segments of 256 s.

    Raises:
        SignalError: a rate that is no multiple of 4 Hz, or an infinite sample.
    """
    factor = block_factor(fs, _RATE)
    each = [band_power(block_mean(x, factor), fs=_RATE, bands=_OCTAVES, segment=_SEGMENT) for x in (fhr, uc)]
    return np.log(_RESOLUTION + np.concatenate(each, axis=-1))

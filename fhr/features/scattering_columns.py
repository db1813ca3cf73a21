"""Scattering features of a window: the wavelet scattering transform averaged over time, in a few named columns."""

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from fhr.preprocessing import block_factor, block_mean

from .column import Column

if TYPE_CHECKING:
    from fhr.multiscale import Scattering1d

__all__ = ["SCATTERING_COLUMNS", "SHORTEST", "scattering_features"]

_RATE = 4.0  # Hz
_J = 8  # averages over 2^8 samples, 64 s
_FRAMES = 5  # that have to be known
SHORTEST = _FRAMES * 2**_J / _RATE  # s of a window
_RESOLUTION = 0.01  # bpm; of 120 recordings of CTU-UHB none has a band below 0.17 bpm

# The octave above is left out: at 4 Hz most of it is heart beats that were sampled twice.
_BANDS = {"1_4": 0.7, "2_9": 0.35, "5_7": 0.175, "11": 0.0875, "23": 0.04375, "46": 0.021875}  # period in s: Hz
_MODULATED = ("2_9", "5_7", "11")
_OCTAVES = (1, 2, 3)

SCATTERING_COLUMNS = (
    *(
        Column(f"scattering_{period}s", "log bpm", f"log of the mean amplitude in the octave around {1 / xi:.2g} s")
        for period, xi in _BANDS.items()
    ),
    *(
        Column(
            f"scattering_ratio_{octaves}",
            "1",
            f"order 2 over order 1, wavelets {octaves} octave{'s' * (octaves > 1)} apart; mean of the octaves around "
            "2.9, 5.7 and 11 s",
        )
        for octaves in _OCTAVES
    ),
)
"""Name, unit and description of each column of `scattering_features`."""


def scattering_features(fhr: np.ndarray, *, fs: float, device: str = "cpu") -> np.ndarray:
    r"""Compute `SCATTERING_COLUMNS` of each window with `fhr.multiscale.Scattering1d`, one wavelet an octave.

    With :math:`S_1(j)` and :math:`S_2(j, k)` the coefficients of FHR at 4 Hz, averaged over all frames of 64 s that are
    known, in which every path has at least half of its weight:

    - scattering_1_4s to scattering_46s: :math:`\log S_1`, the band named by the period of its centre, and amplitudes
      below 0.01 bpm taken as 0.01 bpm. A sinusoid of amplitude A at the centre gives log(A / 2);
    - scattering_ratio_1 to 3: the mean of :math:`S_2(j, j + m) / S_1(j)` over the bands around 2.9, 5.7 and 11 s, the
      second wavelet m octaves slower. In a Gaussian self-similar process it depends on m alone: 0.19, 0.16 and 0.12 for
      fractional Brownian motion. What comes in bursts has more; CTU-UHB has medians of 0.25, 0.25 and 0.23.

    The columns do not depend on the level of FHR, and little on a shift in time; a factor on FHR adds its logarithm
    to the bands and leaves the ratios as they are. Gaps stay gaps, as in `Scattering1d`: nothing is bridged. With a
    fifth of fractional Brownian motion (H = 0.3 to 0.8) masked in gaps of up to 60 s, a band moves by less than 0.1 on
    average and a ratio by less than 7%.

    Args:
        fhr: (window, time) cleaned, bpm; NaN is missing.
        fs: sampling rate, Hz; a multiple of 4. A faster signal is averaged in blocks.
        device: of torch, where they are computed, in float64.

    Returns:
        float64 (window, len(SCATTERING_COLUMNS)), never infinite. NaN with less than 5 known frames, as in every window
        below 320 s; a ratio is NaN too where the amplitude is below 0.01 bpm in one of its bands.

    Raises:
        SignalError: a rate that is no multiple of 4 Hz, or an infinite sample.

    Source:
        Anden and Mallat 2014, IEEE Trans. Signal Process. 62:4114-4128, doi:10.1109/TSP.2014.2326991; ratios: Bruna,
        Mallat, Bacry and Muzy 2015, Ann. Statist. 43:323-351, arXiv:1311.4104; intrapartum FHR: Chudacek, Anden,
        Mallat, Abry and Doret 2014, IEEE Trans. Biomed. Eng. 61:1100-1108, doi:10.1109/TBME.2013.2294324. The bands,
        the averages over bands and the handling of gaps are this package's.
    """
    import torch

    signal = block_mean(fhr, block_factor(fs, _RATE))
    features = np.full((len(signal), len(SCATTERING_COLUMNS)), np.nan)
    if signal.shape[-1] < SHORTEST * _RATE:
        return features
    layer = _layer(signal.shape[-1], device)
    rows = {(path.xi, path.order): row for row, path in enumerate(layer.paths)}
    first = [rows[(xi,), 1] for xi in _BANDS.values()]
    second = [[rows[(_BANDS[j], _BANDS[j] / 2**m), 2] for j in _MODULATED] for m in _OCTAVES]
    used = np.concatenate([first, *second])

    coefficients = layer(torch.from_numpy(signal).to(device))[:, used].cpu().numpy()
    known = np.isfinite(coefficients).all(axis=1)
    enough = known.sum(axis=-1) >= _FRAMES
    sums = np.where(known[:, None], coefficients, 0.0)[enough].sum(axis=-1)
    means = sums / known[enough].sum(axis=-1, keepdims=True)
    amplitudes = means[:, : len(first)]
    carriers = amplitudes[:, None, [list(_BANDS).index(j) for j in _MODULATED]]
    modulations = means[:, len(first) :].reshape(-1, len(_OCTAVES), len(_MODULATED))
    ratios = np.divide(modulations, carriers, out=np.full_like(modulations, np.nan), where=carriers >= _RESOLUTION)
    features[enough] = np.concatenate([np.log(np.maximum(amplitudes, _RESOLUTION)), ratios.mean(axis=-1)], axis=-1)
    return features


@lru_cache(maxsize=2)  # the filters of one length take longer to make than to use
def _layer(n_samples: int, device: str) -> "Scattering1d":
    from fhr.multiscale import Scattering1d

    return Scattering1d(_J, 1, n_samples=n_samples, fs=_RATE, unit_gain=True).to(device)

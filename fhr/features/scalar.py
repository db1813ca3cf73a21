"""Scalar features of a window of fetal heart rate, in one call with named columns."""

import numpy as np
from numpy.typing import ArrayLike

from fhr.preprocessing import block_factor
from fhr.recording import floating

from .column import Column
from .detrended_fluctuation import dfa
from .entropy_by_scale import coarse_grain, multiscale_entropy
from .fractal_dimension import higuchi
from .inputs import checked_rate, some_signals
from .median_deviation import MIN_MEASURED, mad
from .phase_rectified import prsa
from .poincare_plot import poincare
from .sorted_samples import quantiles
from .spectral_power import band_power
from .symbol_complexity import lempel_ziv

__all__ = ["SCALAR_COLUMNS", "scalar_features"]

_RATE = 2.0  # Hz
_SCALES = (1, 2, 3, 4, 5)
_DFA_SHORT = (4, 5, 6, 8, 10, 12, 16)  # 2 to 8 s
_DFA_LONG = (16, 20, 24, 32, 40, 48, 64)  # 8 to 32 s
_PRSA = 5  # samples, 2.5 s: T and s

SCALAR_COLUMNS = (
    Column("median", "bpm", "median"),
    Column("iqr", "bpm", "75th minus 25th percentile"),
    Column("mad", "log bpm", "log(0.5 + median absolute deviation) about the straight line"),
    Column("vlf_power", "bpm^2", "spectral power below 0.03 Hz"),
    Column("lf_power", "bpm^2", "spectral power from 0.03 to 0.15 Hz"),
    Column("mf_power", "bpm^2", "spectral power from 0.15 to 0.5 Hz (fetal movement)"),
    Column("hf_power", "bpm^2", "spectral power from 0.5 to 1 Hz (fetal breathing)"),
    Column("lf_mf_hf", "1", "LF power over MF plus HF power"),
    Column("dfa_short", "1", "exponent of detrended fluctuations, 2 to 8 s"),
    Column("dfa_long", "1", "exponent of detrended fluctuations, 8 to 32 s"),
    Column("sample_entropy", "nats", "sample entropy at 2 Hz, m = 2, r = 0.2 standard deviations"),
    *(Column(f"sample_entropy_{k}", "nats", f"the same over means of {k / _RATE:g} s") for k in _SCALES[1:]),
    Column("lempel_ziv", "1", "Lempel-Ziv complexity at 2 Hz, above and below the median"),
    Column("higuchi", "1", "Higuchi's fractal dimension at 2 Hz, steps up to 5 s"),
    Column("acceleration_capacity", "bpm", "phase-rectified averaging around rises over 2.5 s"),
    Column("deceleration_capacity", "bpm", "phase-rectified averaging around falls over 2.5 s; negative"),
    Column("sd1", "bpm", "Poincaré width across identity, samples 0.5 s apart"),
    Column("sd2", "bpm", "Poincaré width along identity, samples 0.5 s apart"),
    Column("sd1_sd2", "1", "SD1 over SD2"),
)
"""Name, unit and meaning of each column of `scalar_features`."""


def scalar_features(fhr: ArrayLike, *, fs: float = 4.0) -> np.ndarray:
    """Compute `SCALAR_COLUMNS` of each window; each column is a public function of its own, with its source.

    Level, spread and spectrum are those of the signal as given, all others of its means over 0.5 s (a mean needs
    half of its samples). At 110 to 160 bpm a beat lasts 0.37 to 0.55 s: a faster series repeats beats, and entropies
    and short scales would measure the repetition. Nothing is interpolated but for the spectra (see `band_power`).
    Chosen for windows of 20 to 60 min. The ranges of DFA, the steps of Higuchi and T = s = 2.5 s of PRSA are this
    package's choice: short enough for most of a window with gaps to count, long against the 0.25 bpm of the monitors.
    What gaps do to each column is measured in `benchmarks/feature_gaps.py`. Signal loss itself is no feature: in
    CTU-UHB it tells outcomes apart for reasons that are not the fetus's. The feature table has it as metadata.

    Args:
        fhr: (..., time), cleaned, bpm; NaN is missing.
        fs: sampling rate, Hz; a multiple of 2.

    Returns:
        float64 (..., len(SCALAR_COLUMNS)), never infinite. Level and spread are NaN with less than 50 s of signal,
        every other column as its function says.

    Raises:
        SignalError: no time axis, an infinite sample, or a rate that is no multiple of 2 Hz.

    Source:
        Two samples a second: Signorini, Magenes, Cerutti and Arduini 2003, IEEE Trans Biomed Eng 50:365-374,
        doi:10.1109/TBME.2003.808824. Entropies, Lempel-Ziv, Higuchi and DFA of intrapartum FHR: Spilka et al. 2012,
        Biomed Signal Process Control 7:350-357, doi:10.1016/j.bspc.2011.06.008.

    >>> features = scalar_features(140 + np.random.default_rng(0).normal(size=(3, 7200)))
    >>> features.shape == (3, len(SCALAR_COLUMNS))
    True
    """
    rate = checked_rate(fs)
    factor = block_factor(rate, _RATE)

    def level(rows: np.ndarray) -> np.ndarray:
        low, median, high = quantiles(np.sort(rows, axis=-1), (0.25, 0.5, 0.75))
        enough = np.count_nonzero(~np.isnan(rows), axis=-1) >= MIN_MEASURED * rate
        return np.where(enough, [median, high - low], np.nan).T

    levels = some_signals(fhr, level, 2)
    signal = floating(fhr).astype(np.float64, copy=False)
    power = band_power(signal, fs=rate)
    _, lf, mf, hf = np.moveaxis(power, -1, 0)
    slow = coarse_grain(signal, factor)
    rises, falls, _, _ = prsa(slow, T=_PRSA, s=_PRSA)
    single = [
        dfa(slow, scales=_DFA_SHORT),
        dfa(slow, scales=_DFA_LONG),
        *np.moveaxis(multiscale_entropy(slow, scales=_SCALES), -1, 0),
        lempel_ziv(slow),
        higuchi(slow),
        rises,
        falls,
    ]
    ratio = np.divide(lf, mf + hf, out=np.full_like(lf, np.nan), where=mf + hf > 0)
    parts = [levels, _last(mad(signal, fs=rate)), power, _last(ratio), np.stack(single, axis=-1), poincare(slow)]
    return np.concatenate(parts, axis=-1)


def _last(values: np.ndarray) -> np.ndarray:
    return values[..., None]

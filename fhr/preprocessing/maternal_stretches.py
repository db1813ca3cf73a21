"""Stretches of a training crop in which the mother's heart rate stands in the place of the child's."""

import numpy as np

__all__ = ["with_maternal_stretches"]

# What a Doppler sensor makes of the maternal rate, measured on the FHRMA training recordings where both are present
# and FHR is marked false: the difference has a standard deviation of 5 bpm (3 to 9.5 in 90% of recordings) and a
# correlation time of about 2.4 s; two samples in three repeat the one before; a quarter of the samples is missing.
_DEVIATION, _SPREAD = 5.0, 0.35  # bpm, and standard deviation of its logarithm over crops
_CORRELATION = 2.4  # s
_NEW_VALUE = 1.6  # 1/s
_MISSING = (0.05, 0.25, 0.5)
_PIECE = 10.0  # s, missing together
_DELAY = (-0.5, 1.0)  # s
_STRETCH = (6.0, 1000.0)  # s
_LOST = (2.0, 60.0)  # s, before a stretch
_JUMP = 15.0  # bpm: a held value that the mother has left by more is not used
_DOUBLED = 0.1  # of the stretches: about twice the maternal rate, as in 3% of the false samples
_HIGHEST = 240.0  # bpm that a monitor gives


def with_maternal_stretches(
    rates: np.ndarray, marks: np.ndarray, fs: float, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Replace FHR by MHR, as a Doppler sensor would give it, in one to four stretches, and mark them false.

    FHR is replaced where MHR holds a value that is not marked false, and FHR is marked true or missing; everything
    else stays. One stretch in ten holds the double of MHR; half of the stretches begin after a loss of FHR. Without
    MHR nothing happens.

    Args:
        rates: (2, n), FHR and MHR in bpm, NaN where missing.
        marks: (2, n), 1 false, 0 true, NaN not marked.
        fs: sampling frequency in Hz.
        generator: of the draws.

    Returns:
        Changed copies of `rates` and `marks`.

    Source:
        This package's own; the numbers are measured on the recordings of Boudet et al. 2022, doi:10.3390/bios12090691.
    """
    from scipy.signal import lfilter  # slow to import, and `fhr info` needs none of it

    (fhr, mhr), (false, mhr_false) = rates, marks = rates.copy(), marks.copy()
    n = len(mhr)
    if np.isnan(mhr).all():
        return rates, marks
    samples = np.arange(n)
    correlation = np.exp(-1 / (_CORRELATION * fs))
    white = generator.normal(0, np.sqrt(1 - correlation**2), n)
    deviation = _DEVIATION * np.exp(_SPREAD * generator.normal())
    error = deviation * lfilter([1.0], [1.0, -correlation], white)
    held = np.maximum.accumulate(np.where(generator.uniform(size=n) < _NEW_VALUE / fs, samples, 0))
    piece = round(_PIECE * fs)
    seen = np.repeat(generator.uniform(size=n // piece + 1) > generator.choice(_MISSING), piece)[:n]
    delayed = np.roll(mhr, round(fs * generator.uniform(*_DELAY)))
    with np.errstate(invalid="ignore"):  # NaN compares as false
        usable = (np.abs(delayed[held] - delayed) < _JUMP) & (mhr_false != 1) & ((false == 0) | np.isnan(fhr))
    mother = np.where(seen, (delayed + error)[held], np.nan)
    for _ in range(generator.integers(1, 5)):
        length = round(fs * np.exp(generator.uniform(*np.log(_STRETCH))))
        start = int(generator.integers(max(1, n - length)))
        stretch = np.flatnonzero(usable[start : start + length]) + start
        factor = 2 if generator.uniform() < _DOUBLED else 1
        given = np.round(4 * factor * mother[stretch]) / 4
        fhr[stretch], false[stretch] = np.where(given <= _HIGHEST, given, np.nan), 1
        if generator.uniform() < 0.5:
            lost = round(fs * np.exp(generator.uniform(*np.log(_LOST))))
            fhr[max(0, start - lost) : start] = np.nan
    return rates, marks

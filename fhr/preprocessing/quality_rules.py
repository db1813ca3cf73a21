"""Quality rules: heart rate that cannot be, or is unlikely to be, what it is called, found without any network.

Each rule takes one signal (n,) in bpm with NaN for missing and gives a mask (n,) that is true only on samples that hold
a value. A rule that does not fire says little: most false fetal heart rate looks like a heart rate, since it is the
mother's. Thresholds were checked on the marks of the FHRMA false-signal recordings (Boudet et al. 2022, Biosensors
12:691, doi:10.3390/bios12090691) and on CTU-UHB.
"""

import numpy as np

from fhr.recording import floating

from .cleaning import remove_spikes
from .true_runs import fill_runs, runs

__all__ = [
    "coincident",
    "factor_cuts",
    "halved_or_doubled",
    "jumping",
    "out_of_range",
    "remove_halved_doubled",
    "remove_stuck",
    "stuck",
]


def out_of_range(signal: np.ndarray, fs: float, *, low: float = 50.0, high: float = 210.0) -> np.ndarray:
    """Flag values that are not strictly between `low` and `high` bpm; the limits are those of `remove_out_of_range`."""
    signal = floating(signal)
    return ~np.isnan(signal) & ~((signal > low) & (signal < high))


def jumping(signal: np.ndarray, fs: float, *, jump: float = 25.0, longest: float = 5.0) -> np.ndarray:
    """Flag short excursions that the signal jumps to and jumps back from, those that `remove_spikes` removes."""
    signal = floating(signal)
    return np.isnan(remove_spikes(signal, fs, jump=jump, longest=longest)) & ~np.isnan(signal)


def stuck(signal: np.ndarray, fs: float, *, longest: float = 10.0) -> np.ndarray:
    """Flag runs of one value over more than `longest` s without a gap: a monitor that holds its last value.

    A monitor repeats each beat until the next, so that more than half of the neighbours at 4 Hz are equal in CTU-UHB,
    and a steady heart gives equal values for some seconds. Measured: of 3.2 million FHR samples that experts marked
    as true none is in a run over 10 s, Doppler none over 3 s; in CTU-UHB, where the value is rounded more, the longest
    run of a recording is 4.5 s in the median and 15.5 s at most. Averaged maternal rates stand still for up to a
    minute where they are true: use 60 s for MHR. The value is this package's choice; the default cleaning takes its own
    from each recording (`fhr.preprocessing.held`).

    Args:
        signal: (n,), bpm.
        fs: sampling rate, Hz.
        longest: s; shorter runs, and those of just this length, are not stuck.

    Example:
        >>> stuck(np.array([140, 141, 141, 141, 140]), 1.0, longest=2).tolist()
        [False, True, True, True, False]
    """
    signal = floating(signal)
    equal = np.zeros(len(signal), dtype=bool)  # to the sample before; NaN is equal to nothing
    equal[1:] = signal[1:] == signal[:-1]
    starts, ends = runs(equal)
    starts = starts - 1
    long = ends - starts > longest * fs
    return fill_runs(starts[long], ends[long], len(signal))


def halved_or_doubled(
    signal: np.ndarray, fs: float, *, tolerance: float = 0.1, longest: float = 60.0, gap: float = 5.0
) -> np.ndarray:
    """Flag pieces at half or twice the level beside them that the signal jumps to and back from.

    Autocorrelation may lock on every second beat, or count one beat twice: the rate jumps by a factor of 2, up or down,
    and later jumps back. The valid samples are cut wherever neighbours differ by such a factor within `tolerance`; a
    piece of up to `longest` of signal between a jump and the opposite one is marked. All numbers are this package's
    choice. Left out: pieces that begin or end the recording or a long gap, or whose jumps are blurred over several
    samples; fetal and maternal rate may stand at 2 to 1, too. Measured on the marked Doppler samples: 10,730 that are
    false and 2,517 that are true are found, 2.3% and 0.1% of these.

    Args:
        signal: (n,), bpm.
        fs: sampling rate, Hz.
        tolerance: of the factor; 0.1 takes 1.8 to 2.2.
        longest: s of valid signal.
        gap: s; jumps across a longer gap do not count.

    Example:
        >>> halved_or_doubled(np.array([140, 140, 71, 70, 141]), 1.0).tolist()
        [False, False, True, True, False]
    """
    signal = floating(signal)
    valid, _, factor, cuts = factor_cuts(signal, fs, tolerance=tolerance, gap=gap)
    short = np.diff(cuts) <= longest * fs
    back = np.sign(factor[cuts[:-1] - 1]) != np.sign(factor[cuts[1:] - 1])
    mask = np.zeros(len(signal), dtype=bool)
    mask[valid[fill_runs(cuts[:-1][short & back], cuts[1:][short & back], len(valid))]] = True
    return mask


def factor_cuts(
    signal: np.ndarray, fs: float, *, tolerance: float, gap: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Cut the valid samples wherever neighbours differ by a factor of 2, across gaps of up to `gap` s.

    Returns:
        Positions (m,) and values (m,) of the valid samples, the logarithm to base 2 of the factor from each to the next
        (m - 1,), and the numbers of the samples that cuts come before.
    """
    valid = np.flatnonzero(~np.isnan(signal))
    values = np.maximum(signal[valid].astype(np.float64), 1.0)  # 0 has no logarithm
    factor = np.log2(values[1:] / values[:-1])
    near = np.abs(np.abs(factor) - 1) <= np.log2(1 + tolerance)
    return valid, values, factor, np.flatnonzero(near & (np.diff(valid) <= gap * fs + 1)) + 1


def coincident(
    fhr: np.ndarray, mhr: np.ndarray, fs: float, *, within: float = 5.0, shortest: float = 0.0
) -> np.ndarray:
    """Flag FHR within `within` bpm of MHR for at least `shortest` s on end: fetal rate that may be the mother's.

    The rule of Boudet et al. 2022 (5 bpm, no shortest time); true fetal rate crosses the mother's too. Measured on the
    marked Doppler samples: 44% of those that are false are found, and 2.1% of those that are true.

    Args:
        fhr: (n,), bpm.
        mhr: (n,), bpm.
        fs: sampling rate, Hz.
        within: bpm.
        shortest: s.
    """
    fhr, mhr = floating(fhr), floating(mhr)
    near = np.abs(fhr - mhr) <= within  # false where one is missing
    starts, ends = runs(near)
    long = ends - starts >= shortest * fs
    return fill_runs(starts[long], ends[long], len(fhr))


def remove_stuck(fhr: np.ndarray, fs: float, *, longest: float = 10.0) -> np.ndarray:
    """Replace `fhr` by NaN where it is `stuck`."""
    fhr = floating(fhr)
    return np.where(stuck(fhr, fs, longest=longest), np.nan, fhr).astype(fhr.dtype)


def remove_halved_doubled(
    fhr: np.ndarray, fs: float, *, tolerance: float = 0.1, longest: float = 60.0, gap: float = 5.0
) -> np.ndarray:
    """Replace `fhr` by NaN where it is `halved_or_doubled`."""
    fhr = floating(fhr)
    mask = halved_or_doubled(fhr, fs, tolerance=tolerance, longest=longest, gap=gap)
    return np.where(mask, np.nan, fhr).astype(fhr.dtype)

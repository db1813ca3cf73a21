"""Sinusoidal pattern: FHR that undulates like a sine for a long time, a sign of fetal anaemia."""

import numpy as np

from fhr.preprocessing import fill_runs, runs

from .blocks import NOWHERE, both, epoch_means, range_mask
from .events import Events

__all__ = ["find_sinusoidal"]

CYCLES = np.arange(3.0, 5.01, 0.25)  # a minute: 3 to 5, FIGO 2015 and NICHD 2008
PEAK_TO_TROUGH = (5.0, 30.0)  # bpm: see `find_sinusoidal`
SHORTEST = 20.0  # min, NICHD 2008; FIGO 2015 asks for more than 30
SECOND = 1.0  # s, the means that are fitted
WINDOW, STEP = 120, 30  # s: 6 to 10 cycles at once
FIT = 0.5  # share of the window's variance that one sine explains
KNOWN = 0.5  # of a window
BREAK = 60  # s, the longest interruption of a stretch


def find_sinusoidal(fhr: np.ndarray, fs: float, accelerations: Events, *, shortest: float = SHORTEST) -> np.ndarray:
    """Find stretches in which FHR is one smooth, regular sine of 3 to 5 cycles a minute.

    In windows of 2 min, 30 s apart, the sine (and straight line) of least squares at 3, 3.25, ... 5 cycles a minute
    is taken out of means of 1 s. A window is sinusoidal where the best sine explains at least half of the variance
    about the line alone, and where the sine is 5 to 30 bpm from peak to trough. Sinusoidal windows that touch, or are
    not more than a minute apart, are one stretch; an acceleration ends it.

    The guidelines give the frequency, the length, "regular, smooth, undulating, resembling a sine wave" and 5 to 15 bpm
    of amplitude, without saying from where: 5 to 30 bpm from peak to trough holds both readings. The windows and the
    half are this package's choice: one in a thousand windows of CTU-UHB reaches 0.44, no random walk 0.4.

    Args:
        fhr: (n,) cleaned, bpm; NaN is missing.
        fs: sampling rate, Hz; at least 1.
        accelerations: a stretch holds none (FIGO: "coincides with absent accelerations").
        shortest: min; shorter stretches are left out.

    Returns:
        (k, 2) start and end, s from the start of the recording.

    Source:
        FIGO 2015, doi:10.1016/j.ijgo.2015.06.020 (more than 30 min); NICHD 2008,
        doi:10.1097/AOG.0b013e3181841395 (20 min or more); Modanlou and Murata 2004, J Obstet Gynaecol Res
        30:169-180.
    """
    signal = epoch_means(fhr, fs, SECOND)
    n = len(signal)
    before = len(fhr) / fs - n * SECOND  # the means are counted back from the end
    if n < WINDOW:
        return np.empty((0, 2))
    starts = np.arange(n - WINDOW, -1, -STEP)[::-1]
    sinusoidal = _is_sine(np.lib.stride_tricks.sliding_window_view(signal, WINDOW)[starts])
    where = fill_runs(starts[sinusoidal], starts[sinusoidal] + WINDOW, n)
    first, last = runs(~where)
    inside = (last - first <= BREAK) & (first > 0) & (last < n)
    risen = range_mask(both(accelerations, NOWHERE) - before, n, 1 / SECOND)
    first, last = runs((where | fill_runs(first[inside], last[inside], n)) & ~risen)
    long = last - first >= shortest * 60
    return np.stack([first[long], last[long]], axis=1) * SECOND + before


def _is_sine(windows: np.ndarray) -> np.ndarray:
    """Which windows (k, WINDOW) one sine explains."""
    known = ~np.isnan(windows)
    weight = known.astype(np.float64)
    count = np.maximum(weight.sum(axis=1), 1)
    x = np.where(known, windows, 0.0)
    x = np.where(known, x - (x.sum(axis=1) / count)[:, None], 0.0)
    time = np.arange(WINDOW) * SECOND
    line = np.stack([np.ones(WINDOW), time / time[-1] - 0.5])
    straight, _ = _explained(x, weight, line[None])
    variance = np.maximum((x**2).sum(axis=1) - straight[:, 0], 1e-9)
    phase = 2 * np.pi * CYCLES[:, None] / 60 * time
    lines = np.broadcast_to(line, (len(CYCLES), *line.shape))
    explained, factors = _explained(x, weight, np.concatenate([lines, np.stack([np.cos(phase), np.sin(phase)], 1)], 1))
    shares = (explained - straight) / variance[:, None]
    each, best = np.arange(len(x)), shares.argmax(axis=1)
    share, height = shares[each, best], 2 * np.hypot(*factors[each, best, 2:].T)
    low, high = PEAK_TO_TROUGH
    enough: np.ndarray = known.mean(axis=1) >= KNOWN
    return enough & (share >= FIT) & (height >= low) & (height <= high)


def _explained(x: np.ndarray, weight: np.ndarray, bases: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum of squares that each basis (b, m, WINDOW) explains of the known samples of each row of x, and the factors.

    Returns:
        (k, b) and (k, b, m).
    """
    b, m, _ = bases.shape
    products = (bases[:, :, None] * bases[:, None]).reshape(b * m * m, -1)
    gram = (weight @ products.T).reshape(-1, b, m, m) + 1e-9 * np.eye(m)
    right = (x @ bases.reshape(b * m, -1).T).reshape(-1, b, m)
    factors = np.linalg.solve(gram, right[..., None])[..., 0]
    return (factors * right).sum(axis=-1), factors

"""Halved and doubled heart rate: short and long stretches, jumps across gaps, and which of two levels is false."""

from itertools import pairwise

import numpy as np

from fhr.recording import floating

from .quality_rules import factor_cuts
from .true_runs import fill_runs

__all__ = ["halved_or_doubled_stretches"]

# bpm: of two levels at 2 to 1 the lower one is likely false up to it for the higher one, else the other
_HIGHEST = 180.0
_LIKELY = 2.0  # times as much signal tells for the level that is likely true
_MOST = 300.0  # s of one piece that count
_NEIGHBOURS = 0.2  # of a long piece: what each neighbour has to hold
_JUMP = 25.0  # bpm between neighbouring samples, as in `remove_spikes`: it ends the level beside a chain
_LEVEL = np.sqrt(2)  # between one level and the other


def halved_or_doubled_stretches(
    signal: np.ndarray, fs: float, *, tolerance: float = 0.1, gap: float = 10.0, short: float = 60.0
) -> np.ndarray:
    """Flag stretches at half or twice the level beside them.

    As in `halved_or_doubled` the valid samples are cut wherever neighbours differ by a factor of 2, and a piece between
    a jump and the opposite one is suspected, if other jumps within it (of 25 bpm and more) end where they began, and if
    its median is nearer to the level across its ends times 2 (or over 2) than to that level itself. Suspected pieces
    that touch are one chain, in which two levels alternate. The level that holds less signal in the chain and just
    beside it, up to the next jump of 25 bpm, is false, where signal counts twice for the level that is likely true: the
    higher one up to 180 bpm, the lower one above. So a few seconds of true rate between two doubled stretches stay. A
    piece of more than `short` s goes only if its level is the unlikely one, too, and each neighbour holds a fifth of
    its signal (or 5 min): there is no longest piece. What is left of the false level before and after a chain goes if
    it ends with a jump of 25 bpm within `short` s. A rate that falls by half and does not return stays, and so does one
    that changes by another factor, or not from one sample to the next.

    All numbers are this package's choice, by measurement on the 779 FHRMA false-signal recordings (Boudet et al. 2022,
    doi:10.3390/bios12090691): of the marked Doppler samples 3.0% of the false and 0.07% of the true ones are found (by
    `halved_or_doubled` 2.3% and 0.11%), of the scalp samples 3.2% and 0.02% (1.8% and 0.02%). With a tolerance of 0.15
    a step from 140 to 80 bpm would count.

    Args:
        signal: (n,), bpm, NaN is missing.
        fs: sampling rate, Hz.
        tolerance: of the factor; 0.1 takes 1.8 to 2.2.
        gap: s; jumps across a longer gap do not count.
        short: s of valid signal.

    Returns:
        A mask (n,), true on samples that hold a value only.

    Example:
        >>> rate = np.repeat([140.0, 70.0, 140.0, 70.0], [300, 200, 300, 400])
        >>> np.flatnonzero(halved_or_doubled_stretches(rate, fs=1.0))[[0, -1]].tolist()
        [300, 499]
    """
    signal = floating(signal)
    valid, values, factor, cuts = factor_cuts(signal, fs, tolerance=tolerance, gap=gap)
    mask = np.zeros(len(signal), dtype=bool)
    if len(cuts) < 2:
        return mask
    up = factor[cuts - 1] > 0
    level = np.array([np.median(values[a:b]) for a, b in pairwise(cuts)])
    across = np.sqrt(values[cuts[:-1] - 1] * values[cuts[1:]])
    change = np.diff(values)
    jumped = np.concatenate([[0.0], np.cumsum(np.where(np.abs(change) > _JUMP, change, 0.0))])
    stays = np.abs(jumped[cuts[1:] - 1] - jumped[cuts[:-1]]) <= _JUMP
    suspected = (up[1:] != up[:-1]) & stays & (np.where(up[:-1], level / across, across / level) >= _LEVEL)
    edges = np.concatenate([[0], cuts, [len(valid)]])
    jumps = np.concatenate([[0], np.flatnonzero(np.abs(change) > _JUMP) + 1, [len(valid)]])
    starts, ends = _false_pieces(suspected, up, level, edges, jumps, short * fs, _MOST * fs)
    mask[valid[fill_runs(starts, ends, len(valid))]] = True
    return mask


def _false_pieces(
    suspected: np.ndarray,
    up: np.ndarray,
    level: np.ndarray,
    edges: np.ndarray,
    jumps: np.ndarray,
    short: float,
    most: float,
) -> tuple[np.ndarray, np.ndarray]:
    """First and one-past-last valid sample of every false piece.

    Args:
        suspected: (m - 1,) of the pieces between m cuts.
        up: (m,) whether the cut goes up.
        level: (m - 1,) median of each piece.
        edges: (m + 2,) of all pieces, the first and the last one included.
        jumps: where the signal jumps, its two ends included.
        short: samples.
        most: samples.
    """
    found: list[tuple[int, int]] = []
    length = np.diff(edges)
    begins = np.flatnonzero(suspected & ~np.concatenate([[False], suspected[:-1]]))
    stops = np.flatnonzero(suspected & ~np.concatenate([suspected[1:], [False]])) + 1
    for a, b in zip(begins, stops, strict=True):  # cuts a to b, pieces a to b - 1
        start, stop = edges[a + 1], edges[b + 1]
        before = jumps[np.searchsorted(jumps, start) - 1]
        after = jumps[np.searchsorted(jumps, stop, side="right")]
        higher = np.concatenate([[not up[a]], up[a : b + 1]])  # of the pieces and what lies beside the chain
        held = np.minimum(np.concatenate([[start - before], length[a + 1 : b + 1], [after - stop]]), most)
        high, low = held[higher].sum(), held[~higher].sum()
        unlikely = np.median(np.where(up[a:b], level[a:b], 2 * level[a:b])) > _HIGHEST  # the higher level is
        high, low = (high, _LIKELY * low) if unlikely else (_LIKELY * high, low)
        if high == low:
            continue
        doubled = high < low
        for k in np.flatnonzero(up[a:b] == doubled) + a:
            beside = min(length[k], length[k + 2])
            improbable = level[k] > _HIGHEST if doubled else 2 * level[k] <= _HIGHEST
            if length[k + 1] <= short or (improbable and beside >= min(_NEIGHBOURS * length[k + 1], most)):
                found.append((edges[k + 1], edges[k + 2]))
        if higher[0] == doubled and start - before <= short and before > 0:
            found.append((before, start))
        if higher[-1] == doubled and after - stop <= short and after < edges[-1]:
            found.append((stop, after))
    starts, ends = np.array(found, dtype=np.int64).reshape(-1, 2).T
    return starts, ends

"""Labours joined from segments of real recordings, stage by stage."""

from collections.abc import Sequence
from math import inf, nan
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike

from fhr.compute import stream, whole_number
from fhr.errors import FHRError, SignalError

__all__ = ["Resampled", "SegmentJoiner", "resampled"]

_TRIED = 16  # segments a joint, of which the one that fits best is taken


class Resampled(NamedTuple):
    """Labours joined from segments.

    Attributes:
        signals: (n, channel, time); NaN is missing.
        source: int64 (n, time), number of the recording that each sample comes from.
        position: int64 (n, time), its sample there.
        stage2_start: (n,), sample at which the second stage begins; NaN where there is none.
    """

    signals: Any
    source: np.ndarray
    position: np.ndarray
    stage2_start: np.ndarray


def resampled(
    recordings: "Sequence[ArrayLike | torch.Tensor]",
    n: int,
    *,
    time: int,
    seed: int,
    stage2_start: ArrayLike | None = None,
    segment: int = 2400,
    level: int = 120,
    fade: int = 8,
    first: int = 0,
) -> Resampled:
    """Join segments of recordings of one class to new labours, the first stage before the second.

    A recording is drawn that gives the place of the second stage, counted back from the end. Segments of random length
    (half to one and a half of `segment`) follow each other until a stage is full, those of the first stage from first
    stages, those of the second from second stages. Of 16 segments drawn for a joint that one is taken whose first
    samples have the level of the last ones before, over all channels; over `fade` samples one signal fades into the
    other where both are measured. All channels of a segment travel together, with what they miss; so does a mask,
    where one is among the channels.

    *Keeps*: everything within a segment: events, asymmetry, lag, texture, loss and its coupling to the signals; nearly
    the distribution of values; the order of the stages. *Destroys*: what links times further apart than a segment:
    trends of the baseline, long-range dependence, the growth of decelerations within a stage. It invents nothing, and
    so is no protection of privacy: every segment is a real patient's, and `source` says whose.

    Args:
        recordings: (channel, time of the recording) each, arrays or tensors; NaN is missing. Lengths may differ.
        n: labours to make.
        time: samples of each.
        seed: of the draws. Labour i draws from a stream of its own, that of `first` + i.
        stage2_start: (recording,), sample at which the second stage of each begins; NaN where there is none, and
            nothing known or None is a first stage alone.
        segment: mean length of a segment, samples; at 4 Hz 2400 are 10 min.
        level: samples on each side of a joint whose medians are compared.
        fade: samples of the cross-fade; 0 for none.
        first: number of the first labour, for draws that are made in parts.

    Returns:
        Labours and where they come from; signals are tensors of the first recording's device and dtype where that is
        a tensor, else float64 arrays.

    Raises:
        SignalError: no recording, other shapes, an infinite sample, or one without any measured sample.
        FHRError: a number, a length or a boundary that is none.

    Example:
        >>> recordings = [np.full((2, 50), float(k)) for k in range(3)]
        >>> found = resampled(recordings, 2, time=40, seed=0, segment=10, level=4, fade=0)
        >>> found.signals.shape, bool((found.signals[:, 0] == found.source).all())
        ((2, 2, 40), True)
    """
    joiner = SegmentJoiner(recordings, stage2_start, segment=segment, level=level, fade=fade)
    n, time, first, seed = (
        whole_number(value, name, least)
        for value, name, least in ((n, "n", 0), (time, "time", 1), (first, "first", 0), (seed, "seed", 0))
    )
    made = [joiner.labour(time, seed, first + i) for i in range(n)]
    signals = np.array([one.signals for one in made]).reshape(n, joiner.channels, time)
    like = recordings[0]
    return Resampled(
        torch.from_numpy(signals).to(like.device, like.dtype) if isinstance(like, torch.Tensor) else signals,
        np.array([one.source for one in made], dtype=np.int64).reshape(n, time),
        np.array([one.position for one in made], dtype=np.int64).reshape(n, time),
        np.array([one.stage2_start for one in made], dtype=np.float64),
    )


def _read(recordings: "Sequence[ArrayLike | torch.Tensor]") -> list[np.ndarray]:
    """The recordings as float64 arrays.

    Raises:
        SignalError: see `resampled`.
    """
    found: list[np.ndarray] = []
    for k, one in enumerate(recordings):
        array = one.detach().cpu().numpy() if isinstance(one, torch.Tensor) else np.asarray(one)
        if array.dtype.kind not in "fiu" or array.ndim != 2 or 0 in array.shape:
            raise SignalError(f"recording {k} holds {array.dtype} of shape {array.shape}; give numbers (channel, time)")
        if np.isinf(array).any() or np.isnan(array).all():
            raise SignalError(
                f"recording {k} has an infinite sample, or none that was measured; mark what is missing as NaN, and "
                "leave out recordings without signal"
            )
        if found and len(array) != len(found[0]):
            raise SignalError(f"recording {k} has {len(array)} channels, recording 0 {len(found[0])}; give the same")
        found.append(array.astype(np.float64))
    if not found:
        raise SignalError("no recording; give one at least")
    return found


def _starts(stage2_start: ArrayLike | None, recordings: Sequence[np.ndarray]) -> np.ndarray:
    """First sample of each second stage; the length of a recording where there is none.

    Raises:
        FHRError: another number of boundaries, or one that is below 0.
    """
    lengths = np.array([one.shape[1] for one in recordings])
    if stage2_start is None:
        return lengths
    given = np.asarray(stage2_start, dtype=np.float64)
    if given.shape != lengths.shape or (given < 0).any():
        raise FHRError(
            f"stage2_start of shape {given.shape} for {len(lengths)} recordings; give a sample of at least 0 for each, "
            "NaN where there is no second stage"
        )
    return np.minimum(np.nan_to_num(given, nan=inf), lengths).astype(np.int64)


class _Labour(NamedTuple):
    """As in `Resampled`, of one labour."""

    signals: np.ndarray
    source: np.ndarray
    position: np.ndarray
    stage2_start: float


class SegmentJoiner:
    """Recordings that labours are joined from, measured once for any number of them; arguments as of `resampled`.

    Raises:
        SignalError: no recording, other shapes, an infinite sample, or one without any measured sample.
        FHRError: a length or a boundary that is none.
    """

    def __init__(
        self,
        recordings: "Sequence[ArrayLike | torch.Tensor]",
        stage2_start: ArrayLike | None,
        *,
        segment: int,
        level: int,
        fade: int,
    ) -> None:
        self.recordings = _read(recordings)
        self.channels = len(self.recordings[0])
        self.segment, self.level, self.fade = (
            whole_number(value, name, least)
            for value, name, least in ((segment, "segment", 2), (level, "level", 1), (fade, "fade", 0))
        )
        self.lengths = np.array([one.shape[1] for one in self.recordings])
        self.starts = _starts(stage2_start, self.recordings)
        zero = np.zeros_like(self.starts)
        # (first sample, one past the last) of each recording
        self.stages = [(zero, self.starts), (self.starts, self.lengths)]
        spread = np.nanstd(np.concatenate(self.recordings, axis=1), axis=1)  # by which the levels of a channel count
        self.spread = np.where(spread > 0, spread, 1.0)

    def labour(self, time: int, seed: int, number: int) -> _Labour:
        """Join the labour of `time` samples with this number, which draws from a stream of its own."""
        rng = stream(seed, "segments of resampled labours", number)
        giver = int(rng.integers(len(self.recordings)))
        second = int(min(self.lengths[giver] - self.starts[giver], time))
        if not (self.starts > 0).any():
            second = time  # nobody has a first stage to fill the rest with
        made = _Labour(
            np.full((self.channels, time), nan),
            np.full(time, -1),
            np.full(time, -1),
            float(time - second) if second else nan,
        )
        for stage, (begin, end) in enumerate(((0, time - second), (time - second, time))):
            at = begin
            while at < end:
                at += self._join(made, at, end, stage, rng)
        return made

    def _join(self, made: _Labour, at: int, end: int, stage: int, rng: np.random.Generator) -> int:
        """Write a segment of `stage` from sample `at` on, and tell its length."""
        lows, highs = self.stages[stage]
        wanted = int(rng.integers(self.segment // 2, self.segment + self.segment // 2 + 1))
        length = min(wanted, end - at, int((highs - lows).max()))
        room = np.maximum(highs - lows - length + 1, 0)
        recordings = rng.choice(len(room), _TRIED, p=room / room.sum())
        firsts = lows[recordings] + (rng.random(_TRIED) * room[recordings]).astype(np.int64)
        misfits = np.array([self._misfit(made, at, k, first) for k, first in zip(recordings, firsts, strict=True)])
        # A segment that begins with a gap has no level; it is taken as often as drawn, or loss would be weeded out.
        best = 0 if np.isinf(misfits[0]) else int(np.argmin(misfits))
        source, first = int(recordings[best]), int(firsts[best])
        taken = self.recordings[source][:, first : first + length].copy()
        n = min(self.fade, at, first, length)
        if n:
            # The segment's own past fades in under the end of what is there.
            share = np.linspace(0, 1, n + 2)[1:-1]
            past, there = self.recordings[source][:, first - n : first], made.signals[:, at - n : at]
            mixed = (1 - share) * there + share * past
            made.signals[:, at - n : at] = np.where(np.isnan(mixed), there, mixed)
        made.signals[:, at : at + length] = taken
        made.source[at : at + length] = source
        made.position[at : at + length] = np.arange(first, first + length)
        return length

    def _misfit(self, made: _Labour, at: int, recording: int, first: int) -> float:
        """Difference of the levels on both sides of a joint, in spreads; infinite where a level is unknown."""
        if at == 0:
            return 0.0
        before = made.signals[:, max(0, at - self.level) : at]
        after = self.recordings[recording][:, first : first + self.level]
        known = [
            abs(np.median(a[~np.isnan(a)]) - np.median(b[~np.isnan(b)])) / spread
            for a, b, spread in zip(before, after, self.spread, strict=True)
            if not (np.isnan(a).all() or np.isnan(b).all())
        ]
        return float(np.mean(known)) if known else inf

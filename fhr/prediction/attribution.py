"""Attribution: what each moment of a window adds to the score of networks, and the same in words and on a strip."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fhr.errors import FHRError
from fhr.preprocessing import runs
from fhr.recording import Recording

__all__ = ["STRETCHES", "Attribution"]

STRETCHES = ("channel", "start", "end", "contribution")
"""Columns of `Attribution.by_stretch`."""

_NAMES = {"fhr": "heart rate", "uc": "uterine activity"}
_MINUTE = 60.0
_LARGE = 1 / 3  # of the largest minute: what is named in words
_MOST = 4  # stretches in words: more are not read


@dataclass(frozen=True, eq=False)
class Attribution:
    """Contributions of the moments of a window to the mean score of a predictor's networks.

    A contribution is in the unit of the score (log-odds, or tenths of pH below, as the loss has it), and positive where
    it speaks for the label. It describes the networks, and no cause of anything in the child.

    Attributes:
        name: of the recording.
        target: the label.
        method: one of `fhr.prediction.METHODS`.
        score: of the window, mean over the networks.
        reference: score of the window that it is compared with; None where stretches are compared one by one.
        fs: samples of the window a second, Hz.
        end: end of the window, s from the start of the recording.
        signals: contribution of each sample, float64 (n,), of each signal that the networks read, `fhr` and `uc`; a
            sample of a window at 1 Hz is a second.
    """

    name: str
    target: str
    method: str
    score: float
    reference: float | None
    fs: float
    end: float
    signals: Mapping[str, np.ndarray]

    @property
    def missed(self) -> float:
        """Difference of the two scores that the contributions do not add up to; NaN without a reference."""
        if self.reference is None:
            return float("nan")
        return self.score - self.reference - float(sum(values.sum() for values in self.signals.values()))

    def by_stretch(self, seconds: float = _MINUTE) -> pd.DataFrame:
        """Sums over stretches of equal length, in order of time.

        Args:
            seconds: length, counted back from the end of the window; the first stretch may be shorter.

        Returns:
            Columns `STRETCHES`: `fhr` or `uc`, start and end in min before the end of the window, the contribution.

        Raises:
            FHRError: a length below one sample.
        """
        tables = []
        for channel, values in self.signals.items():
            edges = self._edges(seconds, len(values))
            before = (len(values) - edges) / self.fs / 60
            sums = np.add.reduceat(values, edges[:-1])
            tables.append(pd.DataFrame(dict(zip(STRETCHES, (channel, before[:-1], before[1:], sums), strict=True))))
        return pd.concat(tables, ignore_index=True)

    def words(self) -> tuple[str, ...]:
        """The stretches that add or take most, the largest first: `heart rate, 12 to 9 min before the end: +0.31`.

        Neighbouring minutes of one sign, each with a third or more of the largest minute, are one stretch.
        """
        minutes = self.by_stretch()
        size = minutes["contribution"].abs()
        if not size.max() > 0:
            return ()
        found: list[tuple[float, str]] = []
        for channel, table in minutes.groupby("channel", sort=False):
            added = table["contribution"].to_numpy()
            for sign in (1, -1):
                for first, stop in zip(*runs(sign * added >= _LARGE * size.max()), strict=True):
                    start, end = table["start"].iloc[first], table["end"].iloc[stop - 1]
                    total = float(added[first:stop].sum())
                    when = f"{start:.4g} to {end:.4g} min before the end"
                    found.append((abs(total), f"{_NAMES[str(channel)]}, {when}: {total:+.2g}"))
        return tuple(said for _, said in sorted(found, key=lambda pair: -pair[0])[:_MOST])

    def along(self, recording: Recording) -> np.ndarray:
        """Contribution of the minute around each sample of a recording, float64 (2, n): FHR and UC, for a strip.

        Args:
            recording: that was predicted, whole.

        Returns:
            Sums over the minutes of the window, NaN outside it and for a signal that the networks do not read.
        """
        found = np.full((2, len(recording)), np.nan)
        stop = round(self.end * recording.fs)
        for row, channel in zip(found, _NAMES, strict=True):
            if (values := self.signals.get(channel)) is None:
                continue
            edges = self._edges(_MINUTE, len(values))
            sums = np.add.reduceat(values, edges[:-1])
            at = stop - np.rint((len(values) - edges) / self.fs * recording.fs).astype(np.intp)
            row[at[0] : stop] = np.repeat(sums, np.diff(at))
        return found

    def shown(self, recording: Recording) -> float:
        """Length of a strip that ends with the recording and shows the whole window, min."""
        before = recording.duration - self.end
        return before / 60 + max(len(values) for values in self.signals.values()) / self.fs / 60

    def _edges(self, seconds: float, n: int) -> np.ndarray:
        length = round(seconds * self.fs) if np.isfinite(seconds) else 0
        if length < 1:
            raise FHRError(f"stretches of {seconds} s at {self.fs:g} Hz; give at least one sample")
        edges = np.arange(n, 0, -length)[::-1]
        return np.append(0, edges)

"""Smallest changes that flip a verdict, kept while an attack looks for them."""

from dataclasses import dataclass
from math import inf

import numpy as np
import torch

from .reader import Reader
from .threats import Threat
from .traces import Traces

__all__ = ["Flips", "Quest"]

_ROUNDING = 1e-6  # relative, of a size that was measured


@dataclass(frozen=True, eq=False)
class Flips:
    """Smallest changes found that flip the verdicts of windows.

    Attributes:
        threat: its name.
        sizes: float64 (n,), the smallest size found, in the unit of the threat; infinite where none was.
        changed: traces of which the verdict is the other one, as they were where none was found.
        looks: scores that were asked for, a window.
    """

    threat: str
    sizes: np.ndarray
    changed: Traces
    looks: float


class Quest:
    """One attack under way: all that it has looked at, and the smallest flip of each window.

    Args:
        reader: of the verdicts.
        traces: n windows, unchanged.
        threat: whose changes are made.
        largest: size beyond which a flip does not count.

    Attributes:
        toward: (n,), -1 where the verdict is "at risk" and the score has to fall, else 1.
        sizes: (n,), the smallest of a flip so far.

    Raises:
        FHRError: a size that is none.
        SignalError: a window in which nothing was measured.
    """

    def __init__(self, reader: Reader, traces: Traces, threat: Threat, largest: float) -> None:
        threat.check(largest)
        traces.check_measured()
        self.reader, self.traces, self.threat, self.largest = reader, traces, threat, largest
        self.scores = reader.scores(traces)
        self._at_risk = reader.decide(self.scores).at_risk
        self.toward = np.where(self._at_risk, -1.0, 1.0)
        self.sizes = np.full(len(traces), inf)
        self._best = [traces[[i]] for i in range(len(traces))]
        self._looks = 0

    def look(self, windows: np.ndarray, changed: Traces) -> tuple[np.ndarray, np.ndarray]:
        """Score changed windows: the gain (k,) of the mean score towards the other verdict, and whether it is reached.

        Args:
            windows: (k,), which of the n each one is.
            changed: k windows.
        """
        return self.judge(windows, changed, self.reader.scores(changed))

    def judge(self, windows: np.ndarray, changed: Traces, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same of windows whose scores (member, k) are known."""
        self._looks += len(windows)
        flipped = self.reader.decide(scores).at_risk != self._at_risk[windows]
        gain = (scores.mean(0) - self.scores.mean(0)[windows]) * self.toward[windows]
        if flipped.any():
            at = np.flatnonzero(flipped)
            size = self.threat.size_of(self.traces[windows[at]], changed[at]).cpu().numpy()
            size[size > self.largest * (1 + _ROUNDING)] = inf
            for k in np.argsort(size, kind="stable"):
                i = windows[at[k]]
                if size[k] < self.sizes[i]:
                    self.sizes[i], self._best[i] = size[k], changed[[at[k]]]
        return gain, flipped

    def needed(self) -> np.ndarray:
        """Gain (n,) of every member's score that flips the verdict; infinite where none does."""
        low, high = np.zeros(len(self.toward)), np.full(len(self.toward), 1e-3)
        for _ in range(12):
            high = np.where(self._flips_at(high), high, 4 * high)
        found = self._flips_at(high)
        for _ in range(25):
            middle = (low + high) / 2
            flips = self._flips_at(middle)
            low, high = np.where(flips, low, middle), np.where(flips, middle, high)
        return np.where(found, high, inf)

    def flips(self) -> Flips:
        """The smallest flips, each looked at once more."""
        changed = Traces.joined(self._best)
        held = self.reader.verdicts(changed).at_risk != self._at_risk
        if (lost := np.flatnonzero(np.isfinite(self.sizes) & ~held)).size:
            self.sizes[lost] = inf
            changed = Traces.joined([self.traces[[i]] if i in lost else self._best[i] for i in range(len(held))])
        return Flips(self.threat.name, self.sizes, changed, self._looks / len(held))

    def best_error(self, windows: np.ndarray) -> torch.Tensor:
        """Additive errors (k, time) of the smallest flips of some windows, 0 where a sample has no value."""
        errors = [self._best[i].fhr - self.traces.fhr[[i]] for i in windows]
        return torch.nan_to_num(torch.cat(errors), nan=0.0)

    def _flips_at(self, gain: np.ndarray) -> np.ndarray:
        flips: np.ndarray = self.reader.decide(self.scores + gain * self.toward).at_risk != self._at_risk
        return flips

    def repeated(self, times: int) -> tuple[np.ndarray, Traces]:
        """Each window `times` times: its number, and the traces."""
        return np.arange(len(self.traces)).repeat(times), self.traces.repeated(times)

    @property
    def current(self) -> torch.Tensor:
        """The largest size (n,) that is of use: that of the smallest flip so far, or `largest`."""
        return torch.from_numpy(np.minimum(self.sizes, self.largest))

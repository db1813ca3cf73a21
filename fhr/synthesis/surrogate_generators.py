"""Surrogate methods as generators: one training record in, its surrogate out, with the loss of real records."""

import logging
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple, get_args

import numpy as np

from fhr.compute import whole_number
from fhr.errors import FHRError, SignalError
from fhr.preprocessing import draw_gap_patterns

from .filling import Rule, fill_for_transform
from .generator import Drawn, FittedGenerator, Generator
from .iterative_surrogates import Exact, iaaft
from .phase_randomization import phase_randomized
from .training_windows import TrainingWindows
from .wavelet_surrogates import wavelet_iaaft

__all__ = ["IAAFT", "PhaseRandomization", "Surrogate", "WaveletIAAFT"]

_log = logging.getLogger(__name__)

Loss = Literal["drawn", "own", "none"]
LEAST = 0.25
"""Share of a channel that has to be measured, for the rest to be filled from it."""


class _Filled(NamedTuple):
    """Complete signals of the training records.

    Attributes:
        signals: (record, 2, time); UC of a record without it is 0.
        with_uc: (record,) whether there is UC to make a surrogate of.
        missing: (record, 2, time), what was filled.
    """

    signals: np.ndarray
    with_uc: np.ndarray
    missing: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Surrogate(Generator):
    """A generator that makes each recording from one training record.

    What is missing is filled for the transform (`fill_for_transform`), and is missing again afterwards. A record of
    which less than a quarter of FHR is measured, or that never varies, has no surrogates; where that holds for UC, its
    surrogates have none.

    Args:
        fill: rule by which gaps are filled, `mirror` or `linear`.
        loss: what is missing in the end. `drawn`: where another training record of the class lost signal; `own`: where
            its own record did; `none`: nothing.

    Raises:
        FHRError: another rule.
    """

    fill: Rule = "mirror"
    loss: Loss = "drawn"

    keeps_amplitudes: ClassVar[bool]
    """Whether the distribution of the samples stays, exactly or nearly."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, value, known in (("fill", self.fill, get_args(Rule)), ("loss", self.loss, get_args(Loss))):
            if value not in known:
                raise FHRError(f"{name}={value!r}; choose from {', '.join(map(repr, known))}")

    def usable(self, windows: TrainingWindows) -> TrainingWindows:
        """The windows whose FHR is measured for a quarter of the time and varies."""
        kept = np.flatnonzero(_varies(windows.signals[:, 0]))
        if not len(kept):
            raise SignalError(
                f"none of {len(windows)} training records has FHR for {LEAST:.0%} of the window; give records with "
                "less loss, or a generator that joins segments"
            )
        if left := len(windows) - len(kept):
            _log.warning("%d of %d records are left out: FHR for less than %.0f%%", left, len(windows), 100 * LEAST)
        return windows.only(kept)

    def prepare(self, windows: TrainingWindows) -> _Filled:
        """Fill the gaps of each record."""
        with_uc = _varies(windows.signals[:, 1])
        signals = windows.signals.astype(np.float64)
        signals[:, 0] = fill_for_transform(signals[:, 0], rule=self.fill, least=LEAST)
        if with_uc.any():
            signals[with_uc, 1] = fill_for_transform(signals[with_uc, 1], rule=self.fill, least=LEAST)
        signals[~with_uc, 1] = 0.0
        return _Filled(signals, with_uc, np.isnan(windows.signals))

    def draw(self, fitted: FittedGenerator, rows: np.ndarray, seed: int, first: int) -> Drawn:
        """Make a surrogate of each row."""
        filled: _Filled = fitted.prepared
        made = np.full((len(rows), *filled.signals.shape[1:]), np.nan, np.float32)
        both = filled.with_uc[rows]
        edges = np.flatnonzero(np.diff(both)) + 1
        for some in np.split(np.arange(len(rows)), edges):  # neighbours of as many channels go together
            channels = 2 if both[some[0]] else 1
            given = filled.signals[rows[some], :channels]
            made[some, :channels] = self.surrogates(given, fitted.windows.fs, seed, first + int(some[0]))
        made[self._missing(filled.missing, fitted.windows.labels, rows, seed, first)] = np.nan
        return Drawn(made)

    def of_window(self, window: np.ndarray, fs: float, *, n: int, seed: int) -> np.ndarray:
        """Make surrogates of one window, float64 (n, channel, time), where its own gaps are missing again.

        A channel beside the first of which less than a quarter is measured, or that never varies, stays as it is.

        Args:
            window: (channel, time); NaN is missing.
            fs: sampling rate, Hz.
            n: how many.
            seed: of all; each has random numbers of its own.

        Raises:
            SignalError: another shape, or a first channel of which less than a quarter is measured or that never
                varies.
            FHRError: n below 1.
        """
        x, n = np.asarray(window, dtype=np.float64), whole_number(n, "n", 1)
        if x.ndim != 2 or not x.size:
            raise SignalError(f"a window of shape {x.shape}; give (channel, time)")
        random = _varies(x)
        if not random[0]:
            raise SignalError(
                f"the first channel is measured for {(~np.isnan(x[0])).mean():.0%} of the window, or never varies; "
                f"there are surrogates of what varies and is measured for {LEAST:.0%}"
            )
        filled = fill_for_transform(x[random], rule=self.fill, least=LEAST)
        made = np.repeat(x[None], n, axis=0)
        made[:, random] = self.surrogates(np.repeat(filled[None], n, axis=0), fs, seed, 0)
        return np.where(np.isnan(x), np.nan, made)

    @abstractmethod
    def surrogates(self, x: np.ndarray, fs: float, seed: int, first: int) -> np.ndarray:
        """Surrogates of complete signals (k, channel, time), FHR first, at fs Hz; the first is draw number `first`."""

    def _missing(self, missing: np.ndarray, labels: np.ndarray, rows: np.ndarray, seed: int, first: int) -> np.ndarray:
        if self.loss == "none":
            return np.zeros_like(missing[rows])
        if self.loss == "own":
            return missing[rows]
        of_class = {label: missing[labels == label] for label in set(labels[rows].tolist())}
        drawn = [
            draw_gap_patterns(of_class[label], 1, seed=seed, first=first + i)[0]
            for i, label in enumerate(labels[rows].tolist())
        ]
        return np.stack(drawn)


@dataclass(frozen=True, kw_only=True)
class PhaseRandomization(Surrogate):
    """Surrogates with random phases, see `phase_randomized`.

    Args:
        joint: the same phases for both channels, so that their linear lag stays.
    """

    joint: bool = True

    keeps_amplitudes: ClassVar[bool] = False
    keeps: ClassVar[str] = "the spectrum of each channel, and of both together: variance, linear memory, linear lag"
    destroys: ClassVar[str] = "the distribution of values, asymmetry, intermittency, events and their order in time"

    def surrogates(self, x: np.ndarray, fs: float, seed: int, first: int) -> np.ndarray:
        """Randomise the phases."""
        return np.asarray(phase_randomized(x, seed=seed, joint=self.joint, first=first))


@dataclass(frozen=True, kw_only=True)
class IAAFT(Surrogate):
    """Surrogates with the values and the spectrum of a record, see `iaaft`.

    Args:
        exact: the constraint that is met exactly, `amplitudes` or `spectrum`.
        joint: one rotation of phases for both channels.
        iterations: at most.
    """

    exact: Exact = "amplitudes"
    joint: bool = True
    iterations: int = 200

    keeps_amplitudes: ClassVar[bool] = True
    keeps: ClassVar[str] = "values and spectrum of each channel, and the linear lag between both"
    destroys: ClassVar[str] = "asymmetry, intermittency, events, the shape of what follows a contraction, order in time"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.exact not in get_args(Exact) or self.iterations < 1:
            raise FHRError(
                f"exact={self.exact!r}, iterations={self.iterations}; give one of {', '.join(get_args(Exact))}, and 1 "
                "or more"
            )

    def surrogates(self, x: np.ndarray, fs: float, seed: int, first: int) -> np.ndarray:
        """Iterate to both constraints."""
        made = iaaft(x, seed=seed, exact=self.exact, joint=self.joint, iterations=self.iterations, first=first)
        return np.asarray(made.signals)


@dataclass(frozen=True, kw_only=True)
class WaveletIAAFT(Surrogate):
    """Surrogates of which the large wavelet coefficients are pinned, see `wavelet_iaaft`.

    Args:
        pinned: share of the energy of each scale, 0 to 1, that stays in its place.
        joint: one rotation of phases for both channels.
    """

    pinned: float = 0.9
    joint: bool = True

    keeps_amplitudes: ClassVar[bool] = True
    keeps: ClassVar[str] = (
        "values, nearly the spectra; and the more is pinned the more of events, asymmetry, lag and order in time"
    )
    destroys: ClassVar[str] = "small fluctuations between events; with nearly all pinned next to nothing is new"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.pinned <= 1:
            raise FHRError(f"pinned={self.pinned:g}; give a share from 0 to 1")

    def surrogates(self, x: np.ndarray, fs: float, seed: int, first: int) -> np.ndarray:
        """Randomise what is not pinned."""
        return np.asarray(wavelet_iaaft(x, seed=seed, pinned=self.pinned, joint=self.joint, first=first).signals)


def _varies(signals: np.ndarray) -> np.ndarray:
    """Whether each signal (record, time) is measured for long enough, and has more than one value."""
    measured = ~np.isnan(signals)
    low = np.where(measured, signals, np.inf).min(axis=-1)
    high = np.where(measured, signals, -np.inf).max(axis=-1)
    return (measured.mean(axis=-1) >= LEAST) & (high > low)

"""`CopulaSegments`: a Gaussian copula of what a labour looks like, part by part, played by the nearest real parts."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from fhr.compute import stream
from fhr.errors import FHRError
from fhr.features import NormalScores, order_statistics

from .generator import Drawn, FittedGenerator, Generator
from .training_windows import TrainingWindows

__all__ = ["CopulaSegments"]

_FEWEST = 20  # records that a copula is fitted to
_LIMIT = 3.0


class _Copula(NamedTuple):
    """Law of the statistics of every part, in normal scores.

    Attributes:
        scores: (record, part, statistic) of the training records.
        mean: (part * statistic,) given no pH.
        root: (part * statistic, part * statistic), times a white vector gives the law about the mean, pH given.
        slope: (part * statistic,) of the mean on the normal score of the pH.
        ph: (record,) normal scores of the pH; 0, the median, where it is unknown.
    """

    scores: np.ndarray
    mean: np.ndarray
    root: np.ndarray
    slope: np.ndarray
    ph: np.ndarray


@dataclass(frozen=True, kw_only=True)
class CopulaSegments(Generator):
    """Parts of real recordings, put together as a copula of their statistics says: the simple rival of all others.

    Statistics of each part of the window (seven of FHR, `fhr.features.order_statistics`; mean, standard deviation and
    loss of UC) and the pH are joined by a Gaussian copula with shrunk covariance. Given the pH of a birth, statistics
    of all parts are drawn, and each part is played by that part of the training recording whose statistics are
    nearest. Signal, loss and uterine activity of a part stay together.

    Args:
        part: length of a part, min; the window holds a whole number of them.

    Raises:
        FHRError: a length that is not positive or does not divide the window.

    Source:
        Ledoit and Wolf 2004, J. Multivar. Anal. 88:365-411, doi:10.1016/S0047-259X(03)00096-4 (shrinkage).
    """

    part: float = 10.0

    keeps: ClassVar[str] = (
        "everything within a part: shapes, lags to contractions, loss; how parts go with one another and with the pH, "
        "as far as correlations of ranks tell"
    )
    destroys: ClassVar[str] = (
        "what goes on across the joins between parts; privacy, for every part is a copy of a real one"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.part <= self.minutes or abs(self.minutes / self.part % 1) > 1e-9:
            raise FHRError(
                f"parts of {self.part:g} min in a window of {self.minutes:g} min; give a length that divides it"
            )

    @property
    def n_parts(self) -> int:
        """Parts of a window."""
        return round(self.minutes / self.part)

    def prepare(self, windows: TrainingWindows) -> _Copula:
        """Fit the copula.

        Raises:
            FHRError: fewer than 20 records, or parts that hold no whole number of samples.
        """
        from sklearn.covariance import LedoitWolf  # here, so that other generators need not wait for it

        if len(windows) < _FEWEST:
            raise FHRError(f"{len(windows)} training records; a copula of their statistics needs {_FEWEST}")
        found = self._statistics(windows)
        _, scored = NormalScores.fit_to(found.reshape(len(windows), -1), limit=_LIMIT)
        level = NormalScores.fit_to([[outcome.ph] for outcome in windows.outcomes], limit=_LIMIT)[1][:, 0]
        mean = scored.mean(axis=0)
        power = level @ level
        slope = level @ (scored - mean) / power if power else np.zeros(len(mean))
        covariance = LedoitWolf(assume_centered=True).fit(scored - mean - level[:, None] * slope).covariance_
        return _Copula(scored.reshape(found.shape), mean, np.linalg.cholesky(covariance), slope, level)

    def draw(self, fitted: FittedGenerator, rows: np.ndarray, seed: int, first: int) -> Drawn:
        """Draw statistics given the pH of each row, and play them by the nearest parts."""
        law: _Copula = fitted.prepared
        white = np.stack(
            [stream(seed, "statistics of a copula", first + i).standard_normal(len(law.mean)) for i in range(len(rows))]
        )
        wanted = law.mean + law.ph[rows, None] * law.slope + white @ law.root.T
        wanted = wanted.reshape(len(rows), self.n_parts, -1)
        parts = fitted.windows.signals.reshape(len(law.scores), 2, self.n_parts, -1)
        made = np.empty((len(rows), *parts.shape[1:]), np.float32)
        for k in range(self.n_parts):
            away = np.square(wanted[:, None, k] - law.scores[None, :, k]).sum(axis=-1)
            made[:, :, k] = parts[away.argmin(axis=1), :, k]
        return Drawn(made.reshape(len(rows), 2, -1))

    def _statistics(self, windows: TrainingWindows) -> np.ndarray:
        """(record, part, statistic); NaN where a part holds too little signal."""
        samples = windows.signals.shape[-1]
        if samples % self.n_parts:
            raise FHRError(f"{samples} samples do not make {self.n_parts} equal parts; give another length of a part")
        parts = windows.signals.reshape(len(windows), 2, self.n_parts, -1)
        fhr = order_statistics(parts[:, 0], fs=windows.fs, minutes=[self.part])
        uc = parts[:, 1].astype(np.float64)
        known = ~np.isnan(uc)
        n = known.sum(axis=-1)
        total = np.where(known, uc, 0).sum(axis=-1)
        mean = np.divide(total, n, out=np.full(n.shape, np.nan), where=n > 0)
        spread = np.where(known, np.square(uc - mean[..., None]), 0).sum(axis=-1)
        deviation = np.sqrt(np.divide(spread, n, out=np.full(n.shape, np.nan), where=n > 0))
        return np.concatenate([fhr, np.stack([mean, deviation, 1 - n / uc.shape[-1]], axis=-1)], axis=-1)

"""One signal of a batch of multiscale results, as arrays for the figures of scale-free analysis."""

from dataclasses import dataclass
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes

from fhr.errors import FHRError

from .palette import ORANGE

if TYPE_CHECKING:
    from fhr.multiscale import MultiscaleResult

__all__ = ["OneSignal", "written"]


@dataclass(frozen=True)
class OneSignal:
    """Estimates of signal `index` of a result; rows are counted as in `MultiscaleResult.to_frame`.

    Args:
        result: of `fhr.multiscale.analyze`, of arrays or tensors.
        index: of the signal in the flattened batch; negative numbers count from the end.

    Raises:
        FHRError: there is no such signal.
    """

    result: "MultiscaleResult"
    index: int

    def __post_init__(self) -> None:
        n = np.size(self.result.warning)
        if isinstance(self.index, bool) or not (hasattr(self.index, "__index__") and -n <= self.index < n):
            raise FHRError(f"index={self.index!r} in a result of {n} signals; give a whole number from 0 to {n - 1}")

    @property
    def warning(self) -> str:
        """Warning of the analysis, empty for none."""
        return str(self.result.warning.reshape(-1)[self.index])

    def estimate(self, name: str) -> np.ndarray:
        """Values of an estimate in the shape that it has for one signal."""
        return self._own(getattr(self.result, name))

    def interval(self, name: str) -> np.ndarray:
        """Low and high ends (2, ...); NaN without bootstrap."""
        if name not in self.result.intervals:
            return np.full((2, *self.estimate(name).shape), np.nan)
        return np.moveaxis(self._own(self.result.intervals[name]), -1, 0)

    def _own(self, values: Any) -> np.ndarray:
        # This room knows no torch: a tensor is what can be detached.
        plain = values.detach().cpu().double().numpy() if hasattr(values, "detach") else np.asarray(values, np.float64)
        batch = np.ndim(self.result.warning)
        flat: np.ndarray = plain.reshape(-1, *plain.shape[batch:])
        return flat[self.index]

    def explain(self, axes: Axes) -> None:
        """Write into empty axes the reason why there is nothing to see."""
        text = fill(f"no estimates: {self.warning or 'they are not finite'}", 38)
        axes.set_yticks([])
        axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=ORANGE)


def written(name: str, value: float, low: float, high: float) -> str:
    """Write an estimate as text, with its interval if it has one."""
    if not np.isfinite(value):
        return f"{name}: no estimate"
    interval = f" ({low:.3f} to {high:.3f})" if np.isfinite([low, high]).all() else ""
    return f"{name} = {value:.3f}{interval}"

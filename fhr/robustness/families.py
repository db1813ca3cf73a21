"""Families of changes: for each threat, changes of any size that a few numbers tell apart, for a search by looks alone.

The numbers (k, p) lie between 0 and 1. Changes whose numbers are near each other are similar.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from .error_directions import error_directions, loss_orders
from .loss_changes import WRONG_RATES, stretch, with_loss, with_wrong_rate
from .sensor_changes import quantised, with_error, with_gain, with_offset
from .threats import Threat
from .time_changes import feasible_delay, shifted, warped
from .traces import Traces

__all__ = ["FAMILIES", "ErrorFamily", "Family"]

_RUN = 1.0  # s of scattered loss that are lost together
_WAVES = 12  # of a warp


class Family(ABC):
    """Changes of one threat to some windows.

    Args:
        threat: whose changes they are.
        traces: the windows, unchanged.

    Attributes:
        n_numbers: that tell two changes of one size apart.
        screens: shares of the largest size at which all of `first` are tried.
        rungs: sizes at which one change is tried; more where it does not flip at all sizes beyond the least.
    """

    n_numbers = 1
    screens: tuple[float, ...] = (1.0, 0.3)
    rungs = 8

    def __init__(self, threat: Threat, traces: Traces) -> None:
        self.threat, self.measured = threat, traces.measured > 0

    @abstractmethod
    def change(self, traces: Traces, windows: np.ndarray, numbers: Tensor, sizes: Tensor) -> Traces:
        """Changed traces.

        Args:
            traces: k windows, unchanged.
            windows: (k,), which of all windows they are.
            numbers: float64 (k, p).
            sizes: float64 (k,).
        """

    def first(self, n: int) -> Tensor:
        """Numbers (about n, p) that a search begins with."""
        return ((torch.arange(n, dtype=torch.float64) + 0.5) / n)[:, None]


class Offset(Family):
    """Offsets up or down."""

    rungs = 12

    def change(self, traces: Traces, windows: np.ndarray, numbers: Tensor, sizes: Tensor) -> Traces:
        """See `Family`."""
        return with_offset(traces, torch.where(numbers[:, 0] < 0.5, -sizes, sizes))

    def first(self, n: int) -> Tensor:
        """See `Family`."""
        return super().first(2)


class Gain(Offset):
    """Gains up or down."""

    def change(self, traces: Traces, windows: np.ndarray, numbers: Tensor, sizes: Tensor) -> Traces:
        """See `Family`."""
        return with_gain(traces, torch.where(numbers[:, 0] < 0.5, 1 / sizes, sizes))


class Shift(Family):
    """Shifts, which only their size tells apart."""

    rungs = 24

    def change(self, traces: Traces, windows: np.ndarray, numbers: Tensor, sizes: Tensor) -> Traces:
        """See `Family`."""
        return shifted(traces, sizes.round())

    def first(self, n: int) -> Tensor:
        """See `Family`."""
        return super().first(1)


class Quantisation(Family):
    """Phases of the grid."""

    rungs = 12

    def change(self, traces: Traces, windows: np.ndarray, numbers: Tensor, sizes: Tensor) -> Traces:
        """See `Family`."""
        return quantised(traces, sizes, numbers[:, 0])


class Block(Family):
    """Places in the window."""

    def change(self, traces: Traces, windows: np.ndarray, numbers: Tensor, sizes: Tensor) -> Traces:
        """See `Family`."""
        return with_loss(traces, _about(traces, numbers[:, 0], sizes))


class WrongRate(Family):
    """Places in the window, and kinds."""

    n_numbers = 2

    def change(self, traces: Traces, windows: np.ndarray, numbers: Tensor, sizes: Tensor) -> Traces:
        """See `Family`."""
        kinds = (numbers[:, 1] * len(WRONG_RATES)).long().clamp(max=len(WRONG_RATES) - 1)
        names = [WRONG_RATES[k] for k in kinds.tolist()]
        return with_wrong_rate(traces, _about(traces, numbers[:, 0], sizes), names)

    def first(self, n: int) -> Tensor:
        """See `Family`."""
        kinds = len(WRONG_RATES)
        return torch.cartesian_prod(super().first(max(n // kinds, 1))[:, 0], super().first(kinds)[:, 0])


class _Weighted(Family):
    """Sums of directions (window, direction, time), each with a weight: numbers below a half are negative."""

    screens = (0.3,)

    def __init__(self, threat: Threat, traces: Traces) -> None:
        super().__init__(threat, traces)
        self.directions = self.made(traces)
        self.n_numbers = self.directions.shape[1]

    def made(self, traces: Traces) -> Tensor:
        """The directions."""
        return error_directions(traces)

    def first(self, n: int) -> Tensor:
        """Each direction by itself, up and down."""
        one = torch.eye(self.n_numbers, dtype=torch.float64) / 2
        return 0.5 + torch.cat([one, -one])

    def summed(self, windows: np.ndarray, numbers: Tensor) -> Tensor:
        """Sums (k, time)."""
        weights = (2 * numbers - 1).to(self.directions)
        return (weights[:, None] @ self.directions[windows])[:, 0]


class ErrorFamily(_Weighted):
    """Sums of directions that statistics answer to; what a sum gains is smooth in its weights.

    Attributes:
        overlap: (window, p, p), mean products of the directions over what was measured.
    """

    def __init__(self, threat: Threat, traces: Traces) -> None:
        super().__init__(threat, traces)
        number = self.measured.sum(-1)[:, None, None]
        self.overlap = (self.directions @ self.directions.transpose(1, 2) / number).double().cpu()

    def first(self, n: int) -> Tensor:
        """Each direction by itself, upwards."""
        return super().first(n)[: self.n_numbers]

    def rms(self, windows: np.ndarray, sums: Tensor) -> Tensor:
        """RMS (k, 1) of sums over what was measured."""
        return (sums.square().sum(-1, keepdim=True) / self.measured[windows].sum(-1, keepdim=True)).sqrt()


class RmsError(ErrorFamily):
    """Sums of a given RMS."""

    def change(self, traces: Traces, windows: np.ndarray, numbers: Tensor, sizes: Tensor) -> Traces:
        """See `Family`."""
        error = self.summed(windows, numbers)
        return with_error(traces, error * (sizes[:, None].to(error) / self.rms(windows, error).clamp(min=1e-12)))


class PeakError(ErrorFamily):
    """Sums, clipped at their RMS: most samples are changed by the peak or nearly so."""

    def change(self, traces: Traces, windows: np.ndarray, numbers: Tensor, sizes: Tensor) -> Traces:
        """See `Family`."""
        error = self.summed(windows, numbers)
        error = (error / self.rms(windows, error).clamp(min=1e-12)).clamp(-1, 1)
        return with_error(
            traces, error * (sizes[:, None].to(error) / error.abs().amax(-1, keepdim=True).clamp(min=1e-12))
        )


class Scattered(_Weighted):
    """Runs of seconds by the rank of a sum, the largest first: of places, of high and low values, of variability."""

    def made(self, traces: Traces) -> Tensor:
        """See `loss_orders`; alike within each run."""
        orders, run = loss_orders(traces), round(_RUN * traces.fs)
        means = torch.nn.functional.avg_pool1d(orders, run, run, ceil_mode=True)
        return means.repeat_interleave(run, -1)[..., : orders.shape[-1]]

    def first(self, n: int) -> Tensor:
        """Each order by itself."""
        return super().first(n)[: self.n_numbers]

    def change(self, traces: Traces, windows: np.ndarray, numbers: Tensor, sizes: Tensor) -> Traces:
        """See `Family`."""
        worth = self.summed(windows, numbers).masked_fill(~self.measured[windows], -torch.inf)
        rank = worth.argsort(dim=-1, descending=True, stable=True).argsort(dim=-1)
        return with_loss(traces, rank < (sizes[:, None] * traces.fs).round())


class Warp(_Weighted):
    """Sums of sines of a delay."""

    def made(self, traces: Traces) -> Tensor:
        """Sines of growing number of half periods, in units of the size."""
        time = torch.linspace(0, torch.pi, traces.fhr.shape[-1], dtype=torch.float64, device=traces.fhr.device)
        waves = torch.stack([torch.sin(round(1.5**k) * time) for k in range(1, _WAVES + 1)])
        return waves.expand(len(traces), -1, -1)

    def change(self, traces: Traces, windows: np.ndarray, numbers: Tensor, sizes: Tensor) -> Traces:
        """See `Family`."""
        delay = self.summed(windows, numbers) * sizes[:, None]
        return warped(traces, feasible_delay(delay, sizes, traces.fs, self.threat.slope))


FAMILIES: Mapping[str, type[Family]] = {
    "error_rms": RmsError,
    "error_peak": PeakError,
    "offset": Offset,
    "uc_gain": Gain,
    "shift": Shift,
    "warp": Warp,
    "block_loss": Block,
    "scattered_loss": Scattered,
    "wrong_rate": WrongRate,
    "quantisation": Quantisation,
}
"""The family of each threat."""


def _about(traces: Traces, place: Tensor, sizes: Tensor) -> Tensor:
    """Flags (k, time) of stretches about a place, the whole of them in the window."""
    n_times = traces.fhr.shape[-1]
    length = (sizes * traces.fs).round().clamp(max=n_times)
    start = (place * n_times - length / 2).round().clamp(min=0).minimum(n_times - length)
    return stretch(traces, start, sizes)

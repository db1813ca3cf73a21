"""Tries to beat a certificate: changes of just the certified size, led towards the other verdict."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from fhr.compute import stream
from fhr.errors import FHRError

from .certificates import Certificate
from .error_directions import smoothed
from .families import FAMILIES, Family
from .flips import Quest
from .reader import NetworkReader, Reader
from .sensor_changes import with_error
from .threats import Threat, threat_of
from .time_changes import feasible_delay, warped
from .traces import Traces

__all__ = ["Challenge", "challenge"]

_IN_WHOLE_SAMPLES = ("shift", "block_loss", "scattered_loss", "wrong_rate")
_INSIDE = 1 - 1e-4  # of a size, since values are rounded to float32
_ROUNDING = 1e-6  # relative, of a size that was measured
_RADII = (0.3, 0.03)  # of the first variants and the last
_WIDTHS = (1, 25, 101, 401)  # samples over which the climb of an error or a delay is smoothed, by restart


@dataclass(frozen=True, eq=False)
class Challenge:
    """Outcome of the tries to beat a certificate.

    Attributes:
        beaten: bool (n,), whether a change no larger than the certified size flips the verdict.
        nearest: float64 (n,), the largest share that a try gained of what every score has to move to flip the verdict;
            0 where nothing was tried. Without averaging and calibration 1 flips it.
        tried: number of tries, a window; 0 where nothing is certified.
    """

    beaten: np.ndarray
    nearest: np.ndarray
    tried: np.ndarray


def challenge(
    reader: Reader,
    traces: Traces,
    certificate: Certificate,
    *,
    threat: str | Threat | None = None,
    largest: float | None = None,
    restarts: int = 10,
    steps: int = 10,
    seed: int = 0,
) -> Challenge:
    """Try to beat the certificate of each window by changes of its own certified size.

    Unlike `fhr.robustness.attack`, which looks for the smallest change, all tries are spent at the size that is claimed
    to be safe. Each start draws a change of the threat's family and varies it towards the other verdict; every other
    variant is smaller, since a flip need not stay one as the change grows. Errors and warps of networks follow the
    gradient as well.

    Args:
        reader: that the certificate is of.
        traces: n windows that the certificate is of.
        certificate: to be beaten.
        threat: None for the one that the certificate names; one of another slope for such a certificate.
        largest: size that stands for all sizes; None for the largest usual one.
        restarts: starts a window.
        steps: tries of each start, by search and by gradient.
        seed: of the starts and variants.

    Raises:
        FHRError: a certificate of other windows, or a number below 1.
        SignalError: a window in which nothing was measured.
    """
    threat = threat_of(threat or certificate.threat)
    if len(certificate.sizes) != len(traces) or restarts < 1 or steps < 1:
        raise FHRError(
            f"a certificate of {len(certificate.sizes)} windows beside {len(traces)}, restarts={restarts}, "
            f"steps={steps}; give the windows that were certified, and whole numbers of 1 or more"
        )
    sizes = np.minimum(certificate.sizes, threat.sizes[-1] if largest is None else largest)
    if threat.name in _IN_WHOLE_SAMPLES:
        sizes = np.floor(sizes * traces.fs + _ROUNDING) / traces.fs
    some = np.flatnonzero(sizes > threat.nothing)
    beaten, nearest, tried = np.zeros(len(traces), dtype=bool), np.zeros(len(traces)), np.zeros(len(traces), dtype=int)
    if len(some):
        tries = _Tries(reader, traces[some], threat, sizes[some], restarts, steps, seed)
        tries.by_search()
        if isinstance(reader, NetworkReader) and threat.name in ("error_rms", "error_peak", "warp"):
            tries.by_gradient(reader)
        beaten[some] = tries.quest.flips().sizes <= sizes[some] * (1 + _ROUNDING)
        nearest[some], tried[some] = tries.nearest, tries.spent
    return Challenge(beaten, nearest, tried)


class _Tries:
    def __init__(
        self, reader: Reader, traces: Traces, threat: Threat, sizes: np.ndarray, restarts: int, steps: int, seed: int
    ) -> None:
        self.quest = Quest(reader, traces, threat, float(sizes.max()))
        self.threat, self.restarts, self.steps, self.spent = threat, restarts, steps, 0
        self.windows, self.many = self.quest.repeated(restarts)
        self.sizes = torch.from_numpy(sizes)[self.windows]
        self.family: Family = FAMILIES[threat.name](threat, traces)
        self.needed, self.nearest = self.quest.needed(), np.zeros(len(traces))
        self.generator = stream(seed, "tries to beat a certificate")

    def by_search(self) -> None:
        """Draw changes of the family of the threat, and vary them."""
        whole = self.threat.name in _IN_WHOLE_SAMPLES
        best = torch.from_numpy(self.generator.random((len(self.windows), self.family.n_numbers)))
        gain = np.full(len(self.windows), -np.inf)
        for step, radius in enumerate(np.geomspace(*_RADII, self.steps)):
            near = best
            if step:
                near = (best + radius * torch.from_numpy(self.generator.normal(size=best.shape))).clamp(0, 1)
            share = torch.from_numpy(self.generator.random(len(near)) ** 0.5 if step % 2 else np.ones(len(near)))
            size = self.threat.nothing + share * (self.sizes * (1 if whole else _INSIDE) - self.threat.nothing)
            if whole:
                size = (size * self.many.fs).ceil() / self.many.fs
            changed = self.family.change(self.many, self.windows, near, size)
            found = self._counted(self.quest.look(self.windows, changed)[0])
            better = found > gain
            gain = np.where(better, found, gain)
            best[torch.from_numpy(better)] = near[torch.from_numpy(better)]

    def by_gradient(self, reader: NetworkReader) -> None:
        """Climb the score by errors of the size, or delays within it."""
        is_warp, shape = self.threat.name == "warp", self.many.fhr.shape
        change = warped if is_warp else with_error
        toward = torch.from_numpy(self.quest.toward[self.windows])[:, None]
        at = self._allowed(torch.from_numpy(self.generator.normal(size=shape)))
        at[:: self.restarts] = 0.0
        for step in range(self.steps + 1):
            scores, gradient = reader.scores_and_gradient(self.many, at, change)
            gain, _ = self.quest.judge(self.windows, change(self.many, at), scores)
            self._counted(gain)
            climb = (gradient * toward).double()
            for k, width in enumerate(_WIDTHS if is_warp else _WIDTHS[:1]):
                some = slice(k, None, len(_WIDTHS)) if is_warp else slice(None)
                climb[some] = smoothed(climb[some], width)
            rate = 2 * (1 - step / (self.steps + 1))
            at = self._allowed(
                at + rate * self._allowed(1e6 * climb / climb.abs().amax(-1, keepdim=True).clamp(min=1e-30))
            )

    def _counted(self, gain: np.ndarray) -> np.ndarray:
        self.spent += self.restarts
        best = gain.reshape(-1, self.restarts).max(-1)
        self.nearest = np.maximum(self.nearest, best / self.needed)
        return gain

    def _allowed(self, x: Tensor) -> Tensor:
        """The errors or delays (k, time) near x that have the size, or less where x has less."""
        size = self.sizes[:, None] * _INSIDE
        if self.threat.name == "warp":
            return feasible_delay(x, size[:, 0], self.many.fs, self.threat.slope)
        measured = self.many.measured > 0
        x = x * measured
        if self.threat.name == "error_peak":
            return x.clamp(-size, size)
        rms = (x.square().sum(-1, keepdim=True) / measured.sum(-1, keepdim=True)).sqrt()
        return x * (size / rms.clamp(min=1e-30)).clamp(max=1.0)

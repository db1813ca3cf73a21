"""Multifractal analysis of a chunk of signals for `analyze`: transform, leaders, sums, estimates, intervals."""

from dataclasses import dataclass
from math import inf

import torch

from .batch import Prepared, Signals
from .bootstrap import Cells, percentile_interval, widening
from .cumulants import resolution_excess
from .estimates import ScaleSums, estimate
from .leaders import LogLeaders, log_leaders
from .wavelet_transform import Octave, filters, octaves, sizes

__all__ = ["Analysis"]


Found = dict[str, torch.Tensor]

_CHUNK = 32  # signals at once on a CPU, so that the finest scales stay in its cache
_NUMBERS_AT_ONCE = 2**24  # that bound the memory of a group of signals, 1/8 GiB in float64


@dataclass
class ChunkSums:
    """Sums over time of some signals, from which their estimates are made.

    Attributes:
        scales: sums of j1 to j2.
        mean_power: (scale, batch), weighted mean of |d|^p of the scales 1 to j2.
        flat: (batch,), most leaders of the finest scale are zero.
        floor: (batch,), what is a rounding error of 0.
        empty: (batch,), no sample.
    """

    scales: list[ScaleSums]
    mean_power: torch.Tensor
    flat: torch.Tensor
    floor: torch.Tensor
    empty: torch.Tensor

    @classmethod
    def joined(cls, parts: "list[ChunkSums]") -> "ChunkSums":
        """Join the sums of several chunks; the batch is every last axis."""
        scales = [ScaleSums.joined(list(one)) for one in zip(*(part.scales for part in parts), strict=True)]
        names = ("mean_power", "flat", "floor", "empty")
        return cls(scales, *(torch.cat([getattr(part, name) for part in parts], dim=-1) for name in names))


@dataclass(frozen=True)
class Analysis:
    """The analysis of `analyze` with its arguments fixed; called, it gives the estimates of one chunk.

    In this file time is the first axis and the batch the last one.
    """

    wavelet: str
    j1: int
    j2: int
    p: float
    gamma: float
    n_cumulants: int
    q: torch.Tensor | None
    max_gap_fraction: float
    correct_variance: bool

    @property
    def taps(self) -> int:
        """Length of the wavelet's filters."""
        return len(filters(self.wavelet)[0])

    @property
    def corrected(self) -> bool:
        """True if finite resolution is taken out of the second and further cumulants."""
        return self.correct_variance and self.p <= 2 and self.n_cumulants > 1

    def cells(self, n: int) -> Cells:
        """The cells of signals of n samples."""
        return Cells(n, self.taps, self.j1, self.j2)

    def __call__(self, signals: Signals, dtype: torch.dtype, counts: torch.Tensor | None, confidence: float) -> Found:
        """Every estimate (batch, ...), its interval (batch, ..., 2) as NAME_interval, `n_j`, and what the flags need.

        Args:
            signals: the batch.
            dtype: of the computation.
            counts: (1 + n_bootstrap, cell), the first row all ones, or None.
            confidence: of the intervals.
        """
        gpu = signals.values.is_cuda
        group = max(1, _NUMBERS_AT_ONCE // (signals.values.shape[-1] if counts is None else 40 * len(counts)))
        chunk = group if gpu else min(group, _CHUNK)
        found = []
        for part in signals.split(group):
            sums = ChunkSums.joined([self._summed(one.prepared(dtype), counts) for one in part.split(chunk)])
            found.append(self._estimated(sums, counts, confidence))
        return {name: torch.cat([one[name] for one in found]) for name in found[0]}

    def _summed(self, prepared: Prepared, counts: torch.Tensor | None) -> ChunkSums:
        """From signals to sums over time: the part that costs, and whose numbers have to stay in the cache."""
        x, present, floor, empty = prepared
        found = octaves(x.T, present.T, self.wavelet, self.j2)
        power = {} if self.p == inf else {j: _power(octave, self.p) for j, octave in enumerate(found, start=1)}
        leaders = log_leaders(
            found,
            power,
            self.taps,
            p=self.p,
            gamma=self.gamma,
            j1=self.j1,
            max_gap_fraction=self.max_gap_fraction,
            floor=floor,
        )
        cells = None if counts is None else self.cells(x.shape[-1])
        sums = [
            self._sums(j, found[j - 1], power.get(j), leader, cells, counts)
            for j, leader in enumerate(leaders, start=self.j1)
        ]
        mean_power = torch.zeros_like(floor)[None]
        if self.corrected:
            # The finest scales have no other sums; their power tells how much resolution there is.
            mean_power = torch.stack([power[j].sum(0) / o.measured.sum(0).clamp(min=1) for j, o in enumerate(found, 1)])
        flat = leaders[0].valid.sum(0) < leaders[0].measured / 2
        return ChunkSums(sums, mean_power, flat, floor, empty)

    def _estimated(self, sums: ChunkSums, counts: torch.Tensor | None, confidence: float) -> Found:
        """From sums over time to estimates and intervals."""
        excess = None
        if self.corrected:
            scale = torch.arange(1, self.j2 + 1, dtype=sums.floor.dtype, device=sums.floor.device)[:, None]
            integrated = sums.mean_power * 2 ** (self.gamma * self.p * scale)
            excess = resolution_excess(integrated, self.p, self.n_cumulants)[self.j1 - 1 :]
        estimates = estimate(sums.scales, p=self.p, gamma=self.gamma, q=self.q, excess=excess)
        # The signal itself comes first among the replicates.
        found = {name: value[..., 0, :].movedim(-1, 0) for name, value in estimates.items()}
        found["n_j"] = torch.stack([s.n[0] for s in sums.scales], dim=-1)
        found["empty"], found["flat"] = sums.empty, sums.flat
        found["constant"] = (torch.stack([s.largest[0] for s in sums.scales]) <= sums.floor).all(0)
        if counts is not None:
            wider = widening(found["n_j"][:, 0], self.j2 - self.j1, confidence)
            for name, value in estimates.items():
                found[f"{name}_interval"] = percentile_interval(value, wider, confidence).movedim(-2, 0)
        return found

    def _sums(
        self,
        j: int,
        octave: Octave,
        power: torch.Tensor | None,
        leaders: LogLeaders,
        cells: Cells | None,
        counts: torch.Tensor | None,
    ) -> ScaleSums:
        def total(values: list[torch.Tensor], first: int) -> torch.Tensor:
            """Sums (value, ..., r, batch) over the coefficients of each (..., k, batch) from number `first` on."""
            if cells is None or counts is None:
                return torch.stack([one.sum(-2, keepdim=True) for one in values])
            return counts @ torch.stack([cells.sums(one, j, first) for one in values])

        value, valid, _ = leaders  # the value is 0 where it is not valid
        mean = value.sum(0) / valid.sum(0).clamp(min=1)
        deviation = (value - mean) * valid
        powers = [deviation]
        while len(powers) < self.n_cumulants:
            powers.append(powers[-1] * deviation)
        tilted = torch.empty(0)
        if self.q is not None:
            tilt = valid * torch.exp(self.q[:, None, None] * deviation)
            tilted = total([tilt, tilt * deviation], 1)
        leader_sums = total([valid, *powers], 1)  # leader 0 belongs to coefficient 1

        detail, measured = octave
        energy = power if power is not None and self.p == 2 else measured * detail**2
        parts = [measured, energy] if power is None or power is energy else [measured, energy, power]
        detail_sums = total(parts, 0) / 2**j
        size = sizes(octave, j)
        if cells is None or counts is None:
            largest = size.amax(0, keepdim=True)
        else:
            largest = torch.where(counts[..., None] > 0, cells.maxima(size, j), 0.0).amax(1)
        return ScaleSums(
            j=j,
            mean=mean,
            n=leader_sums[0],
            powers=leader_sums[1:],
            tilted=tilted,
            measured=detail_sums[0],
            energy=detail_sums[1],
            power=detail_sums[-1],  # the energy where p = 2
            largest=largest,
        )


def _power(octave: Octave, p: float) -> torch.Tensor:
    """Number of measured samples times |d|^p."""
    detail, measured = octave
    if p == 2:
        return measured * detail * detail
    return measured * (detail.abs() if p == 1 else detail.abs() ** p)

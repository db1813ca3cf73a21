"""Joint analysis of a chunk of pairs for `bivariate`: transform, leaders, sums of products, estimates, intervals."""

from dataclasses import dataclass
from math import e, inf, log2

import torch

from .batch import Prepared, Signals
from .bivariate_estimates import correlation, joint_excess, multifractal_correlation
from .bootstrap import Cells, percentile_interval, widening
from .estimates import slopes
from .leaders import LogLeaders, log_leaders
from .wavelet_transform import Octave, filters, octaves, sizes

__all__ = ["PairAnalysis"]

Found = dict[str, torch.Tensor]

_CHUNK = 16  # pairs at once on a CPU, so that the finest scales stay in its cache
_NUMBERS_AT_ONCE = 2**24  # that bound the memory of a chunk, 1/8 GiB in float64
_BOUNDED = {"rho_mf", "leader_correlation", "wavelet_correlation"}  # by -1 and 1


@dataclass(frozen=True)
class PairAnalysis:
    """The analysis of `bivariate` with its arguments fixed; called, it gives the estimates of a batch of pairs.

    In this file time is the first axis and the batch the last one; the batch of a transform holds the first signals
    of all pairs, then the second ones.
    """

    wavelet: str
    j1: int
    j2: int
    p: float
    gamma: float
    max_gap_fraction: float
    correct_variance: bool

    def __call__(
        self,
        x: Signals,
        y: Signals,
        dtype: torch.dtype,
        cells: Cells,
        counts: torch.Tensor | None,
        confidence: float,
    ) -> Found:
        """Every estimate (batch, ...), its interval (batch, ..., 2) as NAME_interval, and what the flags need.

        Args:
            x: the first signals.
            y: the second signals.
            dtype: of the computation.
            cells: of the signals.
            counts: (1 + n_bootstrap, cell), the first row all ones, or None.
            confidence: of the intervals.
        """
        numbers = 2 * x.values.shape[-1] if counts is None else 100 * len(counts)
        size = max(1, _NUMBERS_AT_ONCE // numbers)
        if not x.values.is_cuda:
            size = min(size, _CHUNK)
        parts = []
        for first, second in zip(x.split(size), y.split(size), strict=True):
            pair = zip(first.prepared(dtype), second.prepared(dtype), strict=True)
            parts.append(self._chunk(Prepared(*map(torch.cat, pair)), cells, counts, confidence))
        return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}

    def _chunk(self, both: Prepared, cells: Cells, counts: torch.Tensor | None, confidence: float) -> Found:
        """The estimates for the first half of `both` with the second half."""
        dtype = both.x.dtype
        found = octaves(both.x.T, both.present.T, self.wavelet, self.j2)
        exponent = 1.0 if self.p == inf else self.p  # infinity has no sum, and 1 does for what needs none
        power = {j: measured * detail.abs() ** exponent for j, (detail, measured) in enumerate(found, start=1)}
        leaders = log_leaders(
            found,
            power,
            len(filters(self.wavelet)[0]),
            p=self.p,
            gamma=self.gamma,
            j1=self.j1,
            max_gap_fraction=self.max_gap_fraction,
            floor=both.floor,
        )

        def total(values: torch.Tensor, j: int, first: int) -> torch.Tensor:
            """Sum (..., r, batch) over the coefficients of `values` (..., k, batch) from number `first` on."""
            if counts is None or j < self.j1:
                return values.sum(-2, keepdim=True)
            return counts @ cells.sums(values, j, first)

        details = [total(_detail_products(octave), j, 0) for j, octave in enumerate(found, start=1)]
        log_sums = [total(_leader_products(one), j, 1) for j, one in enumerate(leaders, start=self.j1)]
        tiny = torch.finfo(dtype).tiny
        shares = torch.stack([octave.measured.sum(0) / 2**j for j, octave in enumerate(found, start=1)])
        mean_power = torch.stack([w.sum(0) / 2**j for j, w in power.items()]) / shares.clamp(min=tiny)

        estimates, result = self._estimated(details, torch.stack(log_sums, dim=1), mean_power)
        result |= {name: value[..., 0, :].movedim(-1, 0) for name, value in estimates.items()}
        result["coherence"] = result["wavelet_correlation"] ** 2

        largest = torch.stack([sizes(found[j - 1], j).amax(0) for j in range(self.j1, self.j2 + 1)])
        size = largest if self.p == inf else mean_power[self.j1 - 1 :]
        regularity = slopes(torch.log2(size.clamp(min=tiny)), shares[self.j1 - 1 :], self.j1)[0]
        flat = (largest <= both.floor).T
        for name, either in {
            "empty": both.empty,
            "constant": flat.all(-1),
            "flat": flat,
            "irregular": regularity + self.gamma * exponent <= 0,
        }.items():
            result[name] = torch.stack(either.chunk(2)).any(0)
        if counts is not None:
            result |= self._intervals(estimates, result["n_j"][:, 0], confidence)
        return result

    def _estimated(
        self, details: list[torch.Tensor], log_sums: torch.Tensor, mean_power: torch.Tensor
    ) -> tuple[Found, Found]:
        """Estimates with their replicates (..., r, batch), and what is not bootstrapped (batch, ...).

        Args:
            details: of the scales 1 to j2, see `_detail_products`, each (5, r, batch).
            log_sums: of the scales j1 to j2, see `_leader_products`, (6, scale, r, batch).
            mean_power: (scale, 2 batch), weighted mean of |d|^p of the scales 1 to j2.
        """
        n, (mx, my, xx, xy, yy) = log_sums[0], log_sums[1:] / log_sums[0].clamp(min=1)
        curves = raw = torch.stack([xx - mx**2, xy - mx * my, yy - my**2], dim=1)  # scale, cumulant, r, batch
        if self.correct_variance and self.p <= 2:
            integrated = torch.stack([s * 2 ** (self.gamma * j * self.p) for j, s in enumerate(mean_power, start=1)])
            first, second = integrated.chunk(2, dim=-1)
            coherence = torch.stack([correlation(*sums[2:, 0]) ** 2 for sums in details])
            curves = raw - joint_excess(first, second, coherence, self.p)[self.j1 - 1 :, :, None]
        slope, fit = slopes(curves, n[:, None], self.j1)
        c20, c11, c02 = slope * log2(e)
        sums = torch.stack(details[self.j1 - 1 :], dim=1)
        estimates = {
            "rho_mf": multifractal_correlation(c20, c11, c02),
            "c20": c20,
            "c11": c11,
            "c02": c02,
            "leader_correlation": correlation(*raw.unbind(1)),
            "wavelet_correlation": correlation(*sums[2:]),
        }
        f, squares = sums[:2, :, 0]
        return estimates, {
            "cumulants": curves[:, :, 0].permute(2, 1, 0),
            "r_squared": fit[:, 0].T,
            "n_j": n[:, 0].T,
            "n_coefficients": (f**2 / squares.clamp(min=torch.finfo(f.dtype).tiny)).T,
        }

    def _intervals(self, estimates: Found, n_finest: torch.Tensor, confidence: float) -> Found:
        """Percentile intervals (batch, ..., 2), widened for few blocks; those of correlations within -1 and 1.

        Args:
            estimates: (..., r, batch), the signals themselves first among the replicates.
            n_finest: (batch,), common leaders of scale j1.
            confidence: of the intervals.
        """
        wider = widening(n_finest, self.j2 - self.j1, confidence)
        found = {}
        for name, value in estimates.items():
            if name == "rho_mf":
                # A replicate without multifractality tells the sign alone.
                value = torch.where(value.isnan() & ~value[:1].isnan(), -estimates["c11"].sign(), value)
            if name in _BOUNDED:
                value = value.clamp(-1, 1)
            ends = percentile_interval(value, wider, confidence).movedim(-2, 0)
            found[f"{name}_interval"] = ends.clamp(-1, 1) if name in _BOUNDED else ends
        low, high = found["wavelet_correlation_interval"].unbind(-1)
        least = torch.where(low * high > 0, torch.minimum(low**2, high**2), 0 * low)
        found["coherence_interval"] = torch.stack([least, torch.maximum(low**2, high**2)], dim=-1)
        return found


def _detail_products(octave: Octave) -> torch.Tensor:
    """f, f^2, f x^2, f x y, f y^2 (5, k, batch) of the coefficients of both, f the fewer measured samples."""
    (x, y), (fx, fy) = (values.chunk(2, dim=-1) for values in octave)
    f = torch.minimum(fx, fy)
    return torch.stack([f, f**2, f * x**2, f * x * y, f * y**2])


def _leader_products(leaders: LogLeaders) -> torch.Tensor:
    """1, x, y, x^2, x y, y^2 (6, k, batch) of the log-leaders that count in both, taken from their means."""
    (x, y), (valid_x, valid_y) = (values.chunk(2, dim=-1) for values in leaders[:2])
    valid = valid_x * valid_y
    n = valid.sum(0).clamp(min=1)
    x, y = (valid * (v - (valid * v).sum(0) / n) for v in (x, y))
    return torch.stack([valid, x, y, x**2, x * y, y**2])

r"""Bounds of the scores of a `ScatteringNet` under every warp of time.

A warp gives sample i what lies at :math:`y_i = i - \tau_i`, linearly interpolated. The tapered heart rate z of the
network and its taper t move together, :math:`\tilde z_i = \hat z(y_i)` and :math:`\tilde t_i = \hat t(y_i)`. Then

1. *smoothing and wavelets* are exchanged with the warp (`commutator`): :math:`U_k(i)` lies within bounds of
   :math:`|W_k|(y_i)`, interpolated between samples. So do the shares :math:`w_k`, whose complement, what is missing, is
   convolved with Gaussians.
2. *Means.* With :math:`f = |W_k| - S_{k, q} w_k`, of which nothing is left in the unwarped sums,
   :math:`\tilde S_{k, q} - S_{k, q} = \sum_{i \in q} \tilde f(i) / \sum_{i \in q} \tilde w_k(i)`. All paths and parts
   are warped alike: the profile of the weights makes one function of them on each stretch between the beginnings of
   parts, whose largest sum over warped places is bounded (`transport`). Replacing the warped denominators by the
   unwarped ones costs a product of two small bounds.

**Gaps.** A warp of the window itself (`fhr.robustness.warped`), of heart rate and mask before the taper is made, agrees
with this but at the edges of gaps, which move by whole samples, and in the mean that is subtracted. With `edges` these
are bounded, too:

3. *Taper.* With :math:`\delta` the distance from :math:`y_i` to the nearest missing sample, the distance from i to the
   nearest missing one after the warp is from :math:`(\delta - 1) / (1 + s)` to :math:`(\delta + s + .01) / (1 - s)`:
   what rests on a missing sample lies within a sample of it, and one that does so by a hundredth at least is at most
   one step further. Ends of the window stay. The taper is a known function of that distance.
4. *Signal.* Where the taper is not 0 the neighbours are measured, so that the warped z is :math:`\hat z(y_i) +
   \varepsilon_i`; :math:`\varepsilon` holds the difference of tapers, that of a product of interpolations and an
   interpolated product, and the change of the mean. Its energy counts by the Lipschitz constant of the network.

Every gap may then be worth several bpm of error in its seconds: with many of them these bounds say nothing.
"""

from itertools import pairwise
from math import ceil, inf, pi, sqrt

import numpy as np
import torch
from torch import Tensor

from fhr.errors import FHRError
from fhr.models import ScatteringNet
from fhr.models.scattering_net import REST, WHOLE, frame_bound
from fhr.multiscale.morlet import gaussian_spectrum, morlet_spectrum

from .commutator import Envelope, Exchanged, exchange, gaussian_envelope
from .transport import largest_sum

__all__ = ["ROUNDING", "WarpedWindow", "warp_bounds", "warped_scores"]

_STEEPEST = 0.4
ROUNDING = 2e-5  # of delays in s a s, and of scores in float32 relative to the larger of them and 1
_PARTLY = 0.9  # share measured above which a sample that is not whole is too close to it to be told when interpolated


def warp_bounds(
    network: ScatteringNet, signal: Tensor, seconds: float, slope: float, *, edges: bool = False
) -> tuple[Tensor, Tensor]:
    """Bounds of the scores under all warps of no more than some seconds and slope that leave both ends of the window.

    Args:
        network: it is taken in evaluation mode and read in double precision.
        signal: (batch, channel, time) windows, scaled, as the network reads them.
        seconds: largest delay, s, above 0.
        slope: largest gain of delay in s a s, above 0 and at most 0.4.
        edges: whether heart rate and mask are warped before the taper is made, so that the edges of gaps move by whole
            samples; else the tapered heart rate and the taper are.

    Returns:
        Least and largest scores (batch, n_outputs), float64; infinite where nothing can be said: a slope too steep for
        what is measured, or with `edges` a sample with a share between 0.9 and 0.999.

    Raises:
        FHRError: another network, or sizes out of their range.
    """
    if not isinstance(network, ScatteringNet):
        raise FHRError(f"warps of {type(network).__name__} are not bounded; give a fhr.models.ScatteringNet")
    with torch.no_grad():
        weights = network.weights().double().cpu().numpy()
        scores = network(signal).double().cpu()
        moves = [WarpedWindow(network, one, slope, edges=edges).moves(weights, seconds) for one in signal]
    down, up = (torch.from_numpy(np.stack(side)) for side in zip(*moves, strict=True))
    rounding = ROUNDING * scores.abs().clamp_min(1)
    return scores - down - rounding, scores + up + rounding


def warped_scores(network: ScatteringNet, signal: Tensor, delay: Tensor) -> Tensor:
    """Scores (batch, n_outputs) of windows whose tapered heart rate and taper are warped; differentiable in the delay.

    Args:
        network: in evaluation mode.
        signal: (batch, channel, time).
        delay: (batch, time), s; 0 at both ends.
    """
    taper = network.taper(signal)
    n = taper.shape[-1]
    at = (torch.arange(n, device=delay.device) - delay * network.fs).clamp(0, n - 1)
    left = at.detach().floor().long().clamp(max=n - 2)

    def moved(x: Tensor) -> Tensor:
        return x.gather(-1, left) + (at - left).to(x) * (x.gather(-1, left + 1) - x.gather(-1, left))

    return network.scores_of(moved(network.tapered(signal, taper)), moved(taper))


class WarpedWindow:
    """One window under the warps of one slope: all of their bounds that do not depend on weights and delays.

    Args:
        network: whose filters are used.
        signal: (channel, time), scaled.
        slope: as of `warp_bounds`.
        edges: as of `warp_bounds`.

    Raises:
        FHRError: a slope out of its range.
    """

    def __init__(self, network: ScatteringNet, signal: Tensor, slope: float, *, edges: bool = False) -> None:
        if not 0 < slope <= _STEEPEST:
            raise FHRError(f"slope={slope}; give a number above 0 and of at most {_STEEPEST}")
        self.network, self.slope, self.n = network, slope + ROUNDING, signal.shape[-1]
        batch = signal[None].double().cpu()
        taper = network.taper(batch)
        self.taper, self.x = taper[0].numpy(), batch[0, 0].numpy()
        self.share = np.ones(self.n) if len(signal) == 1 else batch[0, -1].numpy()
        self.z = network.tapered(batch, taper)[0].numpy()
        self.lengths = self._lengths(network.counted(taper))
        self.moduli = network.moduli(torch.from_numpy(self.z)[None])[0].numpy()
        self.shares = network.shares(taper)[0].numpy()
        self.edges = edges
        self.known = not (edges and ((self.share > _PARTLY) & (self.share <= WHOLE)).any())
        self.tapers = self._taper_error() if edges else np.zeros(self.n - 1)
        self.paths = self._exchanged()
        self.kept = self._share_error()

    def _lengths(self, counted: list[tuple[int, Tensor]]) -> list[int]:
        """Samples that each part counts, where one that is too empty takes the wider one."""
        lengths: list[int] = []
        for last, enough in counted:
            lengths.append(last if enough.item() or not lengths else lengths[-1])
        return lengths

    def moves(self, weights: np.ndarray, seconds: float) -> tuple[np.ndarray, np.ndarray]:
        """Most that scores can fall and rise, each (n,), with weights (n, path, part) and delays of so many seconds.

        Raises:
            FHRError: seconds that are not above 0.
        """
        if not 0 < seconds < inf:
            raise FHRError(f"seconds={seconds}; give a number above 0")
        reach = min(seconds * self.network.fs, self.slope * self.n / 2)
        apart = self._signal_error(reach) if self.edges else 0.0
        if not self.known or not np.isfinite(apart) or not self._parts_stay(reach):
            return np.full(len(weights), inf), np.full(len(weights), inf)
        found = np.array([self._move(c, apart, reach) for c in weights])
        return found[:, 0], found[:, 1]

    def _move(self, weights: np.ndarray, apart: float, reach: float) -> tuple[float, float]:
        starts = [self.n - length for length in self.lengths]
        modulus, above, below = (np.stack(parts) for parts in zip(*self.paths, strict=True))
        total = np.stack([self.shares[:, start:].sum(-1) for start in starts], axis=1)
        mean = np.stack([self.moduli[:, start:].sum(-1) for start in starts], axis=1) / total
        bands = [frame_bound(one[None]) for one in self.network.filters(self.network.circle(self.n))]

        # What the warped denominators cost.
        cost = 0.0
        error = np.maximum(above, below)
        for q, start in enumerate(starts):
            f, wide = modulus - mean[:, q, None] * self.shares, error + mean[:, q, None] * self.kept
            far = np.maximum(*(self._largest(sign * f + wide, start, self.n, reach) for sign in (1, -1)))
            far = far + np.sqrt(np.array(bands) * self.lengths[q]) * apart
            off = np.maximum(
                self._largest(self.shares + self.kept, start, self.n, reach) - total[:, q],
                total[:, q] + self._largest(self.kept - self.shares, start, self.n, reach),
            )
            left = total[:, q] - off
            if (left <= 0).any():
                return inf, inf
            cost += float((np.abs(weights[:, q]) * far * off / (total[:, q] * left)).sum())

        # One function on each stretch between the beginnings of parts.
        edges = [*sorted(set(starts)), self.n]
        profile = weights / total
        moved, energy = np.zeros(2), 0.0
        for start, end in pairwise(edges):
            inside = [q for q, first in enumerate(starts) if first <= start]
            c, d = profile[:, inside].sum(1), (profile * mean)[:, inside].sum(1)
            f = c @ modulus - d @ self.shares
            energy += float((c**2).sum()) * (end - start)
            for k, sign in enumerate((-1, 1)):
                upward, downward = np.maximum(sign * c, 0), np.maximum(-sign * c, 0)
                wide = upward @ above + downward @ below + np.abs(d) @ self.kept
                moved[k] += self._largest(sign * f + wide, start, end, reach)
        whole = frame_bound(self.network.filters(self.network.circle(self.n)))
        moved += cost + sqrt(whole * energy) * apart
        return float(moved[0]), float(moved[1])

    def _largest(self, values: np.ndarray, start: int, end: int, reach: float) -> np.ndarray:
        return largest_sum(values, start, end, reach, self.slope)

    def _taper_error(self) -> np.ndarray:
        """Bound (n - 1,), between neighbouring samples, of the warped taper against the interpolated one (step 3)."""
        s, edge = self.slope, self.network.edge
        place = np.arange(self.n)
        end = np.minimum(place + 1, self.n - place)
        gap = _nearest(self.share <= WHOLE)
        one, two = np.minimum(end, gap)[:-1], np.minimum(end, gap)[1:]
        level = one == two  # the distance may have its peak between them
        least, most = np.minimum(one, two), np.maximum(one, two) + 0.5 * level
        # An end of the window stays where it is; it counts alone where every gap is too far to come nearer.
        alone = np.minimum(gap[:-1], gap[1:]) - 1 >= most * (1 + s) / (1 - s)
        low, high = np.where(alone, least, least - 1) / (1 + s), (most + np.where(alone, 0, 0.01 + s)) / (1 - s)
        apart = np.maximum(np.where(alone, s * most, 1 + s * most) / (1 + s), high - most)
        begin, stop = (np.clip((x - REST) / edge, 0, 1) for x in (low, high))
        middle = (begin <= 0.5) & (stop >= 0.5)
        steep = pi / (2 * edge) * np.where(middle, 1.0, np.maximum(np.sin(pi * begin), np.sin(pi * stop)))
        curved = np.where(level, steep / 2, (pi / edge) ** 2 / 16)
        return np.where(begin < stop, steep * apart + curved, 0.0)

    def _signal_error(self, reach: float) -> float:
        """Bound of the norm of what the warped z is beside z at the warped places (step 4)."""
        s, tapers, whole = self.slope, self.tapers, self.share > WHOLE
        level = float((self.taper**2 * self.x).sum() / max((self.taper**2).sum(), 1e-9))
        known = np.where(whole, np.abs(self.x - level), 0.0)
        both = whole[:-1] & whole[1:]
        rise = np.abs(np.diff(self.taper))
        cell = tapers * np.maximum(known[:-1], known[1:]) + rise * np.abs(np.diff(self.x)) * both / 4
        node = _nodes(cell)
        # The mean: its numerator vanishes before the warp.
        f = self.taper * self.z
        beside = _nodes(tapers * np.maximum(np.abs(self.z[:-1]), np.abs(self.z[1:])) + cell)
        beside += _nodes(rise * np.abs(np.diff(self.z)) / 4)
        shift = max(self._largest(sign * f + beside, 0, self.n, reach) for sign in (1, -1))
        left = (1 - s) * (self.taper**2).sum() - (1 + 2 * s) * _nodes(2 * tapers + rise**2 / 4).sum()
        if left <= 0:
            return inf
        return sqrt((1 + 2 * s) * (node**2).sum()) + float(shift / left) * sqrt(self.n)

    def _parts_stay(self, reach: float) -> bool:
        """Whether each part surely holds enough tapered time after the warp, or surely too little, as before."""
        wide = _nodes(self.tapers)
        for last, enough in self.network.counted(torch.from_numpy(self.taper)[None]):
            most = self._largest(self.taper + wide, self.n - last, self.n, reach)
            least = -self._largest(wide - self.taper, self.n - last, self.n, reach)
            needed = self.network.least_time(self.n)
            if (least if enough.item() else -most) <= (needed if enough.item() else -needed):
                return False
        return True

    def _exchanged(self) -> list[Exchanged]:
        length = self.network.circle(self.n)
        z = np.zeros(length)
        z[: self.n] = self.z
        half = len(self.network.smoother) // 2
        smoother = np.zeros(length)
        smoother[np.arange(-half, half + 1)] = self.network.smoother
        y = np.fft.irfft(np.fft.rfft(z) * np.fft.rfft(smoother), length)
        beside = self._smoothing_error(z)
        found = []
        for one in self.network.wavelets:
            spectrum = morlet_spectrum(length, one.xi, one.sigma)
            kappa = float(np.exp(-((one.xi / one.sigma) ** 2) / 2))
            height = float(spectrum.mean()) / (1 - kappa)
            envelope = Envelope(one.xi, one.sigma, height, kappa, length)
            found.append(exchange(y, beside, spectrum, envelope, self.slope, self.n))
        return found

    def _smoothing_error(self, z: np.ndarray) -> np.ndarray:
        """Bound of smoothing after the warp against smoothing before: lags of r samples are off by s |r| at most."""
        half = len(self.network.smoother) // 2
        near = ceil(self.slope * half)
        steep = np.abs(np.roll(z, -1) - z)
        steep = np.maximum.reduce([np.roll(steep, k) for k in range(-near, near + 2)])
        lags = np.arange(-half, half + 1)
        terms = zip(lags, self.network.smoother, strict=True)
        return self.slope * np.sum([tap * abs(lag) * np.roll(steep, lag) for lag, tap in terms], axis=0)

    def _share_error(self) -> np.ndarray:
        """Bound (path, n) of the warped shares against the interpolated ones (step 1)."""
        length = self.network.circle(self.n)
        missing, beside = np.ones(length), np.zeros(length)
        missing[: self.n] = 1 - self.taper**2
        beside[: self.n] = _nodes(2 * self.tapers + np.diff(self.taper) ** 2 / 4)
        found = []
        for one, w in zip(self.network.wavelets, self.shares, strict=True):
            wide = sqrt(2) * one.sigma
            envelope = gaussian_envelope(wide, length)
            spectrum = gaussian_spectrum(length, wide)
            squared = exchange(missing, beside, spectrum, envelope, self.slope, self.n).above
            least = np.minimum(w, np.minimum(np.append(w[1:], w[-1]), np.append(w[0], w[:-1])))
            step = _nodes(np.abs(np.diff(w)))
            found.append(np.minimum(squared / least, np.sqrt(squared)) + np.minimum(step**2 / (8 * least), step))
        return np.stack(found)


def _nearest(missing: np.ndarray) -> np.ndarray:
    """Samples (n,) to the nearest one that is missing; n where none is."""
    n = len(missing)
    place = np.arange(n)
    before = np.maximum.accumulate(np.where(missing, place, -n))
    after = np.minimum.accumulate(np.where(missing, place, 2 * n)[::-1])[::-1]
    return np.minimum(np.minimum(place - before, after - place), n)


def _nodes(cells: np.ndarray) -> np.ndarray:
    """Values (n,) at samples whose linear interpolation is at least these (n - 1,) between neighbours."""
    return np.maximum(np.append(cells, 0.0), np.insert(cells, 0, 0.0))

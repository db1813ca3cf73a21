"""Surrogates of which the largest wavelet coefficients are pinned."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike

from fhr.compute import whole_number
from fhr.errors import FHRError

from .complete_signals import chunks, read_complete
from .fourier import in_rank_order, irfft, rfft
from .phase_randomization import random_rotations
from .targets import Spectrum, Target
from .undecimated_transform import UndecimatedTransform, coarsest_scale

__all__ = ["WaveletSurrogates", "wavelet_iaaft"]

_PER_SCALE = 10  # iterations on the coefficients of a scale; more change nothing that is measured
_SCALES = 10  # of the default, the coarsest 256 s at 4 Hz


class WaveletSurrogates(NamedTuple):
    """Surrogates, how much of them was pinned, and how well they meet their constraints.

    Attributes:
        signals: (batch, channel, time).
        pinned: (batch, scale), share of the times of each scale that are pinned, the smooth part last.
        spectrum_error: (batch, channel), as of `IAAFTSurrogates`; the values are exact.
        cross_error: (batch,), likewise.
        correlation: (batch, channel), of surrogate and original: 1 is a copy.
    """

    signals: Any
    pinned: Any
    spectrum_error: Any
    cross_error: Any
    correlation: Any


def wavelet_iaaft(
    x: "ArrayLike | torch.Tensor",
    *,
    seed: int,
    pinned: float | Sequence[float] = 0.9,
    wavelet: str = "sym8",
    scales: int | None = None,
    joint: bool = True,
    adjustments: int = 3,
    first: int = 0,
) -> WaveletSurrogates:
    r"""Randomise the small wavelet coefficients of signals, and pin the large ones where they are.

    An undecimated transform (`UndecimatedTransform`) takes the signals apart. At each scale the fewest times are pinned
    that hold the share `pinned` of each channel's energy; what one channel pins is pinned in the others too, so that a
    contraction and its deceleration stay together. The other coefficients are randomised by iterations that keep their
    values and the spectrum of the scale, with `joint` by rotations that all channels share. The parts are added up,
    and then spectrum, pinned coefficients and values are put right in turn, `adjustments` times; values come last.

    *Keeps*: exactly the values; nearly the spectra; and the more, the larger the share: times, shapes and asymmetry of
    decelerations and contractions, their lag, intermittency, the order in time. *Destroys*: phases of what is small,
    and with it fine texture between events. A share near 1 gives near copies, a share of 0 little else than `iaaft`.
    Nothing in between keeps all statistics of a labour and is new: on CTU-UHB shares of 0.9 keep lag, skewness and
    log-cumulants, and correlate with the original by 0.99 and more (`benchmarks/synthesis.py`). So what these
    surrogates are for is a null hypothesis about small fluctuations; they hide no patient.

    Args:
        x: (batch, channel, time) array or tensor, complete; see `fill_for_transform`.
        seed: of the phases. Signal i of the batch draws from a stream of its own, that of `first` + i.
        pinned: share of the energy, 0 to 1, for all scales or for each, from fine to coarse, the smooth part last.
        wavelet: an orthogonal wavelet of PyWavelets.
        scales: how many; None for 10, or fewer where the signal is too short.
        joint: one rotation of phases for all channels of a signal; else each channel has its own.
        adjustments: of spectrum, pinned coefficients and values at the end.
        first: number of the first signal, for a batch that is given in parts.

    Returns:
        Surrogates and their facts: arrays (float64) for arrays, tensors of the same device and dtype for tensors.
        Channels of one value come back as they are.

    Raises:
        SignalError: another shape, fewer than 4 samples, a missing or infinite one.
        FHRError: a share, a wavelet, scales, a number or a seed that is none.

    Source:
        Keylock 2007, Physica D 225:219-228, doi:10.1016/j.physd.2006.10.012. Another choice: shares of each scale's
        energy instead of the whole signal's, which at 4 Hz would pin nothing but the baseline.

    Example:
        >>> x = np.random.default_rng(0).normal(size=(1, 2, 600)).cumsum(-1)
        >>> few, many = (wavelet_iaaft(x, seed=1, pinned=share).correlation.min() for share in (0.0, 0.95))
        >>> bool(few < 0.9 < many)
        True
    """
    signals = read_complete(x)
    values, n = signals.values, signals.values.shape[-1]
    first, adjustments = whole_number(first, "first", 0), whole_number(adjustments, "adjustments", 0)
    if scales is None:
        scales = min(_SCALES, max(1, coarsest_scale(n, wavelet)))
    like = rfft(values[:1, :1])
    transform = UndecimatedTransform(n, wavelet, whole_number(scales, "scales", 1), like)
    shares = _shares(pinned, len(transform))
    found = []
    for part in chunks(values):
        here = values[part]
        target = Target.of(here)
        draws = _Draws(seed, first + part.start, joint)
        surrogate, free = _synthesized(target.spectrum, transform, shares, draws)
        surrogate = target.ranked(surrogate)
        for _ in range(adjustments):
            surrogate = target.spectrum.nearest(surrogate, joint=False)
            surrogate = target.ranked(_repinned(surrogate, target.spectrum, transform, free))
        surrogate = torch.where(target.constant[..., None], here, surrogate)
        of_spectrum, _, of_cross = target.errors(surrogate)
        share = torch.stack([1 - one.double().mean(-1)[:, 0] for one in free], dim=-1).to(here)
        found.append((surrogate, share, of_spectrum, of_cross, _correlation(surrogate, here)))
    return WaveletSurrogates(*(signals.back(torch.cat(one)) for one in zip(*found, strict=True)))


class _Draws(NamedTuple):
    """Whence the phases of a chunk come."""

    seed: int
    first: int
    joint: bool


def _shares(pinned: float | Sequence[float], n: int) -> list[float]:
    """The share of each scale.

    Raises:
        FHRError: no share, or not one for each.
    """
    try:
        given = np.broadcast_to(np.asarray(pinned, dtype=np.float64), n).tolist()
    except (TypeError, ValueError):
        given = [np.nan]
    if not all(0 <= share <= 1 for share in given):
        raise FHRError(f"pinned={pinned!r}; give one share from 0 to 1, or {n} (of each scale, the smooth part last)")
    return given


def _synthesized(
    spectrum: Spectrum, transform: UndecimatedTransform, shares: Sequence[float], draws: _Draws
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Sum of the randomised parts (batch, channel, time), and the free times (batch, 1, time) of each scale."""
    total, free = torch.zeros_like(spectrum.transform), []
    for j, share in enumerate(shares):
        centred = spectrum.transform.clone()
        centred[..., 0] = 0.0
        coefficients = transform.coefficients(centred, j)
        free.append(~_pinned(coefficients, share))
        total += transform.part(_randomized(coefficients, free[-1], draws, j + 1), j)
    total[..., 0] = spectrum.transform[..., 0]
    return irfft(total, spectrum.n), free


def _pinned(coefficients: torch.Tensor, share: float) -> torch.Tensor:
    """Times (batch, 1, time) that are pinned: for each channel the fewest with that share of its energy."""
    energy = coefficients.square()
    largest = energy.sort(-1, descending=True).values
    before = largest.cumsum(-1) - largest
    n = (before < share * energy.sum(-1, keepdim=True)).sum(-1, keepdim=True)
    threshold = largest.gather(-1, (n - 1).clamp(min=0))
    return ((energy >= threshold) & (n > 0)).any(1, keepdim=True)


def _randomized(coefficients: torch.Tensor, free: torch.Tensor, draws: _Draws, scale: int) -> torch.Tensor:
    """Coefficients of one scale of which the free ones are in another order that keeps the spectrum."""
    spectrum = Spectrum.of(coefficients)
    last = coefficients.new_tensor(torch.inf)
    values = torch.where(free, coefficients, last).sort(-1).values  # the pinned ones come last, and are put back
    turn = random_rotations(
        spectrum.transform, seed=draws.seed, first=draws.first, joint=draws.joint, n=spectrum.n, scale=scale
    )
    near = irfft(spectrum.transform * turn, spectrum.n)
    for _ in range(_PER_SCALE):
        near = spectrum.nearest(_placed(values, near, free, coefficients, last), draws.joint)
    return _placed(values, near, free, coefficients, last)


def _placed(
    values: torch.Tensor, like: torch.Tensor, free: torch.Tensor, pinned: torch.Tensor, last: torch.Tensor
) -> torch.Tensor:
    return torch.where(free, in_rank_order(values, torch.where(free, like, last)), pinned)


def _repinned(
    surrogate: torch.Tensor, spectrum: Spectrum, transform: UndecimatedTransform, free: Sequence[torch.Tensor]
) -> torch.Tensor:
    """The surrogate with its pinned coefficients put back to those of the original."""
    apart = spectrum.transform - rfft(surrogate)
    change = torch.zeros_like(apart)
    for j, one in enumerate(free):
        change += transform.part(torch.where(one, 0.0, transform.coefficients(apart, j)), j)
    return surrogate + irfft(change, spectrum.n)


def _correlation(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Correlation (batch, channel); 1 for channels of one value."""
    x, y = x - x.mean(-1, keepdim=True), y - y.mean(-1, keepdim=True)
    size = torch.linalg.vector_norm(x, dim=-1) * torch.linalg.vector_norm(y, dim=-1)
    same = (x == y).all(-1)
    return torch.where(same, 1.0, (x * y).sum(-1) / size.clamp(min=torch.finfo(x.dtype).tiny))

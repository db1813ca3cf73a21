"""Surrogates with the values and the spectrum of the original (IAAFT), of one channel or of several at once."""

from typing import Any, Literal, NamedTuple, get_args

import torch
from numpy.typing import ArrayLike

from fhr.compute import whole_number
from fhr.errors import FHRError

from .complete_signals import chunks, read_complete
from .fourier import irfft
from .phase_randomization import random_rotations
from .targets import Target

__all__ = ["Exact", "IAAFTSurrogates", "iaaft"]

Exact = Literal["amplitudes", "spectrum"]
"""Constraint that a surrogate meets exactly; the other one is met as nearly as found."""

_RELAXATION = 0.9  # of the averaged reflections; 0.7 to 0.95 give nearly the same errors
_CHECK = 10  # iterations between two looks at the error
_SETTLING = 5  # plain iterations at the end, which take the last step to both constraints


class IAAFTSurrogates(NamedTuple):
    """Surrogates and how well they meet their constraints.

    Attributes:
        signals: (batch, channel, time).
        spectrum_error: (batch, channel), relative L2 error of the amplitudes of all frequencies but 0.
        amplitude_error: (batch, channel), L2 distance of the sorted values beside the original's standard deviation.
        cross_error: (batch,), relative L2 error of the cross-spectra, each channel scaled to the same power.
        iterations: (batch,), until the error no longer fell, or the most allowed.
    """

    signals: Any
    spectrum_error: Any
    amplitude_error: Any
    cross_error: Any
    iterations: Any


def iaaft(
    x: "ArrayLike | torch.Tensor",
    *,
    seed: int,
    exact: Exact = "amplitudes",
    joint: bool = True,
    iterations: int = 200,
    tolerance: float = 0.05,
    first: int = 0,
) -> IAAFTSurrogates:
    r"""Randomise signals, and keep their values and their spectrum (iterated amplitude-adjusted Fourier transform).

    With :math:`P_S` the nearest signals of the original's spectrum and :math:`P_A` those of its values (the sorted
    values in the order of the signal), the textbook iterates :math:`P_A P_S`. Here averaged reflections are iterated,

    .. math:: x \leftarrow \beta \big( x + P_A(2 P_S x - x) - P_S x \big) + (1 - \beta) P_S x,

    which do not stop at the first place where the two constraints no longer approach each other, and a few plain steps
    end the search. It starts with random phases.

    *Keeps*: exactly the values (`exact="amplitudes"`) or exactly the periodogram and, with `joint`, the
    cross-periodograms (`exact="spectrum"`); the other constraint within the error that is given back. *Destroys*: all
    else, asymmetry of rises and falls, intermittency (log-cumulants from the second on), events and their order in
    time, and without `joint` all that ties the channels. With `joint` linear lags survive, the shape of what follows a
    contraction does not. The sharper the two constraints determine a signal, the nearer a surrogate may come to the
    original, shifted or mirrored: two or three contractions on a flat line leave little to randomise.

    A CPU computes in double precision, a GPU in that of the tensor; single precision gives the same errors. With
    `exact="amplitudes"` the last steps adapt the phases of each channel by itself, with `joint` too: that halves
    the error of the spectra, and leaves the cross-spectra an error of its own.

    Args:
        x: (batch, channel, time) array or tensor, complete; see `fill_for_transform`.
        seed: of the phases at the start. Signal i of the batch draws from a stream of its own, that of `first` + i.
        exact: the constraint that is met exactly.
        joint: one rotation of phases for all channels of a signal; else each channel has its own.
        iterations: at most.
        tolerance: a signal stops where ten iterations have lowered its error by less than this share.
        first: number of the first signal, for a batch that is given in parts.

    Returns:
        Surrogates and errors: arrays (float64) for arrays, tensors of the same device and dtype for tensors. Channels
        of one value come back as they are.

    Raises:
        SignalError: another shape, fewer than 4 samples, a missing or infinite one.
        FHRError: another constraint, a number of iterations, a tolerance or a seed that is none.

    Source:
        Schreiber and Schmitz 1996, Phys. Rev. Lett. 77:635-638, doi:10.1103/PhysRevLett.77.635; several channels:
        Schreiber and Schmitz 2000, Physica D 142:346-382, doi:10.1016/S0167-2789(00)00043-9. Averaged reflections:
        Luke 2005, Inverse Problems 21:37-50, doi:10.1088/0266-5611/21/1/004. Left out: a match of the two ends of a
        signal, between which the transform sees a jump.

    Example:
        >>> import numpy as np
        >>> x = np.random.default_rng(0).exponential(size=(1, 2, 200)).cumsum(-1) % 7
        >>> found = iaaft(x, seed=1)
        >>> bool((np.sort(found.signals) == np.sort(x)).all()), bool(found.spectrum_error.max() < 0.05)
        (True, True)
    """
    signals = read_complete(x)
    if exact not in get_args(Exact):
        raise FHRError(f"exact={exact!r}; choose from {', '.join(map(repr, get_args(Exact)))}")
    iterations, first = whole_number(iterations, "iterations", 1), whole_number(first, "first", 0)
    if not 0 <= tolerance < 1:
        raise FHRError(f"tolerance={tolerance}; give a share of at least 0 and below 1, such as 0.05")
    found = []
    for part in chunks(signals.values):
        target = Target.of(signals.values[part])
        transform, n = target.spectrum.transform, target.spectrum.n
        start = irfft(transform * random_rotations(transform, seed=seed, first=first + part.start, joint=joint, n=n), n)
        near, done = _searched(target, start, joint, iterations, tolerance)
        surrogate = _settled(target, near, exact, joint)
        surrogate = torch.where(target.constant[..., None], target.values, surrogate)
        found.append((surrogate, *target.errors(surrogate), done))
    return IAAFTSurrogates(*(signals.back(torch.cat(one)) for one in zip(*found, strict=True)))


def _searched(
    target: Target, start: torch.Tensor, joint: bool, iterations: int, tolerance: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Signals (batch, channel, time) of the spectrum whose values are nearest to those asked for, and iterations.

    Signals that have stopped leave the work, so that none depends on its companions.
    """
    state = target.ranked(start)
    best = target.spectrum.nearest(state, joint)
    least = _gap(target, best)
    done = torch.zeros(len(state), dtype=torch.int64, device=state.device)
    going, working = torch.arange(len(state), device=state.device), target
    for begun in range(0, iterations, _CHECK):
        steps = min(_CHECK, iterations - begun)
        for _ in range(steps):
            near = working.spectrum.nearest(state, joint)
            reflected = working.ranked(2 * near - state)
            state = _RELAXATION * (state + reflected) + (1 - 2 * _RELAXATION) * near
        near = working.spectrum.nearest(state, joint)
        gap, before = _gap(working, near), least[going]
        better = gap < before
        best[going[better]], least[going] = near[better], torch.minimum(gap, before)
        done[going] = begun + steps
        still = gap < (1 - tolerance) * before
        if not bool(still.any()):
            break
        if not bool(still.all()):
            going, state, working = going[still], state[still], working.rows(still)
    return best, done


def _gap(target: Target, near: torch.Tensor) -> torch.Tensor:
    """Mean over channels (batch,) of the distance from signals of the spectrum to those of the values."""
    return target.distance(near, target.ranked(near)).mean(-1)


def _settled(target: Target, near: torch.Tensor, exact: Exact, joint: bool) -> torch.Tensor:
    """Surrogates that meet one constraint, from signals that nearly meet both, by plain iterations."""
    joint = joint and exact == "spectrum"
    for _ in range(_SETTLING):
        near = target.spectrum.nearest(target.ranked(near), joint)
    return near if exact == "spectrum" else target.ranked(near)

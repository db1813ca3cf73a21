"""Surrogates with random phases."""

from math import pi
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike

from fhr.compute import stream, whole_number

from .complete_signals import chunks, read_complete
from .fourier import irfft, rfft

__all__ = ["phase_randomized", "random_rotations"]


def phase_randomized(x: "ArrayLike | torch.Tensor", *, seed: int, joint: bool = True, first: int = 0) -> Any:
    r"""Randomise the phases of signals, and leave the amplitudes of all frequencies as they are.

    .. math:: \tilde x_c = \mathcal{F}^{-1}\big[ e^{i\varphi(f)}\, \mathcal{F}[x_c](f) \big], \quad
        \varphi(f) \sim \mathrm{U}(0, 2\pi)

    The mean stays as it is; the highest frequency of an even number of samples, which is real, gets a random sign.

    *Keeps*: the periodogram of each channel and with it the mean, variance and circular autocorrelation; with `joint`
    the cross-periodogram too, that is coherence and every linear lag. *Destroys*: the distribution of values (it tends
    to a Gaussian), asymmetry of rises and falls, intermittency, whatever is at one place in time (decelerations,
    stages), and without `joint` all that ties the channels.

    Args:
        x: (batch, channel, time) array or tensor, complete; see `fill_for_transform`.
        seed: of the phases. Signal i of the batch draws from a stream of its own, that of `first` + i.
        joint: the same phases for all channels of a signal; else each channel has its own.
        first: number of the first signal, for a batch that is given in parts.

    Returns:
        Surrogates (batch, channel, time): arrays (float64) for arrays, tensors of the same device and dtype for
        tensors. Channels of one value come back as they are.

    Raises:
        SignalError: another shape, fewer than 4 samples, a missing or infinite one.
        FHRError: a seed or a number that is none.

    Source:
        Theiler, Eubank, Longtin, Galdrikian, Farmer 1992, Physica D 58:77-94, doi:10.1016/0167-2789(92)90102-S;
        several channels: Prichard and Theiler 1994, Phys. Rev. Lett. 73:951-954, doi:10.1103/PhysRevLett.73.951.

    Example:
        >>> x = np.cumsum(np.random.default_rng(0).normal(size=(3, 2, 101)), axis=-1)
        >>> y = phase_randomized(x, seed=1)
        >>> bool(np.allclose(abs(np.fft.rfft(y)), abs(np.fft.rfft(x)), rtol=1e-10)), bool(np.allclose(x, y))
        (True, False)
    """
    signals = read_complete(x)
    first = whole_number(first, "first", 0)
    values = signals.values
    found = torch.empty_like(values)
    for part in chunks(values):
        transform = rfft(values[part])
        turn = random_rotations(transform, seed=seed, first=first + part.start, joint=joint, n=values.shape[-1])
        found[part] = irfft(transform * turn, values.shape[-1])
    return signals.back(found)


def random_rotations(
    transform: torch.Tensor, *, seed: int, first: int, joint: bool, n: int, scale: int = 0
) -> torch.Tensor:
    """Random numbers of modulus 1 that leave a transform one of real signals.

    Args:
        transform: (batch, channel, frequency), whose shape, kind and device they have.
        seed: see `phase_randomized`.
        first: number of the first signal.
        joint: one for all channels, (batch, 1, frequency).
        n: samples of the signals.
        scale: of a wavelet transform, each of which has phases of its own; 0 for the signals themselves.
    """
    batch, channels, frequencies = transform.shape
    shape = (1 if joint else channels, frequencies)
    seed = whole_number(seed, "seed", 0)
    angles = np.stack(
        [stream(seed, "phases of surrogates", first + i, scale).uniform(0, 2 * pi, shape) for i in range(batch)]
    )
    angles[..., 0] = 0.0
    if n % 2 == 0:
        angles[..., -1] = np.where(angles[..., -1] < pi, 0.0, pi)
    return torch.from_numpy(np.exp(1j * angles)).to(transform.dtype).to(transform.device)

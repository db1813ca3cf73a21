"""Maximum entropy under scattering constraints: signals that share a record's statistics and else are random."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from fhr.compute import stream
from fhr.errors import FHRError, SignalError
from fhr.multiscale.batch import read_signals
from fhr.multiscale.inputs import check_precision
from fhr.multiscale.morlet import morlet_family, morlet_spectrum

from .held_stretches import held_as
from .quasi_newton import Minimum, minimise
from .scattering_statistics import WEIGHTS, ScatteringStatistics, closed

__all__ = ["ScatteringSynthesis", "scattering_synthesis"]

MIN_SAMPLES, MIN_SECONDS = 256, 20.0
CPU_NUMBERS, GPU_NUMBERS = 2**16, 2**22  # samples that descend together: on a CPU they stay in its cache
PER_OCTAVE = 4  # bands of the spectrum that the descent is scaled by
QUIET = 1e-12  # of the largest power of that spectrum
REST = 16.0  # seconds on one value, about as long as the wavelets of the two finest octaves at 1 Hz


@dataclass(frozen=True)
class ScatteringSynthesis:
    """Synthetic signals and how near they came to the statistics of their records.

    Attributes:
        signals: (batch, channel, time), in the units, kind, device and type of what was given.
        relative_loss: (batch,), loss over that of the start, a phase-randomised record; before windows are held.
        iterations: (batch,), steps of the descent.
        discrepancies: by group of statistics, (batch,), root mean square of sample minus record, in standard
            deviations of the record and of its wavelet coefficients.
    """

    signals: Any
    relative_loss: np.ndarray
    iterations: np.ndarray
    discrepancies: dict[str, np.ndarray]


def scattering_synthesis(
    x: "ArrayLike | Tensor",
    *,
    fs: float,
    seed: int,
    tolerance: float = 1e-4,
    max_iterations: int = 400,
    first: int = 0,
) -> ScatteringSynthesis:
    """Synthesise one signal for each record, random but for the record's scattering statistics.

    The start is Gaussian noise: the record with random phases, the same ones in all channels, so that spectra and
    cross-spectra are right and all else is lost. A descent by limited-memory BFGS then brings the statistics of
    `ScatteringStatistics` to those of the record. It starts far out in a space of many dimensions and ends at the
    first point where they agree, which leaves what they do not fix as random as it was (a microcanonical model of
    maximum entropy, up to the descent's own preference). The descent works on the noise before its colouring by the
    record's smoothed spectrum: without that, steep spectra are slow. At the end the calmest windows of 16 s are held at
    one value, as many in each channel as rest on one in the record: no statistic tells small fluctuations from none.

    **Kept**, to the discrepancies that are reported: distribution of the samples and of increments over 1.25 to 40 s
    with their skewness, power and cross-spectra octave by octave, sparsity and log-moments of each scale, how
    fluctuations of one scale go with those of another and of the other channel, the asymmetry of time and of up and
    down, shapes as far as phases of neighbouring octaves make them, the delay between channels up to 120 s, and how
    much of a channel rests on one value for 16 s.
    **Destroyed**: when anything happens (no event stays in its place), the trend from end to end and the order of the
    stages of labour, the regular beat of contractions, steps of a monitor's resolution, minutes on one value in one
    piece (with them log-cumulants of fine scales of a UC that rests for long), the outline of one event beyond what
    pairs of scales fix: brief needles and restless stretches come as often as in the record, but in other company.

    Args:
        x: (batch, channel, time), complete: fill gaps first, and draw gaps into the result. FHR and UC, or any others.
        fs: Hz. 1 Hz is enough for FHR, which monitors average over beats, and takes some seconds an hour of signal;
            4 Hz takes four to five times as long.
        seed: of the phases; record number i of a batch has a stream of its own.
        tolerance: the descent of a record ends at this relative loss.
        max_iterations: or after so many steps.
        first: number of the first record, for a batch that is given in parts.

    Raises:
        FHRError: fs, tolerance or max_iterations that are no positive numbers; float64 on MPS.
        SignalError: no (batch, channel, time), a missing or infinite sample, a constant channel, fewer than 256 samples
            or 20 s.

    Source:
        Bruna and Mallat 2019, Math. Stat. Learn. 1:257-315, doi:10.4171/MSL/7; Morel et al. 2022, arXiv:2204.10177.

    Example:
        >>> from fhr.processes import fbm
        >>> found = scattering_synthesis(fbm(256, 0.7, size=2, seed=1)[None], fs=1.0, seed=0, max_iterations=3)
        >>> found.signals.shape, found.iterations
        ((1, 2, 256), array([3]))
    """
    if not (math.isfinite(fs) and fs > 0):
        raise FHRError(f"fs={fs} is not a sampling rate; give a number of Hz above 0")
    if not 0 <= tolerance < 1:
        raise FHRError(
            f"tolerance={tolerance} is no relative loss; give a number of at least 0 and below 1, such as 1e-4"
        )
    if max_iterations < 1:
        raise FHRError(f"max_iterations={max_iterations} is below 1; give a number of steps such as 400")
    given = read_signals(x)
    target = _checked(given.values.reshape(*given.shape, given.values.shape[-1]), fs)
    statistics = ScatteringStatistics(target.shape[-1], fs, target)
    numbers = CPU_NUMBERS if target.device.type == "cpu" else GPU_NUMBERS
    size = max(1, numbers // target[0].numel())
    parts = [
        _synthesised(statistics, part, _phases(part, seed, first + begin), fs, tolerance, max_iterations)
        for begin, part in zip(range(0, len(target), size), target.split(size), strict=True)
    ]
    signals = torch.cat([signals for signals, _, _ in parts])
    minima = [minimum for _, minimum, _ in parts]
    return ScatteringSynthesis(
        signals=given.back(signals.reshape(-1, signals.shape[-1])),
        relative_loss=_array([minimum.loss / minimum.first_loss for minimum in minima]),
        iterations=_array([minimum.iterations for minimum in minima]),
        discrepancies={name: _array([found[name].sqrt() for _, _, found in parts]) for name in parts[0][2]},
    )


def _checked(target: Tensor, fs: float) -> Tensor:
    shape = tuple(target.shape)
    if target.ndim != 3:
        raise SignalError(f"x has the shape {shape}; give (batch, channel, time)")
    if shape[-1] < max(MIN_SAMPLES, MIN_SECONDS * fs):
        raise SignalError(
            f"{shape[-1]} samples at {fs:g} Hz are too short; give at least {MIN_SAMPLES} samples and {MIN_SECONDS:g} s"
        )
    check_precision(target.device, torch.float64)
    target = target.detach().to(torch.float64)
    if not bool(target.isfinite().all()):
        row, channel = (~target.isfinite().all(-1)).nonzero()[0].tolist()
        raise SignalError(
            f"record {row}, channel {channel} has a missing or infinite sample; fill gaps before, and draw them into "
            "the result afterwards"
        )
    if bool((flat := target.amax(-1) == target.amin(-1)).any()):
        row, channel = flat.nonzero()[0].tolist()
        raise SignalError(f"record {row}, channel {channel} is constant; leave out records without a signal")
    return target


def _phases(target: Tensor, seed: int, first: int) -> Tensor:
    """Random phases (batch, 1, bin) of records `first` and on."""
    bins = target.shape[-1] // 2 + 1
    rows = [stream(seed, "phases of a synthesis", first + i).uniform(0, 2 * np.pi, bins) for i in range(len(target))]
    return torch.from_numpy(np.stack(rows)[:, None]).to(target)


def _synthesised(
    statistics: ScatteringStatistics, target: Tensor, phases: Tensor, fs: float, tolerance: float, max_iterations: int
) -> tuple[Tensor, Minimum, dict[str, Tensor]]:
    """Signals, their descent, and the mean square discrepancies by group."""
    n = target.shape[-1]
    units = statistics.scales(target)
    wanted = statistics(target, units)
    circle = closed(target, statistics.edge)
    spectra = torch.fft.rfft(circle - circle.mean(-1, keepdim=True))
    colour = _smoothed(spectra, statistics.J, n).sqrt()
    noise = torch.fft.irfft(spectra * torch.polar(torch.ones_like(phases), phases) / colour, n=n)

    def coloured(point: Tensor, which: Tensor) -> Tensor:
        noise = point.reshape(len(point), *target.shape[1:])
        return units["mean"][which] + torch.fft.irfft(torch.fft.rfft(noise) * colour[which], n=n)

    def apart(signals: Tensor, which: Tensor) -> dict[str, Tensor]:
        found = statistics(signals, {name: unit[which] for name, unit in units.items()})
        return {name: (one - wanted[name][which]).square().mean(-1) for name, one in found.items()}

    def loss(point: Tensor, which: Tensor) -> Tensor:
        parts = [WEIGHTS[name] * part for name, part in apart(coloured(point, which), which).items()]
        return torch.stack(parts).sum(0)

    minimum = minimise(loss, noise.flatten(1), tolerance=tolerance, max_iterations=max_iterations)
    everyone = torch.arange(len(target), device=target.device)
    signals = held_as(target, coloured(minimum.point, everyone), max(2, round(REST * fs)))
    return signals, minimum, apart(signals, everyone)


def _smoothed(spectra: Tensor, J: int, n: int) -> Tensor:
    """Power of the spectra, smoothed over a fraction of an octave; that of the lowest band down to frequency 0."""
    power = spectra.real.square() + spectra.imag.square()
    bins = power.shape[-1]
    bands = np.array([morlet_spectrum(n, one.xi, one.sigma)[:bins] ** 2 for one in morlet_family(J, PER_OCTAVE)])
    bands += 1e-30  # where no wavelet looks, all of them
    weights = torch.from_numpy(bands).to(power)
    level = power @ (weights / weights.sum(-1, keepdim=True)).mT
    level = level + QUIET * level.amax(-1, keepdim=True)
    # A mean of logarithms, so that a steep spectrum leaks less.
    return (level.log() @ (weights / weights.sum(0))).exp()


def _array(parts: list[Tensor]) -> np.ndarray:
    found: np.ndarray = torch.cat(parts).cpu().numpy()
    return found

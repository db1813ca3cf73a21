"""Wavelet leaders and p-leaders of wavelet coefficients, weighted by the measured share of each."""

from collections.abc import Mapping
from math import inf
from typing import NamedTuple

import torch

from .wavelet_transform import Octave, pairs, sizes

__all__ = ["LogLeaders", "log_leaders"]


class LogLeaders(NamedTuple):
    """The leaders of one scale.

    Attributes:
        value: (k, batch), natural logarithm; 0 where not valid.
        valid: (k, batch), 1 where the leader counts, else 0.
        measured: (batch,), number of leaders with enough samples; those among them that are 0 do not count.
    """

    value: torch.Tensor
    valid: torch.Tensor
    measured: torch.Tensor


def log_leaders(
    octaves: list[Octave],
    power: Mapping[int, torch.Tensor],
    taps: int,
    *,
    p: float,
    gamma: float,
    j1: int,
    max_gap_fraction: float,
    floor: torch.Tensor,
) -> list[LogLeaders]:
    r"""Logarithms of the leaders of scales j1, j1 + 1, ... without borders.

    With :math:`f(\lambda)` the measured share of a dyadic interval, :math:`3\lambda` an interval with its two
    neighbours and :math:`j' \le j` all finer scales down to 1,

    .. math:: L_\lambda = \max_{\lambda' \subset 3\lambda,\, f(\lambda') \ge 1/2} |d_{\lambda'}|, \qquad
        L^{(p)}_\lambda = \Big( \frac{3}{\sum_{\lambda'' \in 3\lambda} f(\lambda'')}
        \sum_{\lambda' \subset 3\lambda} 2^{-(j - j')} f(\lambda') |d_{\lambda'}|^p \Big)^{1/p} .

    On complete signals every f is 1 and these are the textbook definitions. A leader does not count where more than
    `max_gap_fraction` of its neighbourhood is missing, or where it is not above `floor`, a rounding error of 0.

    Args:
        octaves: of scales 1, 2, ...
        power: by scale (k, batch), number of measured samples times |d|^p; for leaders it is not used.
        taps: of the wavelet's filters.
        p: positive, `inf` for leaders.
        gamma: order of fractional integration; coefficients are multiplied by 2^(gamma j).
        j1: the first scale that is returned.
        max_gap_fraction: 0 to 1.
        floor: (batch,), of |d|.

    Source:
        Jaffard, Melot, Leonarduzzi, Wendt, Abry, Roux, Torres 2016, Physica A 448:300-318,
        doi:10.1016/j.physa.2015.12.061. The weights f are this package's own.
    """
    found: list[LogLeaders] = []
    # Integration multiplies scale j by 2^(gamma j). Left out of scale j, it is 2^-gamma from each scale to the next.
    step = 2 ** -(gamma if p == inf else gamma * p)
    mass: torch.Tensor | None = None
    for j, octave in enumerate(octaves, start=1):
        own = sizes(octave, j) if p == inf else power[j]
        if mass is not None:
            first, second = pairs(mass, taps, len(own))
            finer = torch.maximum(first, second) if p == inf else first + second
            finer = finer if gamma == 0 else finer * step
            own = torch.maximum(own, finer) if p == inf else own + finer
        mass = own
        if j < j1:
            continue
        measured = octave.measured
        present = measured[:-2] + measured[1:-1] + measured[2:]
        if p == inf:
            leader, lowest = torch.maximum(torch.maximum(mass[:-2], mass[1:-1]), mass[2:]), floor
        else:
            # The powers hold the number of measured samples, hence no 2^(j' - j) is left.
            leader, lowest = (mass[:-2] + mass[1:-1] + mass[2:]) * (3 / present.clamp(min=1)), floor**p
        enough = (1 - max_gap_fraction) * 3 * 2**j - 1e-6  # a fraction such as 1/3 is not exact
        measurable = present >= enough
        valid = measurable & (leader > lowest)
        value = torch.log(torch.where(valid, leader * step**-j, 1.0))
        found.append(LogLeaders(value if p == inf else value / p, valid.to(value.dtype), measurable.sum(0)))
    return found

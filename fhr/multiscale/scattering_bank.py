"""Filter bank of a scattering transform for signals of one length, and its coefficients of a batch."""

import math
from collections import Counter
from typing import NamedTuple, cast

import numpy as np
import torch
from torch import Tensor, nn

from fhr.errors import FHRError

from .morlet import morlet_family
from .scattering_band import cast_buffer, register_filters
from .scattering_circle import Circle, littlewood_paley, padded_length

__all__ = ["FilterBank", "ScatteringPath"]


class ScatteringPath(NamedTuple):
    """Path of one row of the output: its order, and for each wavelet passed, centre in Hz and octave j."""

    order: int
    xi: tuple[float, ...]
    j: tuple[int, ...]


class FilterBank(nn.Module):
    r"""Scattering coefficients of signals of one length; arguments and formulas are those of `Scattering1d`.

    Most of the work is done at high frequencies, where wavelets are short and need little padding: first wavelets for
    which the least padding is enough share a shorter circle than the others.

    Attributes:
        paths: what each row of the output measures.
        times: float64 (n_frames,), seconds.
        row_bytes: what one signal in double precision takes at the widest place, to choose the size of a batch by.

    Raises:
        FHRError: fewer than :math:`2^J` samples.
    """

    places: Tensor

    def __init__(
        self, J: int, Q: int, order: int, n_samples: int, *, fs: float, max_gap_fraction: float, unit_gain: bool
    ) -> None:
        super().__init__()
        if n_samples < 2**J:
            raise FHRError(
                f"J={J} averages over {2**J} samples, but n_samples={n_samples}; give longer signals or J of at most "
                f"{max(n_samples, 1).bit_length() - 1}"
            )
        self.J, self.n_samples = J, n_samples
        first = morlet_family(J, Q)
        second = [wavelet for wavelet in morlet_family(J, 1) if order == 2 and wavelet.j > first[0].j]
        self.families = (first, second)[:order]
        frames = np.arange((n_samples + 1) // 2 % 2**J, n_samples, 2**J)
        self.times: np.ndarray = frames / fs

        lengths = {w.j: padded_length(J, n_samples, [v for v in first if v.j == w.j], second) for w in first}
        shortest, self.length = min(lengths.values()), max(lengths.values())
        groups = [[w for w in first if lengths[w.j] == shortest], [w for w in first if lengths[w.j] > shortest]]
        self.circles = nn.ModuleList(
            Circle(
                J,
                group,
                second,
                n_samples=n_samples,
                length=length,
                frames=frames,
                max_gap_fraction=max_gap_fraction,
            )
            for group, length in zip(groups, (shortest, self.length), strict=True)
            if group
        )
        self.row_bytes = 16 * shortest * max(Counter(wavelet.j for wavelet in first).values())

        computed = [wavelets for circle in self._circles() for wavelets in circle.passed]
        passed = sorted(set(computed), key=lambda wavelets: (len(wavelets), [-wavelet.xi for wavelet in wavelets]))
        self.register_buffer("places", torch.tensor([computed.index(p) for p in passed]), persistent=False)
        gains = np.array([1.0 if unit_gain else 2.0 ** -sum(w.j for w in wavelets) for wavelets in passed])
        register_filters(self, {"gains": gains[:, None]})
        self.paths = tuple(
            ScatteringPath(len(wavelets), tuple(w.xi * fs for w in wavelets), tuple(w.j for w in wavelets))
            for wavelets in passed
        )

    def forward(self, x: Tensor, measured: Tensor | None = None) -> Tensor:
        """Coefficients (row, path, frame) of signals (row, time) that are all complete (None) or all with gaps.

        Args:
            x: (row, time), 0 where it is missing.
            measured: bool (row, time).
        """
        weight = torch.ones_like(x) if measured is None else measured.to(x.dtype)
        # Wavelets are blind to a level; without it they lose fewer digits.
        level = x.sum(dim=-1, keepdim=True) / weight.sum(dim=-1, keepdim=True).clamp_min(1)
        x = (x - level) * weight
        layer = x[None] if measured is None else torch.stack((x, weight, weight))
        coefficients = torch.cat([circle(layer) for circle in self._circles()], dim=1)[:, self.places]
        coefficients = torch.cat((coefficients[:, :1] + level[..., None], coefficients[:, 1:]), dim=1)
        return coefficients * cast_buffer(self, "gains", x.dtype)

    def _circles(self) -> list[Circle]:
        return cast("list[Circle]", list(self.circles))

    def frame_bound(self) -> tuple[tuple[float, float], ...]:
        """Bounds of the gain: see `Scattering1d.frame_bound`."""
        sums = [littlewood_paley(self.J, family, self.length) for family in self.families]
        return tuple((float(total.min()), float(total.max())) for total in sums)

    def lipschitz_bound(self) -> float:
        """Lipschitz constant: see `Scattering1d.lipschitz_bound`."""
        total = 0.0
        for circle in self._circles():
            padded = np.pad(np.arange(self.n_samples), circle.padding, "reflect")
            largest = [littlewood_paley(self.J, family, circle.length).max() for family in self.families]
            total += np.bincount(padded).max() * largest[0] * max(1.0, *largest[1:], 1.0)
        return math.sqrt(2.0**-self.J * total)

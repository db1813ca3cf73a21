"""Kernel-ridge head with a Gaussian kernel: smooth, by a known amount."""

from collections.abc import Callable
from math import sqrt

import torch

from fhr.errors import FHRError

from .ridge_head import RidgeHead

__all__ = ["GaussianRidgeHead"]

_ROUNDING = 1e-6  # of the sum of the terms of a score, many times what sums in float32 have been seen to lose


class GaussianRidgeHead(RidgeHead):
    r"""Ridge regression with the kernel :math:`k(e, e') = \exp(-|e - e'|^2 / (2 \sigma^2))`, and how far it can move.

    A function f of the kernel's space has :math:`|f(e) - f(e')| \le \|f\| \sqrt{2 - 2 k(e, e')}`, no more than
    :math:`\|f\| |e - e'| / \sigma`, and a second derivative in any direction of at most
    :math:`\sqrt 3 \|f\| / \sigma^2`, the root of the fourth derivative of the kernel. So over a distance r it moves by
    at most

    .. math:: \min\left(\|f\| \sqrt{2 - 2 e^{-r^2 / 2 \sigma^2}},\;
        |\nabla f(e)|\, r + \tfrac{\sqrt 3}{2} \|f\| r^2 / \sigma^2\right),

    of which the second is the less where the slope at e is far below the steepest. The embedding is taken as it is: a
    scale would have to be counted.

    Args:
        size: numbers of an embedding.
        capacity: most records that it can be fitted to.
        penalty: lambda.
        width: sigma, in the unit of the embedding.

    Raises:
        FHRError: a number that is not positive.

    Shape:
        (batch, size) to (batch, 1).

    Source:
        Stability by the norm of a kernel's space: Bietti and Mairal 2019, JMLR 20(25), section 5.
    """

    def __init__(self, size: int, capacity: int = 512, penalty: float = 3.0, width: float = 12.0) -> None:
        if min(size, capacity) < 1 or min(penalty, width) <= 0:
            raise FHRError(f"size={size}, capacity={capacity}, penalty={penalty}, width={width}; give positive numbers")
        super().__init__(size, capacity, penalty)
        self.width = width

    def kernel(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Kernel (n, m) of embeddings (n, size) and (m, size)."""
        if a.dtype is torch.float64:  # exact enough by products, which are quicker
            squared = a.square().sum(1)[:, None] + b.square().sum(1) - 2 * a @ b.T
            return torch.exp(-0.5 * squared.clamp_min(0) / self.width**2)
        distance = torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist")
        return torch.exp(-0.5 * (distance / self.width).square())

    @torch.no_grad()
    def moving(self, embedding: torch.Tensor) -> Callable[[torch.Tensor], torch.Tensor]:
        """Most that the score moves (batch,) within a distance (batch,) of embeddings (batch, size), in float64."""
        _, slope, terms = self._at(embedding.double())
        steep, norm = slope.square().sum(1).sqrt(), self.norm()
        return lambda distance: self._within(steep * distance, distance, norm) + 2 * _ROUNDING * terms

    @torch.no_grad()
    def bounds(
        self, low: torch.Tensor, high: torch.Tensor, apart: float = 0.0, norm: float | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Least and largest score (batch, 1), in float64.

        Args:
            low: (batch, size).
            high: (batch, size).
            apart: distance from an embedding between these.
            norm: of `norm`, where it is known; None to compute it.
        """
        middle, half = (high.double() + low.double()) / 2, (high.double() - low.double()) / 2
        score, slope, terms = self._at(middle)
        linear = (slope.abs() * half).sum(1) + slope.square().sum(1).sqrt() * apart
        reach = self._within(linear, half.square().sum(1).sqrt() + apart, norm or self.norm()) + _ROUNDING * terms
        return (score - reach).unsqueeze(1), (score + reach).unsqueeze(1)

    def _within(self, linear: torch.Tensor, distance: torch.Tensor, norm: float) -> torch.Tensor:
        """Most that the score moves, of what the slope gives and of the distance."""
        share = distance.double().square() / self.width**2
        return torch.minimum(norm * (-2 * torch.expm1(-share / 2)).sqrt(), linear + sqrt(3) / 2 * norm * share)

    @torch.no_grad()
    def norm(self) -> float:
        """Norm of the score in the kernel's space, rounded up."""
        n = self.n_records
        records, coefficients = self.records[:n].double(), self.coefficients[:n].double()
        squared = coefficients @ self.kernel(records, records) @ coefficients
        return float(squared.clamp_min(0).sqrt()) * (1 + 1e-9) + 1e-12

    def _at(self, embedding: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Score (batch,), slope (batch, size) and sum of the sizes of its terms (batch,)."""
        n = self.n_records
        records, coefficients = self.records[:n].double(), self.coefficients[:n].double()
        near = self.kernel(embedding, records) * coefficients
        slope = (near @ records - near.sum(1, keepdim=True) * embedding) / self.width**2
        return near.sum(1) + self.offset.double(), slope, near.abs().sum(1) + self.offset.abs().double()

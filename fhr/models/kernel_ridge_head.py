"""Differentiable kernel-ridge head: a network's last layer, solved in closed form, with leave-one-out as its loss."""

from collections.abc import Sequence

import torch
from torch import nn

from fhr.errors import FHRError

from .feature_scale import exactest
from .laplacian_ridge import DECAY, PENALTY

__all__ = ["KernelRidgeHead"]

_LIMIT = 3.0  # standard deviations, beyond which an embedding is bent towards this
_FEWEST = 20  # records of known target


class KernelRidgeHead(nn.Module):
    r"""Ridge regression with a sum of Laplacian kernels, one a block of the embedding, on the records it was fitted to.

    .. math:: K = \sum_b w_b \exp(-d_b\, \mathrm{mean}_{j \in b} |z_j - z'_j|), \quad \sum_b w_b = 1,

    with z the embedding, standardised over the records and bent beyond three standard deviations. What a trunk has to
    learn for this head is the embedding in which births of like outcome are near each other. `leave_one_out` is the
    prediction for each record by all others, in closed form and differentiable, so that its error is a loss that needs
    no second set of records: a trunk which learns the records by heart is told so by each of them. Weights, decays and
    penalty, a handful of numbers, may be learnt by it too.

    The head has no gradient of its own in `fit`, which keeps scaled records and their coefficients as buffers: a file
    of its weights predicts.

    Args:
        blocks: numbers of the embedding in each block, in order.
        capacity: most records that it can be fitted to; a checkpoint has room for as many.
        penalty: lambda at the start.
        decay: d of every block at the start.

    Attributes:
        n_records: that it was fitted to; 0 before, where every score is 0.

    Raises:
        FHRError: no block, or a penalty, decay or capacity that is not positive.

    Shape:
        (batch, sum of blocks) to (batch, 1), larger where the target is.

    Source:
        Leave-one-out: Allen 1974, doi:10.1080/00401706.1974.10489157. Deep kernels: Wilson et al. 2016,
        arXiv:1511.02222, there with the marginal likelihood in place of leave-one-out.
    """

    centre: torch.Tensor
    spread: torch.Tensor
    records: torch.Tensor
    coefficients: torch.Tensor
    offset: torch.Tensor
    fitted: torch.Tensor

    def __init__(
        self,
        blocks: Sequence[int],
        capacity: int = 512,
        penalty: float = PENALTY,
        decay: float = DECAY,
    ) -> None:
        super().__init__()
        if not blocks or min(*blocks, capacity) < 1 or min(penalty, decay) <= 0:
            raise FHRError(
                f"blocks={list(blocks)}, capacity={capacity}, penalty={penalty}, decay={decay}; give positive numbers"
            )
        self.blocks, self.capacity = tuple(blocks), capacity
        d, n = sum(blocks), len(blocks)
        self.log_weights = nn.Parameter(torch.zeros(n))
        self.log_decays = nn.Parameter(torch.full((n,), decay).log())
        self.log_penalty = nn.Parameter(torch.tensor([penalty]).log())
        self.register_buffer("centre", torch.zeros(d))
        self.register_buffer("spread", torch.ones(d))
        self.register_buffer("records", torch.zeros(capacity, d))
        self.register_buffer("coefficients", torch.zeros(capacity))
        self.register_buffer("offset", torch.zeros(1))
        self.register_buffer("fitted", torch.zeros(1, dtype=torch.long))

    @property
    def n_records(self) -> int:
        """Records that it was fitted to."""
        return int(self.fitted)

    def forward(self, embedding: torch.Tensor) -> torch.Tensor:
        """Scores (batch, 1) of embeddings (batch, d)."""
        # Rows without a record have the coefficient 0, so that no number of records has to be known here.
        near = self.kernel(_bent(embedding, self.centre, self.spread), self.records)
        return (near @ self.coefficients + self.offset).unsqueeze(1)

    def kernel(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Kernel (n, m) of scaled embeddings (n, d) and (m, d)."""
        total = a.new_zeros(len(a), len(b))
        blocks = zip(a.split(self.blocks, 1), b.split(self.blocks, 1), strict=True)
        for (x, y), weight, decay in zip(blocks, self.log_weights.softmax(0), self.log_decays.exp(), strict=True):
            total = total + weight * torch.exp(-decay / x.shape[1] * torch.cdist(x, y, p=1.0))
        return total

    def leave_one_out(self, embedding: torch.Tensor, target: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """Predictions (n,) for each record by a fit to all others, the embeddings scaled over all.

        Args:
            embedding: (n, d).
            target: (n,), anything where the weight is 0.
            weight: (n,) of the squared errors; 0 leaves a record out, which is then predicted by the others, or as 0
                where no record is left.
        """
        z = _bent(embedding, *_moments(embedding, weight))
        return self._solved(z, target, weight)[0].to(embedding.dtype)

    @torch.no_grad()
    def fit(self, embedding: torch.Tensor, target: torch.Tensor, weight: torch.Tensor) -> None:
        """Fit to records, for the scores from now on.

        Args:
            embedding: (n, d).
            target: (n,), anything where the weight is 0.
            weight: (n,) of the squared errors; records of weight 0 are not kept.

        Raises:
            FHRError: more records than there is room for, fewer than 20, or an embedding, target or weight that is not
                finite.
        """
        known = weight > 0
        embedding, target, weight = embedding[known], target[known], weight[known]
        n = len(target)
        if n > self.capacity:
            raise FHRError(f"{n} training records, and the head has room for {self.capacity}; give `capacity: {n}`")
        if n < _FEWEST:
            raise FHRError(f"{n} training records of known outcome; a kernel-ridge head needs {_FEWEST}")
        finite = embedding.isfinite().all(1) & target.isfinite() & weight.isfinite()
        if not finite.all():
            raise FHRError(
                f"{int((~finite).sum())} of {n} training records have an embedding, target or weight that is not "
                "finite; a trunk that was trained too fast gives such numbers: lower `learning_rate`"
            )
        centre, spread = _moments(embedding, weight)
        z = _bent(embedding, centre, spread)
        _, coefficients, offset = self._solved(z, target, weight)
        self.centre.copy_(centre)
        self.spread.copy_(spread)
        for kept, value in ((self.records, z), (self.coefficients, coefficients)):
            kept.zero_()
            kept[:n] = value
        self.offset.fill_(offset)
        self.fitted.fill_(n)

    def _solved(
        self, z: torch.Tensor, target: torch.Tensor, weight: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Leave-one-out predictions, coefficients that sum to 0, and offset; see `laplacian_ridge.solve`."""
        exact = exactest(z.device)
        gram, t, s = (x.to(exact) for x in (self.kernel(z, z), torch.where(weight > 0, target, 0.0), weight))
        penalty = self.log_penalty.exp().to(exact)
        share = s / s.sum().clamp_min(1e-12)  # of a batch without a known target there is nothing to share
        rows = gram @ share
        centred = gram - rows[:, None] - rows[None, :] + share @ rows
        root = s.sqrt()
        eye = torch.eye(len(t), dtype=exact, device=t.device)
        # `cholesky` would wait for a GPU to tell whether the matrix is positive definite, which it is.
        inverse = torch.cholesky_inverse(torch.linalg.cholesky_ex(root[:, None] * centred * root + penalty * eye).L)
        mean = share @ t
        coefficients = root * (inverse @ (root * (t - mean)))
        coefficients = coefficients - coefficients.mean()
        # 1 - leverage is lambda times the diagonal of the inverse, less the share of the constant.
        left = (penalty * inverse.diagonal() - share).clamp_min(1e-12)
        one_out = t - (t - mean - centred @ coefficients) / left
        return one_out, coefficients, mean - rows @ coefficients


def _moments(embedding: torch.Tensor, weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation over records, each once, as normal scores are taken; a constant is left unscaled."""
    known = (weight > 0).to(embedding.dtype)[:, None]
    n = known.sum().clamp_min(1)
    centre = (embedding * known).sum(0) / n
    variance = ((embedding - centre).square() * known).sum(0) / n
    return centre, torch.where(variance > 1e-12, variance, 1.0).sqrt()


def _bent(embedding: torch.Tensor, centre: torch.Tensor, spread: torch.Tensor) -> torch.Tensor:
    return _LIMIT * torch.tanh((embedding - centre) / (_LIMIT * spread))

"""Ridge head: a network's last layer that is solved in closed form, with leave-one-out as its loss."""

from abc import abstractmethod

import torch
from torch import nn

from fhr.errors import FHRError

from .feature_scale import exactest

__all__ = ["RidgeHead"]

_FEWEST = 20  # records of known target


class RidgeHead(nn.Module):
    """Kernel ridge regression on the records that it was fitted to; a derived class says with which kernel.

    `leave_one_out` is the prediction for each record by all others, in closed form and differentiable, so that its
    error is a loss that needs no second set of records: a trunk which learns the records by heart is told so by each of
    them.

    The head has no gradient of its own in `fit`, which keeps scaled records and their coefficients as buffers: a file
    of its weights predicts.

    Args:
        size: numbers of an embedding.
        capacity: most records that it can be fitted to; a checkpoint has room for as many.
        penalty: lambda at the start.

    Attributes:
        n_records: that it was fitted to; 0 before, where every score is 0.

    Shape:
        (batch, size) to (batch, 1), larger where the target is.

    Source:
        Leave-one-out: Allen 1974, doi:10.1080/00401706.1974.10489157.
    """

    records: torch.Tensor
    coefficients: torch.Tensor
    offset: torch.Tensor
    fitted: torch.Tensor

    def __init__(self, size: int, capacity: int, penalty: float) -> None:
        super().__init__()
        self.capacity = capacity
        self.log_penalty = nn.Parameter(torch.tensor([penalty]).log())
        self.register_buffer("records", torch.zeros(capacity, size))
        self.register_buffer("coefficients", torch.zeros(capacity))
        self.register_buffer("offset", torch.zeros(1))
        self.register_buffer("fitted", torch.zeros(1, dtype=torch.long))

    @abstractmethod
    def kernel(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Kernel (n, m) of scaled embeddings (n, size) and (m, size)."""

    def scaled(self, embedding: torch.Tensor) -> torch.Tensor:
        """Embeddings as the kernel takes them, by the scale of `fit`; as they are, unless a derived class has one."""
        return embedding

    def scaled_over(self, embedding: torch.Tensor, weight: torch.Tensor, *, keep: bool = False) -> torch.Tensor:
        """The same by the scale of these records, each once where its weight is above 0.

        Args:
            embedding: (n, size).
            weight: (n,).
            keep: for `scaled` from now on.
        """
        return embedding

    @property
    def n_records(self) -> int:
        """Records that it was fitted to."""
        return int(self.fitted)

    def forward(self, embedding: torch.Tensor) -> torch.Tensor:
        """Scores (batch, 1) of embeddings (batch, d)."""
        # Rows without a record have the coefficient 0, so that no number of records has to be known here.
        near = self.kernel(self.scaled(embedding), self.records)
        return (near @ self.coefficients + self.offset).unsqueeze(1)

    def leave_one_out(self, embedding: torch.Tensor, target: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """Predictions (n,) for each record by a fit to all others, the embeddings scaled over all.

        Args:
            embedding: (n, d).
            target: (n,), anything where the weight is 0.
            weight: (n,) of the squared errors; 0 leaves a record out, which is then predicted by the others, or as 0
                where no record is left.
        """
        z = self.scaled_over(embedding, weight)
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
        z = self.scaled_over(embedding, weight, keep=True)
        _, coefficients, offset = self._solved(z, target, weight)
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

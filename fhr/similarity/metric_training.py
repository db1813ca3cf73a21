"""Training of a learned metric's projection: three terms over batches of labours."""

import numpy as np
import torch
import torch.nn.functional as F

from fhr.compute import stream

from .window_pairs import PairRows

__all__ = ["trained_projection"]

_LABOURS = 256  # of a batch


def trained_projection(
    z: np.ndarray,
    labours: np.ndarray,
    ph: np.ndarray,
    pairs: PairRows,
    *,
    n_outputs: int,
    epochs: int,
    learning_rate: float,
    temperature: float,
    weight_ph: float,
    weight_pairs: float,
    seed: int,
    device: str,
) -> np.ndarray:
    """Projection, (d, k), that `LearnedMetric` describes.

    Args:
        z: normal scores (n, d).
        labours: (n,) names.
        ph: (n,); NaN is unknown.
        pairs: rows of z.
        n_outputs: k at most.
        epochs: of the training.
        learning_rate: of Adam.
        temperature: of the cosines.
        weight_ph: of the second term.
        weight_pairs: of the third.
        seed: of the windows that are drawn.
        device: of torch.
    """
    labour = np.unique(labours, return_inverse=True)[1]
    windows = [np.flatnonzero(labour == k) for k in range(labour.max() + 1)]
    x, target = (torch.tensor(one, dtype=torch.float32, device=device) for one in (z, _standardised(ph)))
    of = torch.tensor(labour, device=device)
    projection = torch.tensor(_principal_axes(z, n_outputs), dtype=torch.float32, device=device)
    projection.requires_grad_()
    optimizer = torch.optim.Adam([projection], lr=learning_rate)
    sure = PairRows(*(one[pairs.answers != "unsure"] for one in pairs))
    for epoch in range(epochs):
        rng = stream(seed, "windows of a learned metric", epoch)
        order = rng.permutation(len(windows))
        for part in np.array_split(order, -(-len(order) // _LABOURS)):
            drawn = [rng.choice(windows[k], min(2, len(windows[k])), replace=False) for k in part]
            twice = np.array([rows for rows in drawn if len(rows) == 2], dtype=int).reshape(-1, 2)
            rows = torch.tensor(np.concatenate(drawn), device=device)
            repels = torch.tensor(_repels(labour[twice[:, 0]], labour[pairs.rows], pairs.answers), device=device)
            first, second = (_directions(x[twice[:, k]], projection) for k in range(2))
            loss = _attraction(first, second, repels, temperature)
            if weight_ph:
                points = _directions(x[rows], projection)
                loss = loss + weight_ph * _ph_error(points, of[rows], target[rows], temperature)
            if weight_pairs and len(sure.rows):
                a, b = (_directions(x[sure.rows[:, k]], projection) for k in range(2))
                loss = loss + weight_pairs * _disagreement(a, b, sure, temperature)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    found: np.ndarray = projection.detach().cpu().double().numpy()
    return found


def _principal_axes(z: np.ndarray, n: int) -> np.ndarray:
    """Axes (d, n or fewer), the sign of each that of its largest entry: libraries differ."""
    axes = np.linalg.svd(z - z.mean(axis=0), full_matrices=False)[2][:n].T
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=0)[None], axis=0)
    return axes * np.where(largest < 0, -1, 1)


def _standardised(ph: np.ndarray) -> np.ndarray:
    known = ph[~np.isnan(ph)]
    if not len(known) or known.min() == known.max():
        return np.full(len(ph), np.nan)  # one pH tells nothing apart
    return (ph - known.mean()) / known.std()


def _repels(labours: np.ndarray, pairs: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Whether two labours (m, m) are to be told apart: a reader did not call windows of them alike, or hesitate."""
    alike = pairs[answers != "other"]
    n = 1 + max(labours.max(initial=0), alike.max(initial=0))
    either = np.concatenate([alike, alike[:, ::-1]])
    return ~np.isin(labours[:, None] * n + labours, either[:, 0] * n + either[:, 1])


def _directions(z: torch.Tensor, projection: torch.Tensor) -> torch.Tensor:
    return F.normalize(z @ projection, dim=1)


def _attraction(a: torch.Tensor, b: torch.Tensor, repels: torch.Tensor, temperature: float) -> torch.Tensor:
    """InfoNCE of directions (m, k) of which each pair of rows is of one labour; 0 for fewer than two."""
    if len(a) < 2:
        return (a.sum() + b.sum()) * 0
    own = torch.eye(len(a), dtype=torch.bool, device=a.device)
    logits = (a @ b.T / temperature).masked_fill(~(repels | own), -torch.inf)
    where = torch.arange(len(a), device=a.device)
    return (F.cross_entropy(logits, where) + F.cross_entropy(logits.T, where)) / 2


def _ph_error(points: torch.Tensor, of: torch.Tensor, ph: torch.Tensor, temperature: float) -> torch.Tensor:
    """Mean squared error of the pH that windows of other labours tell, of directions (m, k); 0 where none is known."""
    known = ~ph.isnan()
    points, of, ph = points[known], of[known], ph[known]
    others = of[:, None] != of
    if not others.any():
        return points.sum() * 0
    logits = (points @ points.T / temperature).masked_fill(~others, -torch.inf)
    return (torch.softmax(logits, dim=1) @ ph - ph).square().mean()


def _disagreement(a: torch.Tensor, b: torch.Tensor, pairs: PairRows, temperature: float) -> torch.Tensor:
    """Weighted mean log-loss of what a reader answered, of directions (p, k)."""
    sign = torch.tensor(np.where(pairs.answers == "same", 1.0, -1.0)).to(a)
    weight = torch.tensor(pairs.weights).to(a)
    return (weight * F.softplus(-sign * (a * b).sum(dim=1) / temperature)).sum() / weight.sum()

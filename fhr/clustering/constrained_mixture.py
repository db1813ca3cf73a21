"""Gaussian mixture of one covariance whose posteriors follow the labels of pairs, and the metric that it learns."""

import numpy as np
from scipy.linalg import solve_triangular
from scipy.spatial.distance import cdist
from scipy.special import entr, softmax

from .constrained_kmeans import Groups, constrained_kmeans, means
from .pair_evidence import EVIDENCE
from .signed_pairs import SignedPairs

__all__ = ["constrained_mixture", "in_metric_of_pairs", "memberships_with_pairs"]

_ITERATIONS = 200
_TOLERANCE = 1e-3  # nats a record, or of a chance; an iteration that gains less is the last, as in the plain mixture
_RIDGE = 1e-6  # of the mean variance, added to each


def constrained_mixture(values: np.ndarray, k: int, pairs: SignedPairs, seed: int) -> np.ndarray:
    r"""Labels of a mixture of k Gaussians of one covariance, with a prior on labels that pairs make.

    .. math:: p(l) \propto \exp\left(\sum_i \log \pi_{l_i} + \log 9 \sum_{(i,j)} w_{ij} [l_i = l_j]\right)

    Posteriors are taken as independent (mean field): a record draws its must-links to a kind by their weight times its
    posterior there, and repels its cannot-links; rows of pairs are updated in turn. The one covariance finds kinds that
    differ along directions of small variance. Starts are the constrained k-means of the values and of the whitened
    values; the greater bound of the evidence wins. For such kinds the second start gains more than the pairs do.

    Args:
        values: (n, d).
        k: number of kinds, 2 or more.
        pairs: of rows.
        seed: of the starts.

    Returns:
        (n,) int from 0 to k - 1: the likeliest kind.

    Source:
        Lu and Leen 2004, Semi-supervised learning with penalized probabilistic clustering, NeurIPS 17, with mean field
        for their Gibbs sampling.
    """
    groups = [(rows, EVIDENCE * weights) for rows, weights in pairs.groups(len(values))]
    starts = [np.eye(k)[constrained_kmeans(one, k, pairs, seed)] for one in (values, _whitened(values, values))]
    posterior, _ = max((_ascended(values, one, groups, pairs) for one in starts), key=lambda found: found[1])
    labels: np.ndarray = posterior.argmax(axis=1)
    return labels


def in_metric_of_pairs(values: np.ndarray, k: int, pairs: SignedPairs, seed: int) -> np.ndarray:
    """Values (n, d) in the metric in which the kinds of `constrained_mixture` are round, in the unit of their spread.

    Other methods find kinds in it that differ along directions of small variance; where they differ along the large
    ones it costs a little. The scatter of must-links alone (relevant component analysis, Bar-Hillel et al. 2003) and
    `fhr.similarity.LearnedMetric` were worse on the simulated kinds of `benchmarks/clustering_pairs.py`: 100 pairs are
    few beside the records that the mixture learns from too.

    Args:
        values: (n, d).
        k: number of kinds, 2 or more.
        pairs: of rows.
        seed: of the starts.
    """
    labels = constrained_mixture(values, k, pairs, seed)
    return _whitened(values, values - means(values, labels, k)[labels])


def memberships_with_pairs(memberships: np.ndarray, pairs: SignedPairs) -> np.ndarray:
    """Memberships (n, k) of records after their pairs have had a say, in the mean field of `constrained_mixture`.

    Args:
        memberships: (n, k) of the values alone, by any method; a row of NaN has none, and its pairs do not count.
        pairs: of rows.

    Returns:
        (n, k) of the dtype that was given; rows without pairs as they were.
    """
    known = ~np.isnan(memberships).any(axis=1)
    kept = known[pairs.first] & known[pairs.second]
    some = SignedPairs(pairs.first[kept], pairs.second[kept], EVIDENCE * pairs.weight[kept])
    groups = some.groups(len(memberships))
    start = np.where(known[:, None], memberships, 0.0).astype(np.float64)
    likely = np.log(start + np.finfo(float).tiny)
    found = start
    for _ in range(_ITERATIONS):
        before, found = found, _swept(likely, found, groups)
        if np.abs(found - before).max(initial=0) < _TOLERANCE:
            break
    paired = np.zeros((len(memberships), 1), dtype=bool)
    paired[np.r_[some.first, some.second]] = True
    return np.where(paired, found, memberships).astype(memberships.dtype)


def _ascended(
    values: np.ndarray, posterior: np.ndarray, groups: Groups, pairs: SignedPairs
) -> tuple[np.ndarray, float]:
    """Posterior (n, k) and the bound of the log evidence, after the ascent from a posterior."""
    bound = -np.inf
    for _ in range(_ITERATIONS):
        likely = _log_joint(values, posterior)
        posterior = _swept(likely, posterior, groups)
        together = np.sum(posterior[pairs.first] * posterior[pairs.second], axis=1)
        before, bound = bound, float(np.sum(posterior * likely) + np.sum(entr(posterior)))
        bound += EVIDENCE * float(pairs.weight @ together)
        if bound - before < _TOLERANCE * len(values):
            break
    return posterior, bound


def _swept(likely: np.ndarray, posterior: np.ndarray, groups: Groups) -> np.ndarray:
    """Posterior (n, k) of log-likelihoods (n, k), in which the rows of pairs have had their turn once."""
    found: np.ndarray = softmax(likely, axis=1)
    for rows, _ in groups:
        found[rows] = posterior[rows]
    for rows, weights in groups:
        found[rows] = softmax(likely[rows] + weights @ found, axis=1)
    return found


def _log_joint(values: np.ndarray, posterior: np.ndarray) -> np.ndarray:
    """Log of share times density (n, k), of the maximum of likelihood at a posterior."""
    size = posterior.sum(axis=0) + np.finfo(float).tiny
    centres = posterior.T @ values / size[:, None]
    root = _root((values.T @ values - centres.T @ (size[:, None] * centres)) / len(values))
    white, middle = (solve_triangular(root, one.T, lower=True).T for one in (values, centres))
    found: np.ndarray = np.log(size / len(values)) - cdist(white, middle, "sqeuclidean") / 2
    return found - np.log(np.diag(root)).sum()


def _whitened(values: np.ndarray, residuals: np.ndarray) -> np.ndarray:
    found: np.ndarray = solve_triangular(_root(np.cov(residuals.T, bias=True)), values.T, lower=True).T
    return found


def _root(covariance: np.ndarray) -> np.ndarray:
    covariance = np.atleast_2d(covariance)
    mean = np.trace(covariance) / len(covariance)
    return np.linalg.cholesky(covariance + (_RIDGE * mean + np.finfo(float).tiny) * np.eye(len(covariance)))

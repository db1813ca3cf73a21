"""Published ways to cluster with pairs, for `clustering_pairs.py`: each from values (n, d), k and pairs to labels.

COP-KMeans (Wagstaff et al. 2001), PCKMeans (Basu, Banerjee and Mooney 2004, doi:10.1137/1.9781611972740.31), MPCKMeans
(Bilenko, Basu and Mooney 2004, doi:10.1145/1015330.1015360), spectral clustering after exhaustive and efficient
constraint propagation (Lu and Ip 2010, doi:10.1007/978-3-642-15567-3_1), and k-means after relevant component analysis
(Bar-Hillel et al. 2003). Values are scaled as a whole to a mean variance of 1, which unit weights refer to.
"""

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans, SpectralClustering

from fhr.clustering.constrained_kmeans import means
from fhr.clustering.signed_pairs import SignedPairs


def cop_kmeans(x: np.ndarray, k: int, pairs: SignedPairs, rng: np.random.Generator) -> np.ndarray | None:
    """Labels that break no pair; None where 20 starts each came to a record that fits nowhere."""
    chain = pairs.chains(len(x))
    size = np.bincount(chain)
    middle = means(x, chain, len(size))
    apart: list[set[int]] = [set() for _ in size]
    for i, j in zip(chain[pairs.first[pairs.weight < 0]], chain[pairs.second[pairs.weight < 0]], strict=True):
        if i == j:
            return None
        apart[i].add(j)
        apart[j].add(i)
    bound = [i for i in range(len(size)) if apart[i]]
    for _ in range(20):
        centres, labels = x[rng.choice(len(x), k, replace=False)], None
        order = rng.permutation(bound) if bound else ()
        for _ in range(100):
            away = cdist(middle, centres, "sqeuclidean")
            new = away.argmin(axis=1)
            new[bound] = -1
            for i in order:
                taken = {new[j] for j in apart[i]}
                new[i] = next((kind for kind in np.argsort(away[i]) if kind not in taken), -2)
                if new[i] == -2:
                    break
            if (new == -2).any():
                break
            if labels is not None and (new == labels).all():
                break
            labels, centres = new, means(x, new[chain], k)
        else:
            new = labels
        if (new >= 0).all():
            return new[chain]
    return None


def mpc_kmeans(
    x: np.ndarray, k: int, pairs: SignedPairs, rng: np.random.Generator, *, metric: bool = True
) -> np.ndarray:
    """Labels of MPCKMeans, with a diagonal metric for each kind, or of PCKMeans without it; unit weights."""
    x = x / np.sqrt(x.var(axis=0).mean())
    beside: dict[int, list[int]] = {}
    for p, (i, j) in enumerate(zip(pairs.first, pairs.second, strict=True)):
        beside.setdefault(int(i), []).append(p)
        beside.setdefault(int(j), []).append(p)
    squares = np.square(x[pairs.first] - x[pairs.second])
    widest = np.square(np.ptp(x, axis=0))
    must = pairs.weight > 0
    centres, scale, labels = _farthest_first(x, k, pairs), np.ones((k, x.shape[1])), np.full(len(x), -1)
    for _ in range(50):
        cost = np.stack([np.square(x - c) @ a - np.log(a).sum() for c, a in zip(centres, scale, strict=True)], axis=1)
        cost, before = cost / 2, labels
        labels = np.where(np.isin(np.arange(len(x)), list(beside)), -1, cost.argmin(axis=1))
        price = squares @ scale.T if metric else np.ones((len(pairs), k))
        spared = np.maximum(widest @ scale.T - price, 0) if metric else price
        for i in rng.permutation(list(beside)):
            total = cost[i].copy()
            for p in beside[i]:
                other = labels[pairs.second[p] if pairs.first[p] == i else pairs.first[p]]
                if other >= 0 and must[p]:
                    total += np.where(np.arange(k) == other, 0, (price[p] + price[p, other]) / 2)
                elif other >= 0:
                    total[other] += spared[p, other]
            labels[i] = total.argmin()
        if (labels == before).all():
            break
        centres = means(x, labels, k)
        if metric:
            scale = _metrics(x, labels, centres, pairs, squares, widest)
    return labels


def pc_kmeans(x: np.ndarray, k: int, pairs: SignedPairs, rng: np.random.Generator) -> np.ndarray:
    return mpc_kmeans(x, k, pairs, rng, metric=False)


def _metrics(x, labels, centres, pairs, squares, widest):
    must, one, other = pairs.weight > 0, labels[pairs.first], labels[pairs.second]
    scale = []
    for kind in range(len(centres)):
        size = max((labels == kind).sum(), 1)
        scatter = np.square(x[labels == kind] - centres[kind]).sum(axis=0)
        broken = must & (one != other) & ((one == kind) | (other == kind))
        scatter += squares[broken].sum(axis=0) / 2
        broken = ~must & (one == other) & (one == kind)
        scatter += np.maximum(widest - squares[broken], 0).sum(axis=0)
        scale.append(size / np.maximum(scatter, 1e-3 * size))
    return np.array(scale)


def _farthest_first(x: np.ndarray, k: int, pairs: SignedPairs) -> np.ndarray:
    """Means of chains of must-links, the largest first, then those farthest by distance times size."""
    chain = pairs.chains(len(x))
    size = np.bincount(chain)
    middle = means(x, chain, len(size))
    chosen = [int(size.argmax())]
    while len(chosen) < k:
        chosen.append(int(np.argmax(size * cdist(middle, middle[chosen]).min(axis=1))))
    return middle[chosen]


def propagated(x: np.ndarray, k: int, pairs: SignedPairs, rng: np.random.Generator) -> np.ndarray:
    """Labels of spectral clustering of an affinity that pairs are propagated through (alpha = 0.8, 10 neighbours)."""
    away = cdist(x, x, "sqeuclidean")
    near = np.argsort(away, axis=1)[:, 1:11]
    row, column = np.repeat(np.arange(len(x)), 10), near.ravel()
    affinity = np.zeros_like(away)
    affinity[row, column] = np.exp(-away[row, column] / np.mean(away[row, column]))
    affinity = np.maximum(affinity, affinity.T)
    degree = np.sqrt(affinity.sum(axis=1))
    smooth = 0.2 * np.linalg.inv(np.eye(len(x)) - 0.8 * affinity / degree / degree[:, None])
    told = smooth @ np.sign(pairs.matrix(len(x)).toarray()) @ smooth
    told /= max(np.abs(told).max(), 1e-12)
    affinity = np.where(told >= 0, 1 - (1 - told) * (1 - affinity), (1 + told) * affinity)
    return SpectralClustering(k, affinity="precomputed", random_state=0, n_init=3).fit_predict(
        (affinity + affinity.T) / 2
    )


def components(x: np.ndarray, k: int, pairs: SignedPairs, rng: np.random.Generator) -> np.ndarray:
    """Labels of k-means after relevant component analysis, the scatter of must-links with that of 30 more of all."""
    apart = (x[pairs.first] - x[pairs.second])[pairs.weight > 0]
    scatter = (30 * np.cov(x.T) + apart.T @ apart / 2) / (30 + len(apart))
    return KMeans(k, n_init=3, random_state=0).fit_predict(np.linalg.solve(np.linalg.cholesky(scatter), x.T).T)

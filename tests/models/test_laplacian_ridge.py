import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge
from sklearn.metrics.pairwise import laplacian_kernel
from sklearn.preprocessing import KernelCenterer

from fhr.models.laplacian_ridge import KernelTerm, kernel, solve

RNG = np.random.default_rng(1)
Z = RNG.normal(size=(40, 5))
TERMS = [KernelTerm((0, 2, 3), 0.7, 0.6), KernelTerm((1,), 0.03, 0.0), KernelTerm((0, 4), 0.2, 0.6)]


def test_a_term_is_the_laplacian_kernel_of_scikit_learn():
    found = KernelTerm((0, 2, 3), 0.7, 0.6)(Z[:7], Z)
    np.testing.assert_allclose(found, 0.7 * laplacian_kernel(Z[:7][:, [0, 2, 3]], Z[:, [0, 2, 3]], gamma=0.2))
    np.testing.assert_allclose(KernelTerm((1,), 0.03, 0.0)(Z, Z), 0.03 * np.outer(Z[:, 1], Z[:, 1]))


def test_the_solution_is_that_of_scikit_learn_on_the_centred_kernel():
    gram, target, new = kernel(TERMS, Z, Z), RNG.normal(size=(40, 2)), RNG.normal(size=(6, 5))
    centre = KernelCenterer().fit(gram)
    for t in (target[:, 0], target):
        model = KernelRidge(alpha=2.2, kernel="precomputed").fit(centre.transform(gram), t - t.mean(axis=0))
        expected = model.predict(centre.transform(kernel(TERMS, new, Z))) + t.mean(axis=0)
        found = solve(gram, t, 2.2)
        np.testing.assert_allclose(found.offset + kernel(TERMS, new, Z) @ found.weights, expected, atol=1e-10)
        np.testing.assert_allclose(found.weights.sum(axis=0), 0, atol=1e-12)


@pytest.mark.parametrize("penalty", [0.01, 2.2, 1000.0])
def test_leaving_a_record_out_is_fitting_without_it(penalty):
    gram, target = kernel(TERMS, Z, Z), RNG.normal(size=40)
    found = solve(gram, target, penalty).leave_one_out
    for i in range(0, 40, 7):
        rest = np.delete(np.arange(40), i)
        without = solve(gram[np.ix_(rest, rest)], target[rest], penalty)
        assert found[i] == pytest.approx(without.offset + gram[i, rest] @ without.weights, abs=1e-8)


def test_an_infinite_penalty_leaves_the_mean():
    target = RNG.normal(size=40)
    found = solve(kernel(TERMS, Z, Z), target, 1e12)
    np.testing.assert_allclose(found.offset + kernel(TERMS, Z, Z) @ found.weights, target.mean(), atol=1e-9)


def test_a_weight_is_so_many_copies_of_a_record():
    times = RNG.integers(0, 4, 40)
    repeated = np.repeat(np.arange(40), times)
    gram = kernel(TERMS, Z, Z)
    for target in (RNG.normal(size=40), RNG.normal(size=(40, 2))):
        weighted = solve(gram, target, 2.2, times.astype(float))
        copies = solve(gram[np.ix_(repeated, repeated)], target[repeated], 2.2)
        found = weighted.offset + gram @ weighted.weights
        np.testing.assert_allclose(found, copies.offset + gram[:, repeated] @ copies.weights, atol=1e-9)
        np.testing.assert_allclose(weighted.weights.sum(axis=0), 0, atol=1e-12)
        for one, other in zip(solve(gram, target, 2.2, np.ones(40)), solve(gram, target, 2.2), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-12)


@pytest.mark.parametrize("penalty", [0.01, 2.2, 1000.0])
def test_leaving_a_weighted_record_out_is_fitting_without_it(penalty):
    gram, target, weights = kernel(TERMS, Z, Z), RNG.normal(size=40), RNG.exponential(size=40)
    weights[7] = 0.0
    found = solve(gram, target, penalty, weights).leave_one_out
    for i in range(0, 40, 7):
        rest = np.delete(np.arange(40), i)
        without = solve(gram[np.ix_(rest, rest)], target[rest], penalty, weights[rest])
        assert found[i] == pytest.approx(without.offset + gram[i, rest] @ without.weights, abs=1e-8)

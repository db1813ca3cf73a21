import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist
from scipy.stats import wasserstein_distance

from fhr.errors import FHRError
from fhr.metrics import PrincipalAxes, fidelity_indices, frechet, in_real_units, manifolds, marginal_distance, mmd2

INDICES = [mmd2, marginal_distance, lambda x, y: manifolds(x, y).precision, lambda x, y: manifolds(x, y).density]


def two_sets(seed=0, n=40, m=30, d=5, shift=0.0):
    generator = np.random.default_rng(seed)
    return generator.normal(size=(n, d)), generator.normal(size=(m, d)) + shift


def test_mmd_is_the_sum_of_its_definition():
    real, synthetic = two_sets(shift=0.5)
    x, y = in_real_units(real, synthetic)
    among = cdist(x, x, "cityblock")
    width = np.median(among[np.triu_indices(len(x), 1)])

    def k(a, b):
        return np.mean([np.exp(-np.abs(a - b).sum() / (s * width)) for s in (0.5, 1, 2)])

    within = [np.mean([k(a, b) for i, a in enumerate(z) for j, b in enumerate(z) if i != j]) for z in (x, y)]
    between = np.mean([k(a, b) for a in x for b in y])
    assert mmd2(real, synthetic) == pytest.approx(sum(within) - 2 * between)


@pytest.mark.statistics
def test_mmd_of_one_law_is_zero_on_average_and_grows_with_the_shift():
    values = np.array([mmd2(*two_sets(seed)) for seed in range(150)])
    assert abs(values.mean()) < 3 * values.std() / np.sqrt(len(values))
    assert (values < 0).mean() > 0.3
    assert 0 < mmd2(*two_sets(shift=0.5)) < mmd2(*two_sets(shift=1))


def test_frechet_distance_of_gaussians_in_closed_form():
    generator = np.random.default_rng(0)
    x, y = (
        generator.normal(size=(200, 4)),
        generator.normal(size=(150, 4)) @ generator.normal(size=(4, 4)) + [1, 0, 0, 2],
    )
    a, b = in_real_units(x, y)
    of_a, of_b = np.cov(a.T), np.cov(b.T)
    cross = np.real(sqrtm(of_a @ of_b))
    assert frechet(x, y) == pytest.approx(
        ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(of_a + of_b - 2 * cross), rel=1e-6
    )
    # one column: (difference of means)^2 + (difference of standard deviations)^2
    one = x[:, :1] / x[:, :1].std(ddof=1)
    assert frechet(one, 2 * one) == pytest.approx((one.mean() ** 2 + 1) / one.var())
    assert frechet(x, x) == pytest.approx(0, abs=1e-9)


def test_frechet_distance_takes_few_columns():
    x, y = two_sets(d=5)
    with pytest.raises(FHRError, match=r"5 columns with 30 rows; the Frechet distance takes 3.*at least 50 rows"):
        frechet(x, y)
    axes = PrincipalAxes.fit(two_sets(1)[0], 3)
    assert frechet(axes(x), axes(y)) > 0


def test_marginal_distance_is_the_mean_of_scipys():
    real, synthetic = two_sets(shift=0.3)
    x, y = in_real_units(np.round(real, 1), np.round(synthetic, 1))  # with ties
    each = [wasserstein_distance(x[:, k], y[:, k]) for k in range(x.shape[1])]
    assert marginal_distance(np.round(real, 1), np.round(synthetic, 1)) == pytest.approx(np.mean(each))


def test_precision_and_recall_by_hand():
    real, near, far = np.arange(10.0)[:, None], np.arange(10.0)[:, None] + 0.5, np.arange(10.0)[:, None] + 100
    assert manifolds(real, real, 3)[:2] == (1, 1)
    assert manifolds(real, near, 1)[:2] == (1, 1)
    assert manifolds(real, far, 3) == (0, 0, 0)
    # one mode of two: all that is made is right, half of what there is is not made
    one = np.concatenate([real[:, 0] / 100, real[:, 0] / 100 + 1])[:, None]
    assert manifolds(one, one[:10] + 1e-3, 3)[:2] == (1, 0.5)


@pytest.mark.statistics
def test_density_of_one_law_is_one_on_average():
    density = [manifolds(*two_sets(seed)).density for seed in range(100)]
    assert abs(np.mean(density) - 1) < 3 * np.std(density) / 10


@pytest.mark.parametrize("index", [*INDICES, frechet], ids=range(5))
def test_units_are_those_of_the_real_rows(index):
    x, y = two_sets(n=60, m=60, shift=0.5)
    scale, offset = np.array([1, 1e-3, 1e4, 7, 0.1]), np.array([140, 0, -3, 1e3, 5])
    assert index(x * scale + offset, y * scale + offset) == pytest.approx(index(x, y))


@pytest.mark.parametrize("index", INDICES, ids=range(4))
def test_what_is_missing_takes_the_real_median(index):
    x, y = two_sets(shift=0.5)
    x[:5, 1], y[3:9, 2] = np.nan, np.nan
    by_hand = [np.where(np.isnan(rows), np.nanmedian(x, axis=0), rows) for rows in (x, y)]
    assert index(x, y) == index(*by_hand)
    nothing = y.copy()
    nothing[:, 0] = np.nan
    assert marginal_distance(x, nothing) > marginal_distance(x, two_sets(shift=0)[1])


def test_a_constant_column_says_nothing_until_the_synthetic_rows_differ_there():
    x, y = two_sets()
    constant = [np.column_stack([rows, np.full(len(rows), 0.1)]) for rows in (x, y)]
    assert mmd2(*constant) == pytest.approx(mmd2(x, y))
    assert mmd2(constant[0], constant[1] + [0, 0, 0, 0, 0, 3]) > mmd2(*constant) + 0.01


def test_one_wild_value_does_not_hide_the_rest():
    x, y = two_sets(shift=0.5)
    wild = y.copy()
    wild[0, 0] = 1e12
    assert mmd2(x, wild) == pytest.approx(mmd2(x, y), rel=0.3)
    assert marginal_distance(x, wild) < 2 * marginal_distance(x, y)


def test_prepared_indices_are_those_of_the_chosen_rows():
    x, y = two_sets(n=60, d=5, m=90, shift=0.5)
    chosen = np.random.default_rng(0).permutation(90)[:50]
    found = fidelity_indices(x, y)(chosen)
    precision, recall, density = manifolds(x, y[chosen])
    expected = {
        "mmd2": mmd2(x, y[chosen]),
        "marginal_distance": marginal_distance(x, y[chosen]),
        "imprecision": 1 - precision,
        "lost_recall": 1 - recall,
        "density": abs(density - 1),
        "frechet": frechet(x, y[chosen]),
    }
    assert found == pytest.approx(expected)
    assert "frechet" not in fidelity_indices(x, y)(chosen[:49])


def test_principal_axes():
    generator = np.random.default_rng(0)
    rows = generator.normal(size=(200, 1)) * [1, 2, -3, 0] + 0.1 * generator.normal(size=(200, 4)) * [1, 2, 3, 0] + 5
    axes = PrincipalAxes.fit(rows, 1)
    assert np.abs(np.corrcoef(axes(rows)[:, 0], rows[:, 0])[0, 1]) > 0.99
    assert axes(np.full((1, 4), np.nan)) == pytest.approx(axes(np.median(rows, axis=0)[None]))
    with pytest.raises(FHRError, match=r"k=5 axes of 200 rows and 4 columns"):
        PrincipalAxes.fit(rows, 5)
    with pytest.raises(FHRError, match="3 columns for axes of 4"):
        axes(rows[:, :3])


ROWS = arrays(
    np.float64, st.tuples(st.integers(5, 12), st.just(3)), elements=st.one_of(st.just(np.nan), st.floats(-1e9, 1e9))
)


@given(ROWS, ROWS)
@settings(max_examples=25, deadline=None)
def test_indices_are_finite_or_refuse(real, synthetic):
    for index in (*INDICES, frechet):
        try:
            value = index(real, synthetic)
        except FHRError:
            continue
        assert np.isfinite(value)


def test_errors():
    x, y = two_sets()
    with pytest.raises(FHRError, match="5 real and 4 synthetic columns; compute the same features of both"):
        mmd2(x, y[:, :4])
    with pytest.raises(FHRError, match="1 synthetic rows; at least 2 are needed"):
        mmd2(x, y[:1])
    with pytest.raises(FHRError, match=r"real rows have shape \(40,\)"):
        marginal_distance(x[:, 0], y)
    with pytest.raises(FHRError, match="synthetic rows hold infinite values"):
        marginal_distance(x, np.where(y > 1, np.inf, y))
    with pytest.raises(FHRError, match="real rows have dtype"):
        marginal_distance(x.astype(str), y)
    with pytest.raises(FHRError, match="half of all pairs of real rows are the same"):
        mmd2(np.zeros((10, 2)), y[:, :2])
    with pytest.raises(FHRError, match="3 real rows; at least 4 are needed"):
        manifolds(x[:3], y)
    with pytest.raises(FHRError, match="k=0 neighbours"):
        manifolds(x, y, 0)
    lost = x.copy()
    lost[:21, 3] = np.nan
    with pytest.raises(FHRError, match="column 3: 52% of the real rows are missing"):
        mmd2(lost, y)

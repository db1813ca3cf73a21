import numpy as np
import pytest
from scipy.special import ndtr
from sklearn.preprocessing import QuantileTransformer, StandardScaler

from fhr.errors import FHRError
from fhr.features import NormalScores

RNG = np.random.default_rng(0)


def test_they_are_those_of_scikit_learn():
    train = np.column_stack([RNG.normal(size=120), RNG.exponential(size=120)])
    test = np.column_stack([RNG.normal(size=40), RNG.exponential(size=40)])
    quantiles = QuantileTransformer(n_quantiles=50, output_distribution="normal").fit(train)
    standard = StandardScaler().fit(quantiles.transform(train))
    expected = np.clip(standard.transform(quantiles.transform(test)), -3, 3)
    np.testing.assert_allclose(NormalScores.fit(train)(test), expected, atol=1e-6)


def test_equal_values_stand_in_the_middle_of_their_places_at_the_ends_too():
    x = np.repeat([0.0, 1.0, 5.0], [50, 30, 20])[:, None]
    rank = ndtr(np.unique(NormalScores.fit(x).spread * NormalScores.fit(x)(x) + NormalScores.fit(x).centre))
    np.testing.assert_allclose(rank, [0.25, 0.65, 0.9], atol=0.02)


def test_last_bits_break_no_tie():
    x = np.repeat([0.1, 0.2, 0.7], [50, 30, 20])[:, None]
    scores, scaled = NormalScores.fit_to(x.astype(np.float32))
    np.testing.assert_array_equal(scores(x), scaled)
    np.testing.assert_array_equal(scores(np.nextafter(x, 1)), scaled)
    np.testing.assert_array_equal(NormalScores.fit(x)(x.astype(np.float32)), scaled)


def test_a_missing_feature_takes_the_median_and_one_that_all_lack_is_nothing():
    train = np.column_stack([np.arange(21.0), np.full(21, np.nan)])
    train[3, 0] = np.nan
    scores = NormalScores.fit(train)
    assert scores.median.tolist() == [10.5, 0.0]
    np.testing.assert_array_equal(scores([[np.nan, 5.0], [np.inf, np.nan]]), scores([[10.5, 0.0]] * 2))
    assert (scores([[np.nan, 5.0]])[:, 1] == 0).all()


def test_they_follow_any_rising_map_and_have_no_tails():
    x = RNG.normal(size=(50, 1))  # as many as quantiles, between which ranks are linear
    np.testing.assert_allclose(NormalScores.fit(np.exp(x))(np.exp(x)), NormalScores.fit(x)(x), atol=1e-9)
    wild = np.concatenate([x, [[1e9]]])
    assert np.abs(NormalScores.fit(wild)(wild)).max() <= 3


@pytest.mark.parametrize("features", [np.empty((0, 2)), np.ones(3)])
def test_they_need_records(features):
    with pytest.raises(FHRError, match="with one record or more"):
        NormalScores.fit(features)


def test_another_number_of_features_is_refused():
    with pytest.raises(FHRError, match="were fitted on 2 features"):
        NormalScores.fit(np.ones((3, 2)))(np.ones((1, 3)))


def test_few_rows_have_the_same_scores_as_many():
    rng = np.random.default_rng(0)
    fitted_on = np.column_stack([rng.normal(size=(300, 12)), rng.integers(0, 4, size=(300, 3)), np.ones(300)])
    scores = NormalScores.fit(fitted_on)
    rows = np.vstack([fitted_on[:30], rng.normal(scale=3.0, size=(30, 16)), np.full((1, 16), np.nan)])
    alone = np.vstack([scores(row[None]) for row in rows])
    assert np.array_equal(alone, scores(rows))

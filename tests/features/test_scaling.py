"""Scaled features are on one scale, bounded, and without gaps, whatever the records of a fold were."""

from math import inf, nan

import numpy as np
import pytest
import torch
from sklearn.preprocessing import RobustScaler

from fhr.errors import FHRError
from fhr.features import FeatureScaling


def sample(n: int = 4000, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal([0.0, 140.0, -3.0], [1.0, 12.0, 0.05], (n, 3))


def test_of_normal_features_it_is_mean_and_standard_deviation():
    scaling = FeatureScaling.fit(sample())
    deviations = (np.array(scaling.centre) - [0.0, 140.0, -3.0]) / [1.0, 12.0, 0.05]
    assert np.abs(deviations).max() < 0.06  # three standard errors of a median
    np.testing.assert_allclose(scaling.spread, [1.0, 12.0, 0.05], rtol=0.05)


def test_it_is_the_robust_scaler_of_scikit_learn_inside_the_limit():
    train, other = sample(40), sample(200, seed=1)
    expected = RobustScaler(unit_variance=True).fit(train).transform(other)
    scaled = FeatureScaling.fit(train, limit=2.0)(other)
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled, expected.clip(-2, 2), rtol=1e-6, atol=1e-6)
    assert (np.abs(expected) > 2).any()


def test_units_do_not_matter():
    train, other = sample(40), sample(40, seed=1)
    scale, offset = np.array([60.0, -1e-3, 7.0]), np.array([5.0, 1e3, 0.0])
    changed = FeatureScaling.fit(train * scale + offset)(other * scale + offset)
    np.testing.assert_allclose(changed * np.sign(scale), FeatureScaling.fit(train)(other), atol=1e-5)


def test_a_missing_feature_is_the_training_median():
    train = sample(41)
    train[[3, 8], 1] = nan, inf
    scaling = FeatureScaling.fit(train)
    assert scaling.centre[1] == np.median(np.delete(train[:, 1], [3, 8]))
    scaled = scaling([[nan, -inf, inf], [0.0, scaling.centre[1], 0.0]])
    assert scaled[0].tolist() == [0.0, 0.0, 0.0]
    assert scaled[1, 1] == 0.0


def test_one_wild_record_moves_nothing_and_is_bounded():
    train = sample(101)
    wild = train.copy()
    wild[np.argmax(train[:, 0]), 0] = 1e9
    scaling = FeatureScaling.fit(wild)
    assert scaling == FeatureScaling.fit(train)
    assert scaling(wild).max() == 5.0
    assert FeatureScaling.fit(train, limit=3.0)(wild).max() == 3.0


def test_where_half_of_the_records_share_a_value_the_standard_deviation_counts():
    column = np.array([0.0] * 9 + [1.0])
    scaling = FeatureScaling.fit(column[:, None])
    assert scaling.centre == (0.0,)
    assert scaling.spread == pytest.approx((0.3,))


@pytest.mark.parametrize("column", [[2.0, 2.0, 2.0], [nan, nan, nan], [2.0, nan, nan]])
def test_a_feature_that_says_nothing_in_training_is_always_0(column):
    scaling = FeatureScaling.fit(np.array([column]).T)
    assert scaling([[2.0], [3.0], [-1e9], [nan]]).tolist() == [[0.0]] * 4


def test_a_record_is_scaled_by_itself_and_any_leading_axes_do():
    scaling, other = FeatureScaling.fit(sample(40)), sample(6, seed=1)
    together = scaling(other)
    assert np.array_equal(np.stack([scaling(row) for row in other]), together)
    assert np.array_equal(scaling(other.reshape(2, 3, 3)), together.reshape(2, 3, 3))


def test_it_survives_a_checkpoint_bit_for_bit(tmp_path):
    train = np.column_stack([sample(40), np.ones(40)])
    scaling = FeatureScaling.fit(train, limit=4)
    torch.save(scaling.to_dict(), tmp_path / "scaling.pt")
    again = FeatureScaling.from_dict(torch.load(tmp_path / "scaling.pt", weights_only=True))
    assert again == scaling
    assert scaling.spread[3] == inf
    assert np.array_equal(again(train), scaling(train))


def test_a_kept_spread_of_0_is_refused():
    kept = FeatureScaling.fit(sample(40)).to_dict()
    with pytest.raises(FHRError, match="scaling with a spread of 0; it must be a positive number"):
        FeatureScaling.from_dict({**kept, "spread": [1.0, 0.0, 1.0]})


@pytest.mark.parametrize("features", [np.empty((0, 3)), np.ones(3), np.float64(1.0)])
def test_nothing_to_fit(features):
    with pytest.raises(FHRError, match=r"features of shape \(.*\); a scaling is fitted on \(n, k\) with one record"):
        FeatureScaling.fit(features)


@pytest.mark.parametrize("shape", [(2,), (5, 4), ()])
def test_other_features_than_were_fitted(shape):
    with pytest.raises(FHRError, match=r"features of shape \(.*\); this scaling was fitted on 3 features"):
        FeatureScaling.fit(sample(9))(np.ones(shape))


@pytest.mark.parametrize("limit", [0.0, -1.0, nan])
def test_a_limit_that_is_none(limit):
    with pytest.raises(FHRError, match="and a positive limit"):
        FeatureScaling.fit(sample(9), limit=limit)


def test_equal_numbers_do_not_vary_whatever_their_digits():
    for value in (0.1, 1 / 3, 132.7):
        scaling = FeatureScaling.fit(np.full((31, 1), value))
        assert scaling.spread == (inf,)
        assert scaling([[value + 1e-9]]).tolist() == [[0.0]]

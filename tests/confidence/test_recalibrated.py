from dataclasses import replace

import numpy as np
import pytest

from fhr.calibration import Recalibration, shift_prevalence
from fhr.confidence import Judgement, ModelFacts, recalibrated


@pytest.fixture
def recalibration() -> Recalibration:
    generator = np.random.default_rng(0)
    p = generator.uniform(0.05, 0.6, 200)
    return Recalibration.fit((generator.random(200) < 0.5 * p).astype(int), p)


@pytest.fixture
def judged() -> Judgement:
    p = np.array([0.1, 0.3, 0.5])
    return Judgement("ph<7.05", p, p, 0.3, p - 0.05, p + 0.05, np.full(3, 0.02), p > 0.2, p * 0, sets={0.9: None})


def test_probability_interval_spread_and_prevalence_are_those_of_the_births(judged, recalibration):
    found = recalibrated(judged, recalibration)
    assert found.probability == pytest.approx(recalibration.predict(judged.probability))
    assert (found.low, found.high) == tuple(map(pytest.approx, recalibration.interval(judged.probability)))
    assert found.prevalence == recalibration.prevalence
    step = 1e-6
    slope = (recalibration.predict(judged.probability + step) - found.probability) / step
    assert found.spread == pytest.approx(0.02 * slope, rel=1e-3)


def test_what_rests_on_ranks_stays(judged, recalibration):
    found = recalibrated(judged, recalibration)
    for name in ("score", "decision", "flip_rate", "p_values", "sets", "guarantees", "distance"):
        assert getattr(found, name) is getattr(judged, name)


def test_another_prevalence_is_shifted_to_from_that_of_the_births(judged, recalibration):
    plain, found = recalibrated(judged, recalibration), recalibrated(judged, recalibration, prevalence=0.02)
    for name in ("probability", "low", "high"):
        expected = shift_prevalence(getattr(plain, name), recalibration.prevalence, 0.02)
        assert getattr(found, name) == pytest.approx(expected)
    assert found.prevalence == 0.02


def test_without_probability_nothing_changes(judged, recalibration):
    bare = judged._replace(probability=None)
    assert recalibrated(bare, recalibration) is bare


def test_births_that_the_model_does_not_rank_are_told_apart_no_more(judged, recalibration):
    judged = judged._replace(model=ModelFacts(span=0.4))
    assert recalibrated(judged, recalibration).model == judged.model
    assert recalibrated(judged, replace(recalibration, slope=0.0)).model.is_flat

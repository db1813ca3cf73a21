"""Tachysystole, against counting by hand."""

import numpy as np
import pytest

from fhr.errors import FHRError
from fhr.morphology.contraction_rate import tachysystole
from fhr.morphology.events import Events


def contractions(peaks):
    peaks = np.asarray(peaks, dtype=float)
    return Events(peaks - 30, peaks + 30, peaks, *np.ones((3, len(peaks))))


def test_five_in_ten_minutes_are_not_too_many_and_six_are():
    five, six = (tachysystole(contractions(np.arange(30, 3600, gap)), 3600) for gap in (120, 100))
    assert five.end.tolist() == list(range(1200, 3601, 60))
    assert not five.present.any()
    assert five.rate[-1] == pytest.approx(5)
    assert (six.present == 1).all()
    assert six.rate[-1] == pytest.approx(6)
    assert np.isnan(six.rate[six.end < 1800]).all()


def test_ten_minutes_alone_are_not_enough_and_two_in_a_row_are():
    calm = np.arange(30, 3600, 600.0)  # 1 in 10 min
    once = np.concatenate([calm[calm < 1800], np.arange(1810, 2400, 95), calm[calm >= 2400]])
    assert not tachysystole(contractions(once), 3600).present.any()
    twice = np.concatenate([calm[calm < 1800], np.arange(1805, 3000, 95), calm[calm >= 3000]])
    found = tachysystole(contractions(twice), 3600)
    assert found.end[found.present == 1].tolist() == [2940, 3000, 3060, 3120]


def test_against_counting_every_minute():
    rng = np.random.default_rng(4)
    peaks = np.sort(rng.uniform(0, 5400, 52))
    found = tachysystole(contractions(peaks), 5400)

    def count(a, b):
        return sum(a <= peak < b for peak in peaks)

    expected = [
        (t >= 1800 and count(t - 1800, t) > 15) or (count(t - 1200, t - 600) > 5 and count(t - 600, t) > 5)
        for t in found.end
    ]
    assert found.present.tolist() == expected
    assert 0 < sum(expected) < len(expected)


def test_missing_activity_leaves_it_open_unless_there_are_too_many_all_the_same():
    few = contractions(np.arange(30, 3600, 200.0))
    found = tachysystole(few, 3600, np.array([[0.0, 3600.0]]))
    assert np.isnan(found.present).all()
    assert np.isnan(found.rate).all()
    many = contractions(np.arange(30, 3600, 90.0))
    assert (tachysystole(many, 3600, np.array([[0.0, 3600.0]])).present == 1).all()
    # From 20 min on half of both periods and of the half hour are known again.
    part = tachysystole(few, 3600, np.array([[0.0, 1200.0]]))
    assert np.isnan(part.present[part.end == 1200]).all()
    assert part.present[part.end == 2400] == 0


def test_a_short_recording_has_no_period():
    assert not len(tachysystole(contractions([30, 60]), 900).end)
    with pytest.raises(FHRError, match="duration=0"):
        tachysystole(contractions([]), 0)

"""Stages and contractions of simulated labours, and what the belt makes of them."""

import numpy as np
import pytest

from fhr.simulation.belt import LOWEST, TOPS, shown_by_belt
from fhr.simulation.labour import FS, LONGEST_SHARE, draw_labour
from fhr.simulation.uterine_activity import TONE, draw_uterine_activity


@pytest.fixture(scope="module")
def labours():
    return [draw_labour(np.random.default_rng(seed)) for seed in range(300)]


def test_contractions_are_in_order_and_leave_time_to_rest(labours):
    for labour in labours:
        gap = np.diff(labour.peak)
        assert (gap > 0).all()
        assert (labour.duration[1:] <= LONGEST_SHARE * gap + 1e-9).all()
        assert (labour.duration[:-1] <= LONGEST_SHARE * gap + 1e-9).all()


def test_tachysystole_is_more_than_five_in_ten_minutes_and_rare(labours):
    rates = []
    for labour in labours:
        start, end = labour.tachysystole
        if np.isnan(start):
            continue
        assert end - start >= 1800
        rates.append(600 * np.sum((labour.peak >= start) & (labour.peak < end)) / (end - start))
    assert 8 <= len(rates) <= 40  # of 300 at 7 %
    assert np.mean(rates) > 5.3
    others = [600 * len(x.peak) / x.end for x in labours if np.isnan(x.tachysystole[0])]
    assert 2.4 < np.quantile(others, 0.25) < np.median(others) < np.quantile(others, 0.75) < 4.6


def test_activity_is_highest_at_the_peaks_and_the_tone_between(labours):
    for labour in labours[:20]:
        activity = draw_uterine_activity(labour, np.random.default_rng(1))
        contractions = activity.events[0]
        assert activity.uc.min() >= TONE
        at = np.clip(np.rint(contractions.extremum_s * FS), 0, labour.n - 1).astype(int)
        assert (activity.uc[at] >= 0.9 * contractions.amplitude).all()
        away = np.abs(labour.time[:, None] - labour.peak).min(axis=1) > 110
        assert np.max(activity.uc[away], initial=TONE) < TONE + 2


def test_the_belt_shows_contractions_within_its_range_and_not_always(labours):
    seen = []
    for seed, labour in enumerate(labours[:60]):
        true = draw_uterine_activity(labour, np.random.default_rng(seed)).uc
        shown = shown_by_belt(true, labour, np.random.default_rng(seed))
        assert shown.min() >= LOWEST
        assert shown.max() <= TOPS[1]
        assert np.all(shown * 2 == np.rint(shown * 2))
        seen.append(np.corrcoef(shown, true)[0, 1])
    assert np.median(seen) > 0.6
    assert min(seen) < 0.4

import numpy as np
import pytest

from fhr.morphology.excursions import ACCELERATION, DECELERATION, Track, find_both, find_both_of_each, find_excursions

NONE = np.empty(0)


def track(second, baseline=140.0):
    return Track(second, second, np.full(len(second), baseline), np.full(len(second), 2.0))


def flat(n=1200):
    return np.full(n, 140.0) + 0.5 * np.random.default_rng(0).standard_normal(n)


def with_plateau(start, end, height, n=1200):
    second = flat(n)
    second[start:end] += height
    return second


@pytest.mark.parametrize(("rule", "sign"), [(ACCELERATION, 1), (DECELERATION, -1)])
def test_a_clear_excursion_is_found_where_it_is(rule, sign):
    found, lost = find_excursions(track(with_plateau(500, 545, sign * 25)), rule, NONE, NONE)
    assert len(found.start) == 1
    assert len(lost) == 0
    assert found.start[0] == pytest.approx(500, abs=6)
    assert found.end[0] == pytest.approx(545, abs=6)
    assert 500 < found.peak[0] < 545
    assert found.amplitude[0] == pytest.approx(25, abs=2)
    assert found.area[0] == pytest.approx(25 * 45, rel=0.1)
    assert found.loss[0] == 0


@pytest.mark.parametrize(("rule", "sign"), [(ACCELERATION, -1), (DECELERATION, 1)])
def test_an_excursion_the_other_way_is_not(rule, sign):
    assert len(find_excursions(track(with_plateau(500, 545, sign * 25)), rule, NONE, NONE)[0].start) == 0


@pytest.mark.parametrize("rule", [ACCELERATION, DECELERATION])
@pytest.mark.parametrize(("height", "seconds"), [(5, 60), (40, 4)])
def test_shallow_and_short_ones_do_not_count(rule, height, seconds):
    second = with_plateau(500, 500 + seconds, rule.sign * height)
    assert len(find_excursions(track(second), rule, NONE, NONE)[0].start) == 0


def test_the_threshold_falls_with_a_contraction_and_rises_without():
    def found(height, contractions):
        second = with_plateau(500, 560, -height)
        return len(find_excursions(track(second), DECELERATION, np.array(contractions), NONE)[0].start)

    heights = np.arange(5.0, 20.0, 0.25)
    least = {
        name: next(h for h in heights if found(h, peaks))
        for name, peaks in {"unknown": [], "with": [520.0], "elsewhere": [100.0]}.items()
    }
    assert least["with"] < least["unknown"] < least["elsewhere"]
    assert least["elsewhere"] - least["with"] == pytest.approx(2 * DECELERATION.contraction, abs=0.6)


def test_a_restless_signal_asks_for_more():
    second = with_plateau(500, 560, -14)
    quiet = track(second)
    assert len(find_excursions(quiet, DECELERATION, NONE, NONE)[0].start) == 1
    restless = quiet._replace(oscillation=np.full(len(second), 20.0))
    assert len(find_excursions(restless, DECELERATION, NONE, NONE)[0].start) == 0


def test_a_deep_valley_cuts_and_a_shallow_one_does_not():
    deep, shallow = with_plateau(400, 600, 30), with_plateau(400, 600, 30)
    deep[490:505] -= 28
    shallow[490:505] -= 10
    assert len(find_excursions(track(deep), ACCELERATION, NONE, NONE)[0].start) == 2
    assert len(find_excursions(track(shallow), ACCELERATION, NONE, NONE)[0].start) == 1


def test_events_do_not_overlap_and_are_in_order():
    rng = np.random.default_rng(1)
    second = 140 + np.convolve(rng.standard_normal(5000), np.ones(20), "same") * 4
    for rule in (ACCELERATION, DECELERATION):
        found, _ = find_excursions(track(second), rule, NONE, NONE)
        assert len(found.start) > 10
        assert (found.start[1:] >= found.end[:-1]).all()
        assert ((found.peak > found.start) & (found.peak < found.end)).all()
        assert (found.end - found.start >= rule.shortest).all()


def test_an_event_that_is_mostly_missing_is_marked_and_not_given():
    second = with_plateau(500, 560, -30)
    measured = second.copy()
    measured[510:540] = np.nan
    found, lost = find_excursions(track(second)._replace(second=measured), DECELERATION, NONE, NONE)
    assert len(found.start) == 0
    assert lost.tolist() == [[pytest.approx(500, abs=6), pytest.approx(560, abs=6)]]


def test_without_any_baseline_there_is_no_event():
    silent = track(np.full(600, np.nan), baseline=np.nan)
    assert len(find_excursions(silent, DECELERATION, NONE, NONE)[0].start) == 0


def test_a_day_of_jagged_signal_does_not_exhaust_the_stack():
    second = 140 + 35 * (np.arange(40_000) // 30 % 2)
    found, _ = find_excursions(track(second.astype(float)), ACCELERATION, NONE, NONE)
    assert len(found.start) > 500


def test_windows_beside_each_other_are_looked_at_alone():
    rng = np.random.default_rng(4)
    second = np.stack([flat() for _ in range(5)])
    for row in second:
        for start in rng.integers(0, 1150, 8):
            row[start : start + rng.integers(10, 90)] += rng.choice([-25, -13, 20, 13])
    second[1, 400:700] = second[2] = np.nan
    tracks = Track(second, second, np.full(second.shape, 140.0), np.full(second.shape, 2.0))
    tracks.baseline[2] = tracks.oscillation[2] = np.nan
    peaks = [np.array([200.0, 900.0]), NONE, NONE, np.array([1190.0]), np.array([5.0])]
    together = find_both_of_each(tracks, peaks)
    assert sum(len(rises.start) + len(falls.start) for rises, falls, _ in together) > 15
    for one, own, found in zip(zip(*tracks, strict=True), peaks, together, strict=True):
        for events, expected in zip(found, find_both(Track(*one), own), strict=True):
            np.testing.assert_array_equal(events, expected)

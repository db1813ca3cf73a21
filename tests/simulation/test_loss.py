"""Gaps and pauses: how many, how long, where, and for whom."""

from math import isnan

import numpy as np
import pytest

from fhr.simulation import loss
from fhr.simulation.labour import FS, draw_labour

N = 300


@pytest.fixture(scope="module")
def labours():
    return [draw_labour(np.random.default_rng([1, k])) for k in range(N)]


def gaps(labours, **options):
    steady = [np.full(labour.n, 140.0) for labour in labours]
    return [
        loss.draw_gaps(labour, np.random.default_rng([2, k]), rate=steady[k], **({"sensor": 1} | options))
        for k, labour in enumerate(labours)
    ]


def lengths(lost):
    edges = np.flatnonzero(np.diff(np.concatenate([[0], lost.astype(int), [0]])))
    return np.diff(edges)[::2] / FS


def share(masks):
    return np.mean([mask.mean() for mask in masks])


def test_number_of_gaps_is_what_the_sensor_loses(labours):
    for sensor, rate in loss.RATE.items():
        found = [
            lengths(mask[: 3600 * 4]) for mask in gaps(labours, sensor=sensor)
        ]  # 60 min of the first stage, but for some sections
        count = np.array([len(x) for x in found])
        spread = rate / np.sqrt(loss.RATE_SHAPE[sensor] * N)
        # Gaps that touch count once: of 66 an hour a tenth do.
        assert 0.8 * rate - 3.5 * spread < count.mean() < rate + 3.5 * spread
        assert count.std() > 0.5 * rate  # Poisson counts alone would have the square root of the rate


def test_lengths_are_those_of_ctu_uhb(labours):
    # Quartiles and 90 % of gaps below a minute in the first stage: 1.25, 2.0, 4.25 and 10 s; half are merged with none.
    found = np.concatenate([lengths(mask[: 3600 * 4]) for mask in gaps(labours)])
    quartiles = np.quantile(found, [0.25, 0.5, 0.75, 0.9])
    np.testing.assert_allclose(quartiles, [1.25, 2.0, 4.25, 10.5], rtol=0.25)
    assert np.mean(found > 75) < 0.01


def test_the_second_stage_loses_more(labours):
    staged = [
        (mask, round(x.stage2_start * FS)) for mask, x in zip(gaps(labours), labours, strict=True) if x.pushing.any()
    ]
    assert share([mask[start:] for mask, start in staged]) > 2 * share([mask[:start] for mask, start in staged])


def test_falls_of_the_rate_lose_more(labours):
    inside, outside = [], []
    for k, labour in enumerate(labours):
        rate = np.full(labour.n, 140.0)
        low = (np.arange(labour.n) // 480) % 3 == 0  # 2 min of 6
        rate[low] = 100
        mask = loss.draw_gaps(labour, np.random.default_rng([3, k]), rate=rate, sensor=1)
        begins = mask & ~np.concatenate([[False], mask[:-1]])
        inside.append(begins[low].mean())
        outside.append(begins[~low].mean())
    assert np.mean(inside) / np.mean(outside) == pytest.approx(loss.DECELERATION_RATE, rel=0.1)


def test_loss_rises_with_severity(labours):
    short = [share(gaps(labours, severity=severity)) for severity in (-2, 0, 2)]
    pauses = [
        share(loss.draw_pauses(x, severity, np.random.default_rng([4, k]))[0] for k, x in enumerate(labours))
        for severity in (-2, 0, 2)
    ]
    assert short[0] < short[1] < short[2]
    assert pauses[0] < pauses[1] < pauses[2]


def test_a_section_ends_in_silence_of_both_channels(labours):
    sections = 0
    for k, labour in enumerate(labours):
        if isnan(labour.stage2_start):
            sections += 1
            for lost in loss.draw_pauses(labour, 0.0, np.random.default_rng(k)):
                assert lost[-int(loss.THEATRE_RANGE[0] * FS) :].all()
    assert sections > 5


def test_pauses_of_both_channels_coincide_and_often_begin_the_record(labours):
    fhr, uc = zip(
        *(loss.draw_pauses(x, 0.0, np.random.default_rng([5, k])) for k, x in enumerate(labours)), strict=True
    )
    begins = np.mean([x[0] for x in fhr])
    # One of them at the start for most: 1 - exp(-number of such pauses).
    expected = 1 - np.exp(-loss.PAUSES * loss.PAUSE_AT_START * (1 + loss.PAUSE_OF_BOTH) / 2)
    assert begins == pytest.approx(expected, abs=3.5 * np.sqrt(expected * (1 - expected) / N))
    both = np.mean([(a & b).mean() for a, b in zip(fhr, uc, strict=True)])
    assert both > 3 * share(fhr) * share(uc)


def test_activity_has_gaps_of_its_own(labours):
    found = [loss.draw_gaps(labour, np.random.default_rng([6, k])) for k, labour in enumerate(labours)]
    assert 0.02 < share(found) < 0.1

import numpy as np
import pytest
import torch

from fhr.errors import FHRError, SignalError
from fhr.synthesis import resampled

OPTIONS = {"time": 400, "seed": 3, "segment": 60, "level": 10}


@pytest.fixture(scope="module")
def recordings():
    rng = np.random.default_rng(1)
    made = [np.stack([130 + rng.normal(size=n).cumsum(), rng.normal(size=n)]) for n in (400, 500, 450, 430)]
    made[1][0, 100:130] = np.nan
    made[2][:, :20] = np.nan
    return made


STARTS = np.array([300.0, np.nan, 350.0, 430.0])


def test_every_sample_is_of_the_place_that_is_told_and_channels_travel_together(recordings):
    found = resampled(recordings, 5, stage2_start=STARTS, fade=0, **OPTIONS)
    assert found.signals.shape == (5, 2, 400)
    for signals, source, position in zip(found.signals, found.source, found.position, strict=True):
        expected = np.array([recordings[k][:, t] for k, t in zip(source, position, strict=True)]).T
        np.testing.assert_array_equal(signals, expected)


def test_the_first_stage_stays_before_the_second(recordings):
    found = resampled(recordings, 15, stage2_start=STARTS, **OPTIONS)
    late = found.position >= np.nan_to_num(STARTS, nan=np.inf)[found.source]
    boundary = np.nan_to_num(found.stage2_start, nan=400)
    np.testing.assert_array_equal(late, np.arange(400) >= boundary[:, None])
    # Lengths of second stages are those of the recordings.
    assert set(400 - boundary) == {100, 0}
    assert resampled(recordings, 3, **OPTIONS).stage2_start.tolist() == pytest.approx([np.nan] * 3, nan_ok=True)


def test_segments_are_of_the_length_asked_for(recordings):
    found = resampled(recordings, 8, **OPTIONS)
    joints = (np.diff(found.source) != 0) | (np.diff(found.position) != 1)
    for row in joints:
        lengths = np.diff(np.r_[-1, np.flatnonzero(row), 399])
        assert (lengths[:-1] >= 30).all()
        assert (lengths <= 90).all()


def test_joints_lie_where_the_level_fits():
    levels = [np.full((1, 300), float(level)) for level in (100, 101, 150, 151)]
    found = resampled(levels, 15, **(OPTIONS | {"fade": 0}))
    steps = abs(np.diff(found.signals[:, 0]))
    assert np.mean(steps[steps > 0] < 2) > 0.9


def test_loss_is_not_weeded_out():
    rng = np.random.default_rng(0)
    gappy = [np.where(rng.random(20).repeat(30) < 0.4, np.nan, rng.normal(size=600))[None] for _ in range(12)]
    found = resampled(gappy, 40, **(OPTIONS | {"fade": 4}))
    assert np.isnan(found.signals).mean() == pytest.approx(np.isnan(gappy).mean(), abs=0.05)


def test_a_fade_lies_between_both_signals():
    levels = [np.full((1, 100), 0.0), np.full((1, 100), 10.0)]
    found = resampled(levels, 20, **(OPTIONS | {"fade": 4}))
    assert set(np.unique(found.signals)) - {0.0, 10.0} <= {2.0, 4.0, 6.0, 8.0}
    assert abs(np.diff(found.signals)).max() <= 10


def test_draws_are_seeded_one_by_one(recordings):
    whole = resampled(recordings, 4, stage2_start=STARTS, **OPTIONS)
    for i in range(4):
        alone = resampled(recordings, 1, stage2_start=STARTS, first=i, **OPTIONS)
        np.testing.assert_array_equal(alone.signals[0], whole.signals[i])
    assert len({row.tobytes() for row in whole.source}) == 4
    assert resampled(recordings, 0, **OPTIONS).signals.shape == (0, 2, 400)


def test_tensors_come_back(recordings):
    found = resampled([torch.from_numpy(one).float() for one in recordings], 2, **OPTIONS)
    assert found.signals.dtype == torch.float32
    np.testing.assert_allclose(found.signals, resampled(recordings, 2, **OPTIONS).signals, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize(
    ("recordings", "options", "error", "words"),
    [
        ([], {}, SignalError, "no recording"),
        ([np.ones(5)], {}, SignalError, r"recording 0 .*\(5,\)"),
        ([np.ones((2, 5)), np.ones((1, 5))], {}, SignalError, "1 channels"),
        ([np.full((1, 5), np.nan)], {}, SignalError, "without signal"),
        ([np.full((1, 5), np.inf)], {}, SignalError, "infinite"),
        ([np.ones((1, 5))], {"stage2_start": [1.0, 2.0]}, FHRError, "stage2_start"),
        ([np.ones((1, 5))], {"stage2_start": [-1.0]}, FHRError, "stage2_start"),
        ([np.ones((1, 5))], {"segment": 1}, FHRError, "segment=1"),
        ([np.ones((1, 5))], {"time": 0}, FHRError, "time=0"),
        ([np.ones((1, 5))], {"seed": -3}, FHRError, "seed=-3"),
    ],
)
def test_bad_input_is_refused(recordings, options, error, words):
    with pytest.raises(error, match=words):
        resampled(recordings, 1, **(OPTIONS | options))


def test_recordings_of_second_stages_alone_make_second_stages():
    found = resampled([np.arange(100.0)[None]], 1, stage2_start=[0.0], **OPTIONS)
    assert found.stage2_start.tolist() == [0.0]
    assert np.isfinite(found.signals).all()

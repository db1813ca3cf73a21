import json
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from fhr.errors import FHRError, SignalError
from fhr.preprocessing import DEFAULT_STEPS, Pipeline, interpolate_gaps
from fhr.recording import Recording, Step

NAN = np.nan
SHORT = Pipeline(minutes=1.0)  # 60 samples of 1 s from 240


def recording(fhr, uc=None, fs=4.0, name="r") -> Recording:
    fhr = np.asarray(fhr, np.float32)
    return Recording(name, fhr, np.full(len(fhr), 30.0) if uc is None else uc, fs)


def minute(level=140.0) -> np.ndarray:
    return np.full(240, level, np.float32)


def test_the_default_is_the_last_hour_at_1_hz(simulated_database):
    pipeline = Pipeline()
    assert (pipeline.n_channels, pipeline.n_times) == (3, 3600)
    for original in list(simulated_database)[:10]:
        window = pipeline(original)
        assert window.signal.shape == (3, 3600)
        assert window.signal.dtype == np.float32
        assert np.isfinite(window.signal).all()
        mask = window.signal[2]
        assert 0 <= mask.min() <= mask.max() <= 1
        assert window.loss == pytest.approx(1 - mask.mean(), abs=1e-6)


@pytest.mark.parametrize(("fs", "minutes", "n"), [(1.0, 1.0, 60), (4.0, 0.5, 120), (2.0, 1.0, 120), (0.5, 1.0, 30)])
def test_shape(fs, minutes, n):
    pipeline = Pipeline(fs=fs, minutes=minutes)
    assert pipeline.n_times == n
    assert pipeline(recording(minute())).signal.shape == (3, n)


@pytest.mark.parametrize("seconds", [0.6, 1.4, 10.3, 10.6])
def test_a_window_is_whole_output_samples(seconds):
    pipeline = Pipeline(minutes=seconds / 60)
    assert pipeline(recording(minute())).signal.shape == (3, pipeline.n_times)


def test_scaling_is_fixed():
    signal = SHORT(recording(minute(160), uc=np.full(240, 90.0))).signal
    np.testing.assert_array_equal(signal, np.repeat([[1.0], [2.0], [1.0]], 60, axis=1))
    # The same last samples give the same numbers, whatever else the recording holds.
    longer = recording(np.concatenate([minute(90), minute(160)]), uc=np.concatenate([minute(5), np.full(240, 90.0)]))
    np.testing.assert_array_equal(SHORT(longer).signal, signal)


def test_channels_are_chosen_in_their_order():
    whole = SHORT(recording(minute(150))).signal
    for channels, rows in ((("fhr",), [0]), (("fhr", "mask"), [0, 2]), (("uc", "mask"), [1, 2])):
        np.testing.assert_array_equal(
            Pipeline(minutes=1.0, channels=channels)(recording(minute(150))).signal, whole[rows]
        )


def test_mask_is_the_measured_fraction_of_each_block():
    fhr = minute(150)
    fhr[4:6] = NAN  # half of second 1
    fhr[11] = NAN  # a quarter of second 2
    window = SHORT(recording(fhr))
    np.testing.assert_array_equal(window.signal[2, :4], [1, 0.5, 0.75, 1])
    assert window.loss == pytest.approx(3 / 240)
    np.testing.assert_array_equal(window.signal[0], np.full(60, 0.5))


def test_interpolated_samples_have_a_value_and_mask_0_and_missing_ones_are_0():
    fhr = minute(150)
    fhr[40:100] = NAN  # 15 s: bridged
    fhr[100:140] = 160
    fhr[140:204] = NAN  # 16 s: missing
    uc = np.full(240, 45.0)
    uc[:20] = NAN
    signal = SHORT(recording(fhr, uc=uc)).signal
    np.testing.assert_array_equal(signal[2], np.repeat([1, 0, 1, 0, 1], [10, 15, 10, 16, 9]))
    np.testing.assert_array_equal(
        signal[0, 10:25], (interpolate_gaps(fhr, 4.0)[40:100].reshape(15, 4).mean(1) - 140) / 20
    )
    assert np.all(np.diff(signal[0, 9:26]) > 0)
    assert np.all(signal[0, 35:51] == 0)
    np.testing.assert_array_equal(signal[1], np.repeat([0, 0.5], [5, 55]))
    unbridged = Pipeline(minutes=1.0, interpolate=0.0)(recording(fhr, uc=uc)).signal
    assert np.all(unbridged[0, 10:25] == 0)
    np.testing.assert_array_equal(unbridged[2], signal[2])


def test_windows_are_counted_from_the_end(simulated_database):
    """Left out is the fourth recording: after a long gap the spike rule looks back to the level before the window."""
    pipeline = Pipeline()
    for original in list(simulated_database)[:3]:
        before = np.concatenate([original.fhr[-1001:], original.fhr[:7]])
        longer = original.after(
            Step("prepend"), fhr=np.concatenate([before, original.fhr]), uc=np.concatenate([before, original.uc])
        )
        np.testing.assert_array_equal(pipeline(longer).signal, pipeline(original).signal)
        assert pipeline(longer).loss == pipeline(original).loss


def test_cleaning_takes_away_before_gaps_are_bridged():
    fhr = minute(140)
    fhr[20:24] = 220  # out of range
    fhr[60:64] = 180  # a spike
    fhr[100:120] = NAN
    fhr[110:114] = 150  # an island, for gaps of 2 s count here
    steps = (*DEFAULT_STEPS[:-1], Step("remove_islands", {"longest": 3.0, "gap": 1.5}))
    window = Pipeline(minutes=1.0, steps=steps)(recording(fhr))
    missing = np.flatnonzero(np.isnan(window.recording.fhr))
    np.testing.assert_array_equal(missing, [*range(20, 24), *range(60, 64), *range(100, 120)])
    np.testing.assert_array_equal(window.signal[0], np.zeros(60))
    np.testing.assert_array_equal(np.flatnonzero(window.signal[2] == 0), [5, 15, *range(25, 30)])
    raw = Pipeline(minutes=1.0, steps=())(recording(fhr))
    assert raw.signal[0, 5] == 4
    assert raw.loss == pytest.approx(16 / 240)


def test_history_has_every_step_with_its_parameters():
    before = recording(minute()).after(Step("read"))
    window = Pipeline(minutes=0.5, fs=2.0, interpolate=3.0)(before)
    assert window.recording.history == (
        Step("read"),
        Step("remove_out_of_range", {"low": 50.0, "high": 210.0}),
        Step(
            "remove_held",
            {"times": 5.0, "share": 0.95, "threshold_s": 300.0, "longest_kept_s": 60.0, "removed": 0},
        ),
        Step("remove_spikes", {"jump": 25.0, "longest": 5.0}),
        Step("remove_islands", {"longest": 3.0, "gap": 3.0}),
        Step("interpolate_gaps", {"longest": 3.0}),
        Step("window", {"minutes": 0.5, "fs": 2.0}),
    )
    assert window.recording.name == "r"
    assert len(window.recording) == 240
    assert before.history == (Step("read"),)


def test_plain_types_and_back():
    pipeline = Pipeline(fs=2.0, minutes=30.0, channels=("fhr", "mask"), steps=DEFAULT_STEPS[:1], interpolate=5.0)
    for original in (Pipeline(), pipeline, Pipeline(steps=())):
        plain = json.loads(json.dumps(original.to_dict()))
        again = Pipeline.from_dict(plain)
        assert again == original
        assert again.to_dict() == plain
    trace = recording(np.random.default_rng(0).normal(140, 30, 30 * 240))
    again = Pipeline.from_dict(json.loads(json.dumps(pipeline.to_dict())))
    np.testing.assert_array_equal(again(trace).signal, pipeline(trace).signal)


def test_a_pipeline_is_frozen():
    with pytest.raises(FrozenInstanceError):
        Pipeline().fs = 2.0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (recording(minute(), name="five").after(Step("x"), fhr=np.full(1200, 140.0), uc=np.full(1200, 1.0)),
         r"five: 5.0 min of signal where the last 60 min are needed; use longer recordings, or train with a shorter"),
        (recording(np.full(14400, NAN), name="lost"),
         "lost: no valid FHR sample in the last 60 min; leave the recording out"),
        (recording(np.full(14400, 230.0), name="high"), "high: no valid FHR sample in the last 60 min; leave"),
        (recording(np.concatenate([np.full(14400, 140.0), np.full(14400, NAN)]), name="late"), "late: no valid FHR"),
        (recording(minute(), fs=1.5, name="odd"),
         "odd: sampled at 1.5 Hz, which is no multiple of the 1 Hz that are needed; resample the recording, or use"),
        (recording(minute(), fs=0.5, name="slow"), "slow: sampled at 0.5 Hz, which is no multiple of the 1 Hz"),
    ],
)  # fmt: skip
def test_recordings_that_cannot_be_used(given, message):
    with pytest.raises(SignalError, match=message):
        Pipeline()(given)


def test_4_hz_do_not_give_3_hz():
    with pytest.raises(SignalError, match="sampled at 4 Hz, which is no multiple of the 3 Hz that are needed"):
        Pipeline(fs=3.0)(recording(np.full(14400, 140.0)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fs": 0.0}, "pipeline with fs=0.0 Hz and minutes=60.0; both must be positive"),
        ({"fs": -1.0}, "fs=-1.0 Hz"),
        ({"fs": NAN}, "fs=nan Hz"),
        ({"fs": np.inf}, "fs=inf Hz"),
        ({"minutes": 0.0}, "minutes=0.0; both must be positive"),
        ({"minutes": np.inf}, "minutes=inf; both must be positive"),
        ({"minutes": 0.001}, "minutes=0.001; both must be positive, and the window must hold a sample"),
        ({"interpolate": -1.0}, "pipeline with interpolate=-1.0 s; give 0 or more"),
        ({"interpolate": NAN}, "interpolate=nan s"),
        ({"channels": ("fhr", "ecg")}, r"pipeline channels \('fhr', 'ecg'\); choose from fhr, uc, mask, in this order"),
        ({"channels": ()}, r"pipeline channels \(\); choose from"),
        ({"channels": ("mask", "fhr")}, "choose from fhr, uc, mask, in this order"),
        ({"channels": ("fhr", "fhr")}, "choose from fhr, uc, mask, in this order"),
        (
            {"steps": (Step("smooth"),)},
            "cleaning step 'smooth' is not known; choose from remove_out_of_range, remove_sp",
        ),
        (
            {"steps": (Step("remove_spikes", {"hight": 1}),)},
            "'remove_spikes' takes no 'hight'; its parameters: jump, lo",
        ),
        ({"steps": (Step("remove_spikes", {"fs": 1}),)}, "'remove_spikes' takes no 'fs'"),
    ],
)
def test_pipelines_that_cannot_be(arguments, message):
    with pytest.raises(FHRError, match=message):
        Pipeline(**arguments)


def test_unusable_recordings_are_named_and_the_rest_prepared():
    good, short, lost = (
        recording(minute(), name="good"),
        recording([140.0], name="short"),
        recording(minute(NAN), name="l"),
    )
    windows, unusable = SHORT.prepare(iter([short, good, lost]))
    assert [window.recording.name for window in windows] == ["good"]
    assert list(unusable) == ["short", "l"]
    assert "0.0 min of signal" in unusable["short"]
    assert "no valid FHR" in unusable["l"]
    assert SHORT.prepare([]) == ([], {})


def test_real_recordings_are_all_usable(ctu_uhb_database):
    windows, unusable = Pipeline().prepare(list(ctu_uhb_database)[::10])
    assert unusable == {}
    for window in windows:
        assert np.isfinite(window.signal).all()
        assert np.nanmin(window.recording.fhr) > 50
        assert np.nanmax(window.recording.fhr) < 210
        assert window.signal[0].min() >= -4.5
        assert window.signal[0].max() <= 3.5

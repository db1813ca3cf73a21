import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhr.errors import FHRError
from fhr.preprocessing import Augmentation, Pipeline

CHANNELS = ("fhr", "uc", "mask")
NOTHING = Augmentation(level=0, gain=0, shift=0, drop_blocks=0, drop_minutes=0)


def only(**amounts: float) -> Augmentation:
    return Augmentation(**{"level": 0, "gain": 0, "shift": 0, "drop_blocks": 0, "drop_minutes": 0} | amounts)


def changed(augmentation: Augmentation, signal: np.ndarray, seed: int = 0, channels=CHANNELS) -> np.ndarray:
    return augmentation(signal, channels, 1.0, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def signal(simulated_database) -> np.ndarray:
    windows, _ = Pipeline(minutes=30.0).prepare(list(simulated_database)[:16])
    return np.stack([window.signal for window in windows])


def test_the_seed_decides(signal):
    augmentation = Augmentation()
    np.testing.assert_array_equal(changed(augmentation, signal, 3), changed(augmentation, signal, 3))
    assert not np.array_equal(changed(augmentation, signal, 3), changed(augmentation, signal, 4))


def test_shape_type_and_input_stay(signal):
    before = signal.copy()
    after = changed(Augmentation(), signal)
    assert after.shape == signal.shape
    assert after.dtype == np.float32
    assert np.isfinite(after).all()
    np.testing.assert_array_equal(signal, before)
    assert not np.shares_memory(after, signal)


def test_each_window_is_drawn_on_its_own(signal):
    twice = np.repeat(signal[:1], 8, axis=0)
    after = changed(Augmentation(), twice)
    assert len({window.tobytes() for window in after}) == 8


def test_zero_amounts_change_nothing(signal):
    np.testing.assert_array_equal(changed(NOTHING, signal), signal)


@given(seed=st.integers(0, 2**32))
def test_what_became_missing_has_no_value(signal, seed):
    without_shift = Augmentation(shift=0)
    after = changed(without_shift, signal, seed)
    became_missing = (after[:, 2] == 0) & (signal[:, 2] > 0)
    assert np.all(after[:, 0][became_missing] == 0)
    kept = after[:, 2] > 0
    np.testing.assert_array_equal(after[:, 2][kept], signal[:, 2][kept])
    missing = (signal[:, 0] == 0) & (signal[:, 2] == 0)
    assert np.all(after[:, 0][missing] == 0)


def test_level_moves_every_measured_sample_by_the_same(signal):
    after = changed(only(level=4.0), signal)
    measured = signal[:, 2] > 0
    assert (signal[:, 0][measured] == 0).any()  # 140 bpm is 0 too, and is no missing sample
    shifts = []
    for window, moved, present in zip(signal[:, 0], after[:, 0], measured, strict=True):
        difference = (moved - window)[present]
        assert np.ptp(difference) < 1e-5
        shifts.append(20 * difference.mean())
    assert 2 < np.std(shifts) < 7  # bpm; 4 with 16 windows
    np.testing.assert_array_equal(after[:, 1:], signal[:, 1:])


def test_gain_multiplies_uterine_activity_in_its_own_unit(signal):
    after = changed(only(gain=0.2), signal)
    present = signal[:, 1] != 0
    gains = []
    for window, scaled, kept in zip(signal[:, 1], after[:, 1], present, strict=True):
        ratio = (30 * scaled[kept] + 30) / (30 * window[kept] + 30)
        assert np.ptp(ratio) < 1e-3
        gains.append(np.log(np.median(ratio)))
    assert 0.1 < np.std(gains) < 0.35
    assert np.all(after[:, 1][~present] == 0)
    np.testing.assert_array_equal(after[:, [0, 2]], signal[:, [0, 2]])


def test_shift_rolls_all_channels_together(signal):
    after = changed(only(shift=5.0), signal)
    rolls = []
    for window, rolled in zip(signal, after, strict=True):
        roll = next(k for k in range(-300, 301) if np.array_equal(np.roll(window, k, axis=-1), rolled))
        rolls.append(roll)
    assert min(rolls) < -60 < 60 < max(rolls)


def test_dropped_stretches_are_no_longer_than_asked():
    signal = np.ones((200, 3, 1800), np.float32)
    after = changed(only(drop_blocks=1, drop_minutes=4.0), signal)
    lengths = (after[:, 2] == 0).sum(axis=1)
    assert lengths.max() <= 240
    assert (lengths == 0).any()
    assert (lengths > 120).any()
    np.testing.assert_array_equal(after[:, 0], after[:, 2])
    np.testing.assert_array_equal(after[:, 1], signal[:, 1])
    assert np.all((np.diff(after[:, 2]) != 0).sum(axis=1) <= 2)  # one stretch


@pytest.mark.parametrize("channels", [("fhr",), ("uc",), ("mask",), ("fhr", "mask"), ("fhr", "uc")])
def test_any_choice_of_channels(signal, channels):
    rows = [CHANNELS.index(channel) for channel in channels]
    after = changed(Augmentation(), signal[:, rows], channels=channels)
    assert after.shape == (16, len(channels), 1800)
    assert not np.array_equal(after, signal[:, rows])
    assert np.isfinite(after).all()


def test_draws_do_not_depend_on_the_signal(signal):
    constant = np.ones_like(signal)
    same_drops = only(drop_blocks=4, drop_minutes=4.0)
    dropped = changed(same_drops, constant)[:, 2] == 0
    assert np.all(changed(same_drops, signal)[:, 2][dropped] == 0)


@pytest.mark.parametrize("amount", ["level", "gain", "shift", "drop_blocks", "drop_minutes"])
def test_negative_amounts_are_refused(amount):
    with pytest.raises(FHRError, match=f"{amount}=-1.*every amount must be 0 or more"):
        Augmentation(**{amount: -1})

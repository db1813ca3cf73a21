"""What is random in a training crop, and what stays."""

from dataclasses import fields

import numpy as np
import pytest

from fhr.errors import FHRError
from fhr.preprocessing import FalseSignalAugmentation

NOTHING = dict.fromkeys((field.name for field in fields(FalseSignalAugmentation)), 0.0)
N = 8000
MARKS = np.full((2, N), np.nan, dtype=np.float32)


def rates() -> np.ndarray:
    generator = np.random.default_rng(0)
    made = np.stack([generator.normal(140, 5, N), generator.normal(80, 5, N)]).astype(np.float32)
    made[0, 10:20], made[1, 30:40] = np.nan, np.nan
    return made


def changed(seed: int, **amounts: float) -> np.ndarray:
    made, marks = FalseSignalAugmentation(**{**NOTHING, **amounts})(rates(), MARKS, 4.0, np.random.default_rng(seed))
    np.testing.assert_array_equal(marks, MARKS)
    return made


def test_nothing_changes_nothing():
    np.testing.assert_array_equal(changed(0), rates())


def test_the_given_array_stays_and_a_seed_repeats_the_draws():
    given, augmentation = rates(), FalseSignalAugmentation()
    one, again, other = (augmentation(given, MARKS, 4.0, np.random.default_rng(seed))[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(given, rates())
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other, equal_nan=True)
    assert one.dtype == np.float32


def test_mhr_is_withheld_from_its_share_of_the_crops_and_fhr_stays():
    withheld = 0
    for seed in range(400):
        crop = changed(seed, without_mhr=0.25)
        np.testing.assert_array_equal(crop[0], rates()[0])
        withheld += np.isnan(crop[1]).all()
    assert withheld == pytest.approx(100, abs=30)  # 3.5 standard deviations


@pytest.mark.parametrize(("amount", "row", "longest"), [("without_some_mhr", 1, 3 * 1200), ("with_gaps", 0, 5 * 300)])
def test_stretches_of_one_channel_are_lost_within_their_lengths(amount, row, longest):
    for seed in range(100):
        crop, before = changed(seed, **{amount: 1.0}), rates()
        lost = np.isnan(crop[row]) & ~np.isnan(before[row])
        assert lost.sum() <= longest * 4 + 5
        np.testing.assert_array_equal(crop[1 - row], before[1 - row])
        np.testing.assert_array_equal(crop[row][~lost], before[row][~lost])
    assert any(np.isnan(changed(seed, **{amount: 1.0})[row]).sum() > 8 for seed in range(5))


def test_both_rates_move_together():
    moves = []
    for seed in range(300):
        difference = changed(seed, with_level=1.0, level=4.0) - rates()
        assert np.nanmax(difference) - np.nanmin(difference) < 1e-4
        moves.append(np.nanmean(difference))
    assert np.std(moves) == pytest.approx(4, rel=0.15)


@pytest.mark.parametrize("options", [{"level": -1}, {"without_mhr": 1.5}, {"with_gaps": -0.1}])
def test_amounts_that_make_no_sense(options):
    with pytest.raises(FHRError, match="every amount must be 0 or more, and every share 1 or less"):
        FalseSignalAugmentation(**options)

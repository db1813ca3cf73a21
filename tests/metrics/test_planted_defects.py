import numpy as np
import pytest

from fhr.errors import FHRError
from fhr.metrics import planted_defects as planted


@pytest.fixture
def windows():
    generator = np.random.default_rng(0)
    fhr = generator.normal(140, 10, (6, 60))
    return np.where(generator.random(fhr.shape) < 0.2, np.nan, fhr), generator.random((6, 60))


def test_each_record_has_another_ones_contractions(windows):
    fhr, uc = windows
    same, other = planted.other_uc(fhr, uc, np.random.default_rng(1))
    assert same is fhr
    assert sorted(map(tuple, other)) == sorted(map(tuple, uc))
    assert not (other == uc).all(axis=1).any()


def test_one_respect_changes_and_the_others_stay(windows):
    fhr, uc = windows
    mirrored = planted.flipped(fhr, uc)[0]
    np.testing.assert_allclose(np.nanmedian(mirrored, axis=1), np.nanmedian(fhr, axis=1))
    np.testing.assert_allclose(mirrored + fhr, 2 * np.nanmedian(fhr, axis=1, keepdims=True) + 0 * fhr)
    backwards = planted.reversed_blocks(fhr, uc, 25)[0]
    np.testing.assert_array_equal(backwards[:, :10], fhr[:, :10])
    np.testing.assert_array_equal(backwards[:, 10:35], fhr[:, 34:9:-1])
    bridged = planted.gaps_bridged(fhr, uc)[0]
    assert not np.isnan(bridged).any()
    np.testing.assert_array_equal(bridged[~np.isnan(fhr)], fhr[~np.isnan(fhr)])
    lost = np.where(np.arange(6)[:, None] == 2, np.nan, fhr)  # nothing to bridge from
    assert np.isnan(planted.gaps_bridged(lost, uc)[0]).all(axis=1).tolist() == [i == 2 for i in range(6)]
    twice = planted.lost_twice(fhr, uc, np.random.default_rng(2))[0]
    assert np.isnan(twice)[np.isnan(fhr)].all()
    assert np.isnan(twice).sum() > np.isnan(fhr).sum()


def test_resampled_stretches_come_from_one_place_of_both_signals(windows):
    fhr, uc = windows
    a, b = planted.resampled(fhr, uc, 3, 20, np.random.default_rng(3))
    assert a.shape == b.shape == (3, 60)
    for i in range(3):
        for start in (0, 20, 40):
            stretch = b[i, start : start + 20]
            (place,) = [(r, p) for r in range(6) for p in range(41) if (uc[r, p : p + 20] == stretch).all()]
            np.testing.assert_array_equal(a[i, start : start + 20], fhr[place[0], place[1] : place[1] + 20])


def test_rows():
    rows = np.random.default_rng(4).normal(5, 2, (9, 3))
    assert planted.shrunk(rows, 0.5).std(axis=0) == pytest.approx(rows.std(axis=0) / 2)
    assert planted.shrunk(rows).mean(axis=0) == pytest.approx(rows.mean(axis=0))
    assert len(np.unique(planted.repeated(rows), axis=0)) == 5
    copies = planted.copied(rows, 4, 0, np.random.default_rng(5))
    assert len({tuple(row) for row in copies} & {tuple(row) for row in rows}) == 4
    with pytest.raises(FHRError, match="10 copies of 9 training rows"):
        planted.copied(rows, 10, 0, np.random.default_rng(5))


def test_errors(windows):
    with pytest.raises(FHRError, match="one record alone"):
        planted.other_uc(windows[0][:1], windows[1][:1], np.random.default_rng(0))
    with pytest.raises(FHRError, match="blocks of 61 samples in windows of 60"):
        planted.reversed_blocks(*windows, 61)

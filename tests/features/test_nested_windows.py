"""Parts of a window, and what every group over them promises: nothing tells how much signal was lost."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhr.features import GROUPS, METADATA_COLUMNS, NESTED_GROUPS, OPTIONAL_GROUPS, Column, FeatureSet
from fhr.features.nested_windows import Part, filled, of_each_part, parts_of, whole_minutes

HOUR = FeatureSet(groups=NESTED_GROUPS, minutes=60)
NAMES, OF_GROUP = np.array(HOUR.names), np.array(HOUR.column_groups)
UTERUS = ("contractions_", "contraction_length_", "lag_", "late_", "answered_")
LEVELS = ("start_", "end_", "median_", "level_", "baseline_mean_", "baseline_min_", "baseline_max_")
OF_UC = np.array([name.startswith(UTERUS) for name in NAMES])


def column(name: str) -> int:
    return int(np.flatnonzero(name == NAMES)[0])


def test_parts_cover_what_they_say():
    parts = parts_of(60, (60, 30, 20, 10), first=True)
    assert [part.name for part in parts] == ["60", "30", "20", "10", "first_20", "second_20"]
    spans = [(part.start, part.end) for part in parts]
    assert spans == [(0, 60), (30, 60), (40, 60), (50, 60), (0, 20), (20, 40)]
    assert [part.wider for part in parts] == [None, 0, 1, 2, 0, 0]
    assert [part.name for part in parts_of(90, (60, 30), first=True)] == ["90", "60", "30", "first_20", "second_20"]
    assert [part.name for part in parts_of(7.5, (60, 30, 20))] == ["7p5"]
    assert [part.name for part in parts_of(39, (30,), first=True)] == ["39", "30"]
    assert (whole_minutes(14400, 4.0), whole_minutes(7202, 4.0), whole_minutes(3, 4.0)) == (60, 30, 0)


def test_columns_of_each_part():
    found = of_each_part([Column("a", "bpm", "first"), Column("b", "1", "second")], parts_of(30, (20,)))
    assert [c.name for c in found] == ["a_30", "b_30", "a_20", "b_20"]
    assert found[2] == Column("a_20", "bpm", "first; last 20 min")


def test_what_is_missing_comes_from_the_next_wider_part_that_has_it():
    parts = [Part(name, 0, 1, wider, "") for name, wider in (("60", None), ("30", 0), ("20", 1), ("first_20", 0))]
    nan = np.nan
    values = np.array([[[1, nan], [2, 3], [nan, 4], [nan, nan]], [[1, 9], [nan, nan], [nan, nan], [5, nan]]])
    expected = [[1, nan, 2, 3, 2, 4, 1, nan], [1, 9, 1, 9, 1, 9, 5, 9]]
    np.testing.assert_array_equal(filled(values, parts), expected)


@pytest.mark.parametrize("minutes", [5, 7.5, 30, 30.01, 45, 60, 90])
def test_columns_of_all_groups_have_names_of_their_own_units_and_descriptions(minutes):
    columns = FeatureSet(groups=(*GROUPS, *OPTIONAL_GROUPS), minutes=minutes).columns
    names = [c.name for c in columns]
    assert len(set(names)) == len(names)
    assert not set(names) & set(METADATA_COLUMNS)
    for each in columns:
        assert each.name.isidentifier()
        assert each.unit
        assert each.description
        assert "\n" not in each.description


def test_only_the_group_of_losses_tells_of_loss(labour):
    losses = {name for name in NAMES.tolist() if "loss" in name}
    assert losses == {"loss_60", "loss_30", "loss_20"} == set(NAMES[OF_GROUP == "signal_loss"].tolist())
    # Of a stationary signal more and more is lost: no other column follows.
    fhr = 140 + 5 * np.random.default_rng(0).normal(size=(40, 3600))
    share = np.linspace(0.05, 0.7, 40)
    for k, (row, lost) in enumerate(zip(fhr, share, strict=True)):
        row[np.repeat(np.random.default_rng(k).permutation(60) < 60 * lost, 60)] = np.nan
    found = FeatureSet(groups=NESTED_GROUPS, fs=1.0, minutes=60).compute(fhr, fhr)
    assert np.isfinite(found[:, ~OF_UC]).all()
    varies = found.std(axis=0) > 1e-9
    follows = {
        name: abs(np.corrcoef(column, share)[0, 1]) for name, column in zip(NAMES[varies], found.T[varies], strict=True)
    }
    assert min(follows.pop(name) for name in losses) > 0.8
    assert max(follows.values()) < 0.7


@pytest.mark.parametrize(("minutes", "fs"), [(5, 1.0), (30, 2.0), (45, 1.0), (60, 2.0), (90, 1.0), (30.01, 4.0)])
def test_windows_and_rates(labour, minutes, fs):
    features = FeatureSet(groups=NESTED_GROUPS, minutes=minutes, fs=fs)
    features.check()
    fhr, uc = labour(1, minutes=minutes, fs=fs)
    found = features.compute(fhr, uc)
    assert found.shape == (1, len(features.names)) == (1, len(features.column_groups))
    missing = [name for name, value in zip(features.names, found[0], strict=True) if np.isnan(value)]
    assert all(name.startswith(UTERUS) for name in missing)
    assert not np.isinf(found).any()


def test_rates_tell_nearly_the_same(labour):
    fhr, uc = labour(1)
    blocks = [x.reshape(1, -1, 4).mean(axis=-1) for x in (fhr, uc)]
    slow = FeatureSet(groups=NESTED_GROUPS, minutes=60, fs=1.0).compute(*blocks)
    by_seconds = ~np.isin(OF_GROUP, ("order_statistics", "event_statistics"))
    np.testing.assert_allclose(slow[0, by_seconds], HOUR.compute(fhr, uc)[0, by_seconds], rtol=1e-9, atol=1e-12)


def test_a_batch_is_one_by_one(labour, with_gaps):
    fhr, uc = labour(3)
    fhr[1:] = with_gaps(fhr[1:])
    fhr[2, 1000:] = np.nan  # too little for a smoothing over 192 s
    whole = HOUR.compute(fhr, uc)
    for i in range(3):
        np.testing.assert_allclose(HOUR.compute(fhr[i : i + 1], uc[i : i + 1])[0], whole[i], rtol=1e-11, atol=1e-12)
    assert HOUR.compute(fhr[:0], uc[:0]).shape == (0, len(NAMES))


def test_a_level_moves_levels_alone(labour, with_gaps):
    fhr, uc = labour(1)
    fhr = with_gaps(fhr)
    fhr = 140 + 0.4 * (fhr - 140)  # no step of 15%, whatever the level
    before, after = HOUR.compute(fhr, uc)[0], HOUR.compute(fhr + 8, uc)[0]
    level = np.array([name.startswith(LEVELS) for name in NAMES])
    mine = OF_GROUP != "event_statistics"  # events rest on a baseline that prefers usual levels
    np.testing.assert_allclose(after[mine & level], before[mine & level] + 8, rtol=1e-10)
    np.testing.assert_allclose(after[mine & ~level], before[mine & ~level], rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize(("lost", "part", "wider"), [(15, 10, 20), (20, 20, 30), (30, 30, 60), (40, 20, 60)])
def test_a_lost_end_takes_the_numbers_of_the_wider_part(labour, lost, part, wider):
    fhr, uc = labour(1)
    fhr[:, -lost * 240 :] = np.nan
    found = HOUR.compute(fhr, uc)[0]
    assert np.isfinite(found).all()
    last = [name for name in NAMES[~OF_UC & (OF_GROUP != "signal_loss")] if name.endswith(f"_{part}")]
    names = [name for name in last if "first" not in name and "second_20" not in name]
    assert len(names) > 10
    for name in names:
        assert found[column(name)] == found[column(name[: -len(str(part))] + str(wider))], name


def test_a_lost_start_takes_the_numbers_of_the_whole(labour):
    fhr, uc = labour(1)
    fhr[:, : 20 * 240] = np.nan
    found = HOUR.compute(fhr, uc)[0]
    assert np.isfinite(found).all()
    for name in NAMES[~OF_UC]:
        if name.endswith("_first_20"):
            assert found[column(name)] == found[column(name.replace("_first_20", "_60"))], name


def test_nothing_measured_is_missing_throughout(labour):
    fhr, uc = labour(2)
    fhr[0] = np.nan
    nothing = np.full_like(uc, np.nan)
    found = HOUR.compute(fhr, nothing)
    loss = OF_GROUP == "signal_loss"
    assert np.isnan(found[0, ~loss]).all()
    np.testing.assert_array_equal(found[0, loss], 1.0)
    np.testing.assert_array_equal(np.isnan(found[1]), OF_UC)
    seen = HOUR.compute(fhr[:1], uc[:1])[0]
    told = np.array([name.startswith(("contractions_", "contraction_length_", "answered_")) for name in NAMES])
    np.testing.assert_array_equal(~np.isnan(seen), loss | told)  # contractions are seen without FHR


@pytest.mark.parametrize("uc", ["missing", "flat", "off scale", "noise"])
def test_uc_that_tells_nothing_changes_no_column_of_fhr(labour, uc):
    fhr, known = labour(1)
    given = {
        "missing": np.full_like(known, np.nan),
        "flat": np.full_like(known, 12.0),
        "off scale": known * 1e9,
        "noise": np.random.default_rng(0).normal(size=known.shape),
    }[uc]
    found = HOUR.compute(fhr, given)[0]
    assert np.isfinite(found[~OF_UC]).all()
    assert not np.isinf(found).any()
    before = HOUR.compute(fhr, known)[0]
    mine = OF_GROUP != "event_statistics"
    np.testing.assert_array_equal(found[mine], before[mine])


def test_a_constant_rate_and_a_single_second():
    flat = np.full((1, 14400), 140.0)
    found = HOUR.compute(flat, flat)[0]
    without = np.array(
        [name.startswith(("coupling_", "deceleration_capacity", "acceleration_capacity")) for name in NAMES]
    )
    np.testing.assert_array_equal(np.isnan(found), without | OF_UC)
    assert not np.isinf(found).any()
    single = np.full((1, 14400), np.nan)
    single[:, 7000:7004] = 140.0
    found = HOUR.compute(single, flat)[0]
    np.testing.assert_array_equal(np.isnan(found), OF_GROUP != "signal_loss")


@pytest.mark.parametrize("seconds", [60, 90, 120, 240, 600])
@pytest.mark.parametrize("stretch", [20, 60, 600])
def test_no_pattern_of_missing_numbers_tells_the_loss(labour, seconds, stretch):
    fhr, uc = labour(1, seed=3)
    kept = np.zeros(3600, dtype=bool)
    n = max(seconds // stretch, 1)
    for start in np.linspace(30, 3000, n).astype(int):
        kept[start : start + min(stretch, seconds)] = True
    fhr[:, ~np.repeat(kept, 4)] = np.nan
    missing = np.isnan(HOUR.compute(fhr, uc)[0])
    # A baseline needs 2 min of signal in all: below it events are unknown, and not none.
    unknown = OF_GROUP == "event_statistics" if kept.sum() < 120 else OF_UC
    assert not missing[~unknown].any(), NAMES[missing & ~unknown]


@settings(max_examples=15)
@given(
    seed=st.integers(0, 1000),
    scale=st.sampled_from([0.0, 0.01, 1.0, 30.0]),
    measured=st.lists(st.tuples(st.integers(0, 1300), st.integers(1, 500)), max_size=6),
    step=st.sampled_from([0.0, 0.25, 60.0]),
    uc=st.sampled_from([np.nan, 0.0, 1.0, 1e6]),
)
def test_no_number_is_ever_infinite(seed, scale, measured, step, uc):
    rng = np.random.default_rng(seed)
    x = 140 + scale * rng.normal(size=1320)
    x = np.clip(np.round(x / step) * step if step else x, 55, 205)
    known = np.zeros(1320, dtype=bool)
    for start, length in measured:
        known[start : start + length] = True
    x[~known] = np.nan
    features = FeatureSet(groups=NESTED_GROUPS, fs=1.0, minutes=22)
    found = features.compute(x[None], uc * np.abs(rng.normal(size=(1, 1320))))
    assert found.shape == (1, len(features.names))
    assert not np.isinf(found).any()

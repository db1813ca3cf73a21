import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhr.preprocessing import remove_islands, remove_out_of_range, remove_spikes
from fhr.preprocessing.true_runs import fill_runs, runs

NAN = np.nan
FUNCTIONS = [remove_out_of_range, remove_spikes, remove_islands]

# Levels on a coarse grid, so that jumps, ties and gaps are common; runs of each make long pieces.
PIECE = st.tuples(
    st.sampled_from([NAN, 40.0, 50.0, 100.0, 120.0, 126.0, 150.0, 200.0, 210.0, 230.0]), st.integers(1, 30)
)
SIGNALS = st.lists(PIECE, max_size=12).map(
    lambda pieces: np.array([value for value, n in pieces for _ in range(n)], np.float32)
)


def signal(*pieces: tuple[float, int]) -> np.ndarray:
    """Levels (bpm) and how many samples each lasts."""
    return np.concatenate([np.full(n, value, np.float32) for value, n in pieces])


@pytest.mark.parametrize("clean", FUNCTIONS)
@given(fhr=SIGNALS)
def test_nothing_is_invented_only_removed(clean, fhr):
    before = fhr.copy()
    cleaned = clean(fhr, 4.0)
    assert cleaned.shape == fhr.shape
    assert cleaned.dtype == fhr.dtype
    kept = ~np.isnan(cleaned)
    np.testing.assert_array_equal(cleaned[kept], fhr[kept])
    np.testing.assert_array_equal(fhr, before)
    assert not np.shares_memory(cleaned, fhr)


@pytest.mark.parametrize("clean", FUNCTIONS)
@given(fhr=SIGNALS)
def test_time_has_no_direction(clean, fhr):
    np.testing.assert_array_equal(clean(fhr[::-1], 4.0), clean(fhr, 4.0)[::-1])


@given(fhr=SIGNALS)
def test_up_and_down_are_alike_for_spikes(fhr):
    np.testing.assert_array_equal(remove_spikes(260 - fhr, 4.0), 260 - remove_spikes(fhr, 4.0))


@pytest.mark.parametrize("clean", [remove_out_of_range, remove_islands])
@given(fhr=SIGNALS)
def test_once_is_enough(clean, fhr):
    once = clean(fhr, 4.0)
    np.testing.assert_array_equal(clean(once, 4.0), once)


@pytest.mark.parametrize("clean", FUNCTIONS)
@given(fhr=SIGNALS, before=st.integers(1, 40))
def test_more_missing_signal_before_the_start_changes_nothing(clean, fhr, before):
    longer = clean(np.concatenate([np.full(before, NAN, np.float32), fhr]), 4.0)
    np.testing.assert_array_equal(longer[before:], clean(fhr, 4.0))


@pytest.mark.parametrize("clean", FUNCTIONS)
@pytest.mark.parametrize("fhr", [signal((140, 0)), signal((NAN, 5)), signal((140, 20)), signal((140, 100))])
def test_nothing_to_remove(clean, fhr):
    np.testing.assert_array_equal(clean(fhr, 4.0), fhr)


def test_range_is_open_at_both_ends():
    fhr = np.array([0, 49.99, 50, 50.01, 140, 209.99, 210, 240, NAN], np.float32)
    expected = np.array([NAN, NAN, NAN, 50.01, 140, 209.99, NAN, NAN, NAN], np.float32)
    np.testing.assert_array_equal(remove_out_of_range(fhr, 4.0), expected)
    np.testing.assert_array_equal(remove_out_of_range(fhr, 4.0, low=139.0, high=141.0)[[4, 3]], [140, NAN])


@pytest.mark.parametrize(
    ("excursion", "goes"),
    [
        (signal((180, 3)), True),
        (signal((90, 3)), True),
        (signal((180, 19)), True),  # 4.75 s
        (signal((180, 20)), False),  # 5 s stay
        (signal((165, 3)), False),  # 25 bpm is no jump
        (signal((165.25, 3)), True),
        (signal((180, 2), (NAN, 40), (180, 2)), True),  # gaps do not count
        (signal((180, 10), (NAN, 4), (180, 10)), False),
        (signal((160, 2), (180, 2), (160, 2)), False),  # a flank without a jump
        (signal((180, 2), (200, 2), (180, 2)), True),
    ],
)
def test_spikes(excursion, goes):
    fhr = np.concatenate([signal((140, 40)), excursion, signal((140, 40))])
    expected = fhr.copy()
    if goes:
        expected[40:-40] = NAN
    np.testing.assert_array_equal(remove_spikes(fhr, 4.0), expected)


@pytest.mark.parametrize(
    "fhr",
    [
        signal((140, 40), (180, 40)),  # a lasting change of level
        signal((140, 40), (110, 3), (80, 40)),  # the steep flank of a deceleration: two jumps down
        signal((180, 3), (140, 40)),  # the ends have one neighbour only
        signal((140, 40), (180, 3)),
    ],
)
def test_what_only_looks_like_a_spike_stays(fhr):
    np.testing.assert_array_equal(remove_spikes(fhr, 4.0), fhr)


def test_spike_limits_are_in_seconds_and_bpm():
    fhr = signal((140, 40), (160, 10), (140, 40))
    assert np.isnan(remove_spikes(fhr, 4.0, jump=15.0)[40:50]).all()
    assert not np.isnan(remove_spikes(fhr, 1.0, jump=15.0)).any()
    assert np.isnan(remove_spikes(fhr, 1.0, jump=15.0, longest=11.0)[40:50]).all()


@pytest.mark.parametrize(
    ("before", "island", "after", "goes"),
    [
        (12, 11, 12, True),
        (12, 12, 12, False),  # 3 s of signal stay
        (11, 11, 12, False),  # gaps of 3 s on both sides are needed
        (12, 11, 11, False),
        (400, 1, 400, True),
    ],
)
def test_islands(before, island, after, goes):
    fhr = signal((140, 40), (NAN, before), (150, island), (NAN, after), (140, 40))
    cleaned = remove_islands(fhr, 4.0)
    assert np.isnan(cleaned[40 + before : 40 + before + island]).all() == goes
    np.testing.assert_array_equal(cleaned[[0, -1]], [140, 140])


@pytest.mark.parametrize("lead", [0, 1, 11, 12])
def test_islands_at_the_ends_have_nothing_beyond_them(lead):
    fhr = signal((NAN, lead), (140, 8), (NAN, 12), (140, 40), (NAN, 12), (140, 8), (NAN, lead))
    expected = signal((NAN, lead + 20), (140, 40), (NAN, lead + 20))
    np.testing.assert_array_equal(remove_islands(fhr, 4.0), expected)


def test_island_limits_are_in_seconds():
    fhr = signal((140, 40), (NAN, 12), (150, 8), (NAN, 12), (140, 40))
    np.testing.assert_array_equal(remove_islands(fhr, 2.0), fhr)
    assert np.isnan(remove_islands(fhr, 2.0, longest=5.0)[52:60]).all()
    np.testing.assert_array_equal(remove_islands(fhr, 4.0, gap=4.0), fhr)


@given(flags=st.lists(st.booleans(), max_size=50).map(lambda flags: np.array(flags, bool)))
def test_runs_and_their_inverse(flags):
    starts, ends = runs(flags)
    assert np.all(starts < ends)
    assert np.all(starts[1:] > ends[:-1])
    np.testing.assert_array_equal(fill_runs(starts, ends, len(flags)), flags)

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhr.errors import FHRError, SignalError
from fhr.preprocessing import draw_gap_patterns

PATTERNS = np.random.default_rng(0).random((5, 2, 30)) < 0.3


def which(drawn):
    return [int(np.flatnonzero((one == PATTERNS).all((1, 2)))[0]) for one in drawn]


@settings(max_examples=30)
@given(n=st.integers(0, 23), first=st.integers(0, 23), seed=st.integers(0, 2**32))
def test_donors_are_dealt_like_cards_and_in_parts(n, first, seed):
    drawn = which(draw_gap_patterns(PATTERNS, n, seed=seed, first=first))
    assert drawn == which(draw_gap_patterns(PATTERNS, first + n, seed=seed))[first:]
    counts = np.bincount(which(draw_gap_patterns(PATTERNS, n, seed=seed)), minlength=5)
    assert counts.max() - counts.min() <= 1


def test_seeds_differ():
    assert len({tuple(which(draw_gap_patterns(PATTERNS, 5, seed=seed))) for seed in range(20)}) > 10


def test_single_channels():
    assert draw_gap_patterns(PATTERNS[:, 0], 7, seed=1).shape == (7, 30)


@pytest.mark.parametrize(
    ("patterns", "options", "error", "words"),
    [
        (PATTERNS.astype(float), {}, SignalError, "flags"),
        (PATTERNS[0, 0], {}, SignalError, "donor, time"),
        (PATTERNS[:0], {}, SignalError, "donor, time"),
        (PATTERNS, {"n": -1}, FHRError, "n=-1"),
        (PATTERNS, {"n": 1.5}, FHRError, r"n=1\.5"),
        (PATTERNS, {"seed": -1}, FHRError, "seed=-1"),
        (PATTERNS, {"first": -1}, FHRError, "first=-1"),
    ],
)
def test_bad_input_is_refused(patterns, options, error, words):
    with pytest.raises(error, match=words):
        draw_gap_patterns(patterns, **({"n": 2, "seed": 0} | options))

"""The table of teaching strips: each criterion of both guidelines fires just above its limit and not just below."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from teaching_strips import PAIRS, says


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair.guideline} {pair.criterion}: {pair.words}")
def test_the_two_strips_of_a_criterion(pair):
    assert (says(pair, pair.below), says(pair, pair.above)) == (False, True)

"""Clocks of the benchmark: what is placed is placed truly, and a fault is refused."""

import logging
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import clocks


@pytest.fixture(autouse=True)
def quiet():
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


def test_every_row_has_its_true_sample_or_the_times_are_refused():
    told = {"right": 0, "refused": 0, "a sample too many or too few in a gap": 0}
    every = product(clocks.RATES, clocks.JITTERS, clocks.DRIFTS, clocks.ROUNDINGS, clocks.GAPS, (150, 1500, 6000))
    for number, (rate, jitter, drift, rounding, gaps, n) in enumerate(every):
        if number % 7 or (drift > 1e-3 and rounding not in ("none", "0.001", "0.01")):
            continue  # a sample that slips from a coarse clock and one that is missing look the same
        sample, time = clocks.stamps_of(rate, jitter, drift, rounding, gaps, n, np.random.default_rng(number))
        for fs in (rate, None):
            said = clocks.verdict(sample, time, fs).split(":")[0]
            if clocks.undecidable(rate, drift, rounding) and said == "wrong":
                said = "a sample too many or too few in a gap"
            assert said in told, (rate, jitter, drift, rounding, gaps, n, fs)
            told[said] += 1
    assert told["right"] > told["refused"]
    assert told["a sample too many or too few in a gap"] < 0.005 * sum(told.values())


@pytest.mark.parametrize("fault", clocks.FAULTS)
def test_a_fault_of_a_clock_is_refused(fault):
    for number, (rate, drift, rounding) in enumerate(product(clocks.RATES, clocks.DRIFTS, ("none", "0.001", "0.01"))):
        rng = np.random.default_rng(number)
        sample, time = clocks.stamps_of(rate, "none", drift, rounding, "none", 900, rng)
        rows, bad = clocks.faulty(fault, sample, time, rng)
        said = clocks.verdict(rows, bad, rate / 2 if fault == "half the rate" else rate)
        assert said.startswith("refused: "), (rate, drift, rounding, said)

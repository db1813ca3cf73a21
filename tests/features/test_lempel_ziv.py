import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhr.features import lempel_ziv
from fhr.features.symbol_complexity import phrases
from fhr.processes import fbm, fgn


def by_definition(text):
    """The definition, letter by letter."""
    count = start = 0
    while start < len(text):
        end = start + 1
        while end <= len(text) and text[start:end] in text[: end - 1]:
            end += 1
        count, start = count + 1, end
    return count


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 4))
def test_phrases_are_those_of_the_definition(bits, repeats):
    bits = bits * repeats  # copies of every length
    assert phrases(np.array(bits, dtype=bool)) == by_definition("".join("01"[bit] for bit in bits))


def test_the_example_of_lempel_and_ziv():
    # 0001101001000101 = 0 . 001 . 10 . 100 . 1000 . 101
    assert phrases(np.array(list("0001101001000101")) == "1") == 6


def test_equals_antropy():
    antropy = pytest.importorskip("antropy")
    for x in (*fgn(2000, 0.3, size=2), *fgn(3000, 0.9, size=2), fbm(3000, 0.6), np.sin(np.arange(1000.0))):
        binary = (x >= np.median(x)).astype(int)
        assert lempel_ziv(x) == pytest.approx(antropy.lziv_complexity(binary, normalize=True), abs=1e-12)


def test_random_bits_tend_to_one_and_regular_ones_to_zero():
    assert lempel_ziv(np.random.default_rng(0).normal(size=20_000)) == pytest.approx(1, abs=0.03)
    assert lempel_ziv(np.arange(20_000.0) % 7) < 0.01


@pytest.mark.parametrize("hurst", [0.5, 0.8])
def test_gaps_change_little(hurst, with_gaps):
    x = fgn(3600, hurst, size=10, seed=1)
    change = lempel_ziv(with_gaps(x)) - lempel_ziv(x)
    assert abs(change.mean()) < 0.02


def test_a_hundred_samples_are_needed():
    x = np.random.default_rng(2).normal(size=100)
    assert np.isfinite(lempel_ziv(x))
    x[7] = np.nan
    assert np.isnan(lempel_ziv(x))

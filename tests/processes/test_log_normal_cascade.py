import numpy as np
import pytest

from fhr.errors import FHRError
from fhr.processes import cascade


def close(samples, expected, errors=4.5):
    """Whether the mean over independent realisations, the first axis, is what is expected of it."""
    error = samples.std(axis=0, ddof=1) / np.sqrt(len(samples))
    return np.all(np.abs(samples.mean(axis=0) - expected) < errors * error)


@pytest.mark.parametrize("c2", [-0.05, -0.3])
def test_the_logarithm_has_the_covariance_of_a_tree(c2):
    n, step = 64, -c2 * np.log(2)
    logs = np.log(cascade(n, c2=c2, size=20_000, seed=1))
    assert close(logs, -6 * step / 2)
    centred = logs + 3 * step
    for first, second in [(0, 0), (0, 1), (1, 2), (5, 7), (16, 31), (31, 32), (40, 63)]:
        shared = 6 - (first ^ second).bit_length()  # halvings in which both fell to the same side
        assert close(centred[:, first] * centred[:, second], shared * step)


@pytest.mark.parametrize("q", [2, 3])
def test_moments_of_the_measure_follow_the_recursion(q):
    c2, octaves = -0.1, 5
    density = cascade(2**octaves, c2=c2, size=40_000, seed=2)
    multiplier = {p: 2 ** (-c2 / 2 * (p**2 - p)) for p in (1, 2, 3)}
    second = third = 1.0  # of the mean density of an interval that is halved k times: the mean of two halves
    for _ in range(octaves):
        third = (multiplier[3] * third + 3 * multiplier[2] * second) / 4
        second = (multiplier[2] * second + 1) / 2
    assert close(density.mean(axis=1) ** q, {2: second, 3: third}[q])
    assert close(density[:, 9] ** q, multiplier[q] ** octaves)


@pytest.mark.parametrize("q", [0.5, 1.0, 2.0, 3.0])
def test_the_running_sum_scales_as_claimed(q):
    c2 = -0.1
    density = cascade(2**13, c2=c2, size=400, seed=3)
    octaves = np.arange(3, 11)
    moments = np.stack([(density.reshape(400, -1, 2**j).sum(axis=-1) ** q).mean(axis=1) for j in octaves], axis=1)
    slopes = [
        np.polyfit(octaves, np.log2(np.delete(moments, np.s_[20 * i : 20 * i + 20], axis=0).mean(axis=0)), 1)[0]
        for i in range(20)
    ]
    error = np.sqrt(19 * np.var(slopes))  # jackknife over 20 groups
    slope = np.polyfit(octaves, np.log2(moments.mean(axis=0)), 1)[0]
    # 0.003 q for the few finest octaves; c1 = 1 instead of 1 - c2 / 2 would miss by 0.05 q.
    assert abs(slope - ((1 - c2 / 2) * q + c2 * q**2 / 2)) < 4 * error + 0.003 * q
    assert error < 0.1 * q


def test_cascades_one_after_another_are_independent():
    logs = np.log(cascade(40, c2=-0.2, integral_scale=16, size=20_000, seed=4))
    centred = logs + 4 * 0.1 * np.log(2)
    assert close(centred[:, 2] * centred[:, 3], 3 * 0.2 * np.log(2))
    assert close(centred[:, 15] * centred[:, 16], 0)
    assert close(centred[:, 31] * centred[:, 39], 0)


def test_the_default_scale_is_the_next_power_of_2():
    np.testing.assert_array_equal(
        cascade(100, c2=-0.1, seed=5), cascade(128, c2=-0.1, integral_scale=128, seed=5)[:100]
    )


@pytest.mark.parametrize("size", [(), 3, (2, 3), (0,)])
@pytest.mark.parametrize("n", [1, 2, 7, 100])
@pytest.mark.parametrize("scale", [None, 1, 8])
def test_shape_and_type(size, n, scale):
    batch = (size,) if isinstance(size, int) else size
    density = cascade(n, c2=-0.1, integral_scale=scale, size=size)
    assert density.shape == (*batch, n)
    assert density.dtype == np.float64
    assert (density > 0).all()


def test_without_c2_the_density_is_1():
    np.testing.assert_array_equal(cascade(10, c2=0), np.ones(10))


def test_same_seed_same_numbers():
    np.testing.assert_array_equal(cascade(90, c2=-0.1, seed=6), cascade(90, c2=-0.1, seed=np.random.default_rng(6)))
    assert not np.array_equal(cascade(90, c2=-0.1, seed=6), cascade(90, c2=-0.1, seed=7))
    generator = np.random.default_rng(0)
    assert not np.array_equal(cascade(9, c2=-0.1, seed=generator), cascade(9, c2=-0.1, seed=generator))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 0}, "n=0 samples were asked for"),
        ({"c2": 0.1}, r"c2=0.1 is outside \(-2, 0\]; give a second log-cumulant in it"),
        ({"c2": -2}, "c2=-2 is outside"),
        ({"integral_scale": 0}, "integral_scale=0 is not a power of 2; give 1, 2, 4, ... samples"),
        ({"integral_scale": 24}, "integral_scale=24 is not a power of 2"),
        ({"integral_scale": 2.5}, "integral_scale=2.5 is not a power of 2"),
        ({"size": (2, -1)}, r"size=\(2, -1\) has a negative length"),
        ({"seed": -1}, "seed=-1 is negative"),
    ],
)
def test_errors_name_the_value_and_the_remedy(arguments, message):
    with pytest.raises(FHRError, match=message):
        cascade(**{"n": 5, "c2": -0.1} | arguments)

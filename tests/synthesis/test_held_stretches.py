"""A sample rests on one value as much as its record does."""

import numpy as np
import torch

from fhr.synthesis import scattering_synthesis
from fhr.synthesis.held_stretches import held_as

WINDOW = 16


def pair(n: int = 400) -> torch.Tensor:
    """A record whose second channel rests for a while, and a sample that is calm elsewhere."""
    noise = np.random.default_rng(0).normal(size=(2, 1, 2, n))
    noise[0, 0, 1, 50:90] = 3.0
    noise[1, 0, 1, 200:260] *= 0.01
    return torch.from_numpy(noise)


def test_the_calmest_windows_rest_as_often_as_those_of_the_record():
    record, sample = pair()
    found = held_as(record, sample, WINDOW)
    windows = found[0, 1].unfold(0, WINDOW, 1)
    rest = torch.nonzero((windows == windows[:, :1]).all(-1)).flatten()
    assert 40 - WINDOW + 1 <= len(rest) <= 60 - WINDOW + 1  # held windows that touch make more
    assert int(rest.min()) >= 200
    assert int(rest.max()) + WINDOW <= 260
    torch.testing.assert_close(found[0, 0], sample[0, 0], rtol=0, atol=0)  # nothing rests in that channel
    torch.testing.assert_close(found.mean(-1), sample.mean(-1))
    still = found[0, 1].diff() == 0
    first = int(torch.nonzero(still)[0])
    last = first + int(torch.nonzero(~still[first:])[0])
    np.testing.assert_allclose(float(found[0, 1, first]), sample[0, 1, first : last + 1].mean().item(), rtol=1e-9)


def test_a_synthesis_rests_as_its_record_does():
    x = np.random.default_rng(1).normal(size=(1, 2, 300)).cumsum(-1)
    x[0, 1, 100:160] = x[0, 1, 100]
    still = np.diff(scattering_synthesis(x, fs=1.0, seed=0, max_iterations=3).signals[0]) == 0
    assert still[1].sum() >= 45
    assert not still[0].any()

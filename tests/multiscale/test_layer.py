from math import inf

import numpy as np
import pytest
import torch

from fhr.errors import FHRError
from fhr.multiscale import LogCumulants, analyze
from fhr.processes import fbm

SHORT = {"wavelet": "db2", "j1": 1, "j2": 3}


@pytest.fixture
def signal():
    x = torch.from_numpy(fbm(120, 0.6, size=2, seed=1))
    x[0, 30:37] = torch.nan
    return x


@pytest.mark.parametrize("output", ["slopes", "curves"])
@pytest.mark.parametrize("p", [2.0, 1.0, inf])
def test_gradients_are_those_of_finite_differences(output, p, signal):
    layer, present = LogCumulants(output, p=p, **SHORT), signal.isfinite()
    x = signal.nan_to_num().requires_grad_()
    assert torch.autograd.gradcheck(lambda v: layer(v, present), (x,), atol=1e-6, rtol=1e-4, fast_mode=True)


def test_it_is_the_analysis(signal):
    result = analyze(signal, **SHORT)
    torch.testing.assert_close(LogCumulants(**SHORT)(signal), result.log_cumulants)
    torch.testing.assert_close(LogCumulants("curves", **SHORT)(signal), result.cumulants)
    single = LogCumulants(**SHORT)(signal.float())
    assert single.dtype == torch.float32


def test_a_lost_signal_leaves_the_gradients_of_the_others_alone(signal):
    x = signal.clone()
    x[0] = torch.nan
    x.requires_grad_()
    found = LogCumulants(**SHORT)(x)
    assert found[0].isnan().all()
    found[1].sum().backward()
    assert (x.grad[0] == 0).all()
    assert x.grad[1].isfinite().all()
    assert (x.grad[1] != 0).any()


def test_a_loss_on_c1_moves_a_signal_towards_its_target():
    # White noise, shaped by a filter of four taps that is to be learnt.
    noise = torch.from_numpy(np.random.default_rng(2).normal(size=(8, 1, 2100)))
    taps = torch.tensor([1.0, 0.0, 0.0, 0.0], dtype=torch.float64, requires_grad=True)
    layer, optimizer = LogCumulants(j1=2, j2=5, gamma=1.0), torch.optim.Adam([taps], lr=0.05)
    losses = []
    for _ in range(15):
        shaped = torch.nn.functional.conv1d(noise, taps[None, None])[:, 0]
        loss = (layer(shaped)[:, 0].mean() + 0.7) ** 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def test_mistakes_are_named():
    with pytest.raises(FHRError, match="output='h'"):
        LogCumulants("h")
    with pytest.raises(FHRError, match="n_cumulants=9"):
        LogCumulants(n_cumulants=9)
    with pytest.raises(FHRError, match="j1=4, j2=3"):
        LogCumulants(j1=4, j2=3)

"""Nested pooling: against NumPy on what is valid, and what parts without signal take."""

import numpy as np
import pytest
import torch

from fhr.errors import FHRError
from fhr.models import NestedPooling

QUANTILES = (0.05, 0.5, 0.9)


def sequence(steps: int = 90, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(3, 2, steps, generator=generator)
    weight = (torch.rand(3, 1, steps, generator=generator) > 0.3).float()
    return values, weight


def test_each_part_has_the_statistics_of_its_valid_time():
    values, weight = sequence()
    pool = NestedPooling((1.0, 1 / 2, 1 / 3), QUANTILES)
    found = pool(values, weight).reshape(3, 3, 5, 2).numpy()
    for b in range(3):
        for p, last in enumerate((90, 45, 30)):
            for c in range(2):
                x = values[b, c, -last:][weight[b, 0, -last:] > 0].numpy()
                wanted = [x.mean(), np.sqrt(x.var() + 1e-5), *np.quantile(x, QUANTILES)]
                np.testing.assert_allclose(found[b, p, :, c], wanted, rtol=1e-4, atol=1e-5)
    assert found.reshape(3, -1).shape[1] == pool.n_pooled(2)


def test_a_part_without_signal_takes_the_next_wider_one():
    values, weight = sequence()
    weight[0, 0, -30:] = 0  # nothing in the last third
    weight[1] = 0  # nothing at all
    found = NestedPooling((1.0, 1 / 2, 1 / 3), QUANTILES)(values, weight).reshape(3, 3, 10)
    assert torch.equal(found[0, 2], found[0, 1])
    assert not torch.equal(found[0, 1], found[0, 0])
    assert found[1].abs().max() <= 0.0033  # the deviation's own floor
    assert found.isfinite().all()


def test_what_is_missing_says_nothing_and_gets_no_gradient():
    values, weight = sequence()
    pool = NestedPooling((1.0, 1 / 3), QUANTILES)
    other = torch.where(weight > 0, values, 1e3)
    assert torch.equal(pool(values * weight, weight), pool(other * weight, weight))
    other.requires_grad_()
    pool(other, weight).sum().backward()
    assert other.grad.isfinite().all()
    assert other.grad[(weight == 0).expand_as(other)].abs().max() == 0


@pytest.mark.parametrize("parts", [(), (0.5, 1.0), (1.0, 1.0), (1.2,), (1.0, 0.0)], ids=str)
def test_parts_that_are_no_nested_parts_are_refused(parts):
    with pytest.raises(FHRError, match="give shares of the window"):
        NestedPooling(parts)


def test_quantiles_beyond_the_order_statistics_are_refused():
    with pytest.raises(FHRError, match="between 0 and 1"):
        NestedPooling(quantiles=(50,))

"""The loss of a pretraining: one mean a target over what is known, weighted."""

from math import nan

import pytest
import torch
from torch.nn import functional as F

from fhr.errors import FHRError
from fhr.losses import PHRegression, TruthLoss

ZEROS = dict.fromkeys(TruthLoss.targets, 0.0)


def batch() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    truth = torch.rand(4, len(TruthLoss.targets), 30, generator=generator)
    truth[torch.rand(truth.shape, generator=generator) < 0.3] = nan
    return {
        "reading": torch.randn(truth.shape, generator=generator).requires_grad_(),
        "truth": truth,
        "scores": torch.randn(4, 1, generator=generator).requires_grad_(),
        "ph": torch.tensor([7.0, 7.2, nan, 7.3]),
    }


@pytest.mark.parametrize("target", TruthLoss.targets)
def test_each_target_costs_its_mean_over_what_is_known(target):
    given, k = batch(), TruthLoss.targets.index(target)
    known = ~given["truth"][:, k].isnan()
    read, true = given["reading"][:, k][known], given["truth"][:, k][known]
    wanted = F.binary_cross_entropy_with_logits(read, true) if target in TruthLoss.shares else F.l1_loss(read, true)
    loss = TruthLoss(**{**ZEROS, target: 2.0}, ph=0)
    torch.testing.assert_close(loss(**given), 2 * wanted)
    loss(**given).backward()
    assert (given["reading"].grad[:, k] != 0).equal(known)
    assert not given["reading"].grad[:, [j for j in range(6) if j != k]].any()


def test_ph_costs_what_it_costs_alone_and_nothing_where_none_is_known():
    given = batch()
    wanted = PHRegression()(given["scores"], given["ph"], given["ph"], torch.ones(4))
    assert wanted > 0
    torch.testing.assert_close(TruthLoss(**ZEROS, ph=3)(**given), 3 * wanted)
    nothing = {**given, "truth": torch.full_like(given["truth"], nan), "ph": torch.full((4,), nan)}
    value = TruthLoss()(**nothing)
    value.backward()
    assert value == 0
    assert given["reading"].grad.isfinite().all()


@pytest.mark.parametrize("given", [{"rate": -1.0}, {"hidden": nan}, {**ZEROS, "ph": 0.0}])
def test_weights_that_weigh_nothing_are_refused(given):
    with pytest.raises(FHRError, match="give 0 or more each, and one of them above 0"):
        TruthLoss(**given)

import inspect
from math import nan

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import fhr.losses
from fhr.losses import BinaryCrossEntropy, PHRegression

OF_A_LABEL = sorted(set(fhr.losses.__all__) - {"TruthLoss"})  # which reads sequences, and has tests of its own


def batch(n: int = 12) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    ph = 7.2 + 0.1 * torch.randn(n, generator=generator)
    return {
        "scores": torch.randn(n, 1, generator=generator).requires_grad_(),
        "label": (ph <= 7.15).float(),
        "ph": ph,
        "weight": torch.rand(n, generator=generator) + 0.1,
    }


@pytest.mark.parametrize("name", OF_A_LABEL)
def test_every_loss_takes_a_batch_and_gives_one_number_with_a_gradient(name):
    loss, given = getattr(fhr.losses, name)(), batch()
    assert list(inspect.signature(loss.forward).parameters) == ["scores", "label", "ph", "weight"]
    value = loss(**given)
    assert value.shape == ()
    value.backward()
    assert given["scores"].grad.isfinite().all()
    assert (given["scores"].grad != 0).all()


@pytest.mark.parametrize("name", OF_A_LABEL)
def test_the_loss_rises_as_the_score_of_a_severe_case_falls(name):
    loss = getattr(fhr.losses, name)()
    one = {"label": torch.ones(1), "ph": torch.tensor([6.95]), "weight": torch.ones(1)}
    values = [loss(torch.tensor([[score]]), **one) for score in (2.0, 1.0, 0.0, -1.0)]
    assert values == sorted(values)
    assert values[0] < values[-1]


@pytest.mark.parametrize("name", OF_A_LABEL)
def test_weights_are_relative_and_a_weight_of_two_is_the_record_twice(name):
    loss, given = getattr(fhr.losses, name)(), batch()
    value = loss(**given)
    torch.testing.assert_close(loss(**{**given, "weight": 7 * given["weight"]}), value)
    ones = torch.ones(12)
    twice = {key: torch.cat([one, one[:1]]) for key, one in (given | {"weight": ones}).items()}
    doubled = torch.cat([torch.tensor([2.0]), ones[1:]])
    torch.testing.assert_close(loss(**{**given, "weight": doubled}), loss(**twice))


@pytest.mark.parametrize("name", OF_A_LABEL)
def test_a_weight_of_0_leaves_a_record_out(name):
    loss, given, fewer = getattr(fhr.losses, name)(), batch(), batch()
    kept = torch.arange(12) % 3 > 0
    loss(**{**given, "weight": given["weight"] * kept}).backward()
    loss(**{key: value[kept] for key, value in fewer.items()}).backward()
    torch.testing.assert_close(given["scores"].grad, fewer["scores"].grad)
    given["scores"].grad = None
    nothing = loss(**{**given, "weight": torch.zeros(12)})
    nothing.backward()
    assert nothing.item() == 0
    assert (given["scores"].grad == 0).all()


def test_cross_entropy_is_that_of_torch():
    given = batch()
    scores, label, weight = given["scores"][:, 0], given["label"], given["weight"]
    ones = torch.ones(12)
    plain = F.binary_cross_entropy_with_logits(scores, label)
    torch.testing.assert_close(BinaryCrossEntropy()(**{**given, "weight": ones}), plain)
    each = F.binary_cross_entropy_with_logits(scores, label, reduction="none")
    torch.testing.assert_close(BinaryCrossEntropy()(**given), (each * weight).sum() / weight.sum())


def test_cross_entropy_does_not_look_at_ph():
    given = batch()
    unknown = torch.full((12,), nan)
    assert BinaryCrossEntropy()(**{**given, "ph": unknown}) == BinaryCrossEntropy()(**given)


def test_ph_regression_formula():
    """Smooth absolute error in units of scale: d^2 / 2 below one unit, |d| - 1/2 beyond; the score is minus the pH."""
    loss = PHRegression(centre=7.2, scale=0.1)
    ph, scores = np.array([7.10, 7.10, 7.25, 7.05]), np.array([1.0, 0.4, 1.5, -2.0])
    difference = np.abs(scores - (7.2 - ph) / 0.1)
    each = np.where(difference < 1, difference**2 / 2, difference - 0.5)
    weight = np.array([1.0, 2.0, 0.5, 1.5])
    given = {key: torch.tensor(value, dtype=torch.float64) for key, value in (("ph", ph), ("weight", weight))}
    value = loss(torch.tensor(scores)[:, None], torch.zeros(4), **given)
    assert value.item() == pytest.approx((each * weight).sum() / weight.sum(), abs=1e-9)


def test_ph_regression_is_zero_at_minus_the_ph():
    ph = torch.tensor([7.0, 7.15, 7.3])
    scores = (7.2 - ph)[:, None] / 0.1
    assert PHRegression()(scores, torch.zeros(3), ph, torch.ones(3)).item() == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(("extreme", "limit"), [(6.5, 6.95), (7.6, 7.35)])
def test_ph_is_clipped(extreme, limit):
    loss, scores = PHRegression(), torch.tensor([[0.7]])
    values = [loss(scores, torch.zeros(1), torch.tensor([ph]), torch.ones(1)) for ph in (extreme, limit)]
    assert values[0] == values[1]
    wider = PHRegression(low=6.0, high=8.0)(scores, torch.zeros(1), torch.tensor([extreme]), torch.ones(1))
    assert wider > values[0]


def test_records_of_unknown_ph_do_not_count():
    """Loss and gradient are those of the known records alone, whatever the scores of the others."""
    given, fewer = batch(), batch()
    given["ph"][::3] = nan
    known = ~given["ph"].isnan()
    with torch.no_grad():
        given["scores"][::3] = nan
    value, alone = PHRegression()(**given), PHRegression()(**{key: part[known] for key, part in fewer.items()})
    torch.testing.assert_close(value, alone)
    value.backward()
    alone.backward()
    torch.testing.assert_close(given["scores"].grad, fewer["scores"].grad)
    assert (given["scores"].grad[::3] == 0).all()


def test_a_batch_without_a_known_ph_is_zero_with_a_gradient():
    given = batch()
    value = PHRegression()(**{**given, "ph": torch.full((12,), nan)})
    assert value.item() == 0
    value.backward()
    assert (given["scores"].grad == 0).all()

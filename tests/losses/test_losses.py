import inspect
from math import nan

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn import functional as F

import fhr.losses
from fhr.datasets import Target
from fhr.errors import FHRError
from fhr.losses import AcidosisRegression, AcidosisTarget, BinaryCrossEntropy, PHRegression, SmoothedCrossEntropy

# The others are what a loss learns, and a loss of sequences, which has tests of its own.
LOSSES = [name for name in fhr.losses.__all__ if name not in ("AcidosisTarget", "TruthLoss")]
LABELLED = {"SmoothedCrossEntropy": "ph<=7.15"}


def made(name: str) -> torch.nn.Module:
    """The loss as it is by default."""
    return getattr(fhr.losses, name)(*([LABELLED[name]] if name in LABELLED else []))


def given_to(loss: torch.nn.Module, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The parts of a batch that a task gives to this loss."""
    return batch | ({"bdecf": 40 * (7.3 - batch["ph"])} if getattr(loss, "takes_bdecf", False) else {})


def batch(n: int = 12) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    ph = 7.2 + 0.1 * torch.randn(n, generator=generator)
    return {
        "scores": torch.randn(n, 1, generator=generator).requires_grad_(),
        "label": (ph <= 7.15).float(),
        "ph": ph,
        "weight": torch.rand(n, generator=generator) + 0.1,
    }


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_takes_a_batch_and_gives_one_number_with_a_gradient(name):
    loss = made(name)
    given = given_to(loss, batch())
    more = ["bdecf"] if hasattr(loss, "takes_bdecf") else []
    assert list(inspect.signature(loss.forward).parameters) == ["scores", "label", "ph", "weight", *more]
    value = loss(**given)
    assert value.shape == ()
    value.backward()
    assert given["scores"].grad.isfinite().all()
    assert (given["scores"].grad != 0).all()


@pytest.mark.parametrize("name", LOSSES)
def test_the_loss_rises_as_the_score_of_a_severe_case_falls(name):
    loss = made(name)
    one = given_to(loss, {"label": torch.ones(1), "ph": torch.tensor([6.95]), "weight": torch.ones(1)})
    values = [loss(torch.tensor([[score]]), **one) for score in (2.0, 1.0, 0.0, -1.0)]
    assert values == sorted(values)
    assert values[0] < values[-1]


@pytest.mark.parametrize("name", LOSSES)
def test_weights_are_relative_and_a_weight_of_two_is_the_record_twice(name):
    loss = made(name)
    given = given_to(loss, batch())
    value = loss(**given)
    torch.testing.assert_close(loss(**{**given, "weight": 7 * given["weight"]}), value)
    ones = torch.ones(12)
    twice = {key: torch.cat([one, one[:1]]) for key, one in (given | {"weight": ones}).items()}
    doubled = torch.cat([torch.tensor([2.0]), ones[1:]])
    torch.testing.assert_close(loss(**{**given, "weight": doubled}), loss(**twice))


@pytest.mark.parametrize("name", LOSSES)
def test_a_weight_of_0_leaves_a_record_out(name):
    loss = made(name)
    given, fewer = given_to(loss, batch()), given_to(loss, batch())
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


@pytest.mark.parametrize("name", ["PHRegression", "AcidosisRegression"])
def test_records_of_unknown_ph_do_not_count(name):
    """Loss and gradient are those of the known records alone, whatever the scores of the others."""
    loss = made(name)
    given, fewer = given_to(loss, batch()), given_to(loss, batch())
    given["ph"][::3] = nan
    known = ~given["ph"].isnan()
    with torch.no_grad():
        given["scores"][::3] = nan
    value, alone = loss(**given), loss(**{key: part[known] for key, part in fewer.items()})
    torch.testing.assert_close(value, alone)
    value.backward()
    alone.backward()
    torch.testing.assert_close(given["scores"].grad, fewer["scores"].grad)
    assert (given["scores"].grad[::3] == 0).all()


@pytest.mark.parametrize("name", ["PHRegression", "AcidosisRegression"])
def test_a_batch_without_a_known_ph_is_zero_with_a_gradient(name):
    loss = made(name)
    given = given_to(loss, batch())
    value = loss(**{**given, "ph": torch.full((12,), nan)})
    assert value.item() == 0
    value.backward()
    assert (given["scores"].grad == 0).all()


def test_the_regression_on_ph_alone_is_the_one_without_deficit_and_indicators():
    loss = AcidosisRegression(deficit=0)
    given = given_to(loss, batch())
    torch.testing.assert_close(loss(**given), PHRegression()(**batch()))
    torch.testing.assert_close(loss(**{**given, "bdecf": torch.full((12,), nan)}), PHRegression()(**batch()))


def test_the_regression_is_zero_at_its_target_and_knows_whether_it_needs_the_label():
    loss = AcidosisRegression(indicators=[7.05, 7.10])
    given = given_to(loss, batch())
    target, known = AcidosisTarget(indicators=[7.05, 7.10])(given["label"], given["ph"], given["bdecf"])
    assert known.all()
    assert loss(**{**given, "scores": target[:, None]}) == 0
    assert not loss.needs_label
    assert AcidosisRegression(own=0.5).needs_label


@pytest.mark.parametrize("label", ["ph<=7.15", "ph<7.10", "ph>7.20"])
def test_smoothed_cross_entropy_is_the_expected_one_over_the_true_ph(label):
    """Monte Carlo over the noise of pH: the mean cross-entropy of the labels that the true values would have."""
    given = batch()
    drawn = given["ph"].numpy()[:, None] + 0.025 * np.random.default_rng(1).standard_normal((12, 1000))
    labels = Target(label)(pd.DataFrame({"ph": drawn.ravel()})).to_numpy().reshape(drawn.shape)
    each = torch.stack([BinaryCrossEntropy()(**{**given, "label": torch.tensor(one).float()}) for one in labels.T])
    found = SmoothedCrossEntropy(label, noise=0.025)(**given)
    torch.testing.assert_close(found, each.mean(), rtol=0, atol=4 * each.std().item() / 1000**0.5)


def test_without_noise_or_ph_the_label_counts_as_it_is():
    given, plain = batch(), BinaryCrossEntropy()(**batch())
    torch.testing.assert_close(SmoothedCrossEntropy("ph<=7.15", noise=0)(**given), plain)
    torch.testing.assert_close(SmoothedCrossEntropy("ph<=7.15")(**{**given, "ph": torch.full((12,), nan)}), plain)
    far = {**given, "ph": torch.where(given["label"] == 1, 6.9, 7.4)}
    torch.testing.assert_close(SmoothedCrossEntropy("ph<=7.15")(**far), plain)


def test_a_label_is_told_once_and_has_to_be_on_ph():
    loss = SmoothedCrossEntropy()
    with pytest.raises(FHRError, match=r"does not know the label; give it, SmoothedCrossEntropy\('ph<7\.05'\)"):
        loss(**batch())
    loss.take_label("ph<7.05")
    torch.testing.assert_close(loss(**batch()), SmoothedCrossEntropy("ph<7.05")(**batch()))
    for wrong in ("apgar1<7", "ph<7.05 & bdecf>=12"):
        with pytest.raises(FHRError, match="knows the noise of pH alone: take a label such as"):
            loss.take_label(wrong)
        with pytest.raises(FHRError, match="knows the noise of pH alone"):
            SmoothedCrossEntropy(wrong)
    with pytest.raises(FHRError, match=r"was made for ph<7\.10, the data have ph<7\.05; leave its `label` out"):
        SmoothedCrossEntropy("ph<7.10").take_label("ph<7.05")
    with pytest.raises(FHRError, match="noise=-1; give the SD"):
        SmoothedCrossEntropy("ph<7.05", noise=-1)


def test_an_ordinal_margin_asks_for_more_than_the_right_side():
    ph = torch.tensor([7.0, 7.32, nan])
    loss = fhr.losses.OrdinalMargin(margin=0.5, softness=1e-3, thresholds=[7.2])
    label, weight = torch.zeros(3), torch.ones(3)
    right = torch.tensor([[0.4], [-0.4], [9.0]])
    assert float(loss(right, label, ph, weight)) == pytest.approx(0.1, abs=1e-3)
    assert float(loss(2 * right, label, ph, weight)) == pytest.approx(0.0, abs=1e-3)
    assert float(loss(-right, label, ph, weight)) == pytest.approx(0.9, abs=1e-3)


@pytest.mark.parametrize("options", [{"margin": -1.0}, {"softness": 0.0}, {"thresholds": []}])
def test_an_ordinal_margin_refuses_what_is_none(options):
    with pytest.raises(FHRError, match="give"):
        fhr.losses.OrdinalMargin(**options)

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logit
from scipy.stats import norm

from fhr.calibration import RidgePlatt, prior_of_weights, shift_prevalence
from fhr.errors import FHRError, OutcomeError

prevalences = st.floats(0.005, 0.995)


def posterior(x, prevalence, d=1.5):
    """P(y = 1 | x) where x is N(0, 1) in the negatives and N(d, 1) in the positives."""
    positive, negative = prevalence * norm.pdf(x, d), (1 - prevalence) * norm.pdf(x)
    return positive / (positive + negative)


def births(n, prevalence, seed=0, d=1.5):
    generator = np.random.default_rng(seed)
    y = (generator.random(n) < prevalence).astype(int)
    return generator.normal(size=n) + d * y, y


@given(prevalences, prevalences)
def test_is_bayes_rule(before, after):
    x = np.linspace(-4, 6, 30)
    np.testing.assert_allclose(
        shift_prevalence(posterior(x, before), before, after), posterior(x, after), rtol=1e-9, atol=1e-12
    )


@given(prevalences, prevalences, st.floats(1e-6, 1 - 1e-6))
def test_moves_the_log_odds(before, after, p):
    shifted = shift_prevalence(p, before, after)
    assert logit(shifted) == pytest.approx(logit(p) + logit(after) - logit(before), abs=1e-6)
    assert shift_prevalence(shifted, after, before) == pytest.approx(p, rel=1e-6)


def test_the_prevalence_itself_and_certainty():
    np.testing.assert_allclose(shift_prevalence([0.0, 0.3, 1.0], 0.3, 0.02), [0, 0.02, 1])
    assert shift_prevalence(np.full((2, 3), 0.5), 0.5, 0.1).shape == (2, 3)
    assert shift_prevalence(0.5, 0.5, 0.1).shape == ()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_tensor_gives_a_tensor(dtype):
    p = torch.tensor([[0.1, 0.5], [0.9, 0.0]], dtype=dtype, requires_grad=True)
    shifted = shift_prevalence(p, 0.2, 0.05)
    assert (shifted.dtype, shifted.device, shifted.shape) == (p.dtype, p.device, p.shape)
    np.testing.assert_allclose(shifted.detach(), shift_prevalence(p.detach().numpy(), 0.2, 0.05), rtol=1e-6)
    shifted.sum().backward()
    assert torch.isfinite(p.grad).all()


def test_a_training_with_weighted_classes_is_brought_back():
    # Platt scaling fitted with nine positives drawn for each one there is: far too high, until the prior is undone.
    x, y = births(20_000, 0.1)
    weights = np.where(y == 1, 9.0, 1.0)
    seen = prior_of_weights(y, weights)
    assert seen == pytest.approx(0.5, abs=0.02)
    drawn = np.random.default_rng(1).choice(len(y), size=20_000, p=weights / weights.sum())
    p = RidgePlatt(1e-6).fit(x[drawn], y[drawn])(x)
    assert p.mean() > 0.2
    back = shift_prevalence(p, seen, y.mean())
    assert back.mean() == pytest.approx(y.mean(), abs=0.01)
    assert np.abs(back - posterior(x, y.mean())).max() < 0.06


def test_prior_of_weights_is_the_weighted_mean():
    generator = np.random.default_rng(0)
    y, w = generator.integers(0, 2, 50), generator.random(50)
    assert prior_of_weights(y, w) == pytest.approx(np.average(y, weights=w))
    assert prior_of_weights(y, 3 * np.ones(50)) == pytest.approx(y.mean())
    assert prior_of_weights([1, 1], [1, 2]) == 1


def test_unfit_input_is_refused():
    for before, after, text in ((0, 0.1, "from_prevalence=0;"), (0.1, 1, "to_prevalence=1;"), (np.nan, 0.1, "nan;")):
        with pytest.raises(FHRError, match=f"{text} give the share of positives, strictly between 0 and 1"):
            shift_prevalence([0.1], before, after)
    for p in ([0.1, np.nan], [-0.1], torch.tensor([1.5])):
        with pytest.raises(FHRError, match=r"NaN or outside \[0, 1\]"):
            shift_prevalence(p, 0.1, 0.2)
    with pytest.raises(FHRError, match="weights have shape"):
        prior_of_weights([0, 1], [1])
    for weights in ([1, -1], [0, 0]):
        with pytest.raises(FHRError, match="give none below 0 and some above"):
            prior_of_weights([0, 1], weights)
    with pytest.raises(OutcomeError, match="they must be 0 or 1"):
        prior_of_weights([0, 2], [1, 1])

"""The kernel-ridge head: against the ridge in NumPy, against refits, and as a loss."""

import numpy as np
import pytest
import torch

from fhr.errors import FHRError
from fhr.models import KernelRidgeHead
from fhr.models.laplacian_ridge import KernelTerm, kernel, solve

BLOCKS = (3, 5)


def records(n: int = 40, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, sum(BLOCKS), generator=generator)
    target = x[:, 0] - x[:, 4].abs() + 0.3 * torch.randn(n, generator=generator)
    return x, target, 0.5 + torch.rand(n, generator=generator)


def scaled(x: torch.Tensor) -> np.ndarray:
    z = (x - x.mean(0)) / x.std(0, correction=0)
    return (3 * torch.tanh(z / 3)).numpy()


@pytest.mark.parametrize("weighted", [False, True])
def test_it_is_the_ridge_of_the_kernel_line(weighted):
    x, target, weight = records()
    weight = weight if weighted else torch.ones(40)
    head = KernelRidgeHead(BLOCKS, capacity=50, penalty=1.5, decay=0.7)
    head.fit(x, target, weight)
    z = scaled(x)
    terms = [KernelTerm((0, 1, 2), 0.5, 0.7), KernelTerm((3, 4, 5, 6, 7), 0.5, 0.7)]
    wanted = solve(kernel(terms, z, z), target.double().numpy(), 1.5, weight.double().numpy())
    np.testing.assert_allclose(head.leave_one_out(x, target, weight).detach(), wanted.leave_one_out, atol=1e-4)
    np.testing.assert_allclose(head.coefficients[:40], wanted.weights, atol=1e-5)
    new = torch.randn(6, 8, generator=torch.Generator().manual_seed(1))
    z_new = (3 * torch.tanh((new - x.mean(0)) / x.std(0, correction=0) / 3)).numpy()
    expected = kernel(terms, z_new, z) @ wanted.weights + wanted.offset
    np.testing.assert_allclose(head(new)[:, 0].detach(), expected, atol=1e-4)
    assert head.n_records == 40


def test_a_record_that_is_left_out_is_predicted_by_a_fit_without_it():
    x, target, weight = records()
    head = KernelRidgeHead(BLOCKS)
    for left_out in (0, 17):
        kept = weight.clone()
        kept[left_out] = 0.0  # the scaling of all records is what a weight of 0 leaves to the others
        unknown = target.clone()
        unknown[left_out] = torch.nan
        found = head.leave_one_out(x, unknown, kept)[left_out]
        head.fit(x, target, kept)
        torch.testing.assert_close(found, head(x)[left_out, 0].detach(), atol=1e-4, rtol=0)
        assert head.n_records == 39


def test_its_loss_has_the_gradient_of_finite_differences():
    x, target, weight = (one.double() for one in records(24))
    head = KernelRidgeHead(BLOCKS).double()
    parameters = list(head.parameters())
    assert len(parameters) == 3

    def loss(x, *_):
        return (head.leave_one_out(x, target, weight) - target).square().mean()

    x.requires_grad_()
    assert torch.autograd.gradcheck(loss, (x, *parameters), atol=1e-6)


def test_a_linear_trunk_learns_what_matters():
    """Two of forty numbers bear on the target; the loss alone finds them."""
    generator = torch.Generator().manual_seed(0)
    x, new = torch.randn(150, 40, generator=generator), torch.randn(400, 40, generator=generator)
    head, scale = KernelRidgeHead([40]), torch.zeros(40, requires_grad=True)
    optimizer = torch.optim.Adam([scale], lr=0.1)
    target, weight = x[:, 0] + x[:, 1].abs(), torch.ones(150)

    def error():
        # Standardised inside: what the scale weighs are directions, so it mixes in a shared part.
        head.fit(x @ mixed(scale), target, weight)
        return (head(new @ mixed(scale))[:, 0] - new[:, 0] - new[:, 1].abs()).square().mean().item()

    def mixed(scale):
        return torch.eye(40) @ torch.diag(scale.exp()) @ MIX

    MIX = torch.randn(40, 40, generator=generator) / 40**0.5
    before = error()
    for _ in range(60):
        optimizer.zero_grad()
        (head.leave_one_out(x @ mixed(scale), target, weight) - target).square().mean().backward()
        optimizer.step()
    assert error() < 0.7 * before
    assert scale[:2].min() > scale[2:].mean()


def test_before_a_fit_every_score_is_nought_and_a_constant_is_no_trouble():
    x, target, weight = records()
    head = KernelRidgeHead(BLOCKS)
    assert head.n_records == 0
    assert head(x).abs().max() == 0
    x[:, 2] = 7.0
    head.fit(x, target, weight)
    assert head(x).isfinite().all()


def test_where_no_target_is_known_the_prediction_is_nought():
    x, target, _ = records()
    x.requires_grad_()
    found = KernelRidgeHead(BLOCKS).leave_one_out(x, target * torch.nan, torch.zeros(40))
    assert found.abs().max() == 0
    found.sum().backward()
    assert x.grad.isfinite().all()


def test_what_it_is_fitted_to_is_a_part_of_its_state():
    x, target, weight = records()
    head, other = KernelRidgeHead(BLOCKS), KernelRidgeHead(BLOCKS)
    head.fit(x, target, weight)
    other.load_state_dict(head.state_dict())
    assert torch.equal(head(x), other(x))


@pytest.mark.parametrize(
    ("n", "known", "said"), [(60, 60, "room for 50; give `capacity: 60`"), (40, 19, "19 training records")]
)
def test_too_many_and_too_few_records_are_refused(n, known, said):
    x, target, weight = records(n)
    weight[known:] = 0
    with pytest.raises(FHRError, match=said):
        KernelRidgeHead(BLOCKS, capacity=50).fit(x, target, weight)


@pytest.mark.parametrize("which", [0, 1, 2])
def test_what_is_not_finite_is_refused_and_leaves_the_head_as_it_was(which):
    x, target, weight = records()
    head = KernelRidgeHead(BLOCKS)
    given = [x.clone(), target.clone(), weight.clone()]
    given[which][3] = torch.inf if which == 2 else torch.nan
    with pytest.raises(FHRError, match="1 of 40 training records have an embedding, target or weight"):
        head.fit(*given)
    assert head.n_records == 0


@pytest.mark.parametrize("options", [{"blocks": ()}, {"blocks": (3, 0)}, {"penalty": 0.0}, {"capacity": 0}], ids=str)
def test_what_makes_no_head_is_refused(options):
    with pytest.raises(FHRError, match="give positive numbers"):
        KernelRidgeHead(**{"blocks": BLOCKS, **options})

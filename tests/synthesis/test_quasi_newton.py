"""Minima of many problems at once."""

import torch

from fhr.synthesis.quasi_newton import minimise


def bowls(centres: torch.Tensor, curvatures: torch.Tensor):
    """Quadratic functions with known minima, one a row, and a record of which were asked for."""
    asked = []

    def objective(x, which):
        asked.append(which.tolist())
        return (curvatures[which] * (x - centres[which]) ** 2).sum(-1)

    return objective, asked


def problems(*, condition: float = 100.0):
    centres = torch.randn(3, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    curvatures = torch.logspace(0, torch.tensor(condition).log10().item(), 6, dtype=torch.float64).repeat(3, 1)
    return centres, curvatures


def test_minima_are_found_where_they_are():
    centres, curvatures = problems()
    objective, _ = bowls(centres, curvatures)
    found = minimise(objective, torch.zeros_like(centres), tolerance=1e-20, max_iterations=200)
    torch.testing.assert_close(found.point, centres, atol=1e-8, rtol=0)
    assert (found.loss <= 1e-20 * found.first_loss).all()
    # Without curvature, steps along the gradient take some hundred iterations.
    assert (found.iterations < 40).all()


def test_a_curved_valley_is_followed():
    def valley(x, which):
        return 100 * (x[:, 1] - x[:, 0] ** 2) ** 2 + (1 - x[:, 0]) ** 2

    found = minimise(valley, torch.tensor([[-1.2, 1.0]], dtype=torch.float64), tolerance=1e-16, max_iterations=200)
    torch.testing.assert_close(found.point, torch.ones(1, 2, dtype=torch.float64), atol=1e-6, rtol=0)


def test_each_problem_goes_its_own_way_and_ends_alone():
    centres, curvatures = problems()
    curvatures[1] = 1.0  # round: one or two steps
    objective, asked = bowls(centres, curvatures)
    found = minimise(objective, torch.zeros_like(centres), tolerance=1e-12, max_iterations=100)
    assert found.iterations[1] < found.iterations[[0, 2]].min()
    assert 1 not in asked[-1]
    alone, _ = bowls(centres[2:], curvatures[2:])
    one = minimise(alone, torch.zeros_like(centres[2:]), tolerance=1e-12, max_iterations=100)
    torch.testing.assert_close(found.point[2:], one.point)
    assert found.iterations[2] == one.iterations[0]


def test_a_start_at_the_minimum_and_a_slope_that_leads_nowhere_end():
    centres, curvatures = problems()
    objective, _ = bowls(centres, curvatures)
    found = minimise(objective, centres, tolerance=0.0, max_iterations=5)
    torch.testing.assert_close(found.point, centres)
    assert (found.iterations == 0).all()

    def cliff(x, which):
        """Rises on both sides of the start, whatever its gradient says."""
        return 1 + (x - x.detach()).sum(-1) + 10 * (x.detach() != 0).any(-1)

    found = minimise(cliff, torch.zeros(2, 3, dtype=torch.float64), tolerance=1e-3, max_iterations=50)
    assert (found.point == 0).all()
    assert (found.iterations == 0).all()

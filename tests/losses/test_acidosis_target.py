from math import inf, nan, sqrt

import numpy as np
import pandas as pd
import pytest
import torch

from fhr.errors import FHRError
from fhr.losses import AcidosisTarget
from fhr.models.learning_target import learning_target

# The target without statistics of the records beside the one of the kernel line.
ALIKE = {
    "ph<=7.15": AcidosisTarget(),
    "ph<7.20": AcidosisTarget(),
    "ph<7.05": AcidosisTarget(indicators=[7.05, 7.10], noise=0),
    "apgar1<7": AcidosisTarget(own=0.5),
}


@pytest.mark.parametrize("label", ALIKE)
def test_on_ctu_uhb_it_is_the_learning_target_of_the_kernel_line(label, ctu_uhb_database):
    outcomes = ctu_uhb_database.outcomes
    known = outcomes["ph"].notna()
    of = [torch.tensor(x.to_numpy(), dtype=torch.float32) for x in (ctu_uhb_database.labels(label),)]
    of += [torch.tensor(outcomes[name].to_numpy(), dtype=torch.float32) for name in ("ph", "bdecf")]
    values, told = ALIKE[label](*of)
    np.testing.assert_array_equal(told.numpy(), known)
    assert np.corrcoef(values[told].numpy(), learning_target(outcomes[known], label))[0, 1] > 0.999


def test_formula_record_by_record():
    ph, bdecf, label = (torch.tensor(x) for x in ([7.30, 7.08, 6.80, 7.50], [2.0, 10.0, 30.0, -9.0], [1.0, 0, 0, 1]))
    values, known = AcidosisTarget(deficit=0.7, indicators=[7.05, 7.10], noise=0.03, own=0.2)(label, ph, bdecf)
    expected = []
    for p, b, y in zip(ph.tolist(), bdecf.tolist(), label.tolist(), strict=True):
        below = [torch.distributions.Normal(p, 0.03).cdf(torch.tensor(c)).item() for c in (7.05, 7.10)]
        base = (7.2 - min(max(p, 6.95), 7.35)) / 0.1 + 0.7 * (min(max(b, -1), 16) - 4) / 3
        expected.append(base + 0.5 / 0.3 * sum(below) + 0.2 / 0.3 * y)
    np.testing.assert_allclose(values, expected, rtol=1e-4)
    assert known.all()


def test_a_record_has_the_same_target_in_every_batch_and_an_unknown_deficit_adds_nothing():
    target = AcidosisTarget(indicators=[7.05])
    ph, bdecf = torch.tensor([7.0, 7.2, nan, 7.1]), torch.tensor([12.0, nan, 5.0, 4.0])
    label = torch.zeros(4)
    values, known = target(label, ph, bdecf)
    assert known.tolist() == [True, True, False, True]
    assert values[2] == 0
    for row in range(4):
        (alone,), _ = target(label[[row]], ph[[row]], bdecf[[row]])
        assert alone == values[row]
    without, _ = AcidosisTarget(deficit=0, indicators=[7.05])(label, ph, bdecf)
    assert values[1] == without[1]
    assert values[3] == without[3]
    torch.testing.assert_close(values[0] - without[0], torch.tensor(0.5 * (12 - 4) / 3))
    one_nan, _ = target(label, ph, torch.tensor(nan))  # of data that know no deficit
    torch.testing.assert_close(one_nan, without)


def test_an_indicator_without_noise_is_the_label_and_with_noise_its_probability():
    """Monte Carlo: of true values about the measured one, the share below the threshold."""
    ph = torch.tensor([7.04, 7.05, 7.06, 7.10])
    nothing = torch.full((4,), nan)

    def indicator(noise: float) -> np.ndarray:
        settings = {"deficit": 0.0, "noise": noise}
        (one, _), (other, _) = (
            AcidosisTarget(indicators=c, **settings)(torch.zeros(4), ph, nothing) for c in ([7.05], [])
        )
        return 0.6 * (one - other).numpy()

    np.testing.assert_allclose(indicator(0.0), [1, 0, 0, 0], atol=1e-5)
    drawn = ph.numpy()[:, None] + 0.02 * np.random.default_rng(0).standard_normal(20_000)
    np.testing.assert_allclose(indicator(0.02), (drawn < 7.05).mean(axis=1), atol=4 * sqrt(0.25 / 20_000))


@pytest.mark.parametrize(
    "wrong", [{"deficit": -1}, {"own": inf}, {"noise": -0.1}, {"noise": nan}, {"indicators": [72]}]
)
def test_settings_that_make_no_target_are_refused(wrong):
    with pytest.raises(FHRError, match="give"):
        AcidosisTarget(**wrong)


def test_it_keeps_the_precision_of_the_outcomes():
    given = torch.zeros(2), torch.tensor([7.0, nan]), torch.tensor([3.0, nan])
    for dtype in (torch.float32, torch.float64):
        assert AcidosisTarget(indicators=[7.05])(*(x.to(dtype) for x in given))[0].dtype == dtype


def test_outcomes_of_a_table_are_taken_as_they_are():
    table = pd.DataFrame({"ph": [7.05, 7.0499], "bdecf": [4.0, 4.0]})
    ph, bdecf = (torch.tensor(table[name].to_numpy(), dtype=torch.float32) for name in table)
    values, _ = AcidosisTarget(deficit=0, indicators=[7.05], noise=0)(torch.zeros(2), ph, bdecf)
    assert values[1] - values[0] > 1.6  # 7.05 is not below 7.05

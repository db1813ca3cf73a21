import math

import numpy as np
import pytest
import torch
from torchmetrics import MetricCollection

from fhr.metrics import auprc, brier, expected_calibration_error, sensitivity_at_specificity
from fhr.metrics.stateful import BrierScore, CalibrationError, OverRecords, SensitivityAtSpecificity

CASES = {
    "brier": (BrierScore, brier),
    "ece": (lambda: CalibrationError(bins=7), lambda y, p: expected_calibration_error(y, p, bins=7)),
    "sensitivity": (lambda: SensitivityAtSpecificity(0.8), lambda y, p: sensitivity_at_specificity(y, p, 0.8)),
    "any": (lambda: OverRecords(auprc), auprc),
}


def births(n=101, seed=0):
    generator = np.random.default_rng(seed)
    p = generator.random(n).astype(np.float32)
    return p, (generator.random(n) < p).astype(np.int64)


@pytest.mark.parametrize("case", CASES)
def test_batches_add_up_to_the_function_of_all_records(case):
    metric, function = CASES[case][0](), CASES[case][1]
    p, y = births()
    for _ in range(2):
        for first in range(0, 101, 20):
            metric.update(torch.from_numpy(p[first : first + 20]), torch.from_numpy(y[first : first + 20]))
        value = metric.compute()
        assert value.dtype == torch.float32
        assert float(value) == pytest.approx(function(y, p), rel=1e-6)
        metric.reset()


@pytest.mark.parametrize("case", CASES)
def test_processes_add_up_to_the_function_of_all_records(case):
    """Two processes with batches of their own: what torchmetrics gathers from the other is handed over here."""
    p, y = births()
    other = [torch.from_numpy(p[60:]), torch.from_numpy(y[60:])]

    def gather(tensor, group=None):
        return [tensor, other[0] if tensor.is_floating_point() else other[1]]

    metric = CASES[case][0]()
    metric.dist_sync_fn, metric.distributed_available_fn = gather, lambda: True
    metric.update(torch.from_numpy(p[:30]), torch.from_numpy(y[:30]))
    metric.update(torch.from_numpy(p[30:60]), torch.from_numpy(y[30:60]))
    assert float(metric.compute()) == pytest.approx(CASES[case][1](y, p), rel=1e-6)


def test_no_record_and_one_class_are_nan():
    metric = SensitivityAtSpecificity()
    with pytest.warns(UserWarning, match="before the ``update`` method"):
        assert math.isnan(metric.compute())
    metric.reset()
    metric.update(torch.tensor([0.1, 0.2]), torch.tensor([0, 0]))
    assert math.isnan(metric.compute())


def test_half_precision_and_gradients_and_columns_are_taken():
    metric = BrierScore()
    metric.update(torch.tensor([[0.5], [1.0]], dtype=torch.bfloat16, requires_grad=True), torch.tensor([[0.0], [1.0]]))
    assert float(metric.compute()) == 0.125
    assert not metric.scores[0].requires_grad


def test_metrics_of_one_collection_keep_their_own_values():
    p, y = (torch.from_numpy(a) for a in births())
    metrics = MetricCollection({"brier": BrierScore(), "ece": CalibrationError()})
    for first in (0, 50):
        metrics.update(p[first : first + 50], y[first : first + 50])
    found = metrics.compute()
    assert found["brier"] == pytest.approx(brier(y[:100].numpy(), p[:100].numpy()), rel=1e-6)
    assert found["ece"] == pytest.approx(expected_calibration_error(y[:100].numpy(), p[:100].numpy()), rel=1e-6)


def test_the_room_itself_stays_without_torch():
    import subprocess
    import sys

    code = "import fhr.metrics, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

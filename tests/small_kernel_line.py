"""A kernel line on few features and made-up births, with its card: a model without a network, ready in a moment."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd

from fhr.calibration import TYPICAL_STATISTICS, Reference, RidgePlatt
from fhr.features import FeatureSet
from fhr.models import CheckpointCard, FittedKernelLine, KernelLine
from fhr.preprocessing import Pipeline

TARGET = "ph<7.20"
FEATURES = FeatureSet(groups=("order_statistics", "signal_loss"), fs=1.0, minutes=20, covariates=("nulliparity",))
N = 60


@cache
def kernel_line(seed: int = 0) -> FittedKernelLine:
    """Of births whose pH follows their heart rate."""
    rng = np.random.default_rng(seed)
    ph = 7.2 + rng.normal(0, 0.08, N)
    x = 140 + 100 * (7.2 - ph)[:, None] + rng.normal(0, 8, (N, len(FEATURES.names)))
    x[:, -1] = rng.integers(0, 2, N)
    outcomes = pd.DataFrame({"ph": ph, "bdecf": rng.normal(4, 3, N)})
    return KernelLine(TARGET, FEATURES.column_groups).fit(x, outcomes)


def bare_card(inner: int = 0, fold: int = 0, **facts: object) -> CheckpointCard:
    """Card of such a line that is not calibrated yet."""
    card = CheckpointCard(
        network=kernel_line().specification,
        pipeline=Pipeline(minutes=20).to_dict(),
        target=TARGET,
        prevalence=0.5,
        learnt_from=("a" * 64, "b" * 64),
        data="d" * 64,
        splits="e" * 64,
        fold=(0, fold, inner),
        epochs=1,
        calibrator=None,
        version="0",
        features={"set": FEATURES.to_dict(), "checksum": FEATURES.checksum},
    )
    return replace(card, **facts)


def finished_card(inner: int = 0, **facts: object) -> CheckpointCard:
    """Card with calibrator, reference and ranking, of made-up scores."""
    rng = np.random.default_rng(1)
    card, names = bare_card(inner, **facts), [f"r{i}" for i in range(N)]
    labels = np.arange(N) % 3 == 0
    scores = rng.normal(labels, 1)
    calibrator = RidgePlatt().fit(scores, labels).bind(label=TARGET, model=card.procedure)
    held_out = pd.DataFrame({"name": names, "inner": inner, "member": 0, "score": scores})
    usual = rng.normal([1, 140, 0.05, -12, 10, 140], [0.3, 8, 0.02, 3, 3, 8], (40, 6))
    statistics = pd.DataFrame(usual, columns=TYPICAL_STATISTICS)
    reference = Reference.of(held_out, pd.Series(labels.astype(int), names), statistics, calibrator)
    ranking = {"of": "out_of_fold_auroc", "value": 0.7, "low": 0.6, "high": 0.8, "n": N}
    return replace(card, calibrator=calibrator.to_dict(), confidence=reference.to_dict(), ranking=ranking)

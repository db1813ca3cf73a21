"""A judgement whose probabilities were recalibrated on births of another hospital."""

from dataclasses import replace

import numpy as np

from fhr.calibration import Recalibration, shift_prevalence

from .judgement import Judgement

__all__ = ["recalibrated"]


def recalibrated(judged: Judgement, recalibration: Recalibration, *, prevalence: float | None = None) -> Judgement:
    """The judgement with recalibrated probability, interval and spread.

    The interval becomes that of the local calibration curve, since the held-out records of the training say nothing of
    it. The spread is scaled by the slope of the map at the probability. Decisions are taken at a specificity among the
    held-out records of the training, sets hold within each class: both rest on ranks, which the recalibration keeps.
    One of slope 0 tells no births apart, as a flat calibrator does not.

    Args:
        judged: at the prevalence of the training.
        recalibration: of its probability.
        prevalence: that probability, interval and spread are shifted to; None for that of the local births.
    """
    before = judged.probability
    if before is None:
        return judged
    p, (low, high) = recalibration.predict(before), recalibration.interval(before)
    if prevalence is not None:
        p, low, high = (shift_prevalence(x, recalibration.prevalence, prevalence) for x in (p, low, high))
    spread = judged.spread
    if spread is not None:
        # of p' by p, since logit p' is linear in logit p; 0 / 0 where p is 0 or 1 has no spread to scale
        flat = np.maximum(before * (1 - before), 1e-12)
        spread = spread * recalibration.slope * p * (1 - p) / flat
    model = judged.model
    if model is not None and recalibration.slope == 0:
        model = replace(model, span=0.0)
    return judged._replace(
        model=model,
        probability=p,
        low=low,
        high=high,
        spread=spread,
        prevalence=recalibration.prevalence if prevalence is None else prevalence,
    )

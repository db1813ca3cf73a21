"""An external validation in sentences, the most important first."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from fhr.metrics import Interval
from fhr.models import CheckpointCard

from .external_validation import ExternalValidation
from .local_births import LocalBirths, known_births

__all__ = ["findings"]

_ALPHA = 0.05
_NOTHING = 1e-9  # net benefits that are equal but for rounding


def findings(validation: ExternalValidation, births: LocalBirths, cards: Sequence[CheckpointCard]) -> list[str]:
    """Sentences on what births of a hospital say of a model: doubts about the comparison first, then its results.

    Args:
        validation: of the model.
        births: that it was validated on.
        cards: of its checkpoints.
    """
    return list(_findings(validation, births, cards))


def _findings(validation: ExternalValidation, births: LocalBirths, cards: Sequence[CheckpointCard]) -> Iterator[str]:
    if not all(recording.provenance.is_measured for recording in births.recordings):
        yield "Not all of these recordings were measured: the numbers say nothing of real births."
    if (made := next((one for card in cards if (one := card.composition) is not None), None)) is not None:
        yield f"The model learnt from records that were made: {made.words}."
    if births.not_external:
        yield (
            f"{len(births.not_external)} of these births are among those that a maker of the model's training records "
            "was fitted to: of them this is no external validation."
        )
    if known := len(known_births(validation.left_out)):
        yield f"{known} recordings were set aside: the model, or a maker of its training records, learnt from them."
    if validation.left_out:
        yield (
            f"{len(validation.left_out)} entries were left out in all; where births without an outcome differ from the "
            "others, the numbers are of the others."
        )
    yield from _discrimination(validation.results["auroc"], validation.population)
    yield from _calibration(validation)
    yield from _sets(validation.sets)
    yield from _benefit(validation.net_benefit)


def _discrimination(area: Interval, population: pd.DataFrame) -> Iterator[str]:
    if area.low <= 0.5:
        yield (
            f"Ranking is not shown: AUROC {area.value:.3f}, whose interval {area.low:.3f} to {area.high:.3f} holds 0.5."
        )
        return
    trained = population.loc[population["what"] == "AUROC", "training"].iloc[0]
    said = f"AUROC {area.value:.3f} ({area.low:.3f} to {area.high:.3f})"
    if isinstance(trained, float) and np.isfinite(trained):
        place = "below" if area.high < trained else "above" if area.low > trained else "in line with"
        said += f", {place} the {trained:.3f} of the held-out records of the training"
    yield said + "."


def _calibration(validation: ExternalValidation) -> Iterator[str]:
    results = validation.results
    ratio, p = results["observed_to_expected"], results["cox_p"].value
    counted = (
        f"{ratio.value:.2f} births with the label for each that was expected ({ratio.low:.2f} to {ratio.high:.2f})"
    )
    if np.isnan(p):
        yield f"Calibration: {counted}; the probabilities have no calibration line."
        return
    slope = results["calibration_slope"]
    line = f"slope {slope.value:.2f} ({slope.low:.2f} to {slope.high:.2f}), joint test p {p:.2g}"
    if p >= _ALPHA:
        yield f"No miscalibration is shown, which is no proof of calibration: {counted}; {line}."
        return
    odd = "too extreme" if slope.high < 1 else "too timid" if slope.low > 1 else "shifted"
    yield f"The probabilities are miscalibrated here ({odd}): {counted}; {line}. Recalibrate them before use."


def _sets(table: pd.DataFrame) -> Iterator[str]:
    for row in table.to_dict("records"):
        if str(row["verdict"]).startswith("covers too few"):
            yield f"Conformal sets at {row['level']:.0%} do not hold here: their set {row['verdict']}."


def _benefit(table: pd.DataFrame) -> Iterator[str]:
    better, worse = (
        _ranges(table["threshold"].to_numpy(), mask.to_numpy())
        for mask in (table["gain_low"] > _NOTHING, table["gain_high"] < -_NOTHING)
    )
    if better:
        yield f"Acting on the probability is shown to be of use at thresholds of {better}, threshold by threshold."
    else:
        yield "At no threshold from 2 to 30% is the probability shown to be better to act on than all births or none."
    if worse:
        yield f"Acting on it is shown to do harm at thresholds of {worse}."


def _ranges(thresholds: np.ndarray, holds: np.ndarray) -> str:
    """Runs of thresholds at which something holds, in words."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], holds, [False]]).astype(int)))
    runs = [(thresholds[start], thresholds[end - 1]) for start, end in zip(edges[::2], edges[1::2], strict=True)]
    return ", ".join(f"{low:.1%}" if low == high else f"{low:.1%} to {high:.1%}" for low, high in runs)

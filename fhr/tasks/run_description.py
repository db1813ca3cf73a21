"""Description of a run in MLflow: its result in words, on one screen."""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite, isnan

from fhr.metrics import Interval

from .dataset_inputs import data_name
from .model_card import ModelCard

__all__ = ["best_line", "run_description"]

_FEW = 20  # positives below which an interval is hardly told from chance


def run_description(card: ModelCard, audit: Mapping[str, Interval], said: Sequence[str] = ()) -> str:
    """Describe a tested run, as Markdown: what was tested on which data, ranking, calibration, signal loss, warnings.

    Args:
        card: of the model.
        audit: by signal loss, see `fhr.evaluation.shortcut_audit`; empty where there is none.
        said: further results, one line each.
    """
    results, window = card.results, card.window or f"the last {card.window_minutes:g} min"
    data = _code(data_name(card.origin))
    measured = [
        f"**AUROC {_told(results['auroc'])}** for `{card.target}`, {card.n_tested} births of {data}",
        f"calibration slope {_told(results['calibration_slope'])}, ideally 1",
        f"Brier score {_told(results['brier'])}, {_skill(results['brier_skill'])}",
    ]
    if "matched_auroc" in audit:
        measured.append(
            f"AUROC {_told(audit['matched_auroc'])} beside births of equal signal loss, a known shortcut, which by "
            f"itself has {_told(audit['loss_auroc'])}"
        )
    lines = [
        f"- Model: {card.network.rpartition('.')[2]}, from {window} of the trace",
        f"- Tested on: {card.tested_on}",
        f"- Records: {card.n_positive} of {card.n_tested} births meet the label; checksum `{card.data_checksum[:8]}`",
        *card.records.splitlines(),
        *(f"- {one}" for one in said),
    ]
    if warnings := list(_warnings(card, audit)):
        lines += ["", "**Warnings**", "", *(f"- {one}" for one in warnings)]
    more = "All metrics are in `metrics.csv`, what limits them in `model_card.md`."
    return "\n".join(
        [f"{'; '.join(measured)}.", "", *lines, "", f"{more} Research software, **not a medical device**.", ""]
    )


def best_line(beside: Mapping[str, float], *, itself: str = "") -> list[str]:
    """The line with the highest AUROC in words, for `run_description`; nothing where none has one.

    Args:
        beside: AUROC by name.
        itself: name among these of the model that is described, or of its part, which is no line.

    >>> best_line({"a": float("nan"), "b": 0.7})
    ['Best line on the same folds: b, AUROC 0.700']
    """
    known = {name: value for name, value in beside.items() if isfinite(value) and name != itself}
    best = max(known, key=lambda name: known[name], default=None)
    return [] if best is None else [f"Best line on the same folds: {best}, AUROC {known[best]:.3f}"]


def _code(text: str) -> str:
    """Text as it is in Markdown, whatever signs are in it."""
    marks = "``" if "`" in text else "`"
    space = " " if "`" in text else ""
    return f"{marks}{space}{text}{space}{marks}"


def _told(interval: Interval) -> str:
    """A value with its 95% interval."""
    if isnan(interval.value):
        return "undefined"
    ends = "" if isnan(interval.low) else f" (95% interval {interval.low:.3f} to {interval.high:.3f})"
    return f"{interval.value:.3f}{ends}"


def _skill(skill: Interval) -> str:
    if isnan(skill.value):
        return "beside no other"
    return f"{abs(skill.value):.0%} {'better' if skill.value >= 0 else 'worse'} than the prevalence alone"


def _warnings(card: ModelCard, audit: Mapping[str, Interval]) -> Iterator[str]:
    auroc, slope = card.results["auroc"], card.results["calibration_slope"]
    if card.n_positive < _FEW:
        yield f"Only {card.n_positive} births meet the label"
    if auroc.low <= 0.5 <= auroc.high:
        yield "The interval of the AUROC holds 0.5: that the model ranks at all is not shown"
    elif "matched_auroc" in audit and audit["matched_auroc"].low <= 0.5 <= audit["matched_auroc"].high:
        yield "Beside births of equal signal loss the interval of the AUROC holds 0.5: it may all be the shortcut"
    if slope.high < 1:
        yield "The interval of the calibration slope lies below 1: risks are too far from the prevalence"
    if slope.low > 1:
        yield "The interval of the calibration slope lies above 1: risks are too near the prevalence"
    if card.left_out:
        yield f"Left out as unusable: {card.left_out} records"

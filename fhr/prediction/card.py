"""The confidence card of one recording, in Markdown: not only an answer, but how far to trust it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .prediction import Prediction

__all__ = ["markdown_card"]


def markdown_card(prediction: "Prediction") -> str:
    """What is said of a recording, in the order in which a reader needs it."""
    heading = [
        f"# {prediction.name}: {prediction.target}",
        "",
        "Research software, **not a medical device**: it must not guide the care of any patient.",
        "",
    ]
    return "\n".join([*heading, *_verdict(prediction), "", *_facts(prediction), *_guarantees(prediction)]) + "\n"


def _verdict(p: "Prediction") -> Iterator[str]:
    if p.abstain is None:
        yield "**No confidence was computed**: the checkpoint does not hold the records that it would rest on."
    elif p.abstain:
        yield "**The model abstains**: do not rely on the numbers below."
        yield ""
        yield from (f"- {reason}" for reason in p.reasons)
    else:
        yield "**No reason to abstain** was found; a recording may still be misjudged."


def _facts(p: "Prediction") -> Iterator[str]:
    if p.probability is not None:
        line = f"- Probability of {p.target}: **{_percent(p.probability)}**"
        if p.low is not None and p.high is not None:
            line += f" (calibration leaves open {_percent(p.low)} to {_percent(p.high)}, no confidence interval"
            if not p.low <= p.probability <= p.high:
                line += "; by another calibration, which disagrees"
            line += ")"
        if p.prevalence is not None:
            line += f"; {_percent(p.prevalence)} of the births it is calibrated for have it"
        yield line
    if p.decision is not None:
        side = "at or above" if p.decision else "below"
        line = f"- Decision: **{side} the threshold**, which about 90% of the births without {p.target} stay below"
        yield line if p.decision else f"{line}; births with it may, too: nothing is ruled out by this"
    for level, held in (p.sets or {}).items():
        yield f"- What it cannot rule out, at {level:.0%}: {_in_words(held)}"
    if p.spread is not None:
        line = f"- From one network to another the probability moves by {100 * p.spread:.1f} percentage points (SD)"
        if p.flip_rate is not None:
            line += f"; two networks disagree on the decision with probability {p.flip_rate:.2f}"
        yield line
    yield f"- Signal loss: {p.loss:.0%}"
    if p.distance is not None:
        yield f"- Training records at least as unusual as this one: {p.distance:.1%}"
    yield from (f"- Warning: {warning}" for warning in p.warnings if warning not in p.reasons)


def _guarantees(p: "Prediction") -> Iterator[str]:
    if p.guarantees:
        yield from ("", "## What is proven", "")
        yield from (f"- At {level:.0%}: {text}" for level, text in p.guarantees.items())
        yield ""
        yield "All of this holds for births like those of the training data (same hospital, monitors and care) that no"
        yield "network has seen."


def _in_words(held: tuple[str, ...] | None) -> str:
    if held is None:
        return "not computed, too few records"
    return " or ".join(held) or "none fits, the score is unlike those of both outcomes"


def _percent(p: float) -> str:
    return f"{p:.0%}" if 0.1 <= p <= 0.9 else f"{p:.1%}"

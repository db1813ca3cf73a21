"""The lines of a confidence card in Markdown: not only an answer, but how far to trust it.

Each function takes the values that its lines are about, and says nothing where they are None.
"""

from collections.abc import Iterator, Mapping, Sequence

from fhr.datasets import label_in_words

__all__ = [
    "decision_words",
    "guarantee_words",
    "heading",
    "looked_words",
    "loss_words",
    "network_words",
    "probability_words",
    "set_words",
    "signal_words",
    "verdict",
]

_UNLIKE_BOTH = "none fits, the score is unlike those of both outcomes"


def heading(name: str, target: str, model: Sequence[str]) -> Iterator[str]:
    """The title of a card, what it must not be used for, and what is known of the model, in words."""
    yield f"# {name}: {label_in_words(target)}"
    yield ""
    yield "Research software, **not a medical device**: it must not guide the care of any patient."
    yield ""
    if model:
        yield from (f"- The model: {fact}" for fact in model)
        yield ""


def loss_words(loss: float, minutes: float | None) -> str:
    """Signal loss of a window in words, as a warning or a reason; minutes is the length of the window, where known."""
    return f"{loss:.0%} of the signal{'' if minutes is None else f' of the last {minutes:g} min'} is lost"


def verdict(abstain: bool | None, reasons: Sequence[str]) -> Iterator[str]:
    """Say whether the model abstains, with its reasons; None where no confidence was computed."""
    if abstain is None:
        yield "**No confidence was computed**: the checkpoint does not hold the records that it would rest on."
    elif abstain:
        yield "**The model abstains**: do not rely on the numbers below."
        yield ""
        yield from (f"- {reason}" for reason in reasons)
    else:
        yield "**No reason to abstain** was found; a recording may still be misjudged."
    yield ""


def probability_words(
    target: str, probability: float | None, low: float | None, high: float | None, prevalence: float | None
) -> Iterator[str]:
    """The probability of the label, the ends of its interval, and the prevalence that it is for."""
    if probability is None:
        return
    line = f"- Probability of {label_in_words(target)}: **{_percent(probability)}**"
    if low is not None and high is not None:
        line += f" (95% interval of the calibration {_percent(low)} to {_percent(high)})"
    if prevalence is not None:
        line += f"; {_percent(prevalence)} of the births it is calibrated for have it"
    yield line


def decision_words(decision: bool | None) -> Iterator[str]:
    """The side of the threshold on which the probability lies."""
    if decision is not None:
        side = "at or above" if decision else "below"
        line = f"- Decision: **{side} the threshold**, which about 90% of the births without the label stay below"
        yield line if decision else f"{line}; births with it may, too: nothing is ruled out by this"


def set_words(target: str, sets: Mapping[float, tuple[str, ...] | None] | None) -> Iterator[str]:
    """The conformal set of each level."""
    called = {target: label_in_words(target), f"not {target}": f"not {label_in_words(target)}"}
    for level, held in (sets or {}).items():
        said = "not computed, see below" if held is None else " or ".join(called.get(word, word) for word in held)
        yield f"- What it cannot rule out, at {level:.0%}: {said or _UNLIKE_BOTH}"


def network_words(spread: float | None, flip_rate: float | None) -> Iterator[str]:
    """The spread of the probability over networks, and how often two averages of them disagree."""
    if spread is not None:
        line = f"- From one network to another the probability moves by {100 * spread:.1f} percentage points (SD)"
        if flip_rate is not None:
            line += f"; two averages of as many would disagree on the decision with probability {flip_rate:.2f}"
        yield line


def signal_words(loss: float, minutes: float | None, distance: float | None, warnings: Sequence[str]) -> Iterator[str]:
    """The signal that was read: its loss, how usual it is, and what to know of it."""
    window = "the window" if minutes is None else f"the last {minutes:g} min"
    yield f"- Signal loss in {window}, after cleaning: {loss:.0%}"
    if distance is not None:
        yield f"- Training records at least as unusual as this one: {distance:.1%}"
    yield from (f"- Warning: {warning}" for warning in warnings)


def looked_words(looked: Sequence[str]) -> Iterator[str]:
    """The stretches of the signal that mattered most to the networks; nothing where it was not asked."""
    if looked:
        yield from ("", "## Where the network looked", "")
        yield from (f"- {said}" for said in looked)
        yield ""
        yield "A number is what the stretch adds to the score. It describes the network, and no cause of anything in"
        yield "the child."


def guarantee_words(guarantees: Mapping[float, str] | None) -> Iterator[str]:
    """The proven coverage of the sets, and for which births it holds."""
    if guarantees:
        yield from ("", "## What is proven", "")
        yield from (f"- At {level:.0%}: {text}" for level, text in guarantees.items())
        yield ""
        yield "All of this holds for births like those of the training data (same hospital, monitors and care) that no"
        yield "network has seen."


def _percent(p: float) -> str:
    return f"{p:.0%}" if 0.1 <= p <= 0.9 else f"{p:.1%}"

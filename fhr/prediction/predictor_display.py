"""Predictor as a notebook shows it: what it answers, how well it ranks, what it is made of and learnt from."""

from collections.abc import Sequence

from fhr.confidence import ModelFacts
from fhr.datasets import label_in_words
from fhr.models import CheckpointCard
from fhr.preprocessing import Pipeline
from fhr.recording import facts_html

__all__ = ["predictor_html"]


def predictor_html(
    cards: Sequence[CheckpointCard], pipeline: Pipeline, n_features: int, facts: ModelFacts | None
) -> str:
    """Facts of a predictor, one a row.

    Args:
        cards: of its members.
        pipeline: of them all.
        n_features: numbers beside the signal, or in its place.
        facts: known of the model.
    """
    first, names = cards[0], dict.fromkeys(str(card.network["class_path"]).rpartition(".")[2] for card in cards)
    ranking, *more = (facts or ModelFacts()).words()
    records = set().union(*(card.learnt_from for card in cards))
    beside = f", and {n_features} features" if n_features else ""
    said = {
        "answers": f"probability of {label_in_words(first.target)}",
        "ranking": ranking,
        "model": f"{len(cards)} x {', '.join(names)}",
        "reads": f"{', '.join(pipeline.channels)} in {pipeline.window} at {pipeline.fs:g} Hz{beside}",
        "learnt from": f"{len(records)} records, {first.prevalence:.1%} of them with the label",
        "calibrated": "" if first.calibrator else "no: scores without a probability",
        "to know": "; ".join(more),
        "meant for": "research: it is no medical device and must not guide the care of any patient",
    }
    return facts_html(f"Predictor of {first.target}", said)

"""The births of a hospital beside those that a model learnt from, by what its checkpoints know of them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from fhr.calibration import Reference, typical_statistics
from fhr.confidence import Prediction
from fhr.metrics import Interval, auroc, bootstrap, exact_interval
from fhr.models import CheckpointCard
from fhr.recording import Composition, Recording

__all__ = ["training_population"]

_UNUSUAL = (0.05, 0.01)


def training_population(
    cards: Sequence[CheckpointCard],
    recordings: Sequence[Recording],
    labels: pd.Series,
    predictions: Sequence[Prediction],
    *,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare births with those that a model learnt from.

    A lower AUROC than on the held-out records of the training says that the model travels badly, or that these births
    are of a mix that is harder to rank; other statistics of the signal and many unusual births speak for the latter.

    Args:
        cards: of the checkpoints of the model.
        recordings: of the births; the windows where the model looks at ones that are cut out of them.
        labels: 0 or 1 by record name.
        predictions: of the births, in the order of the recordings.
        seed: of the bootstrap.

    Returns:
        Columns what, training, here, low, high (95% interval of `here`; exact for shares, bootstrap for AUROC), note.
        Rows: numbers of births, kinds of records, prevalence, AUROC (on the held-out records of the training, mean over
        its folds), shares of births that fewer than 5% and 1% of the training records are as unusual as (in heart rate
        or, where it is compared, in uterine activity: by chance up to twice as many), and the median
        of each statistic of `fhr.calibration.typical_statistics`, with the share outside the range of 98% of the
        training records in the note. What the checkpoints do not know is missing.
    """
    y, n = labels.to_numpy(dtype=np.int64), len(labels)
    learnt = len({digest for card in cards for digest in card.learnt_from})
    prevalence = float(np.mean([card.prevalence for card in cards]))
    here = exact_interval(int(y.sum()), n)
    of_cards = {id(card.confidence): card.confidence for card in cards if card.confidence is not None}
    references = [Reference.from_dict(plain) for plain in _distinct(list(of_cards.values()))]
    p = binomtest(int(y.sum()), n, prevalence).pvalue if 0 < prevalence < 1 else np.nan
    scores = np.array([prediction.score for prediction in predictions])
    rows = [
        ("births", learnt, n, np.nan, np.nan, ""),
        ("records", _kinds(cards), _said(Composition.of(recordings)), np.nan, np.nan, ""),
        ("prevalence", prevalence, *here, f"same prevalence: p {p:.2g}"),
        ("AUROC", _held_out_auroc(references), *bootstrap(auroc, y, scores, seed=seed), "training: held-out records"),
        *_unusual(references, predictions),
        *_statistics(references, recordings),
    ]
    return pd.DataFrame(rows, columns=["what", "training", "here", "low", "high", "note"])


def _distinct(plain: list) -> list:
    """Networks of one outer fold carry equal references."""
    found: list = []
    for one in plain:
        if one not in found:
            found.append(one)
    return found


def _kinds(cards: Sequence[CheckpointCard]) -> str:
    made = next((composition for card in cards if (composition := card.composition) is not None), None)
    return "measured" if made is None else _said(made)


def _said(composition: Composition) -> str:
    return "measured" if composition.all_measured else composition.words


def _held_out_auroc(references: Sequence[Reference]) -> float:
    """Mean over the held-out inner folds that hold both classes; scores of two networks are never compared."""
    areas = [
        auroc(fold.labels, fold.scores)
        for reference in references
        for fold in reference.held_out.values()
        if 0 < sum(fold.labels) < len(fold.labels)
    ]
    return float(np.mean(areas)) if areas else np.nan


def _unusual(references: Sequence[Reference], predictions: Sequence[Prediction]) -> list[tuple]:
    distances = [prediction.distance for prediction in predictions if prediction.distance is not None]
    rows = []
    # The smaller of two p-values lies below a level up to twice as often by chance.
    twice = any(r.typicality is not None and r.typicality.uc is not None for r in references)
    for level in _UNUSUAL:
        by_chance = level * (2 if twice else 1)
        share = Interval(np.nan, np.nan, np.nan)
        if distances:
            share = exact_interval(sum(distance < level for distance in distances), len(distances))
        note = "more than by chance" if share.low > by_chance else ""
        rows.append((f"births less typical than {1 - level:.0%} of the training records", by_chance, *share, note))
    return rows


def _statistics(references: Sequence[Reference], recordings: Sequence[Recording]) -> list[tuple]:
    typical = [reference.typicality for reference in references if reference.typicality is not None]
    if not typical:
        return []
    here = typical_statistics(recordings)
    rows = []
    names = min((t.names for t in typical), key=len)  # older checkpoints know nothing of uterine activity
    for i, name in enumerate(names):
        values = here[name].dropna().to_numpy()
        centre, low, high = (
            float(np.mean(of))
            for of in zip(*((t.scaling.centre[i], t.low[i], t.high[i]) for t in typical), strict=True)
        )
        outside = float(np.mean((values < low) | (values > high))) if len(values) else np.nan
        note = f"{outside:.1%} outside {low:.3g} to {high:.3g}, where 98% of the training records are"
        rows.append(
            (f"median of {name}", centre, float(np.median(values)) if len(values) else np.nan, np.nan, np.nan, note)
        )
    return rows

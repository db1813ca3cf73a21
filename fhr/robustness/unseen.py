"""The models of a run that have not seen a recording: what is said of a training record is said out-of-fold."""

from collections.abc import Sequence

from fhr.datasets import Database, seen_records
from fhr.prediction import Predictor
from fhr.recording import Recording

__all__ = ["by_unseen_models"]


def by_unseen_models(predictor: Predictor, recordings: Sequence[Recording]) -> list[tuple[Predictor, list[int]]]:
    """Recordings by the models that say something of them.

    Of a whole cross-validation, a record that some outer folds learnt from gets the models of those that did not; a
    record that no fold knows, or that every one does, gets them all, and the latter is warned about by `Predictor`.

    Args:
        predictor: of one outer fold or of several.
        recordings: any.

    Returns:
        Predictors, and the places of their recordings, in order.
    """
    members = list(zip(predictor.cards, predictor.networks, strict=True))
    folds = sorted({card.fold[:2] for card in predictor.cards})
    knows = {fold: frozenset().union(*(card.seen for card, _ in members if card.fold[:2] == fold)) for fold in folds}
    places: dict[tuple[tuple[int, int], ...], list[int]] = {}
    for i, recording in enumerate(recordings):
        one = Database([recording], origin="prediction")
        unseen = tuple(fold for fold in folds if not seen_records(knows[fold], one))
        places.setdefault(unseen or tuple(folds), []).append(i)
    found = []
    for of_these, at in places.items():
        some = [member for member in members if member[0].fold[:2] in of_these]
        whole = len(some) == len(members)
        found.append((predictor if whole else Predictor(some, device=predictor.device), at))
    return found

"""Features that a checkpoint names, and those of the parts of a fusion one behind the other."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fhr.errors import CheckpointError
from fhr.features import FeatureSet, RawOrderStatistics
from fhr.models import CheckpointCard
from fhr.recording import Recording

from .kind import of_checkpoint

__all__ = ["JoinedFeatures", "feature_set", "features_of_parts"]


@dataclass(frozen=True)
class JoinedFeatures:
    """Several recipes of features of one recording.

    Attributes:
        sets: in the order of their columns.
    """

    sets: tuple[FeatureSet | RawOrderStatistics, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features; one that two recipes have stands twice."""
        return tuple(name for one in self.sets for name in one.names)

    @property
    def minutes(self) -> float:
        """Minutes before the end that any of them needs."""
        return max(one.minutes for one in self.sets)

    @property
    def covariates(self) -> tuple[str, ...]:
        """Names of those of a birth that stand last, as in a `FeatureSet`."""
        last = self.sets[-1]
        return last.covariates if isinstance(last, FeatureSet) else ()

    def __call__(self, recording: Recording) -> np.ndarray:
        """The features of the last window of one recording, float64 (len(names),).

        Raises:
            SignalError: as for `FeatureSet`.
        """
        return np.concatenate([one(recording) for one in self.sets])


def features_of_parts(parts: Iterable[tuple[CheckpointCard, Any]]) -> JoinedFeatures | None:
    """The features of all parts of a fusion that take some; None where none does.

    Raises:
        CheckpointError: features that this version computes otherwise.
    """
    sets = tuple(one for card, _ in parts if (one := feature_set(card)) is not None)
    return JoinedFeatures(sets) if sets else None


def feature_set(card: CheckpointCard) -> FeatureSet | RawOrderStatistics | None:
    """The features that a checkpoint names; None where it names none.

    Raises:
        CheckpointError: features that this version computes otherwise.
    """
    if card.features is None:
        return None
    plain = card.features["set"]
    with of_checkpoint():
        recipe = RawOrderStatistics if RawOrderStatistics.is_meant(plain) else FeatureSet
        features = recipe.from_dict(plain)
    if features.checksum != card.features["checksum"]:
        raise CheckpointError(
            f"this version computes the features of the checkpoint otherwise than version {card.version} did, which "
            "wrote it; use that version of intrapartum-fhr, or train anew"
        )
    return features

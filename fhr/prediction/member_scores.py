"""Risk scores of one member of a predictor, whatever kind of model it is."""

from typing import TYPE_CHECKING, NoReturn, Protocol, TypeAlias

import numpy as np

from fhr.datasets import told_of_use
from fhr.errors import CheckpointError
from fhr.models import ArrayModel, CheckpointCard, Fusion

from .part_features import feature_set

if TYPE_CHECKING:
    import torch

    from fhr.models import Network

__all__ = ["Member", "MemberScores", "member_scores"]

Member: TypeAlias = "tuple[CheckpointCard, Network | ArrayModel | Fusion]"
"""Card of a checkpoint, and its model."""


class MemberScores(Protocol):
    """Whatever scores windows by their signal, their features, or both."""

    def scores(self, signal: np.ndarray, features: np.ndarray) -> np.ndarray:
        """Risk scores float64 (n,) of `signal` (n, channel, time) and raw `features` (n, n_features)."""

    def gradients(self, signal: np.ndarray, features: np.ndarray) -> np.ndarray:
        """Gradients float64 (n, channel, time) of the scores in the signal."""


class FeatureScores:
    """A model of the features alone.

    Args:
        card: of its checkpoint.
        model: fitted.
    """

    def __init__(self, card: CheckpointCard, model: ArrayModel) -> None:
        self.card, self.model = card, model

    def scores(self, signal: np.ndarray, features: np.ndarray) -> np.ndarray:
        """See `MemberScores`.

        Raises:
            CheckpointError: another number of features than the model takes.
        """
        name, n = type(self.model).__name__, self.model.n_features
        if features.shape[1] != n:
            raise CheckpointError(
                f"{name} takes {n} features a window and its checkpoint names {features.shape[1]}; fit it again"
            )
        told_of_use(lambda: self.card.seen, f"the model {name}")
        return self.model.scores(features)

    def gradients(self, signal: np.ndarray, features: np.ndarray) -> NoReturn:
        """Refused: the model sees no signal.

        Raises:
            CheckpointError: always.
        """
        raise CheckpointError(f"{type(self.model).__name__} reads statistics and no signal; explain it by these")


class FusedScores:
    """The models of several families, whose scores are made one.

    Args:
        fusion: read from a checkpoint.
        device: where its networks run.
    """

    def __init__(self, fusion: Fusion, device: "str | torch.device") -> None:
        self.fusion = fusion
        self.parts = [member_scores(part, device) for part in fusion.parts]
        sets = [feature_set(card) for card, _ in fusion.parts]
        self.ends = np.cumsum([0 if one is None else len(one.names) for one in sets])[:-1]

    def scores(self, signal: np.ndarray, features: np.ndarray) -> np.ndarray:
        """See `MemberScores`; the features of the parts stand one behind the other, see `JoinedFeatures`."""
        each = zip(self.parts, np.split(features, self.ends, axis=1), self.fusion.scale.weights, strict=True)
        # What weighs nothing, as families that were not chosen, need not be asked.
        scores = [part.scores(signal, own) if weight else np.zeros(len(signal)) for part, own, weight in each]
        return self.fusion.scale(np.stack(scores))

    def gradients(self, signal: np.ndarray, features: np.ndarray) -> NoReturn:
        """Refused: some of its models see no signal.

        Raises:
            CheckpointError: always.
        """
        raise CheckpointError("a fusion of several models is not explained; load one of its families by itself")


def member_scores(member: Member, device: "str | torch.device") -> MemberScores:
    """The scores of a member; torch is imported for a network alone.

    Args:
        member: card and model.
        device: where a network runs; arrays are computed with on the CPU.
    """
    card, model = member
    if isinstance(model, Fusion):
        return FusedScores(model, device)
    if isinstance(model, ArrayModel):
        return FeatureScores(card, model)
    from .network_scores import NetworkScores

    return NetworkScores(model, device)

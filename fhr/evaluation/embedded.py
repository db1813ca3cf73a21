"""Another head on the embedding of a network, trained, pretrained or of random weights, as a model of the protocol.

The head stands on the embedding alone, or on the features of a kernel line too, of which the embedding is a group more.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from fhr.datasets import FittedModel, Place
from fhr.errors import FHRError
from fhr.models import KernelLine
from fhr.models.kernel_line import WEIGHTS
from fhr.models.laplacian_ridge import DECAY, PENALTY
from fhr.recording import Recording

from .baselines import logistic, ridge
from .fits import Maker
from .group_lines import KernelLineMaker
from .on_table import OnTable, rows_at

if TYPE_CHECKING:
    from fhr.models import Network
    from fhr.preprocessing import Pipeline
    from fhr.tasks import Training

__all__ = ["EMBEDDING_WEIGHT", "HEADS", "EmbeddedMaker", "embedding_table"]

EMBEDDING_WEIGHT = 0.3
"""Of an embedding among the kernels of a kernel line, all its kinds together: that of every group beside the order
statistics."""

Head = Literal["kernel", "ridge", "logistic"]
HEADS: dict[str, Callable[[], Any] | None] = {"kernel": None, "ridge": ridge, "logistic": logistic}
"""Heads by name: the kernels of a kernel line, and the pipelines of the lines, the ridge on pH."""


def embedding_table(network: "Network", recordings: Sequence[Recording], pipeline: "Pipeline") -> pd.DataFrame:
    """Embedding of the window of each recording by a network.

    Args:
        network: with a method `embed`, as a `Trunk`, `OnTrunk` or `DeepKernel` has; it is put into evaluation mode.
        recordings: one row each; one that the pipeline refuses has none.
        pipeline: that the network was made for.

    Returns:
        Index `record` (names), columns `e0`, `e1`, ....

    Raises:
        FHRError: a network without an embedding.
    """
    windows, _ = pipeline.prepare(recordings)
    return _embedded(network, {one.recording.name: one.signal for one in windows})


def _embedded(network: "Network", signals: dict[str, np.ndarray]) -> pd.DataFrame:
    from fhr.models import embed_windows  # torch

    values = embed_windows(network, np.stack(list(signals.values()))).astype(np.float64)
    columns = [f"e{j}" for j in range(values.shape[1])]
    return pd.DataFrame(values, pd.Index(list(signals), name="record", dtype=object), columns)


@dataclass(frozen=True, eq=False)
class EmbeddedMaker:
    """A maker of heads on the embedding of a network, for `fhr.evaluation.cross_validate`.

    At each place the network is trained as its configuration says (not at all with `learn: none` and one epoch), and
    the embedding of its training and early-stopping records teaches the head. So one head stands on random, pretrained,
    fine-tuned and trained weights alike, and what weights are worth is told apart from what a head is. Each kind of
    channels of the trunk is a kernel of its own, of equal weight; the embedding of a network without kinds is one.

    With a kernel line the embedding joins its groups of features: scaled to normal scores and compared at the width of
    every other group, and one ridge regression is fitted to all. Where the place is a control, features and signal are
    those of the same other record.

    Args:
        network: makes an `fhr.tasks.Training`.
        head: by its name in `HEADS`.
        name: of the model in tables; empty for one that says of both.
        line: the kernel line, without rebalancing, whose groups the embedding joins; None for the embedding alone.
        weight: of the embedding beside the groups of `line`, see `EMBEDDING_WEIGHT`.

    Raises:
        FHRError: a head of another name, a line under another head than `kernel`, a line that rebalances, or a weight
            that is not positive.
    """

    network: Maker
    head: Head = "kernel"
    name: str = ""
    line: KernelLineMaker | None = None
    weight: float = EMBEDDING_WEIGHT
    _signals: dict[str, np.ndarray] = field(default_factory=dict, repr=False)  # windows of a database, prepared once

    def __post_init__(self) -> None:
        if self.head not in HEADS:
            raise FHRError(f"head={self.head!r}; give one of {', '.join(HEADS)}")
        if self.line is not None and (self.head != "kernel" or self.line.rebalancing.method != "none"):
            raise FHRError(
                f"an embedding in {self.line.name} with head={self.head!r} and rebalancing by "
                f"{self.line.rebalancing.title}; give head='kernel' and a line without rebalancing"
            )
        if not self.weight > 0:
            raise FHRError(f"weight={self.weight} of an embedding; give a positive number")
        if not self.name:
            network = getattr(self.network, "name", "") or getattr(self.network, "__name__", "network")
            under = f"{self.head} head" if self.line is None else f"in the {self.line.name}"
            object.__setattr__(self, "name", f"{network}, {under}")

    def __call__(self, place: Place, seed: int) -> "_EmbeddedFit":
        """Network and head of one place."""
        from fhr.tasks import Training  # Lightning, which a line does without

        made = self.network(place, seed)
        if not isinstance(made, Training):
            raise FHRError(f"{self.name}: its network is a {type(made).__name__}; give a Training")
        return _EmbeddedFit(self, made)


@dataclass(frozen=True, eq=False)
class _EmbeddedFit:
    made_by: EmbeddedMaker
    training: "Training"

    def fit(self, place: Place, seed: int) -> FittedModel:
        """Train the network, embed every record, and fit the head on training and early-stopping records.

        Raises:
            FHRError: what network or head refuse.
        """
        made, training = self.made_by, self.training
        training.fit(place, seed)
        network: Network = training.task.model  # type: ignore[assignment]
        table = self._table(network)
        blocks = getattr(network, "embedded_blocks", (table.shape[1],))
        features = None if made.line is None else self._features(made.line.table)
        # The tables have the signals of a control already.
        return scored_by_head(made, table, blocks, features, replace(place, permutation=None), seed)

    def _table(self, network: "Network") -> pd.DataFrame:
        """Embedding of each record; its signal is that of another one where the place is a control."""
        facts, known = self.training.data.facts, self.made_by._signals
        giver = self._givers()
        if lacking := {one.name: one for one in giver.values() if one.name not in known}:
            windows, _ = facts.pipeline.prepare(lacking.values())
            known.update({one.recording.name: one.signal for one in windows})
        signals = {name: known[one.name] for name, one in giver.items()}
        return _embedded(network, signals)

    def _features(self, table: pd.DataFrame) -> pd.DataFrame:
        """Features of each record, of the same giver as its signal; a record whose giver has none is left out."""
        giver = {name: one.name for name, one in self._givers().items() if one.name in table.index}
        return table.loc[list(giver.values())].set_axis(list(giver))

    def _givers(self) -> dict[str, Recording]:
        """The recording whose signal each record has."""
        facts = self.training.data.facts
        return {name: facts.recordings[name] for name in facts.labels.index}


def scored_by_head(
    made: EmbeddedMaker,
    table: pd.DataFrame,
    blocks: Sequence[int],
    features: pd.DataFrame | None,
    place: Place,
    seed: int,
) -> FittedModel:
    """Fit a head to an embedding at one place, and score the held-out and test records by it.

    Args:
        made: says which head, and in which kernel line.
        table: the embedding, one row a record.
        blocks: columns of each of its kinds.
        features: those of the kernel line, one row a record; None for the embedding alone.
        place: what may be learnt from, and what is scored.
        seed: of the fit.

    Raises:
        FHRError: what the head refuses, or a place without its database.
    """
    if (estimator := HEADS[made.head]) is not None:
        learn: Literal["ph", "label"] = "ph" if made.head == "ridge" else "label"
        return OnTable(estimator(), table, learn, made.name).fit(place, seed)
    if place.database is None:
        raise FHRError(f"{made.name}: it learns from pH and base deficit; give a place with its database")
    kinds = [f"kind {k}" for k in range(len(blocks))]
    groups = tuple(np.repeat(kinds, blocks).tolist())
    if made.line is None or features is None:
        recipe = KernelLine(place.target, groups, dict.fromkeys(kinds, 1 / len(kinds)), PENALTY, DECAY)
    else:
        weights = {**WEIGHTS, **dict.fromkeys(kinds, made.weight / len(kinds))}
        recipe = KernelLine(place.target, (*groups, *made.line.features.column_groups), weights)
        table = table.join(features, how="inner")
    rows = rows_at(table, place, seed, made.name)
    model = recipe.fit(rows.train.to_numpy(), place.database.outcomes.loc[rows.train.index])
    return rows.scored(model.scores(pd.concat([rows.held_out, rows.test]).to_numpy()))

"""A network on top of the kernel line: it learns from the signal what the line leaves of the outcome."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from fhr.datasets import FittedModel, Place
from fhr.errors import FHRError

from .fits import Maker
from .group_lines import KernelLineMaker, LearntLine

if TYPE_CHECKING:
    from fhr.tasks import ClassificationTask, Training

__all__ = ["ResidualMaker"]


@dataclass(frozen=True, eq=False)
class ResidualMaker:
    r"""A maker of networks that begin from the score of a kernel line, for `fhr.evaluation.cross_validate`.

    .. math:: \mathrm{score} = a + b f(x) + g(\mathrm{signal})

    with f the line, fitted on training and early-stopping records, and g the network. While the network learns, f of
    such a record is the line's leave-one-out score, by all others of them, in closed form; held-out and test records
    have that of the whole line. The line has units of its own, the network those of its loss: a and b, not below 0,
    make the loss of the line alone the smallest over these leave-one-out scores. They are two numbers for all records.

    The line is one for all members, without a bootstrap: drawn twice, a record would not be left out. It learns from
    the features of other records where the place is a control, as the network does from their signals. Nothing is kept
    for predictions, since a checkpoint holds the network alone.

    Args:
        network: makes an `fhr.tasks.Training` of a `ClassificationTask`.
        line: the kernel line, without rebalancing.
        name: of the model in tables; empty for one that says of both.

    Raises:
        FHRError: a line that rebalances, whose copies of a record would not be left out together.
    """

    network: Maker
    line: KernelLineMaker
    name: str = ""

    def __post_init__(self) -> None:
        if self.line.rebalancing.method != "none":
            raise FHRError(
                f"a residual on {self.line.name} rebalanced by {self.line.rebalancing.title}; give a line without "
                "rebalancing, and rebalance the data of the network"
            )
        if not self.name:
            network = getattr(self.network, "name", "") or getattr(self.network, "__name__", "network")
            object.__setattr__(self, "name", f"{network} on the {self.line.name}")

    def __call__(self, place: Place, seed: int) -> "_ResidualFit":
        """Line and network of one place."""
        from fhr.tasks import ClassificationTask, Training  # Lightning, which a line does without

        made = self.network(place, seed)
        if not isinstance(made, Training) or not isinstance(made.task, ClassificationTask):
            raise FHRError(f"{self.name}: its network is a {type(made).__name__}; give a Training of a classification")
        if type(made.task).cost is not ClassificationTask.cost:
            raise FHRError(
                f"{self.name}: {type(made.task).__name__} has a cost of its own, which may not know of an offset; "
                "train by ClassificationTask"
            )
        if not hasattr(made.data, "take_offset"):
            raise FHRError(
                f"{self.name}: {type(made.data).__name__} takes no offset; train on a data module of fhr.datamodules"
            )
        return _ResidualFit(self.line, made, made.task, self.name)


@dataclass(frozen=True, eq=False)
class _ResidualFit:
    """A kernel line and the network that learns what it leaves, at one place."""

    line: KernelLineMaker
    training: "Training"
    task: "ClassificationTask"
    name: str

    def fit(self, place: Place, seed: int) -> FittedModel:
        """Fit the line, then train the network from its scores; score with both.

        Raises:
            FHRError: what either refuses, or signals that are permuted otherwise than the features of the line.
        """
        data = self.training.data
        data.setup("fit")
        learnt = self.line.learnt(replace(place, members=1), seed)
        if data.permute != place.permutation or (place.permutation is not None and not _as_many(learnt, data)):
            raise FHRError(
                f"{self.name}: signals and features belong to different records; permute by `permutations` of the "
                "cross-validation, among records that both can use"
            )
        self.task.take(data.facts)  # a loss may ask for the label
        data.take_offset(in_units_of(self.task, learnt, place.labels))
        return self.training.fit(place, seed)._replace(network=None)


def in_units_of(task: "ClassificationTask", learnt: LearntLine, labels: pd.Series) -> pd.Series:
    """Score of every record of a place by a line that has not seen its outcome, in the units of the loss of a task.

    Args:
        task: whose loss is meant.
        learnt: the line.
        labels: 0 or 1 by record name.
    """
    import torch

    from fhr.tasks import Batch

    rows, model = learnt.rows, learnt.model
    train = pd.Series(model.scores(learnt.train.to_numpy()), learnt.train.index)
    train[learnt.outcomes["ph"].notna().to_numpy()] = model.leave_one_out  # of unknown pH, it has not seen it
    rest = pd.concat([rows.held_out, rows.test])
    scores = pd.concat([train, pd.Series(model.scores(rest.to_numpy()), rest.index)])
    columns = (labels.loc[train.index], learnt.outcomes["ph"], np.ones(len(train)), learnt.outcomes["bdecf"])
    label, ph, weight, bdecf = (torch.tensor(np.asarray(x, dtype=np.float64)) for x in columns)
    batch = Batch(torch.empty(len(train), 0), label, ph, weight, torch.empty(len(train), 0), bdecf)
    centre, spread = train.mean(), train.std() or 1.0
    z = torch.tensor(((train - centre) / spread).to_numpy())

    @torch.no_grad()
    def loss(line: np.ndarray) -> float:
        return float(batch.cost(task.loss, (line[0] + line[1] * z)[:, None]))

    a, b = minimize(loss, (0.0, 1.0), bounds=((None, None), (0, None)), method="L-BFGS-B").x
    return a + b * (scores - centre) / spread


def _as_many(learnt: LearntLine, data: object) -> bool:
    """Whether line and network know the same records, which a permutation is among."""
    known = pd.concat(list(learnt.rows)).index
    return set(known) == set(data.facts.labels.index)  # type: ignore[attr-defined]

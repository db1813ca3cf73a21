"""Readers of traces: scores of a trained model, their gradient, the verdict after averaging and calibration."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from fhr.errors import CheckpointError
from fhr.models import Network
from fhr.prediction import Predictor
from fhr.prediction.predictor import Prepared
from fhr.recording import Recording

from .traces import Traces

__all__ = ["FeatureReader", "NetworkReader", "Reader", "Verdicts", "reader_of"]

_BATCH = 64


class Verdicts(NamedTuple):
    """Decisions about windows.

    Attributes:
        probability: (n,), calibrated, of the average over the models.
        at_risk: bool (n,), whether it reaches the stored threshold.
    """

    probability: np.ndarray
    at_risk: np.ndarray


class Reader(ABC):
    """A predictor that reads traces in place of recordings.

    A decision is the stored threshold after averaging and calibration, about the signal that the model reads: cleaned,
    at `traces.fs`. What a threat changes is not cleaned again.

    Args:
        predictor: with a calibrator and a threshold.

    Raises:
        CheckpointError: a predictor that takes no decision.
    """

    def __init__(self, predictor: Predictor) -> None:
        if predictor.confidence.threshold is None:
            raise CheckpointError(
                f"the models of {predictor.target} have no calibrator or no held-out records, and so no threshold: "
                "there is no verdict that could change; let `fhr fit` or `fhr crossval` end, and name that run"
            )
        self.predictor = predictor

    @abstractmethod
    def traces(self, prepared: Prepared) -> Traces:
        """Traces of prepared recordings, as the model reads them."""

    @abstractmethod
    def scores(self, traces: Traces) -> np.ndarray:
        """Risk scores float64 (member, n)."""

    def verdicts(self, traces: Traces) -> Verdicts:
        """Decisions about windows."""
        return self.decide(self.scores(traces))

    def decide(self, scores: np.ndarray) -> Verdicts:
        """Decisions of risk scores (member, n); they do not fall where a score rises."""
        decided = self.predictor.confidence.decide(scores)
        assert decided is not None  # there is a threshold, see above
        return Verdicts(*decided)


class NetworkReader(Reader):
    """Networks that read the signal, at the rate of their pipeline.

    Raises:
        CheckpointError: a member that takes features beside the signal, or no decision.
    """

    def __init__(self, predictor: Predictor) -> None:
        super().__init__(predictor)
        if predictor.features is not None or not predictor.reads_signal:
            raise CheckpointError("a model that reads statistics of the signal; see `FeatureReader`")
        self.networks: list[Network] = [network for network in predictor.networks if isinstance(network, Network)]

    def traces(self, prepared: Prepared) -> Traces:
        """The windows at the pipeline's rate, as prepared."""
        return Traces.of(prepared.windows, self.predictor.pipeline)

    def scores(self, traces: Traces) -> np.ndarray:
        """See `Reader`."""
        return self.predictor.scores(traces.signal(self.predictor.pipeline).detach().cpu().numpy())

    def member_scores(self, traces: Traces) -> Tensor:
        """Risk scores (member, n), differentiable in the traces; on the device of the networks."""
        signal = traces.signal(self.predictor.pipeline).to(self.predictor.device)
        return torch.stack([network.scores(signal)[:, 0] for network in self.networks])

    def mean_score(self, traces: Traces) -> Tensor:
        """Mean risk score (n,) of the members, differentiable in the traces; on the device of the networks."""
        return self.member_scores(traces).mean(0)

    def scores_and_gradient(
        self, traces: Traces, parameter: Tensor, change: Callable[[Traces, Tensor], Traces]
    ) -> tuple[np.ndarray, Tensor]:
        """Scores (member, n) of changed traces, and the gradient of their mean in what the change is made by.

        Args:
            traces: n windows.
            parameter: (n, ...), of the change.
            change: what makes changed traces of traces and parameter, differentiable in the latter.
        """
        scores, gradients = [], []
        for i in range(0, len(traces), _BATCH):
            some = slice(i, i + _BATCH)
            free = parameter[some].detach().clone().requires_grad_()
            scored = self.member_scores(change(traces[some], free))
            gradients.append(torch.autograd.grad(scored.mean(0).sum(), free)[0])
            scores.append(scored.detach().double().cpu().numpy())
        return np.concatenate(scores, axis=1), torch.nan_to_num(torch.cat(gradients))

    def gradient(self, traces: Traces) -> Tensor:
        """Gradient (n, time) of the mean score in the heart rate, score per bpm; 0 where nothing was measured."""
        _, gradient = self.scores_and_gradient(traces, traces.fhr, lambda some, fhr: replace(some, fhr=fhr))
        return gradient * (traces.measured > 0)


class FeatureReader(Reader):
    """Models of statistics of the signal, with networks beside them or not, at the rate of the recordings.

    Each look computes all statistics anew, some 15 ms a window on one core; there is no gradient. The steps of the
    statistics and of the pipeline that can be done twice clean a changed trace again.
    """

    def __init__(self, predictor: Predictor) -> None:
        super().__init__(predictor)
        self._recordings: dict[str, Recording] = {}

    def traces(self, prepared: Prepared) -> Traces:
        """The cleaned windows at the rate of the recordings, which must be one rate."""
        windows, features = prepared.windows, self.predictor.features
        self._recordings |= {w.recording.name: w.recording for w in windows}
        minutes = max(self.predictor.pipeline.minutes, 0.0 if features is None else features.minutes)
        return Traces.of_cleaned(windows, minutes)

    def scores(self, traces: Traces) -> np.ndarray:
        """See `Reader`."""
        changed = [traces.recording(i, self._recordings[name]) for i, name in enumerate(traces.names)]
        pipeline, features = self.predictor.pipeline, self.predictor.features
        signal = np.stack([pipeline(one).signal for one in changed])
        rows = np.empty((len(changed), 0)) if features is None else np.stack([features(one) for one in changed])
        return self.predictor.scores(signal, rows)


def reader_of(predictor: Predictor) -> Reader:
    """The reader of a predictor.

    Raises:
        CheckpointError: one that takes no decision.
    """
    if predictor.features is None and predictor.reads_signal:
        return NetworkReader(predictor)
    return FeatureReader(predictor)

"""Readers of traces: scores of a trained model, their gradient, the verdict after averaging and calibration."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from fhr.errors import CheckpointError
from fhr.features import covariates
from fhr.models import ArrayModel, Fusion, Network
from fhr.models.sorted_network import BPM
from fhr.prediction import Predictor
from fhr.prediction.predictor import Prepared
from fhr.preprocessing import block_factor, block_mean, last_minutes
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

    def block(self, traces: Traces) -> int:
        """Number of samples, counted back from the end, of whose measured ones the model reads the mean alone."""
        return 1

    def verdicts(self, traces: Traces) -> Verdicts:
        """Decisions about windows."""
        return self.decide(self.scores(traces))

    def decide(self, scores: np.ndarray) -> Verdicts:
        """Decisions of risk scores (member, n); they do not fall where a score rises."""
        decided = self.predictor.confidence.decide(scores)
        assert decided is not None  # there is a threshold, see above
        return Verdicts(*decided)

    def stays(self, at_risk: np.ndarray | bool, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Flags (n,) of verdicts that are the same with all scores (member, n) at their lowest and at their highest.

        Then they are with any scores between. Infinite bounds, between which is anything, hold no verdict.
        """
        known = np.isfinite(low).all(0) & np.isfinite(high).all(0)
        below, above = (self.decide(np.where(known, side, 0.0)).at_risk for side in (low, high))
        return np.asarray(known & (below == at_risk) & (above == at_risk))


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
        channels, (_, scale) = predictor.pipeline.channels, predictor.pipeline.scaling["fhr"]
        if len(channels) > 1 and channels[-1] != "mask":
            raise CheckpointError(f"networks of the channels {', '.join(channels)}, which take the last for the mask")
        if scale != BPM and (own := next((n for n in self.networks if hasattr(n, "slope")), None)) is not None:
            raise CheckpointError(
                f"{type(own).__name__} counts in units of {BPM:g} bpm, and the pipeline scales the heart rate by "
                f"{scale:g}: what it says of its slope is untrue; train it with the usual scaling"
            )

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

    Each look computes all statistics anew, which takes some ten milliseconds a window; there is no gradient.

    Raises:
        CheckpointError: statistics of a signal that is cleaned otherwise than that of the networks, or no decision.
    """

    def __init__(self, predictor: Predictor) -> None:
        super().__init__(predictor)
        features = predictor.features
        if features is not None and features.steps != predictor.pipeline.steps:
            raise CheckpointError(
                "the model reads two signals, since its statistics are cleaned otherwise than its window: a trace is "
                "one signal; train with one cleaning"
            )
        self._recordings: dict[str, Recording] = {}
        self._reads_signal = not all(isinstance(model, ArrayModel) for model in predictor.networks)

    def block(self, traces: Traces) -> int:
        """See `Reader`."""
        features = self.predictor.features
        return 1 if self._reads_signal or features is None else block_factor(traces.fs, features.fs)

    def traces(self, prepared: Prepared) -> Traces:
        """The cleaned windows at the rate of the recordings, which must be one rate."""
        windows, features = prepared.windows, self.predictor.features
        self._recordings |= {w.recording.name: w.recording for w in windows}
        minutes = max(self.predictor.pipeline.minutes, 0.0 if features is None else features.minutes)
        return Traces.of_cleaned(windows, minutes)

    def scores(self, traces: Traces) -> np.ndarray:
        """See `Reader`."""
        pipeline, signal = self.predictor.pipeline, np.empty((len(traces), 0, 0))
        if self._reads_signal:
            planes = zip(*self.signals(traces, pipeline.minutes), strict=True)
            signal = np.stack([pipeline.input(fhr, uc, traces.fs) for fhr, uc in planes])
        return self.predictor.scores(signal, self.features(traces))

    def features(self, traces: Traces) -> np.ndarray:
        """Statistics (n, k) of the windows, covariates of the births included; NaN is missing."""
        features = self.predictor.features
        if features is None:
            return np.empty((len(traces), 0))
        factor = block_factor(traces.fs, features.fs)
        planes = (block_mean(x.astype(np.float64), factor) for x in self.signals(traces, features.minutes))
        rows = features.compute(*planes)
        if not features.covariates:
            return rows
        births = (self._recordings[name].clinical for name in traces.names)
        return np.column_stack([rows, [covariates(clinical, features.covariates) for clinical in births]])

    @staticmethod
    def signals(traces: Traces, minutes: float) -> tuple[np.ndarray, np.ndarray]:
        """Heart rate and uterine activity (n, time) of the last minutes, NaN where nothing was measured."""
        known = torch.where(traces.measured > 0, traces.fhr, torch.nan)
        fhr, uc = (last_minutes(x.detach().cpu().numpy(), traces.fs, minutes) for x in (known, traces.uc))
        return fhr, uc


def reader_of(predictor: Predictor) -> Reader:
    """The reader of a predictor.

    Raises:
        CheckpointError: one that takes no decision, or of several families.
    """
    if any(isinstance(model, Fusion) for model in predictor.networks):
        raise CheckpointError(
            "a fusion of several models is not attacked or certified as one; give a run of one of its families"
        )
    if predictor.features is None and predictor.reads_signal:
        return NetworkReader(predictor)
    return FeatureReader(predictor)

"""One trained network, or several whose calibrated probabilities are averaged."""

from collections.abc import Iterable, Sequence
from typing import NoReturn

import numpy as np
import torch

from fhr.calibration import RidgePlatt
from fhr.datasets import Database
from fhr.errors import CheckpointError, SignalError
from fhr.features import FeatureScaling, FeatureSet
from fhr.models import CheckpointCard, Network
from fhr.preprocessing import Pipeline, Window
from fhr.recording import Recording

from .kind import check_kind
from .prediction import Prediction

__all__ = ["Predictor"]

_MUCH_LOSS = 0.5
_BATCH = 64


class Predictor:
    """Applies trained networks to recordings exactly as they were trained.

    Args:
        members: checkpoint card and network of each member; all with one pipeline, one target and the same features,
            which are computed once and scaled as each member knows them.
        device: where the networks run.

    Raises:
        CheckpointError: no member, one of another kind, members that were trained differently, or features that this
            version computes otherwise.
    """

    def __init__(
        self, members: Sequence[tuple[CheckpointCard, Network]], *, device: str | torch.device = "cpu"
    ) -> None:
        if not members:
            raise CheckpointError("a predictor needs at least one checkpoint; none was given")
        self.cards = [card for card, _ in members]
        first = self.cards[0]
        check_kind(self.cards, "classification")
        if any(
            (c.pipeline, c.target, c.features) != (first.pipeline, first.target, first.features) for c in self.cards
        ):
            raise CheckpointError("the checkpoints differ in preprocessing, target or features; load those of one run")
        self.device = torch.device(device)
        self.networks = [network.eval().to(self.device) for _, network in members]
        self.calibrators = [RidgePlatt.from_dict(c.calibrator) if c.calibrator else None for c in self.cards]
        self.scalings = [FeatureScaling.from_dict(c.scaling) if c.scaling else None for c in self.cards]
        self.pipeline = Pipeline.from_dict(first.pipeline)
        self.features = _feature_set(first)
        self.target = first.target
        self._seen = frozenset(digest for card in self.cards for digest in card.learnt_from)

    def predict(self, recording: Recording) -> Prediction:
        """Risk of one recording.

        Raises:
            SignalError: a recording that is too short, holds no signal, or has an unfit sampling rate.
        """
        return self._predict([recording], [self.pipeline(recording)], [self._features(recording)])[0]

    def predict_all(self, recordings: Iterable[Recording]) -> tuple[list[Prediction], dict[str, str]]:
        """Risk of each recording that can be used, and the reason for each that cannot, by name."""
        used: list[Recording] = []
        windows: list[Window] = []
        features: list[np.ndarray] = []
        unusable: dict[str, str] = {}
        for recording in recordings:
            try:
                window, row = self.pipeline(recording), self._features(recording)
            except SignalError as error:
                unusable[recording.name] = str(error)
            else:
                used.append(recording)
                windows.append(window)
                features.append(row)
        return self._predict(used, windows, features), unusable

    def false_signal_probability(self, recording: Recording) -> NoReturn:
        """Refused: this is a network of another kind.

        Raises:
            CheckpointError: always.
        """
        raise CheckpointError(
            f"a network of {self.target} says nothing of single samples; load a run of `configs/false_signal.yaml`"
        )

    @torch.inference_mode()
    def scores(self, signal: np.ndarray, features: np.ndarray | None = None) -> np.ndarray:
        """Risk score of each member.

        Args:
            signal: (n, channel, time), as `pipeline` prepares it.
            features: (n, n_features), as the attribute `features` computes them; NaN is missing.

        Returns:
            float64 (member, n)

        Raises:
            FHRError: another number of features than the networks take.
        """
        rows, given = [], np.empty((len(signal), 0)) if features is None else features
        for network, scaling in zip(self.networks, self.scalings, strict=True):
            scaled = given.astype(np.float32) if scaling is None else scaling(given)
            batches = zip(*(torch.from_numpy(x).split(_BATCH) for x in (signal, scaled)), strict=True)
            scored = [network.scores(x.to(self.device), f.to(self.device))[:, 0].cpu() for x, f in batches]
            rows.append(torch.cat(scored))
        return torch.stack(rows).double().numpy()

    def _features(self, recording: Recording) -> np.ndarray:
        return np.empty(0) if self.features is None else self.features(recording)

    def _predict(
        self, recordings: Sequence[Recording], windows: Sequence[Window], features: Sequence[np.ndarray]
    ) -> list[Prediction]:
        if not windows:
            return []
        scores = self.scores(np.stack([window.signal for window in windows]), np.stack(features))
        probabilities = None
        if all(calibrator is not None for calibrator in self.calibrators):
            calibrated = [c.predict(row) for c, row in zip(self.calibrators, scores, strict=True) if c is not None]
            probabilities = np.mean(calibrated, axis=0)
        return [
            Prediction(
                name=window.recording.name,
                target=self.target,
                probability=None if probabilities is None else float(probabilities[i]),
                score=float(scores[:, i].mean()),
                loss=window.loss,
                warnings=tuple(self._warnings(recording, window)),
            )
            for i, (recording, window) in enumerate(zip(recordings, windows, strict=True))
        ]

    def _warnings(self, recording: Recording, window: Window) -> Iterable[str]:
        if any(calibrator is None for calibrator in self.calibrators):
            yield "not calibrated: no probability"
        if window.loss > _MUCH_LOSS:
            yield f"{window.loss:.0%} of the signal is lost"
        if "uc" in self.pipeline.channels:
            n = round(self.pipeline.minutes * 60 * recording.fs)
            if np.isnan(recording.uc[-n:]).all():
                yield "no uterine activity"
        # Of the recording as it was read: cleaning changes the digest of one that has no file.
        if Database([recording], origin="prediction").digests[0] in self._seen:
            yield "this recording was used in training"


def _feature_set(card: CheckpointCard) -> FeatureSet | None:
    if card.features is None:
        return None
    features = FeatureSet.from_dict(card.features["set"])
    if features.checksum != card.features["checksum"]:
        raise CheckpointError(
            f"this version computes the features of the checkpoint otherwise than version {card.version} did, which "
            "wrote it; use that version of intrapartum-fhr, or train anew"
        )
    return features

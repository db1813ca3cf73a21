"""One trained network, or several whose calibrated probabilities are averaged."""

from collections.abc import Iterable, Sequence

import numpy as np
import torch

from fhr.calibration import RidgePlatt
from fhr.datasets import Database
from fhr.errors import CheckpointError
from fhr.models import CheckpointCard, Network
from fhr.preprocessing import Pipeline, Window
from fhr.recording import Recording

from .prediction import Prediction

__all__ = ["Predictor"]

_MUCH_LOSS = 0.5
_BATCH = 64


class Predictor:
    """Applies trained networks to recordings exactly as they were trained.

    Args:
        members: checkpoint card and network of each member; all with one pipeline and one target.
        device: where the networks run.

    Raises:
        CheckpointError: no member, or members that were trained differently.
    """

    def __init__(
        self, members: Sequence[tuple[CheckpointCard, Network]], *, device: str | torch.device = "cpu"
    ) -> None:
        if not members:
            raise CheckpointError("a predictor needs at least one checkpoint; none was given")
        self.cards = [card for card, _ in members]
        if any(c.pipeline != self.cards[0].pipeline or c.target != self.cards[0].target for c in self.cards):
            raise CheckpointError("the checkpoints differ in preprocessing or target; load those of one run")
        self.device = torch.device(device)
        self.networks = [network.eval().to(self.device) for _, network in members]
        self.calibrators = [RidgePlatt.from_dict(c.calibrator) if c.calibrator else None for c in self.cards]
        self.pipeline = Pipeline.from_dict(self.cards[0].pipeline)
        self.target = self.cards[0].target
        self._seen = frozenset(digest for card in self.cards for digest in card.learnt_from)

    def predict(self, recording: Recording) -> Prediction:
        """Risk of one recording.

        Raises:
            SignalError: a recording that is too short, holds no signal, or has an unfit sampling rate.
        """
        return self._predict([recording], [self.pipeline(recording)])[0]

    def predict_all(self, recordings: Iterable[Recording]) -> tuple[list[Prediction], dict[str, str]]:
        """Risk of each recording that can be used, and the reason for each that cannot, by name."""
        used: list[Recording] = []
        windows: list[Window] = []
        unusable: dict[str, str] = {}
        for recording in recordings:
            prepared, reasons = self.pipeline.prepare([recording])
            used += [recording] * len(prepared)
            windows += prepared
            unusable |= reasons
        return self._predict(used, windows), unusable

    @torch.inference_mode()
    def scores(self, signal: np.ndarray) -> np.ndarray:
        """Risk score of each member (member, n) for `signal` (n, channel, time)."""
        batches = torch.from_numpy(signal).split(_BATCH)
        rows = [torch.cat([network(b.to(self.device))[:, 0].cpu() for b in batches]) for network in self.networks]
        return torch.stack(rows).double().numpy()

    def _predict(self, recordings: Sequence[Recording], windows: Sequence[Window]) -> list[Prediction]:
        if not windows:
            return []
        scores = self.scores(np.stack([window.signal for window in windows]))
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

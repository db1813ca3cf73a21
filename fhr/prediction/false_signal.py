"""A trained false-signal network applied to recordings: the probability, sample by sample, that a rate is false."""

import logging
from collections.abc import Iterable, Sequence
from typing import NamedTuple, NoReturn

import numpy as np
import torch

from fhr.calibration import Thresholds
from fhr.errors import CheckpointError, SignalError
from fhr.models import Network
from fhr.preprocessing import FalseSignalInput, hold, remove_false_signal
from fhr.recording import Recording

from .kind import check_kind, of_checkpoint
from .member_scores import Member
from .network_scores import fitting

__all__ = ["FalseSignalPredictor", "FalseSignalProbability"]

_log = logging.getLogger(__name__)

# Samples at 4 Hz; multiples of any stride of a network, so that a chunk falls on the grid of the whole.
_CHUNK = 2**16
_CONTEXT = 2**13


class FalseSignalProbability(NamedTuple):
    """Probability that a heart rate is false, for each sample of a recording.

    Attributes:
        fhr: float32 (n,); NaN where FHR holds no value.
        mhr: the same of MHR; None where the recording has no such channel.
    """

    fhr: np.ndarray
    mhr: np.ndarray | None


class FalseSignalPredictor:
    """Applies trained false-signal networks to recordings; the probabilities of several are averaged.

    Recordings from 1 to 8 Hz, of any length and with or without MHR. Other rates than the network's 4 Hz are resampled
    by holding each value until the next, and so are the probabilities on their way back: a sample at 8 Hz has the
    probability of its quarter second, one at 1 Hz that of its beginning. A recording of up to 5.7 h is seen
    whole; a longer one in chunks of 4.6 h with 34 min of context on both sides, so that memory is bounded; the
    recurrence of `fhr.models.FalseSignalNet` reaches further, which moves its probabilities by some thousandths. No
    statistics of the recording are used.

    Args:
        members: checkpoint card and network of each member; all with one input.
        name: of the run or file that they come from; it goes into the history of recordings.
        device: where the networks run.

    Attributes:
        thresholds: the probabilities from which on a sample is taken for false, mean over the members; 0.5, with a
            warning, of a member whose fit did not end.

    Raises:
        CheckpointError: no member, one of another kind, or members with different inputs.
    """

    kind = "false_signal"

    def __init__(
        self,
        members: Sequence[Member],
        *,
        name: str = "",
        device: str | torch.device = "cpu",
    ) -> None:
        if not members:
            raise CheckpointError("a predictor needs at least one checkpoint; none was given")
        self.cards = [card for card, _ in members]
        check_kind(self.cards, self.kind)
        if any(card.pipeline != self.cards[0].pipeline for card in self.cards):
            raise CheckpointError("the checkpoints differ in their input; load those of one run")
        self.name, self.device = name, torch.device(device)
        self.networks = [model.eval().to(self.device) for _, model in members if isinstance(model, Network)]
        if len(self.networks) < len(members):
            raise CheckpointError(
                "a model of features alone says nothing of single samples; load a false-signal network"
            )
        with of_checkpoint():
            self.encoding = FalseSignalInput.from_dict(self.cards[0].pipeline)
        if any(card.calibrator is None for card in self.cards):
            _log.warning("%s holds no thresholds, 0.5 is taken; let `fhr fit` end, or load its `finished.ckpt`", name)
        found = [Thresholds.from_dict(card.calibrator or {}) for card in self.cards]
        self.thresholds = Thresholds(*(float(np.mean(x)) for x in zip(*((t.fhr, t.mhr) for t in found), strict=True)))

    def false_signal_probability(self, recording: Recording) -> FalseSignalProbability:
        """The probability that each sample is false.

        Raises:
            SignalError: a recording without a whole sample at the network's rate, or sampled at less than 1 or more
                than 8 Hz.
        """
        rates = self.encoding.rates(recording)
        if rates.shape[-1] == 0:
            raise SignalError(f"{recording.name}: no sample, or a single one at 8 Hz; leave the recording out")
        found = hold(self._probability(rates), self.encoding.fs, recording.fs, n=len(recording))
        fhr = np.where(np.isnan(recording.fhr), np.nan, found[0])
        mhr = None if recording.mhr is None else np.where(np.isnan(recording.mhr), np.nan, found[1])
        return FalseSignalProbability(fhr, mhr)

    def remove_false_signal(self, recording: Recording, *, thresholds: Thresholds | None = None) -> Recording:
        """The recording without what is false, which becomes missing; name and thresholds go into its history.

        Args:
            recording: as it was read.
            thresholds: None for those of the fit.

        Raises:
            SignalError: as for `false_signal_probability`.
        """
        used, found = thresholds or self.thresholds, self.false_signal_probability(recording)
        return remove_false_signal(
            recording, found.fhr, found.mhr, fhr_threshold=used.fhr, mhr_threshold=used.mhr, run=self.name
        )

    @torch.inference_mode()
    def _probability(self, rates: np.ndarray) -> np.ndarray:
        """float32 (2, time)."""
        n = rates.shape[-1]
        found = np.empty((2, n), dtype=np.float32)
        chunk = n if n <= _CHUNK + 2 * _CONTEXT else _CHUNK
        for start in range(0, n, chunk):
            first, end = max(start - _CONTEXT, 0), min(start + chunk, n)
            signal = torch.from_numpy(self.encoding.encode(rates[:, first : end + _CONTEXT])).to(self.device)[None]
            with fitting(*self.networks):
                members = [torch.sigmoid(network(signal))[0] for network in self.networks]
                mean = torch.stack(members)[..., start - first : end - first].mean(0)
                found[:, start:end] = mean.cpu().numpy()
        return found

    def predict(self, recording: Recording) -> NoReturn:
        """Refused: this is a network of another kind.

        Raises:
            CheckpointError: always.
        """
        raise CheckpointError(
            "a false-signal network gives no risk; use `false_signal_probability` or `fhr quality`, or load a run of a "
            "classification"
        )

    def predict_all(self, recordings: Iterable[Recording]) -> NoReturn:
        """Refused, as `predict` is.

        Raises:
            CheckpointError: always.
        """
        raise CheckpointError(
            "a false-signal network gives no risk; use `false_signal_probability` or `fhr quality`, or load a run of a "
            "classification"
        )

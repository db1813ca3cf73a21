"""One trained model, or several that are averaged; their average is calibrated."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, NoReturn, cast

import numpy as np
import pandas as pd

from fhr.calibration import Calibrator, Recalibration, Reference, calibrator_from_dict, typical_statistics
from fhr.confidence import Abstention, Confidence, ModelFacts, Prediction, Stability, recalibrated
from fhr.confidence.card_words import loss_words
from fhr.datasets import Database, seen_records
from fhr.errors import CheckpointError, FHRError, SignalError
from fhr.metrics import Interval
from fhr.models import ArrayModel, CheckpointCard, Fusion
from fhr.preprocessing import Pipeline, Window, window_words
from fhr.recording import Recording

from .kind import check_kind, of_checkpoint
from .member_scores import Member, member_scores
from .part_features import feature_set, features_of_parts
from .predictor_display import predictor_html
from .timeline import through_recording

if TYPE_CHECKING:
    import torch

    from fhr.features import FeatureSet

__all__ = ["Predictor", "Prepared"]

_MUCH_LOSS = 0.5
_MOST_MISSING = 0.5  # of the statistics of the signal: beyond it, an answer is mostly that of a usual birth
_LONG_SILENCE = 5.0  # min at the end of the window
_CHANNELS = {"fhr": "heart rate", "uc": "uterine activity"}


class Prepared(NamedTuple):
    """Recordings as the models of a predictor take them.

    Attributes:
        recordings: those that can be used, cut to their window where that ends earlier.
        windows: of each of these.
        features: of each of these.
        is_used: of every recording that was given, whether it can be used.
        unusable: reason for each that cannot, by name.
    """

    recordings: list[Recording]
    windows: list[Window]
    features: list[np.ndarray]
    is_used: list[bool]
    unusable: dict[str, str]


class Predictor:
    """Applies trained models to recordings exactly as they were trained.

    With a prevalence of its own, a hospital gets probabilities (and their interval and spread) shifted to it under the
    assumption of label shift: births with and without the label look as they did in the training data, only their
    shares differ. Scores, conformal sets, which hold within each class, and decisions, which are taken at a
    specificity, stay as they are.

    Args:
        members: checkpoint card and model of each member, a network or a model of features alone; all with one
            pipeline, one target and the same features, which are computed once; each model scales them in its own way.
        device: where networks run.
        prevalence: of the label among the births to predict, or None for that of the training data.
        abstention: when a prediction should not be relied on.
        warnings: said of every recording.
        stability: of the verdicts of these members, as their run says; None where it says nothing.

    Attributes:
        cards: what the checkpoint of each member says of itself.
        networks: the model of each member.
        recalibration: what local births changed of the probabilities, or None.

    Raises:
        CheckpointError: no member, one of another kind, members that were trained differently, a calibrator of another
            label or model, or features that this version computes otherwise.
        FHRError: a prevalence that is not between 0 and 1.
    """

    def __init__(
        self,
        members: Sequence[Member],
        *,
        device: "str | torch.device" = "cpu",
        prevalence: float | None = None,
        abstention: Abstention | None = None,
        warnings: Sequence[str] = (),
        stability: Stability | None = None,
    ) -> None:
        if not members:
            raise CheckpointError("a predictor needs at least one checkpoint; none was given")
        self.cards = [card for card, _ in members]
        first = self.cards[0]
        check_kind(self.cards, "classification")
        if any(_shared(member) != _shared(members[0]) for member in members):
            raise CheckpointError(
                "the checkpoints differ in preprocessing, target, features or recalibration; load those of one run"
            )
        self.device, self.networks = device, [model for _, model in members]
        self._scores = [member_scores(member, device) for member in members]
        self.calibrators = [_calibrator(card) for card in self.cards]
        with of_checkpoint():
            self.pipeline = Pipeline.from_dict(first.pipeline)
        fusion = self.networks[0]
        features = features_of_parts(fusion.parts) if isinstance(fusion, Fusion) else feature_set(first)
        # Joined ones know names, minutes and covariates; whoever asks for more has refused a fusion before.
        self.features = cast("FeatureSet | None", features)
        self.target = first.target
        if prevalence is not None and not 0 < prevalence < 1:
            raise FHRError(
                f"prevalence={prevalence}; give the share of births with {self.target}, strictly between 0 and 1"
            )
        local = first.recalibration
        self.recalibration = None if local is None else Recalibration.from_dict(local)
        self.prevalence, self.abstention = prevalence, abstention or Abstention()
        self._said = tuple(warnings)
        references = _references(self.cards)
        self.confidence = Confidence(
            self.calibrators,
            [] if None in self.calibrators else references,
            [card.fold[2] for card in self.cards],
            self.target,
            prevalences=[card.prevalence for card in self.cards],
            model=replace(_model_facts(self.cards, self.pipeline), stability=stability),
        )
        self._seen = frozenset().union(*(card.seen for card in self.cards))

    @property
    def reads_signal(self) -> bool:
        """True where every member reads the signal itself, as networks do, and none statistics alone."""
        return not any(isinstance(model, ArrayModel | Fusion) for model in self.networks)

    def predict(self, recording: Recording) -> Prediction:
        """Risk of one recording.

        Raises:
            SignalError: a recording that is too short, holds no signal, or has an unfit sampling rate.
        """
        cut, window, row = self.prepare_one(recording)
        return self.predict_prepared(Prepared([cut], [window], [row], [True], {}))[0]

    def predict_all(self, recordings: Iterable[Recording]) -> tuple[list[Prediction], dict[str, str]]:
        """Risk of each recording that can be used, and the reason for each that cannot, by name."""
        prepared = self.prepare(recordings)
        return self.predict_prepared(prepared), prepared.unusable

    def prepare(self, recordings: Iterable[Recording]) -> "Prepared":
        """Window and features of each recording that can be used, for any predictor of this preprocessing."""
        prepared = Prepared([], [], [], [], {})
        for recording in recordings:
            try:
                cut, window, row = self.prepare_one(recording)
            except SignalError as error:
                prepared.unusable[recording.name] = str(error)
                prepared.is_used.append(False)
            else:
                prepared.recordings.append(cut)
                prepared.windows.append(window)
                prepared.features.append(row)
                prepared.is_used.append(True)
        return prepared

    def prepare_one(self, recording: Recording) -> tuple[Recording, Window, np.ndarray]:
        """Cut out of a recording all that a prediction may see; prepare its window and its features.

        Raises:
            SignalError: a recording that is too short, holds no signal, or has an unfit sampling rate; or one with so
                little signal that models of features alone would answer for a usual birth.
        """
        cut = self.pipeline.cut(recording)  # nothing here sees more of it
        window = self.pipeline(cut)
        if self.features is None:
            return cut, window, np.empty(0)
        row = self.features(cut)
        missing = np.isnan(row[: len(row) - len(self.features.covariates)])
        if missing.sum() > _MOST_MISSING * missing.size and all(
            isinstance(m, ArrayModel | Fusion) for m in self.networks
        ):
            measured = (1 - window.loss) * self.pipeline.minutes
            raise SignalError(
                f"{recording.name}: {missing.sum()} of {missing.size} statistics cannot be computed from "
                f"{measured:.1f} min of valid FHR in {self.pipeline.window}; the answer would be that of a usual "
                "birth: leave the recording out"
            )
        return cut, window, row

    def timeline(self, recording: Recording, *, step: float = 5.0) -> pd.DataFrame:
        """Risk through the recording: what would have been said every `step` minutes, had it ended there.

        The window slides back from the end; nothing after a window's end is used, neither by the network nor by the
        features, cleaning or confidence. A network that learnt from the last minutes before birth knows nothing of
        earlier hours: every row but the last is an extrapolation, and says so in its warnings.

        Args:
            recording: of any length from one window on.
            step: minutes from one window to the next.

        Returns:
            The columns of `fhr.prediction.to_frame`, with `end` (min from the start of the recording to the window's
            end) and `to_end` (min from there to the end of the recording) before `record` and `path`, in order of time.
            Windows without valid signal are left out.

        Raises:
            FHRError: a step that is not positive or shorter than a sample.
            SignalError: a recording that is shorter than one window, or without a usable one.
        """
        minutes = max(self.pipeline.minutes, 0 if self.features is None else self.features.minutes)
        minutes += self.pipeline.withheld
        return through_recording(recording, self.predict_all, minutes=minutes, step=step)

    def predictors_of(self, recording: Recording) -> "list[Predictor]":
        """The predictors of a recording, one a label: this one."""
        return [self]

    def has_seen(self, recording: Recording) -> bool:
        """Tell whether a member learnt from a recording, as it was read."""
        return bool(seen_records(self._seen, Database([recording], origin="prediction")))

    def false_signal_probability(self, recording: Recording) -> NoReturn:
        """Refused: this is a network of another kind.

        Raises:
            CheckpointError: always.
        """
        raise CheckpointError(
            f"a network of {self.target} says nothing of single samples; load a run of `--config false_signal`"
        )

    def scores(self, signal: np.ndarray, features: np.ndarray | None = None) -> np.ndarray:
        """Risk score of each member.

        Args:
            signal: (n, channel, time), as `pipeline` prepares it.
            features: (n, n_features), as the attribute `features` computes them; NaN is missing.

        Returns:
            float64 (member, n)

        Raises:
            FHRError: another number of features than the models take.
        """
        given = np.empty((len(signal), 0)) if features is None else features
        return np.stack([member.scores(signal, given) for member in self._scores])

    def gradients(self, signal: np.ndarray, features: np.ndarray | None = None) -> np.ndarray:
        """Gradient of the mean risk score of the members in the signal.

        Args:
            signal: (n, channel, time), as `pipeline` prepares it.
            features: (n, n_features), as of `scores`; they are held.

        Returns:
            float64 (n, channel, time), score a unit of the network's input.

        Raises:
            CheckpointError: a member that reads no signal.
            FHRError: another number of features than the models take.
        """
        given = np.empty((len(signal), 0)) if features is None else features
        total = np.zeros(signal.shape)
        for member in self._scores:
            total += member.gradients(signal, given)
        return total / len(self._scores)

    def predict_prepared(self, prepared: "Prepared") -> list[Prediction]:
        """Risk of each recording that `prepare` could use."""
        recordings, windows, features = prepared[:3]
        if not windows:
            return []
        scores = self.scores(np.stack([window.signal for window in windows]), np.stack(features))
        statistics = typical_statistics(recordings).to_numpy() if self.confidence.references else None
        if self.recalibration is None:
            judged = self.confidence.judge(scores, statistics, prevalence=self.prevalence)
        else:
            judged = self.confidence.judge(scores, statistics)
            judged = recalibrated(judged, self.recalibration, prevalence=self.prevalence)
        return [
            judged.prediction(
                i,
                name=window.recording.name,
                loss=window.loss,
                warnings=tuple(self._warnings(recording, window)),
                abstention=self.abstention,
                minutes=self.pipeline.minutes,
                kind=recording.provenance.kind,
                path=recording.path,
            )
            for i, (recording, window) in enumerate(zip(recordings, windows, strict=True))
        ]

    def _repr_html_(self) -> str:
        """Facts of the model, as a notebook shows them: without script, all texts escaped."""
        n_features = 0 if self.features is None else len(self.features.names)
        return predictor_html(self.cards, self.pipeline, n_features, self.confidence.model)

    def _warnings(self, recording: Recording, window: Window) -> Iterable[str]:
        if any(calibrator is None for calibrator in self.calibrators):
            yield "not calibrated: no probability"
        if words := window_words(recording):
            yield words
        if window.loss > _MUCH_LOSS:
            yield loss_words(window.loss, self.pipeline.minutes)
        if (silence := _silence(window.recording)) >= _LONG_SILENCE:
            yield f"no signal in the last {silence:.0f} min of the window"
        if "uc" in self.pipeline.channels:
            n = round(self.pipeline.minutes * 60 * recording.fs)
            uc = recording.uc[-n:]
            if np.isnan(uc).all():
                yield "no uterine activity"
            elif np.nanmin(uc) == np.nanmax(uc):
                yield f"no uterine activity: it is {np.nanmax(uc):g} throughout"
        # Of the recording as it was read: cleaning changes the digest of one that has no file.
        if self.has_seen(recording):
            yield "this recording was used in training"
        if not recording.provenance.is_measured:
            yield f"no measured recording: it is {recording.provenance.words}"
        if (local := self.recalibration) is not None:
            yield f"recalibrated on {local.births} births of another hospital, {local.positives} of them with the label"
        yield from self._said


def _silence(recording: Recording) -> float:
    """Minutes at the end of a cleaned recording without a valid FHR sample."""
    valid = np.flatnonzero(~np.isnan(recording.fhr))
    return float(len(recording) - 1 - valid[-1]) / recording.fs / 60


def _shared(member: Member) -> tuple[object, ...]:
    """What all members of one predictor have in common."""
    card, model = member
    parts = [(part.pipeline, part.features) for part, _ in model.parts] if isinstance(model, Fusion) else None
    return card.pipeline, card.target, card.features, card.recalibration, parts


def _model_facts(cards: Sequence[CheckpointCard], pipeline: Pipeline) -> ModelFacts:
    """What is known of all networks; of several rankings the worst."""
    learnt = next((made for card in cards if (made := card.composition) is not None), None)
    channels = tuple(words for channel, words in _CHANNELS.items() if channel in pipeline.channels)
    facts = ModelFacts(learnt=learnt, unchecked=channels, out_of_fold=all(card.out_of_fold for card in cards))
    known = [card.ranking for card in cards if card.ranking is not None]
    if not known or len(known) < len(cards):
        return facts
    worst = min(known, key=lambda ranking: float(ranking["low"]))
    auroc = Interval(*(float(worst[key]) for key in ("value", "low", "high")))
    return replace(facts, auroc=auroc, of=worst["of"], n=int(worst["n"]))


def _calibrator(card: CheckpointCard) -> Calibrator | None:
    if not card.calibrator:
        return None
    calibrator = calibrator_from_dict(card.calibrator)
    calibrator.check(label=card.target, model=card.procedure)
    return calibrator


def _references(cards: Sequence[CheckpointCard]) -> list[Reference]:
    """That of each network, one object for those of one outer fold; none where none has one."""
    if (n := sum(card.confidence is None for card in cards)) not in (0, len(cards)):
        raise CheckpointError(
            f"{n} of {len(cards)} checkpoints lack what their confidence rests on; load those of one run"
        )
    known: list[tuple[CheckpointCard, Reference]] = []
    found: list[Reference] = []
    for card in cards:
        if card.confidence is None:
            return []
        same = (r for other, r in known if other.fold[:2] == card.fold[:2] and other.confidence == card.confidence)
        if (reference := next(same, None)) is None:
            reference = Reference.from_dict(card.confidence)
            known.append((card, reference))
        found.append(reference)
    return found

"""The model that comes with the package: kernel lines of several labels, cross-validated on CTU-UHB."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path

from fhr.confidence import Abstention, Prediction
from fhr.datasets import Database, label_slug
from fhr.errors import FHRError
from fhr.models import pack_model
from fhr.models.array_checkpoint import ARRAYS_SUFFIX
from fhr.models.kernel_bundle import Bundle, read_bundle
from fhr.preprocessing import cut_from
from fhr.recording import Recording, other_digest

from .known_minutes import KnownMinutes
from .predictor import Predictor, Prepared

__all__ = ["SHIPPED", "SHIPPED_MINUTES", "ShippedModel", "shipped"]

SHIPPED = Path(__file__).with_name("shipped_model.npz")
"""File of the model; its model card stands beside it, with the same name and `.md`."""

SHIPPED_MINUTES = Path(__file__).with_name("shipped_minutes.npz")
"""File of the minutes of the records that it was trained on."""

_TRAINED = (
    "one of the {n} records that the model was trained on: the answer is that of the models that did not see it, "
    "out-of-fold"
)


class ShippedModel:
    """Predictors of several labels, one for births that the model has not seen and one for each outer fold.

    A record that the model was trained on is known by its checksum, by that of its signals, or, of a copy at another
    rate or rounded, by the heart rate of its minutes (`KnownMinutes`). It gets the answer of the models of the outer
    fold that it was tested in, as in the cross-validation; with a warning.

    Args:
        bundle: of the lines.
        minutes: of the records that they learnt from.
        labels: that are asked for; None for all of the bundle.
        prevalence: of the label among the births to predict, which needs a single label; None for that of the records.
        abstention: when a prediction should not be relied on.

    Attributes:
        labels: in the order of the bundle.
        about: facts of the model in plain types.

    Raises:
        FHRError: a label that the bundle does not have, or a prevalence of several labels.
    """

    def __init__(
        self,
        bundle: Bundle,
        minutes: KnownMinutes,
        *,
        labels: Sequence[str] | None = None,
        prevalence: float | None = None,
        abstention: Abstention | None = None,
    ) -> None:
        known = bundle.labels
        if unknown := [label for label in labels or () if label not in known]:
            raise FHRError(
                f"label {unknown[0]!r}; the model that comes with the package answers {', '.join(known)}: train "
                "another with `fhr crossval`, and name its run"
            )
        self.labels = tuple(label for label in known if not labels or label in labels)
        if prevalence is not None and len(self.labels) != 1:
            raise FHRError(
                f"prevalence={prevalence} with the labels {', '.join(self.labels)}; it is of one label: choose one "
                "(`--label 'ph<7.05'`)"
            )
        self.about = bundle.about
        self._bundle, self._minutes, self._prevalence, self._abstention = bundle, minutes, prevalence, abstention
        self._predictors: dict[tuple[str, int | None], Predictor] = {}
        known_copies = {one: other_digest(one) for one in bundle.folds}
        self._folds = {copy: bundle.folds[one] for one, copy in known_copies.items() if copy is not None} | bundle.folds

    def predict(self, recording: Recording) -> list[Prediction]:
        """Risk of one recording, one prediction a label.

        Raises:
            SignalError: a recording that is too short, holds no signal, or has an unfit sampling rate.
        """
        of_labels = self.predictors_of(recording)
        cut, window, row = of_labels[0].prepare_one(recording)  # for all labels
        prepared = Prepared([cut], [window], [row], [True], {})
        return [one for predictor in of_labels for one in predictor.predict_prepared(prepared)]

    def predictors_of(self, recording: Recording) -> list[Predictor]:
        """The predictors of a recording, one a label; of a training record those that have not seen it."""
        fold = self.fold_of(recording)
        return [self.predictor(label, fold) for label in self.labels]

    def predict_all(self, recordings: Iterable[Recording]) -> tuple[list[Prediction], dict[str, str]]:
        """Risk of each recording that can be used, label by label, and the reason for each that cannot, by name."""
        given = list(recordings)
        folds = [self.fold_of(recording) for recording in given]
        answers: dict[int, list[Prediction]] = {}
        unusable: dict[str, str] = {}
        for fold in dict.fromkeys(folds):
            some = [i for i, one in enumerate(folds) if one == fold]
            prepared = self.predictor(self.labels[0], fold).prepare(given[i] for i in some)
            unusable |= prepared.unusable
            used = [i for i, is_used in zip(some, prepared.is_used, strict=True) if is_used]
            for label in self.labels:
                for i, one in zip(used, self.predictor(label, fold).predict_prepared(prepared), strict=True):
                    answers.setdefault(i, []).append(one)
        return [one for i in sorted(answers) for one in answers[i]], unusable

    def fold_of(self, recording: Recording) -> int | None:
        """The outer fold that a recording was tested in; None for one that the model has not seen.

        A window that was cut out of a recording is known by the recording; a copy at another rate, or rounded, by its
        minutes, where it ends as the recording does.
        """
        if (whole := cut_from(recording)) in self._folds:
            return self._folds[whole]
        database = Database([recording], origin="prediction")
        asked = (*database.digests, *database.digests_of_signals)
        if (fold := next((self._folds[digest] for digest in asked if digest in self._folds), None)) is not None:
            return fold
        copy_of = self._minutes.name_of(recording)
        return None if copy_of is None else self._folds[self._bundle.digests[copy_of]]

    def checkpoints(self, label: str) -> Iterator[tuple[Path, bytes]]:
        """Name and content of a checkpoint of each model of a label, as a fit writes them.

        Raises:
            CheckpointError: see `fhr.models.kernel_bundle.Bundle.lines`.
        """
        for line in self._bundle.lines(label):
            repeat, fold, inner = line.card.fold
            name = f"{label_slug(label)}-repeat{repeat}-fold{fold}-inner{inner}{ARRAYS_SUFFIX}"
            yield Path(name), pack_model(line.card, line.model)

    def predictor(self, label: str, fold: int | None = None) -> Predictor:
        """The predictor of a label: of all models, or of those of one outer fold."""
        if (label, fold) not in self._predictors:
            members = [(line.card, line.model) for line in self._bundle.lines(label, fold)]
            said = () if fold is None else (_TRAINED.format(n=len(self._bundle.digests)),)
            self._predictors[label, fold] = Predictor(
                members, prevalence=self._prevalence, abstention=self._abstention, warnings=said
            )
        return self._predictors[label, fold]


def shipped(
    *, labels: Sequence[str] | None = None, prevalence: float | None = None, abstention: Abstention | None = None
) -> ShippedModel:
    """The model that comes with the package, ready to predict; torch is not needed.

    Asked for again, it is the same object, whose calibration curves are there already.

    Args:
        labels: that are asked for; None for `ph<7.05`, `ph<=7.15`, `ph<7.20` and `apgar1<7`.
        prevalence: see `ShippedModel`.
        abstention: see `ShippedModel`.

    Raises:
        CheckpointError: its file is damaged.
        FHRError: see `ShippedModel`.
    """
    return _model(SHIPPED, None if labels is None else tuple(labels), prevalence, abstention)


@lru_cache(maxsize=8)
def _model(
    path: Path, labels: tuple[str, ...] | None, prevalence: float | None, abstention: Abstention | None
) -> ShippedModel:
    return ShippedModel(*_read(path), labels=labels, prevalence=prevalence, abstention=abstention)


@cache
def _read(path: Path) -> tuple[Bundle, KnownMinutes]:
    bundle = read_bundle(path)
    return bundle, KnownMinutes.read(SHIPPED_MINUTES, list(bundle.table.index))

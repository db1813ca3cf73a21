"""The MLflow store of a cross-validation: one run, with a child run for each outer fold that is finished."""

import json
import logging
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from fhr.datasets import FittedNetwork
from fhr.errors import SplitError, TrackingError
from fhr.evaluation import MADE_BY, FinishedFold, FittedFold, of_this_source, read_scores, written_scores
from fhr.models import read_checkpoint, with_ranking
from fhr.tracking import checkpoint_files

from .parent_run import ParentRun

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

__all__ = ["CrossvalStore"]

_log = logging.getLogger(__name__)
_SCORES, _CHECKPOINTS = "scores.csv.gz", "checkpoints"


class CrossvalStore(ParentRun):
    """Finished folds as MLflow keeps them, see `fhr.evaluation.Store`; a fold is kept whole or not at all."""

    kind, verb, parts = "cross-validation", "crossval", "outer folds"

    def __init__(self, client: "MlflowClient", experiment: str, run_id: str) -> None:
        super().__init__(client, experiment, run_id)
        self._known: dict[tuple[int, int], str] = {}
        self._made: dict[tuple[int, int], str] = {}

    def done(self, about: Mapping[str, str]) -> set[tuple[int, int]]:
        """The folds that are kept; see `fhr.evaluation.Store`.

        Raises:
            SplitError: the run is of other records or folds.
        """
        tags = self.run.data.tags
        for key in ("data", "splits"):
            tag = f"{key.removesuffix('s')}_checksum"
            if (kept := tags.get(tag)) != about[key]:
                raise SplitError(
                    f"run {self.run_id} has the {tag.replace('_', ' ')} {str(kept)[:12]}, found is {about[key][:12]}; "
                    "restore what it was started with, or start anew"
                )
        return of_this_source(self.made(), about, f"run {self.run_id}")

    def made(self) -> dict[tuple[int, int], str | None]:
        """Source and libraries that made each finished fold; None where its scores are damaged."""
        found: dict[tuple[int, int], str | None] = {}
        for place in self.folds():
            try:
                self.scores(*place)
                found[place] = self._made[place]
            except (SplitError, TrackingError, OSError):
                found[place] = None
        return found

    def folds(self) -> dict[tuple[int, int], str]:
        """Child run of each finished fold, by repeat and fold."""
        finished = (run for run in self.children() if run.info.status == "FINISHED")
        found = {(int(run.data.params["repeat"]), int(run.data.params["fold"])): run for run in finished}
        self._known = {place: run.info.run_id for place, run in found.items()}
        self._made = {place: str(run.data.tags.get(MADE_BY, "")) for place, run in found.items()}
        return self._known

    def _child(self, repeat: int, fold: int) -> "Run":
        return self.client.get_run(self._known.get((repeat, fold)) or self.folds()[repeat, fold])

    def scores(self, repeat: int, fold: int) -> pd.DataFrame:
        """The raw scores of a finished fold."""
        with tempfile.TemporaryDirectory() as folder:
            return read_scores(self.files.fetch(self._child(repeat, fold), _SCORES, folder))

    def fitted(self, repeat: int, fold: int) -> FittedFold:
        """Scores and networks of a finished fold, to be calibrated for another label."""
        child, networks = self._child(repeat, fold), []
        if _CHECKPOINTS in self.files.names(child):
            with tempfile.TemporaryDirectory() as folder:
                for path in checkpoint_files(self.files.fetch(child, _CHECKPOINTS, folder)):
                    card, _ = read_checkpoint(path)
                    metrics = {"best_epoch": float(card.epochs), "seconds": 0.0}
                    networks.append(FittedNetwork(path.read_bytes(), card.fold[2], card.member, "", metrics))
        return FittedFold(repeat, fold, self.scores(repeat, fold), tuple(networks))

    @property
    def keeps_models(self) -> bool:
        """True if there are models of every finished fold, to predict with."""
        children = [self.client.get_run(child) for child in self.folds().values()]
        return bool(children) and all(_CHECKPOINTS in self.files.names(child) for child in children)

    def tell_ranking(self, ranking: Callable[[], Mapping[str, Any] | None]) -> None:
        """Write the AUROC of the whole cross-validation into the networks of all folds.

        A run that is stopped meanwhile does so again when it goes on.
        """
        every = [self.client.get_run(child) for child in self.folds().values()]
        children = [child for child in every if _CHECKPOINTS in self.files.names(child)]
        if not children or (found := ranking()) is None:
            return
        for child in children:
            with tempfile.TemporaryDirectory() as folder:
                for path in checkpoint_files(self.files.fetch(child, _CHECKPOINTS, folder)):
                    if with_ranking(path, found):
                        self.client.log_artifact(child.info.run_id, str(path), _CHECKPOINTS)

    def keep(self, fold: FinishedFold) -> None:
        """One child run with scores, calibrator and networks; finished last of all, so that a kill leaves no half."""
        name = f"repeat {fold.repeat} fold {fold.fold}"
        tags = {"mlflow.parentRunId": self.run_id, MADE_BY: fold.made_by}
        replaced = self._known.get((fold.repeat, fold.fold))
        child = self.client.create_run(self.experiment, run_name=name, tags=tags).info.run_id
        device = {"device": fold.device} if fold.networks else {}
        self.log({"repeat": fold.repeat, "fold": fold.fold, **device}, run_id=child)
        for metric, value, step in fold.metrics:
            self.client.log_metric(child, metric, value, step=step)
        self.client.log_text(child, json.dumps(dict(fold.calibrator), indent=1), "calibrator.json")
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            (folder / _SCORES).write_bytes(written_scores(fold.raw))
            self.client.log_artifact(child, str(folder / _SCORES))
            for file, content in fold.networks.items():
                (folder / file).write_bytes(content)
                self.client.log_artifact(child, str(folder / file), _CHECKPOINTS)
        self.client.set_terminated(child)
        if replaced is not None:  # damaged, or of other source or libraries
            self.client.delete_run(replaced)
        self._known[fold.repeat, fold.fold] = child

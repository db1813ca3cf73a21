"""Probability, score, confidence and warnings of each recording, as CSV; labels are not needed.

Without `--run` the model that comes with the package answers, one row a recording and label: `ph<7.05`, `ph<=7.15`,
`ph<7.20` and `apgar1<7`; what it was trained on and how well it does stands in its model card (`--about`). `--describe`
tells what each column means.

Recordings are read and predicted 64 at a time, and their rows are appended to stdout, or to FILE.csv.parts beside
--out until all are there. After a kill the same command goes on where it was; a table that is whole is made anew.
Recordings that cannot be used are named on stderr, and the exit code is 1.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fhr.errors import FHRError

from .describe import add_describe
from .device import add_device
from .growing_table import GrowingTable, check_places
from .in_batches import Batches, Computed, work_of, write_in_batches
from .reading_options import add_reading, how_read

if TYPE_CHECKING:
    import pandas as pd

    from fhr.prediction import Attribution, FalseSignalPredictor, Prediction, Predictor, ShippedModel
    from fhr.recording import Recording, TableColumn

__all__ = ["add_arguments", "run", "tables"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("paths", nargs="*", metavar="PATH", help="recordings, or folders of recordings")
    parser.add_argument(
        "--run",
        dest="model",
        metavar="RUN",
        help="MLflow run id, checkpoint, or file of `fhr export` (default: the model that comes with the package)",
    )
    parser.add_argument(
        "--label",
        action="append",
        metavar="LABEL",
        help="of the model that comes with the package, such as 'ph<7.05'; may be given again (default: all four)",
    )
    parser.add_argument("--about", action="store_true", help="write the model card of this model to stdout, and end")
    parser.add_argument("--out", metavar="FILE.csv", help="where to write the table (default: stdout)")
    parser.add_argument(
        "--card",
        metavar="DIR",
        help="write a confidence card of each recording: NAME.md, and NAME.png beside the strip",
    )
    parser.add_argument(
        "--timeline",
        metavar="FILE.csv",
        help="write what would have been said every 5 min, had the recording ended there (an extrapolation); with "
        "--card also as NAME-timeline.png",
    )
    parser.add_argument(
        "--explain",
        metavar="FILE.csv",
        help="write what each statistic adds to the score of a kernel line, in its unit beside the usual value, or "
        "each minute to that of networks; with --card also on the cards, as where the network looked",
    )
    parser.add_argument(
        "--prevalence", type=float, metavar="P", help="of the label where you work; probabilities are shifted to it"
    )
    add_device(parser)
    add_reading(parser)
    add_describe(parser, tables)


def tables() -> "dict[str, Sequence[TableColumn]]":
    """Columns of each table, by its option."""
    from fhr.confidence import PREDICTION_COLUMNS
    from fhr.prediction import EXPLAINED_COLUMNS, TIMELINE_COLUMNS

    return {"--out": PREDICTION_COLUMNS, "--timeline": TIMELINE_COLUMNS, "--explain": EXPLAINED_COLUMNS}


def run(options: argparse.Namespace) -> int:
    """Predict and write."""
    from fhr.prediction import Predictor, ShippedModel, model_checksum
    from fhr.prediction.shipped import SHIPPED

    files = [
        GrowingTable(getattr(options, option[2:]), columns, option)
        for option, columns in tables().items()
        if option == "--out" or getattr(options, option[2:]) is not None
    ]
    check_places(files, options.paths, options.recursive)
    _check(options)
    if options.about:
        sys.stdout.write(SHIPPED.with_suffix(".md").read_text(encoding="utf-8"))
        return 0
    cards = _folder(options.card)
    batches = Batches(options.paths, **how_read(options, *(table.out for table in files)))
    predictor = _loaded(options)
    if not isinstance(predictor, Predictor | ShippedModel):
        predictor.predict(next(iter(batches)).recordings[0])  # refuses
    assert isinstance(predictor, Predictor | ShippedModel)
    predict = _Predicting(predictor, cards, [table.option for table in files])

    def work() -> dict[str, Any]:
        model = model_checksum(SHIPPED if options.model is None else options.model)
        return work_of(options, files, model=model)

    return write_in_batches(
        batches, files, predict, work=work, known_as=lambda recording: recording.name, met_again=predict.take_names
    )


class _Predicting:
    """Rows and cards of a batch of recordings.

    Args:
        predictor: of them.
        cards: folder of the cards, or None.
        options: of the tables that are asked for.
    """

    def __init__(self, predictor: "Predictor | ShippedModel", cards: Path | None, options: Sequence[str]) -> None:
        from fhr.prediction import CardNames

        self.predictor, self.cards, self.options = predictor, cards, options
        self._of_cards, self._of_timelines = CardNames(), CardNames()

    def __call__(self, recordings: "Sequence[Recording]") -> Computed:
        from fhr.prediction import timelines, to_frame, write_cards

        predictions: list[tuple[int, Sequence[Prediction]]] = []
        unusable: dict[int, str] = {}
        for positions in _named_once(recordings):
            done, refused = self.predictor.predict_all([recordings[i] for i in positions])
            used = [i for i in positions if recordings[i].name not in refused]
            n = len(done) // len(used) if used else 0  # labels
            predictions += [(i, done[k * n : (k + 1) * n]) for k, i in enumerate(used)]
            unusable |= {i: refused[recordings[i].name] for i in positions if recordings[i].name in refused}
        told = [one for _, some in sorted(predictions, key=lambda pair: pair[0]) for one in some]
        usable = [recording for i, recording in enumerate(recordings) if i not in unusable]
        rows = {"--out": to_frame(told)}
        looked = self._looked(usable) if "--explain" in self.options else None
        if self.cards is not None:
            try:
                write_cards(told, usable, self.cards, looked, names=self._of_cards)
            except OSError as error:
                raise FHRError(
                    f"--card {self.cards}: cannot be written ({error.strerror}); name another folder"
                ) from None
        if "--timeline" in self.options:
            rows["--timeline"] = timelines(self.predictor, usable, self.cards, names=self._of_timelines)
        if "--explain" in self.options:
            rows["--explain"] = self._explained(usable, looked)
        return Computed([rows[option] for option in self.options], unusable)

    def take_names(self, recordings: "Sequence[Recording]") -> None:
        """Leave the names of the cards to recordings that have theirs already."""
        if self.cards is None:
            return
        for recording in recordings:
            of_labels = self.predictor.predictors_of(recording)
            for one in of_labels:
                label = one.target if len(of_labels) > 1 else ""
                for names in (self._of_cards, self._of_timelines):
                    names.next(recording.name, label)

    def _looked(self, recordings: "Sequence[Recording]") -> "list[Attribution] | None":
        """Where networks looked, of each recording; None of other models."""
        from fhr.prediction import Predictor, where_it_looked

        if not isinstance(self.predictor, Predictor) or not self.predictor.reads_signal:
            return None
        return [where_it_looked(self.predictor, recording) for recording in recordings]

    def _explained(self, recordings: "Sequence[Recording]", looked: "Sequence[Attribution] | None") -> "pd.DataFrame":
        import pandas as pd

        from fhr.prediction import EXPLAINED, explain

        seen: Sequence[Attribution | None] = looked or [None] * len(recordings)
        found = [
            explain(one, recording, looked=attribution)
            for recording, attribution in zip(recordings, seen, strict=True)
            for one in self.predictor.predictors_of(recording)
        ]
        return pd.concat(found) if found else pd.DataFrame(columns=list(EXPLAINED))


def _named_once(recordings: "Sequence[Recording]") -> Iterator[list[int]]:
    """Positions of recordings in groups without two of one name: reasons to refuse some are told by name."""
    rest = list(range(len(recordings)))
    while rest:
        first: dict[str, int] = {}
        for i in rest:
            first.setdefault(recordings[i].name, i)
        yield list(first.values())
        rest = sorted({*rest} - {*first.values()})


def _check(options: argparse.Namespace) -> None:
    """Refuse what cannot be written, and options that would change nothing."""
    if options.about:
        if options.paths or options.model:
            raise FHRError("--about is the model card of the model that comes with the package; give nothing beside it")
        return
    if not options.paths:
        raise FHRError("no recording was given; name one or more, or folders of recordings")
    if options.model is not None and options.label:
        raise FHRError("--label chooses among those of the model that comes with the package; a run has one label")


def _loaded(options: argparse.Namespace) -> "Predictor | FalseSignalPredictor | ShippedModel":
    from fhr.prediction import load, shipped

    if options.model is None:  # it runs on the CPU, whatever there is
        return shipped(labels=options.label, prevalence=options.prevalence)
    from fhr.compute import pick_device

    return load(options.model, device=pick_device(options.device), prevalence=options.prevalence)


def _folder(name: str | None) -> Path | None:
    if name is None:
        return None
    folder = Path(name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FHRError(f"--card {name}: no folder to write to ({error.strerror}); name another") from None
    if not os.access(folder, os.W_OK):
        raise FHRError(f"--card {name}: the folder cannot be written to; name another")
    return folder

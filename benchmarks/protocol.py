"""Cost of the protocol: wall time of `cross_validate` beside what is spent inside the fits themselves.

python benchmarks/protocol.py FOLDER [--epochs 10]

One repeat, five outer folds, four inner folds. For the default network, `bare` is the time inside `Trainer.fit`, inside
`predict_step`, and that of reading and preparing the data once; the rest is checkpoints, calibration and the table of
predictions. For a scikit-learn estimator, `bare` is the time inside its `fit` and `decision_function`. Both are taken
within one run, so that drift of the machine cancels.
"""

import argparse
import time

import pytorch_lightning as pl
from members import network as default_architecture
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from fhr.cli.quiet_libraries import quieten
from fhr.datamodules import PlaceDataModule
from fhr.datasets import CTUUHB, Place
from fhr.evaluation import OnTable, baseline_table, cross_validate
from fhr.features import ORDER_STATISTICS
from fhr.losses import PHRegression
from fhr.preprocessing import Augmentation
from fhr.tasks import ClassificationTask, Training


class Clock:
    """Seconds inside the calls that it wraps."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def wrap(self, function):
        """The function, timed."""

        def timed(*arguments, **options):
            start = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                self.seconds += time.perf_counter() - start

        return timed


def default_network(place: Place, seed: int, *, epochs: int = 25, accelerator: str = "auto") -> Training:
    """A training as `fhr crossval --config cnn` has it."""
    quieten()
    trainer = pl.Trainer(
        max_epochs=epochs,
        accelerator=accelerator,
        devices=1,
        deterministic=True,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[EarlyStopping("val/loss", patience=20), ModelCheckpoint(monitor="val/loss", filename="best")],
    )
    data = PlaceDataModule(place, seed=seed, augmentation=Augmentation())
    return Training(ClassificationTask(default_architecture(), PHRegression()), data, trainer)


def network(clock: Clock, epochs: int):
    def make(place: Place, seed: int) -> Training:
        made = default_network(place, seed, epochs=epochs)
        made.trainer.fit = clock.wrap(made.trainer.fit)
        made.task.predict_step = clock.wrap(made.task.predict_step)
        return made

    return make


class TimedPipeline(Pipeline):
    """A pipeline whose fit is timed, in copies of it too."""

    clock = Clock()

    def fit(self, X, y=None, **params):
        """Fit, on the clock."""
        return self.clock.wrap(super().fit)(X, y, **params)

    def decision_function(self, X, **params):
        """Score, on the clock."""
        return self.clock.wrap(super().decision_function)(X, **params)


def line(table):
    def make(place: Place, seed: int) -> OnTable:
        steps = [("scale", StandardScaler()), ("line", LogisticRegression(C=0.02, class_weight="balanced"))]
        return OnTable(TimedPipeline(steps), table)

    return make


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--epochs", type=int, default=10)
    options = parser.parse_args()
    quieten()
    database = CTUUHB(options.folder)
    table = baseline_table(database)[list(ORDER_STATISTICS)].fillna(0.0)
    cross_validate(line(table), database, target="ph<=7.15")  # imports, and the checksums of the database
    for _ in range(5):
        clock, start = Clock(), time.perf_counter()
        TimedPipeline.clock = clock
        result = cross_validate(line(table), database, target="ph<=7.15")
        wall, bare = time.perf_counter() - start, clock.seconds
        _, predicted = result.predictions, time.perf_counter() - start
        more = (predicted - wall) / 5
        print(
            f"estimator: {wall:.2f} s, bare {bare:.2f} s; overhead {(wall - bare) / 5:.3f} s a fold, table {more:.3f} s"
        )
    clock, start = Clock(), time.perf_counter()
    database = clock.wrap(CTUUHB)(options.folder)
    clock.wrap(PlaceDataModule(Place.first(database, "ph<=7.15"), augmentation=Augmentation()).setup)("fit")
    cross_validate(network(clock, options.epochs), database, target="ph<=7.15").predictions  # noqa: B018
    wall = time.perf_counter() - start
    print(
        f"network, {options.epochs} epochs: {wall:.1f} s, bare {clock.seconds:.1f} s; ratio {wall / clock.seconds:.3f}"
    )


if __name__ == "__main__":
    main()

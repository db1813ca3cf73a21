"""The protocol in a notebook and the verb on the command line are one: the same predictions to the bit."""

import pandas as pd
import pytest
import pytorch_lightning as pl
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint

from fhr.datamodules import PlaceDataModule
from fhr.evaluation import cross_validate, lines
from fhr.losses import PHRegression
from fhr.models import InceptionNet
from fhr.preprocessing import Augmentation
from fhr.tasks import ClassificationTask, Training


def tiny_network(place, seed):
    """What the configuration of the verb says, as a user would write it."""
    data = PlaceDataModule(place, seed=seed, window_minutes=20, batch_size=16, augmentation=Augmentation())
    network = InceptionNet(n_filters=2, kernel_sizes=[5, 11], depth=2, stride=4)
    stop, best = EarlyStopping("val/loss", patience=20), ModelCheckpoint(monitor="val/loss", filename="best")
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    trainer = pl.Trainer(max_epochs=2, accelerator="cpu", callbacks=[stop, best], **quiet)
    return Training(ClassificationTask(network, PHRegression(), learning_rate=0.01), data, trainer)


def written(result, folder) -> pd.DataFrame:
    result.predictions.to_csv(folder / "own.csv", index=False)
    return pd.read_csv(folder / "own.csv")


def test_a_network(runs, births_database, tmp_path):
    result = cross_validate(tiny_network, births_database, target="ph<7.20", inner=1, seed=4)
    verb = pd.read_csv(runs.folder / "predictions.csv")
    pd.testing.assert_frame_equal(written(result, tmp_path), verb, check_exact=True)


@pytest.mark.usefixtures("plain_report")
def test_the_ridge_line(births_database, births_table, run_fhr, tiny_config, tmp_path):
    answer = run_fhr(tmp_path, "crossval", "--config", tiny_config, "--baseline", "ridge", "--out", "verb.csv")
    assert answer.code == 0, answer.err
    (ridge,) = lines(["ridge"])
    result = cross_validate(ridge.maker(births_table), births_database, target="ph<7.20")
    pd.testing.assert_frame_equal(written(result, tmp_path), pd.read_csv(tmp_path / "verb.csv"), check_exact=True)

"""`cross_validate`: whatever can be made for a fold goes through the protocol, in any process, and can go on."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as pl
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from warm_python import python

import fhr
from fhr.datamodules import PlaceDataModule
from fhr.datasets import Database, FittedModel, Place, make_splits
from fhr.errors import FHRError, OutcomeError, SplitError
from fhr.evaluation import FinishedFold, FolderStore, MemoryStore, OnTable, cross_validate
from fhr.losses import PHRegression
from fhr.models import InceptionNet
from fhr.tasks import ClassificationTask, Training

ROOT = Path(__file__).resolve().parents[2]
TARGET = "ph<7.20"
NOISE = np.random.default_rng(3)


@pytest.fixture(scope="module")
def table(births_database) -> pd.DataFrame:
    """Two numbers of each record: one that tells its pH, with noise, and one that does not."""
    ph, n = births_database.outcomes["ph"], len(births_database)
    return pd.DataFrame({"told": ph + NOISE.normal(scale=0.05, size=n), "noise": NOISE.normal(size=n)})


def told(table: pd.DataFrame):
    return lambda place, seed: OnTable(make_pipeline(StandardScaler(), LogisticRegression()), table[["told"]])


def noise(table: pd.DataFrame):
    return lambda place, seed: OnTable(LogisticRegression(), table[["noise"]])


class Trainable(pl.LightningModule):
    """A network of one's own: a line on the mean of each channel, as users write one."""

    def __init__(self):
        super().__init__()
        self.line = torch.nn.Linear(3, 1)

    def forward(self, batch):
        return self.line(batch.signal.mean(dim=2))[:, 0]

    def training_step(self, batch, batch_idx):
        return torch.nn.functional.binary_cross_entropy_with_logits(self(batch), batch.label)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=0.05)


def trainer(**options) -> pl.Trainer:
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}
    return pl.Trainer(max_epochs=1, **quiet, **options)


def own_network(place, seed):
    data = PlaceDataModule(place, seed=seed, window_minutes=20, batch_size=32)
    return Training(Trainable(), data, trainer(enable_checkpointing=False, limit_val_batches=0))


def small_network(place, seed):
    data = PlaceDataModule(place, seed=seed, window_minutes=20, batch_size=32)
    task = ClassificationTask(InceptionNet(n_filters=2, kernel_sizes=[5], depth=1, stride=8), PHRegression())
    return Training(task, data, trainer())


def test_every_record_is_scored_once_by_models_that_have_not_seen_it(births_database, table):
    result = cross_validate(told(table), births_database, target=TARGET, repeats=2)
    folds = make_splits(births_database).folds
    assert result.predictions.groupby("repeat").size().tolist() == [120, 120]
    for (repeat, fold), rows in result.predictions.groupby(["repeat", "fold"]):
        assert set(rows["name"]) == set(folds[repeat][fold])
    assert result.metrics["auroc"].low > 0.7
    assert result.row()["auroc"] == round(result.metrics["auroc"].value, 3)
    held_out = pd.concat(raw[raw["use"] == "held_out"] for raw in result.raw.values())
    assert held_out.groupby(["repeat", "fold", "name"]).size().max() == 1


def test_a_lightning_module_of_ones_own_goes_through_without_a_file_left(births_database, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = torch.get_rng_state()
    once = cross_validate(own_network, births_database, target=TARGET, inner=1)
    assert torch.equal(torch.get_rng_state(), before)  # the generators of whoever calls go on as they were
    torch.rand(3)
    again = cross_validate(own_network, births_database, target=TARGET, inner=1)
    pd.testing.assert_frame_equal(once.predictions, again.predictions)
    assert len(once.predictions) == 120
    assert list(tmp_path.iterdir()) == []


def test_networks_are_kept_and_predict_what_the_table_says(births_database, tmp_path):
    store = FolderStore(tmp_path / "folds")
    result = cross_validate(small_network, births_database, target=TARGET, inner=1, store=store)
    assert len(store.networks()) == 5
    row = result.predictions.iloc[0]
    (path,) = [path for path in store.networks() if f"fold{row['fold']}" in path.parent.name]
    prediction = fhr.load(path).predict(births_database[row["name"]])
    assert prediction.probability == pytest.approx(row["probability"], abs=1e-5)
    assert (prediction.low, prediction.high) == pytest.approx((row["low"], row["high"]), abs=1e-6)


def test_members_have_seeds_and_bootstraps_of_their_own(births_database, table):
    seen = []

    class Spy(OnTable):
        def _fitted(self, rows, weights, place, seed):
            seen.append((place.fold, place.inner, place.member, seed, tuple(rows.index)))
            return super()._fitted(rows, weights, place, seed)

    def make(place, seed):
        return Spy(LogisticRegression(), table[["told"]])

    result = cross_validate(make, births_database, target=TARGET, inner=1, members=3)
    assert len({seed for *_, seed, _ in seen}) == len(seen) == 15
    assert len({names for *_, names in seen}) == 15
    assert all(len(set(names)) < len(names) for *_, names in seen)
    assert (result.predictions["spread"] > 0).all()
    seen.clear()
    cross_validate(make, births_database, target=TARGET, inner=1, seed=7)
    assert {(member, seed) for _, _, member, seed, _ in seen} == {(0, 7)}
    assert all(len(set(names)) == len(names) for *_, names in seen)


def test_a_folder_goes_on_where_it_was_stopped(births_database, table, tmp_path):
    made = []

    def stopping(place, seed):
        if place.fold == 2 and place.inner == 1 and not made.count("went on"):
            raise KeyboardInterrupt
        made.append(place.fold)
        return told(table)(place, seed)

    with pytest.raises(KeyboardInterrupt):
        cross_validate(stopping, births_database, target=TARGET, store=FolderStore(tmp_path))
    assert sorted(child.name for child in tmp_path.iterdir()) == ["repeat0-fold0", "repeat0-fold1", "study.json"]
    made[:] = ["went on"]
    result = cross_validate(stopping, births_database, target=TARGET, store=FolderStore(tmp_path))
    assert made[1:] == [2] * 4 + [3] * 4 + [4] * 4
    unbroken = cross_validate(told(table), births_database, target=TARGET)
    pd.testing.assert_frame_equal(result.predictions, unbroken.predictions)


def test_a_store_of_another_cross_validation_is_refused(births_database, table, tmp_path):
    memory, folder = MemoryStore(), FolderStore(tmp_path)
    for store in (memory, folder):
        cross_validate(told(table), births_database, target=TARGET, inner=1, store=store)
        with pytest.raises(SplitError, match=r"another cross-validation: target ph<7\.20 there, ph<7\.25 here"):
            cross_validate(told(table), births_database, target="ph<7.25", inner=1, store=store)
        with pytest.raises(SplitError, match="another cross-validation: inner 1 there, 2 here"):
            cross_validate(told(table), births_database, target=TARGET, inner=2, store=store)
        with pytest.raises(SplitError, match="another cross-validation: name <lambda> there, noise here"):
            cross_validate(noise(table), births_database, target=TARGET, inner=1, store=store, name="noise")
    (tmp_path / "repeat0-fold3" / "scores.csv.gz").write_bytes(b"\x1f\x8b spoilt")
    with pytest.raises(SplitError, match=r"repeat0-fold3.*no readable scores.*remove its folder"):
        folder.scores(0, 3)
    (tmp_path / "study.json").write_text("{")
    with pytest.raises(SplitError, match="no readable JSON; restore it"):
        cross_validate(told(table), births_database, target=TARGET, inner=1, store=folder)


@pytest.mark.process
def test_lambdas_reach_processes(births_database, table):
    one = cross_validate(told(table), births_database, target=TARGET, repeats=2)
    two = cross_validate(told(table), births_database, target=TARGET, repeats=2, workers=2)
    pd.testing.assert_frame_equal(one.predictions, two.predictions)


@pytest.mark.process
def test_lambdas_reach_dask(births_database, table, tmp_path):
    distributed = pytest.importorskip("distributed")
    cluster = distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address=None, local_directory=tmp_path
    )
    with cluster:
        scheduler = cluster.scheduler_address.replace("tcp", "dask")
        far = cross_validate(told(table), births_database, target=TARGET, scheduler=scheduler)
    here = cross_validate(told(table), births_database, target=TARGET)
    pd.testing.assert_frame_equal(far.predictions, here.predictions)


@pytest.mark.process
def test_what_cannot_travel_is_told(births_database, table, tmp_path):
    with (tmp_path / "open.txt").open("w") as file:

        def make(place, seed):
            file.write("made")
            return told(table)(place, seed)

        with pytest.raises(FHRError, match=r"cannot be sent to a worker .* open files"):
            cross_validate(make, births_database, target=TARGET, workers=2)


def mine(place, use: str) -> pd.Series:
    """Some score of each record of a use."""
    names = list(getattr(place.partition, use))
    return pd.Series(np.arange(len(names), dtype=float), names)


class Scores:
    """A fit that gives what a function of the place gives."""

    def __init__(self, give) -> None:
        self.give = give

    def fit(self, place, seed):
        return FittedModel(*self.give(place))


@pytest.mark.parametrize(
    "give",
    [
        lambda p: (mine(p, "calibration"), mine(p.at(0, (p.fold + 1) % 5), "test")),  # of another outer fold
        lambda p: (mine(p.at(0, p.fold, 3), "calibration"), mine(p, "test")),  # of another inner fold
        lambda p: (mine(p, "train"), mine(p, "test")),
        lambda p: (mine(p, "calibration"), pd.concat([mine(p, "test")] * 2)),
    ],
)
def test_scores_of_records_that_the_model_may_have_seen_are_refused(births_database, give):
    with pytest.raises(SplitError, match=r"fold 0, inner fold 0: the fit scored record '\w+', which is not of its"):
        cross_validate(lambda place, seed: Scores(give), births_database, target=TARGET)


def test_an_estimator_that_is_made_once_learns_anew_at_each_place(births_database, table):
    one = RandomForestClassifier(n_estimators=5)
    shared = cross_validate(lambda place, seed: OnTable(one, table), births_database, target=TARGET, inner=1, members=2)
    fresh = cross_validate(
        lambda place, seed: OnTable(RandomForestClassifier(n_estimators=5), table),
        births_database,
        target=TARGET,
        inner=1,
        members=2,
    )
    pd.testing.assert_frame_equal(shared.predictions, fresh.predictions)
    assert not hasattr(one, "estimators_")
    assert one.random_state is None


def test_a_data_module_that_is_made_once_takes_each_place(births_database):
    place = Place.first(births_database, TARGET)
    data = PlaceDataModule(place, window_minutes=20)
    data.setup("fit")
    other = place.at(1, 2, 3)
    data.at(other).setup("fit")
    assert data.facts.fold == (1, 2, 3)
    assert data.facts.partition == other.partition


def test_a_record_that_one_repeat_leaves_out_is_told(births_database, table):
    def make(place, seed):
        return OnTable(LogisticRegression(), table[["told"]].iloc[3 * place.repeat :])

    with pytest.raises(SplitError, match="3 records are scored in some repeats and left out of repeat 1"):
        cross_validate(make, births_database, target=TARGET, repeats=2, inner=1)


def test_a_control_keeps_no_networks(births_database, tmp_path):
    store = FolderStore(tmp_path)
    result = cross_validate(small_network, births_database, target=TARGET, inner=1, permutations=1, store=store)
    assert store.networks() == []
    assert len(result.predictions) == 120


def test_the_first_to_keep_a_fold_has_it(births_database, table, tmp_path):
    one, other = FolderStore(tmp_path), FolderStore(tmp_path)
    cross_validate(told(table), births_database, target=TARGET, inner=1, store=one)
    (tmp_path / "repeat0-fold0-old").mkdir()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("scores.csv.gz")}
    raw = one.scores(0, 2)
    other.keep(FinishedFold(0, 2, raw.assign(score=0.0), {}))
    pd.testing.assert_frame_equal(other.scores(0, 2), raw)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert [child.name for child in tmp_path.iterdir() if child.name.startswith(".part")] == []


class Short(PlaceDataModule):
    def test_dataloader(self):
        return list(super().test_dataloader())[:-1]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda place, seed: LogisticRegression(), r"make\(place, seed\) gave LogisticRegression; it gives `fhr"),
        (lambda place, seed: None, r"make\(place, seed\) gave NoneType"),
        (lambda place, seed: [], "gave an empty list"),
        (lambda place, seed: OnTable(LogisticRegression(), pd.DataFrame({"x": [1.0]}, index=["?"])), "has none of the"),
        (
            lambda place, seed: Scores(lambda p: (np.nan * mine(p, "calibration"), mine(p, "test"))),
            r"repeat 0, fold 0, inner fold 0: record \w+ has the score nan",
        ),
        (
            lambda place, seed: Training(Trainable(), Short(place, window_minutes=10), trainer(limit_val_batches=0)),
            r"Short\.test_dataloader\(\) gives \d+ windows, the place has \d+ records",
        ),
        (
            lambda place, seed: Training(Trainable(), PlaceDataModule(place), trainer(fast_dev_run=True)),
            "leave `fast_dev_run` out",
        ),
    ],
)
def test_what_make_gives_is_looked_at(births_database, make, message):
    with pytest.raises(FHRError, match=message):
        cross_validate(make, births_database, target=TARGET)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"target": "nonsense"}, OutcomeError, "'nonsense' is not defined"),
        ({"inner": 5}, FHRError, "inner=5; an outer fold has 1 to 4"),
        ({"repeats": 0}, FHRError, "repeats=0; give 1 or more"),
        ({"repeats": 11}, SplitError, "11 repeats were asked for; the split has 10"),
        ({"members": 2, "at_once": True}, FHRError, "members of OnTable cannot be trained at once"),
        ({"workers": 0}, FHRError, "workers=0"),
        ({"permutations": -1}, FHRError, "permutations=-1; give 0 for none"),
        ({"seed": -1}, FHRError, "seed=-1; give a number from 0"),
        ({"scheduler": "nowhere"}, FHRError, "scheduler 'nowhere'"),
        ({"target": "ph<7.0", "inner": 1}, FHRError, "too few to calibrate on"),
    ],
)
def test_mistakes(births_database, table, options, error, message):
    with pytest.raises(error, match=message):
        cross_validate(told(table), births_database, **{"target": TARGET} | options)


def test_a_place_without_records_or_folder_is_told(births_database, table, tmp_path):
    with pytest.raises(OutcomeError, match="nothing: no record; give a database"):
        cross_validate(told(table), Database([], origin="nothing"), target=TARGET)
    (tmp_path / "file").write_text("")
    with pytest.raises(SplitError, match=r"file: no folder can be made there \(File exists\); name another"):
        cross_validate(told(table), births_database, target=TARGET, store=FolderStore(tmp_path / "file"))


def test_splits_of_other_data_are_refused(births_database, simulated_database, table):
    with pytest.raises(SplitError, match="the split was made for other data"):
        cross_validate(told(table), births_database, target=TARGET, splits=make_splits(simulated_database))


@pytest.mark.process
def test_the_protocol_needs_no_mlflow_no_command_line_and_no_data_module(tmp_path):
    """In a process of its own, with these packages forgotten and blocked from import."""
    script = tmp_path / "protocol.py"
    script.write_text(
        """
import sys

for known in [name for name in sys.modules if name.split(".")[0] == "mlflow"]:
    del sys.modules[known]
for blocked in ("mlflow", "fhr.cli", "fhr.datamodules", "datamodules"):
    sys.modules[blocked] = None
import json
import numpy as np
import pytorch_lightning as pl
import torch
from sklearn.linear_model import LogisticRegression
from fhr.datasets import Database
from fhr.evaluation import OnTable, baseline_table, cross_validate
from fhr.simulation import simulate
from fhr.tasks import Training

database = Database(simulate(60, seed=3, explained=1.0), origin="simulation")
table = baseline_table(database)[["mad_60", "start_60"]].fillna(0.0)
line = cross_validate(lambda place, seed: OnTable(LogisticRegression(), table), database, target="ph<7.25", inner=2)


class Data(pl.LightningDataModule):
    def __init__(self, place):
        super().__init__()
        self.place = place

    def loader(self, names, shuffle=False):
        x = torch.tensor(table.loc[list(names)].to_numpy(), dtype=torch.float32)
        y = torch.tensor(self.place.labels.loc[list(names)].to_numpy(), dtype=torch.float32)
        return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=16, shuffle=shuffle)

    def train_dataloader(self):
        return self.loader(self.place.partition.train, shuffle=True)

    def calibration_dataloader(self):
        return self.loader(self.place.partition.calibration)

    def test_dataloader(self):
        return self.loader(self.place.partition.test)


class Line(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.line = torch.nn.Linear(2, 1)

    def forward(self, batch):
        return self.line(batch[0])

    def training_step(self, batch, batch_idx):
        return torch.nn.functional.binary_cross_entropy_with_logits(self(batch)[:, 0], batch[1])

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=1e-3)


def make(place, seed):
    quiet = dict(logger=False, enable_progress_bar=False, enable_model_summary=False, enable_checkpointing=False)
    return Training(Line(), Data(place), pl.Trainer(max_epochs=1, accelerator="cpu", **quiet))


own = cross_validate(make, database, target="ph<7.25", inner=2)
print(json.dumps([len(line.predictions), len(own.predictions), sorted(k for k in sys.modules if "mlflow" in k)]))
"""
    )
    done = python(script, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    n_line, n_own, loaded = json.loads(done.stdout.splitlines()[-1])
    assert n_line == n_own == 60
    assert [name for name in loaded if name.split(".")[0] == "mlflow" and name != "mlflow"] == []

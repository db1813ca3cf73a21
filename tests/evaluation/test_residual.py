"""A network on top of the kernel line: its offset has seen no record's own outcome, and both together score."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as pl
import torch

from fhr.datamodules import PlaceDataModule
from fhr.datasets import Database, FittedModel, Place, make_splits
from fhr.errors import FHRError
from fhr.evaluation import KernelLineMaker, OnTable, ResidualMaker
from fhr.evaluation.residual import in_units_of
from fhr.features import FeatureSet
from fhr.losses import AcidosisRegression, PHRegression, SmoothedCrossEntropy
from fhr.models import InceptionNet
from fhr.recording import Outcome, Recording
from fhr.synthesis import Rebalancing
from fhr.tasks import ClassificationTask, Training

N, FS, MINUTES, TARGET = 100, 1.0, 4.0, "ph<7.20"
FEATURES = FeatureSet(groups=("order_statistics",), fs=1.0, minutes=20)
RNG = np.random.default_rng(5)
PH = RNG.normal(7.2, 0.1, N).round(2)
TOLD = RNG.normal(size=N)  # of the pH, by the signal alone


def births() -> Database:
    """The level of the heart rate tells one part of the pH."""
    time = np.arange(int(60 * MINUTES * FS))
    made = []
    for k in range(N):
        signal = 140 - 8 * TOLD[k] + 0.1 * np.random.default_rng(k).normal(size=len(time))
        outcome = Outcome(ph=float(PH[k] - 0.1 * TOLD[k]), bdecf=np.nan if k % 9 else 5.0)
        made.append(Recording(f"r{k:03d}", signal, signal, FS, outcome=outcome))
    return Database(made, origin="made-up births")


DATABASE = births()
PLACE = Place.first(DATABASE, TARGET, make_splits(DATABASE)).at(0, 1, 2)


def table(told: float) -> pd.DataFrame:
    """Features of which the first tells the other part of the pH, as far as `told`, and the rest nothing."""
    x = np.random.default_rng(1).normal(size=(N, len(FEATURES.names)))
    x[:, :20] = told * ((PH - 7.2) / 0.1)[:, None] + (1 - told) * x[:, :20]
    return pd.DataFrame(x, DATABASE.names, FEATURES.names)


def network(place: Place, seed: int, loss: torch.nn.Module | None = None, **options: object) -> Training:
    data = PlaceDataModule(place, seed=seed, window_minutes=MINUTES, batch_size=16, **options)
    model = InceptionNet(n_filters=2, kernel_sizes=[5], depth=1, stride=4, dropout=0.0)
    task = ClassificationTask(model, loss or PHRegression(), learning_rate=0.02)
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}
    return Training(task, data, pl.Trainer(max_epochs=4, enable_checkpointing=False, **quiet))


def line(told: float = 0.7) -> KernelLineMaker:
    return KernelLineMaker(table(told), FEATURES)


def offset_of(place: Place = PLACE, told: float = 0.7, loss: torch.nn.Module | None = None) -> pd.Series:
    task = ClassificationTask(InceptionNet(), loss or PHRegression())
    return in_units_of(task, line(told).learnt(place, 0), place.labels)


def correlation(names: tuple[str, ...], scores: pd.Series) -> float:
    return float(np.corrcoef(scores.loc[list(names)], -PLACE.ph.loc[list(names)])[0, 1])


def learnt_from(place: Place) -> list[str]:
    return [*place.partition.train, *place.partition.validation]


def test_the_offset_of_a_training_record_is_by_all_others_and_of_the_rest_by_all():
    """Beside a line that was fitted without the record, and beside one that was fitted with it."""
    offset, learnt = offset_of(), line().learnt(PLACE, 0)
    x = table(0.7)
    names = learnt_from(PLACE)
    whole = pd.Series(learnt.model.scores(x.to_numpy()), x.index)
    rest = [*PLACE.partition.calibration, *PLACE.partition.test]
    assert set(offset.index) == {*names, *rest}
    slope, start = np.polyfit(whole[rest], offset[rest], 1)  # a and b
    assert slope > 0
    np.testing.assert_allclose(offset[rest], start + slope * whole[rest], rtol=1e-6)
    left_out, with_it = [], []
    for name in names[::6]:
        train = learnt.train.drop(index=name)
        again = learnt.model.recipe.fit(train.to_numpy(), learnt.outcomes.loc[train.index])
        left_out.append(start + slope * again.scores(x.loc[[name]].to_numpy())[0])
        with_it.append(start + slope * whole[name])
    found = offset[names[::6]].to_numpy()
    # The median: without a record of extreme features, their scaling changes, too.
    assert np.median(np.abs(found - left_out)) < 0.3 * np.median(np.abs(found - with_it))


def test_where_there_is_nothing_to_learn_the_line_does_not_know_its_training_records():
    """In sample it would rank them; left out, it does not, and its slope is none."""
    names = learnt_from(PLACE)
    model = line(0.0).learnt(PLACE, 0).model
    in_sample = pd.Series(model.scores(table(0.0).to_numpy()), DATABASE.names)
    assert correlation(names, in_sample) > 0.6
    assert correlation(names, offset_of(told=0.0)) < 0.25 or offset_of(told=0.0).std() < 1e-6


def test_an_outcome_of_no_other_part_changes_an_offset(monkeypatch):
    before = offset_of()
    outcomes = DATABASE.outcomes
    rest = [*PLACE.partition.calibration, *PLACE.partition.test]
    outcomes.loc[rest, "ph"] = outcomes.loc[rest, "ph"].to_numpy()[::-1]
    monkeypatch.setattr(type(DATABASE), "outcomes", property(lambda self: outcomes))
    pd.testing.assert_series_equal(offset_of(), before)
    outcomes.loc[PLACE.partition.train[0], "ph"] += 0.2
    assert not offset_of().equals(before)


@pytest.mark.parametrize("loss", [PHRegression(), AcidosisRegression(indicators=[7.1]), SmoothedCrossEntropy(TARGET)])
def test_the_offset_is_in_the_units_of_the_loss(loss):
    """No other scale, nor shift, of the training records' offsets has a smaller loss."""
    offset, names = offset_of(loss=loss), learnt_from(PLACE)
    outcomes = DATABASE.outcomes.loc[names]
    given = [PLACE.labels[names], outcomes["ph"], np.ones(len(names))]
    given += [outcomes["bdecf"]] if hasattr(loss, "takes_bdecf") else []
    rest = [torch.tensor(np.asarray(one, dtype=float)) for one in given]

    def cost(shift: float, scale: float) -> float:
        scores = shift + offset[names].mean() + scale * (offset[names] - offset[names].mean())
        return float(loss(torch.tensor(scores.to_numpy())[:, None], *rest))

    others = [cost(shift, scale) for shift, scale in ((0.05, 1.0), (-0.05, 1.0), (0, 1.1), (0, 0.9))]
    assert cost(0, 1) < min(others)


def test_line_and_network_together_know_what_each_does():
    fit = ResidualMaker(network, line())(PLACE, 0)
    with_both = fit.fit(PLACE, 0)
    assert isinstance(with_both, FittedModel)
    assert with_both.network is None
    test, offset = PLACE.partition.test, offset_of()
    assert set(with_both.test.index) == set(test)
    batch = next(iter(fit.training.data.test_dataloader()))
    torch.testing.assert_close(batch.offset, torch.tensor(offset.loc[list(test[:16])].to_numpy(), dtype=torch.float32))
    network_alone = fit.training.task.eval()(batch.signal).detach().numpy()
    np.testing.assert_allclose(with_both.test.loc[list(test[:16])], batch.offset + network_alone, atol=1e-5)
    alone = [correlation(test, one) for one in (offset, pd.Series(with_both.test - offset.loc[list(test)]))]
    assert correlation(test, with_both.test) > max(alone)
    assert min(alone) > 0.2


def test_members_share_one_line_whose_records_are_never_drawn_twice():
    """A bootstrap would leave a second copy of a record in the line that its offset is from."""
    offsets = []
    for member in range(2):
        place = replace(PLACE, member=member, members=2)
        fit = ResidualMaker(network, line())(place, member)
        fit.training.trainer.fit_loop.max_epochs = 0
        fit.fit(place, member)
        offsets.append(fit.training.data._offset)
    pd.testing.assert_series_equal(*offsets)
    pd.testing.assert_series_equal(offsets[0], offset_of())


def test_a_control_takes_features_and_signals_of_the_same_other_records():
    control = replace(PLACE, permutation=3)
    fit = ResidualMaker(network, line())(control, 0)
    fit.training.trainer.fit_loop.max_epochs = 0
    fit.fit(control, 0)
    givers, data = control.givers(list(control.labels.index)), fit.training.data
    test = list(control.partition.test)
    whole = line().learnt(control, 0).model.scores(table(0.7).loc[[givers[name] for name in test]].to_numpy())
    offset = data._offset.loc[test]
    assert offset.std() < 1e-6 or np.corrcoef(offset, whole)[0, 1] == pytest.approx(1)
    batch = next(iter(data.test_dataloader()))
    levels = [-8 * TOLD[DATABASE.names.index(givers[name])] / 20 for name in test[:16]]  # of (fhr - 140) / 20
    np.testing.assert_allclose(batch.signal[:, 0].mean(dim=1), levels, atol=0.02)
    with pytest.raises(FHRError, match="signals and features belong to different records"):
        ResidualMaker(lambda place, seed: network(place, seed, permute=4), line())(PLACE, 0).fit(PLACE, 0)


def test_what_cannot_be_a_residual_is_refused():
    with pytest.raises(FHRError, match="rebalanced by weights to 1; give a line without rebalancing"):
        ResidualMaker(network, replace(line(), rebalancing=Rebalancing("weights")))
    with pytest.raises(FHRError, match="its network is a OnTable; give a Training of a classification"):
        ResidualMaker(lambda place, seed: OnTable(None, table(0.5), name="x"), line())(PLACE, 0)

    class Own(ClassificationTask):
        def cost(self, batch, stage):
            return super().cost(batch, stage)

    made = network(PLACE, 0)
    made.task = Own(made.task.model, PHRegression())
    with pytest.raises(FHRError, match="Own has a cost of its own, which may not know of an offset; train by Classif"):
        ResidualMaker(lambda place, seed: made, line())(PLACE, 0)
    made = network(PLACE, 0)
    made.data = pl.LightningDataModule()
    with pytest.raises(FHRError, match="LightningDataModule takes no offset; train on a data module of"):
        ResidualMaker(lambda place, seed: made, line())(PLACE, 0)
    few = replace(line(), table=line().table.drop(index=PLACE.partition.train[0]))
    control = replace(PLACE, permutation=3)  # of 99 records it is another one than of 100
    with pytest.raises(FHRError, match="signals and features belong to different records"):
        ResidualMaker(network, few)(control, 0).fit(control, 0)
    with pytest.raises(FHRError, match="1 of 51 records have no offset"):
        ResidualMaker(network, few)(PLACE, 0).fit(PLACE, 0)

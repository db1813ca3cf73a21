"""Rebalancing: a wanted share of the classes, from training records alone, with outcomes that belong to the rows."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import nan
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_sample_weight
from small_kernel_line import FEATURES

from fhr.datasets import Database, Place, make_splits
from fhr.errors import CheckpointError, FHRError
from fhr.evaluation import (
    GROUP_LINES,
    KernelLineMaker,
    OnTable,
    OnTableMaker,
    SyntheticRows,
    unseen,
)
from fhr.evaluation.maker_source import maker_source
from fhr.evaluation.on_table import rows_at
from fhr.recording import Outcome, Recording
from fhr.synthesis import Drawn, FittedGenerator, Generator, Rebalancing
from fhr.synthesis.smote import smote

N, FS, MINUTES = 100, 1.0, 1.0
TARGET = "ph<=7.15"


@dataclass(frozen=True, kw_only=True)
class Copies(Generator):
    """Copies of training records."""

    shift: float = 0.0

    keeps: ClassVar[str] = "all"
    destroys: ClassVar[str] = "nothing"

    def draw(self, fitted: FittedGenerator, rows: np.ndarray, seed: int, first: int) -> Drawn:
        return Drawn(fitted.windows.signals[rows] + np.float32(self.shift))


class Cheat(Copies):
    """A generator that learns from all that there is."""

    def at(self, place: Place, *, outer: bool = False) -> FittedGenerator:
        return self.fit(list(place.database or ()), place.labels)


def statistics(recordings: Iterable[Recording]) -> pd.DataFrame:
    """Of contractions, which nothing cleans; none of a recording that is shorter than the window."""
    usable = [r for r in recordings if r.duration >= 60 * MINUTES]
    rows = [[r.uc.mean(), r.uc.std(), r.uc.max()] for r in usable]
    return pd.DataFrame(rows, [r.name for r in usable], ["mean", "sd", "max"], dtype=float)


def births(seed: int = 0) -> Database:
    rng = np.random.default_rng(seed)
    ph = np.where(np.arange(N) % 5 == 0, 7.05, 7.3) + rng.uniform(-0.05, 0.05, N)
    samples = int(60 * MINUTES * FS)
    made = [
        Recording(
            f"r{k:03d}",
            np.full(samples, 140.0),
            (7.4 - value) * 40 + rng.normal(size=samples).cumsum(),
            FS,
            outcome=Outcome(ph=float(value), bdecf=5.0),
        )
        for k, value in enumerate(ph)
    ]
    return Database(made, origin="short births")


DATABASE = births()
PLACE = Place.first(DATABASE, TARGET, make_splits(DATABASE)).at(1, 2, 3)
TABLE = statistics(DATABASE)
TRAIN = rows_at(TABLE, PLACE, 0, "line").train
ROWS = SyntheticRows(statistics)
COPIES = Copies(minutes=MINUTES)
DRAWN = ("oversampling", "smote", "synthetic")


def by(method: str, ratio: float = 1.0) -> Rebalancing:
    return Rebalancing(method, ratio, COPIES if method == "synthetic" else None)


def plain_line() -> LogisticRegression:
    return make_pipeline(StandardScaler(), LogisticRegression(C=1.0))


@pytest.mark.parametrize("method", DRAWN)
@pytest.mark.parametrize("ratio", [1.0, 0.5, 2.0, 0.1])
def test_the_share_is_reached_by_more_of_the_class_that_is_too_few(method, ratio):
    rows, weights = by(method, ratio)(TRAIN, PLACE, 0, ROWS)
    labels = PLACE.labels.loc[rows.index]
    assert weights is None
    assert labels.sum() == pytest.approx(ratio * (labels == 0).sum(), abs=max(ratio, 1) / 2)
    pd.testing.assert_frame_equal(rows[: len(TRAIN)], TRAIN)
    more = set(rows.index[len(TRAIN) :])
    assert more <= set(TRAIN.index)
    assert set(PLACE.labels.loc[sorted(more)]) == {int(ratio > 0.2)}


def test_a_share_that_is_there_adds_nothing():
    labels = PLACE.labels.loc[TRAIN.index]
    ratio = labels.sum() / (1 - labels).sum()
    for method in DRAWN:
        pd.testing.assert_frame_equal(by(method, ratio)(TRAIN, PLACE, 0, ROWS).rows, TRAIN)
    np.testing.assert_allclose(by("weights", ratio)(TRAIN, PLACE, 0).weights, 1)


def test_weights_are_those_of_scikit_learn_and_reach_any_share():
    labels = PLACE.labels.loc[TRAIN.index].to_numpy()
    rows, weights = by("weights")(TRAIN, PLACE, 0)
    assert rows is TRAIN
    np.testing.assert_allclose(weights, compute_sample_weight("balanced", labels))
    weights = by("weights", 0.3)(TRAIN, PLACE, 0).weights
    assert weights.mean() == pytest.approx(1)
    assert weights[labels == 1].sum() == pytest.approx(0.3 * weights[labels == 0].sum())


@pytest.mark.parametrize("method", ["weights", *DRAWN])
def test_nothing_but_training_records_changes_what_is_learnt(method):
    part = PLACE.partition
    held = [*part.calibration, *part.test]
    others = Database(
        [replace(r, uc=1e4 + r.uc) if r.name in held else r for r in DATABASE], origin="with others held out"
    )
    there = replace(PLACE, database=others)
    rows, weights = by(method)(TRAIN, PLACE, 7, ROWS)
    again, same_weights = by(method)(rows_at(statistics(others), there, 7, "").train, there, 7, ROWS)
    pd.testing.assert_frame_equal(again, rows)
    np.testing.assert_array_equal(same_weights, weights)
    line = OnTable(plain_line(), TABLE, rebalancing=by(method), synthetic=ROWS)
    far = TABLE.copy()
    far.loc[list(part.test)] = 1e6
    pd.testing.assert_series_equal(replace(line, table=far).fit(PLACE, 0).held_out, line.fit(PLACE, 0).held_out)


@pytest.mark.parametrize("method", DRAWN)
def test_draws_follow_seed_and_place(method):
    def drawn(seed: int, place: Place) -> np.ndarray:
        return by(method)(TRAIN, place, seed, ROWS).rows.to_numpy()

    assert np.array_equal(drawn(1, PLACE), drawn(1, PLACE))
    assert not np.array_equal(drawn(1, PLACE), drawn(2, PLACE))
    twin = replace(PLACE, repeat=PLACE.repeat + len(PLACE.splits.folds))  # the same records, another run
    assert not np.array_equal(drawn(1, PLACE), drawn(1, twin))


def test_smote_draws_between_a_record_and_one_of_its_nearest():
    rng = np.random.default_rng(3)
    rows = pd.DataFrame(rng.normal(size=(30, 4)) * [1, 10, 100, 1], [f"r{k}" for k in range(30)])
    made = smote(rows, rows, 200, rng, neighbours=3)
    scaled = ((rows - rows.mean()) / rows.std()).to_numpy()
    along = []
    for name, row in zip(made.index, made.to_numpy(), strict=True):
        k = rows.index.get_loc(name)
        nearest = np.argsort(np.square(scaled - scaled[k]).sum(axis=1))[1:4]
        x, ends = rows.to_numpy()[k], rows.to_numpy()[nearest]
        u = ((row - x) * (ends - x)).sum(axis=1) / np.square(ends - x).sum(axis=1)
        fits = np.isclose(x + u[:, None] * (ends - x), row).all(axis=1)
        assert fits.any()
        along.append(u[fits][0])
    assert 0 <= min(along) < 0.05 < 0.95 < max(along) <= 1
    assert made.index.nunique() == 30


def test_smote_takes_a_record_once_and_leaves_missing_what_either_lacks():
    rows = pd.DataFrame({"x": [0.0, 1, 2], "y": [nan, 1, 1], "constant": 5.0}, ["a", "b", "c"])
    twice = pd.concat([rows, rows.iloc[:1]])
    made = smote(twice, twice, 50, np.random.default_rng(0), neighbours=1)
    assert set(made.index) == {"a", "b", "c"}
    assert made.loc["a", "y"].isna().all()
    assert made.loc["c", "x"].between(1, 2).all()
    assert (made["constant"] == 5).all()
    with pytest.raises(FHRError, match="3 training records of a class; SMOTE with 3 neighbours needs 4"):
        smote(twice, twice, 5, np.random.default_rng(0), neighbours=3)


def test_what_is_made_has_the_outcome_that_it_was_drawn_with():
    rows = by("synthetic")(TRAIN, PLACE, 0, ROWS).rows
    pd.testing.assert_frame_equal(rows, TABLE.loc[rows.index].astype(np.float32).astype(float), rtol=1e-5)


def test_a_control_makes_them_from_the_signals_of_others():
    control = replace(PLACE, permutation=5)
    train = rows_at(TABLE, control, 0, "").train
    rows = by("synthetic")(train, control, 0, ROWS).rows
    givers = control.givers(list(control.labels.index))
    assert any(givers[name] != name for name in rows.index[len(train) :])
    np.testing.assert_allclose(rows, TABLE.loc[[givers[name] for name in rows.index]], rtol=1e-5)


def test_a_generator_that_has_seen_test_records_is_refused():
    maker = OnTableMaker(
        plain_line, TABLE, rebalancing=Rebalancing("synthetic", 1.0, Cheat(minutes=MINUTES)), synthetic=ROWS
    )
    said = r"repeat 1, fold 2: recordings by .*Cheat.* learnt from 20 of 20 test records"
    with unseen(PLACE), pytest.raises(CheckpointError, match=said):  # as a cross-validation does
        maker(PLACE, 0).fit(PLACE, 0)


def test_kept_rows_are_read_again_with_what_they_were_made_from(tmp_path, monkeypatch, caplog):
    kept = SyntheticRows(statistics, tmp_path / "rows")
    arguments = (COPIES, PLACE, 12, 1, 3)
    first = kept(*arguments)
    (path,) = (tmp_path / "rows").iterdir()
    with np.load(path) as file:
        said = file["about"].tobytes().decode()
    digests = dict(zip(DATABASE.names, DATABASE.digests, strict=True))
    assert all(digests[name] in said for name in TRAIN.index)
    assert not any(digests[name] in said for name in PLACE.partition.test)
    assert "Copies(shift=0)" in said

    def refused(*_: object) -> None:
        raise AssertionError("they are made again")

    with monkeypatch.context() as patch:
        patch.setattr(FittedGenerator, "draws", refused)
        pd.testing.assert_frame_equal(kept(*arguments), first)
        assert not caplog.text
        for other in (
            (replace(COPIES, shift=1.0), *arguments[1:]),
            (COPIES, PLACE.at(0, 2, 3), *arguments[2:]),
            (*arguments[:4], 4),
        ):
            with pytest.raises(AssertionError, match="made again"):
                kept(*other)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    with caplog.at_level(logging.WARNING, logger="fhr"):
        pd.testing.assert_frame_equal(kept(*arguments), first)
    assert "is damaged" in caplog.text
    assert path.read_bytes() != bytes(raw)


def test_log_odds_are_put_back_to_the_prevalence_of_the_training_part():
    labels = PLACE.labels.loc[TRAIN.index].to_numpy()
    held = TABLE.loc[list(PLACE.partition.calibration)].to_numpy()
    shift = logit(labels.mean()) - logit(2 / 3)
    for method in ("weights", "oversampling"):
        rows, weights = by(method, 2.0)(TRAIN, PLACE, 0)
        model = LogisticRegression().fit(rows.to_numpy(), PLACE.labels.loc[rows.index], sample_weight=weights)
        seen = 2 / 3 if weights is not None else PLACE.labels.loc[rows.index].mean()
        found = OnTable(LogisticRegression(), TABLE, rebalancing=by(method, 2.0)).fit(PLACE, 0)
        expected = model.decision_function(held) + logit(labels.mean()) - logit(seen)
        np.testing.assert_allclose(found.held_out, expected)
        assert logit(labels.mean()) - logit(seen) == pytest.approx(shift, abs=0.1)


@pytest.mark.parametrize("method", ["weights", *DRAWN])
def test_a_regression_learns_the_ph_of_the_rows(method):
    class Spy:
        def fit(self, x: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None) -> "Spy":
            self.seen = x, y, sample_weight
            return self

        def predict(self, x: np.ndarray) -> np.ndarray:
            return np.zeros(len(x))

        def __deepcopy__(self, _: dict) -> "Spy":
            return self

    spy, unknown = Spy(), TRAIN.index[3]
    place = replace(PLACE, ph=PLACE.ph.mask(PLACE.ph.index == unknown))
    OnTable(spy, TABLE, "ph", rebalancing=by(method), synthetic=ROWS).fit(place, 0)
    rows, weights = by(method)(TRAIN, place, 0, ROWS)
    known = rows.index != unknown
    x, y, given = spy.seen
    np.testing.assert_array_equal(x, rows[known])
    np.testing.assert_array_equal(y, place.ph.loc[rows.index[known]].clip(6.95, 7.35))
    np.testing.assert_array_equal(given, None if weights is None else weights[known])


def test_the_kernel_line_takes_every_rebalancing():
    rng = np.random.default_rng(2)
    ph = DATABASE.outcomes["ph"].to_numpy()
    x = 140 + 100 * (7.2 - ph)[:, None] + rng.normal(0, 8, (N, len(FEATURES.names)))
    table = pd.DataFrame(x, DATABASE.names, list(FEATURES.names))
    rows = SyntheticRows(lambda recordings: table.iloc[:0] if not recordings else _named_alike(recordings, table))
    found = {
        method: KernelLineMaker(table, FEATURES, rebalancing=by(method), synthetic=rows)(PLACE, 0).fit(PLACE, 0).test
        for method in ("none", "weights", *DRAWN)
    }
    pd.testing.assert_series_equal(found["none"], KernelLineMaker(table, FEATURES)(PLACE, 0).fit(PLACE, 0).test)
    for method in ("weights", *DRAWN):
        assert not np.allclose(found[method], found["none"])
        assert np.corrcoef(found[method], found["none"])[0, 1] > 0.9


def _named_alike(recordings: Iterable[Recording], table: pd.DataFrame) -> pd.DataFrame:
    """Features of the record that each recording is a copy of."""
    drawn = list(recordings)
    of = [str(recording.history[0].parameters["outcome_of"]) for recording in drawn]
    return table.loc[of].set_axis([recording.name for recording in drawn])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"method": "adasyn"}, "method='adasyn'; rebalance by one of none, weights"),
        ({"ratio": 0}, "ratio=0; give the wanted number"),
        ({"ratio": -1.0}, "ratio=-1"),
        ({"ratio": nan}, "ratio=nan"),
        ({"ratio": 1e9}, "ratio=1000000000"),
        ({"neighbours": 0}, "neighbours=0"),
        ({"method": "synthetic"}, "with generator=None"),
        ({"method": "smote", "generator": COPIES}, "`synthetic`, and nothing else"),
    ],
)
def test_wrong_settings_are_refused(settings, said):
    with pytest.raises(FHRError, match=said):
        Rebalancing(**settings)


def test_what_cannot_be_rebalanced_is_refused():
    positives = TRAIN[PLACE.labels.loc[TRAIN.index].to_numpy() == 1]
    with pytest.raises(FHRError, match=f"{len(positives)} of {len(positives)} training records have the label"):
        by("oversampling")(positives, PLACE, 0)
    with pytest.raises(FHRError, match=rf"{len(positives)} training records of a class; SMOTE with 40 .* needs 41"):
        Rebalancing("smote", neighbours=40)(TRAIN, PLACE, 0)
    with pytest.raises(FHRError, match=r"give `SyntheticRows\(table\)`"):
        by("synthetic")(TRAIN, PLACE, 0)
    with pytest.raises(FHRError, match="no column more"):
        by("synthetic")(TRAIN.assign(more=1.0), PLACE, 0, ROWS)
    short = Rebalancing("synthetic", 1.0, Copies(minutes=MINUTES / 2))
    with pytest.raises(FHRError, match=r"recordings of 0\.5 min have no row of features"):
        short(TRAIN, PLACE, 0, ROWS)
    with pytest.raises(FHRError, match="a place without recordings"):
        by("synthetic")(TRAIN, replace(PLACE, database=None), 0, ROWS)
    with pytest.raises(FHRError, match=r"logisticregression__class_weight='balanced' beside rebalancing by weights"):
        OnTable(make_pipeline(LogisticRegression(class_weight="balanced")), TABLE, rebalancing=by("weights"))
    with pytest.raises(FHRError, match="KNeighborsClassifier takes no sample_weight"):
        OnTable(KNeighborsClassifier(), TABLE, rebalancing=by("weights"))
    with pytest.raises(FHRError, match=r"what Copies\(shift=0\) makes are not kept"):
        KernelLineMaker(TABLE, GROUP_LINES[0].features(), kept=True, rebalancing=by("synthetic"))


def test_a_store_tells_rebalancings_apart():
    ways = [Rebalancing(), *map(by, ("weights", *DRAWN)), by("smote", 0.5), Rebalancing("smote", neighbours=3)]
    ways.append(Rebalancing("synthetic", 1.0, Copies(minutes=MINUTES, shift=1.0)))
    keys = {maker_source(OnTableMaker(plain_line, TABLE, rebalancing=way, synthetic=ROWS)) for way in ways}
    assert len(keys) == len(ways)

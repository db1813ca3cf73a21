"""Generators: fitted to training records alone, drawn from by class, kept in files, written as marked recordings."""

import json
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from fhr.datasets import CTUUHB, Database, Place, make_splits, seen_records
from fhr.errors import CheckpointError, FHRError, SignalError
from fhr.formats.archives.array_archive import pack_arrays, unpack_arrays
from fhr.recording import Outcome, Provenance, Recording
from fhr.synthesis import (
    CopulaSegments,
    Drawn,
    FittedGenerator,
    Generator,
    SimulatedLabours,
    load_generator,
    save_generator,
    write_synthetic,
)

FS, MINUTES = 4.0, 4.0
RECIPE = CopulaSegments(minutes=MINUTES, part=2)


def labour(k: int, *, ph: float, minutes: float = 5.0, rough: float = 3.0) -> Recording:
    """A labour of noise, the rougher the lower its pH, that begins its second stage a minute before the end."""
    rng = np.random.default_rng(k)
    n = int(minutes * 60 * FS)
    fhr = 140 + rough * rng.standard_normal(n) + np.linspace(-2, 2, n)
    fhr[rng.integers(n, size=n // 20)] = np.nan
    uc = 20 + rng.random(n)
    start = n / FS - 60
    return Recording(f"r{k:03d}", fhr, uc, FS, outcome=Outcome(ph=ph), stage2_start=start)


@pytest.fixture(scope="module")
def database() -> Database:
    rng = np.random.default_rng(0)
    acidosis = np.arange(100) % 4 == 0
    ph = np.where(acidosis, 7.0, 7.3) + rng.uniform(-0.03, 0.03, 100)
    labours = [
        labour(k, ph=float(value), rough=8.0 if low else 2.0)
        for k, (value, low) in enumerate(zip(ph, acidosis, strict=True))
    ]
    return Database(labours, origin="labours of noise")


@pytest.fixture(scope="module")
def place(database) -> Place:
    return Place.first(database, "ph<=7.15", make_splits(database))


@pytest.fixture(scope="module")
def fitted(place) -> FittedGenerator:
    return RECIPE.at(place)


def test_it_is_fitted_to_training_records_alone_and_says_to_which(database, place, fitted):
    names = {*place.partition.train, *place.partition.validation}
    assert set(fitted.windows.names) == names
    digests = dict(zip(database.names, database.digests, strict=True))
    assert set(fitted.fitted_to) == {digests[name] for name in names}
    made = fitted.sample(3, 1)
    assert made.composition.kinds == {"synthetic": 3}
    assert set(made.fitted_to) == set(fitted.fitted_to)
    assert place.splits.checksum[:8] in fitted.made_by
    assert "outer fold 0" in fitted.made_by
    held = [*place.partition.test, *place.partition.calibration]
    assert not seen_records(frozenset(made.fitted_to), database, held)
    assert seen_records(frozenset(made.fitted_to), database, sorted(names))


@pytest.mark.parametrize("part", ["test", "calibration"])
def test_it_refuses_what_is_held_out(database, place, part):
    held = getattr(place.partition, part)[0]
    recordings = [database[name] for name in (*place.partition.train, held)]
    with pytest.raises(FHRError, match=f"{held} is held out there, and so 0 more of"):
        RECIPE.fit(recordings, place.labels, place=place)
    if part == "calibration":  # which only a test on the outer fold may learn from
        assert held in RECIPE.at(place, outer=True).windows.names
        RECIPE.fit(recordings, place.labels, place=place, outer=True)


def test_a_control_takes_the_signals_of_the_givers(database, place):
    control = replace(place, permutation=3)
    fitted = RECIPE.at(control)
    givers = control.givers(list(control.labels.index))
    k = next(k for k, name in enumerate(fitted.windows.names) if givers[name] != name)
    name = fitted.windows.names[k]
    n = int(MINUTES * 60 * FS)
    np.testing.assert_array_equal(fitted.windows.signals[k, 1], database[givers[name]].uc[-n:])
    assert fitted.windows.outcomes[k] == database[name].outcome
    assert "permuted records" in fitted.made_by
    digests = dict(zip(database.names, database.digests, strict=True))  # of what the signals stand for
    assert set(fitted.fitted_to) == {digests[name] for name in fitted.windows.names}


def test_a_recording_depends_on_seed_class_and_number_alone(fitted):
    some, more = fitted.sample(2, 1, 5), fitted.sample(20, 1, 5)
    for a, b in zip(some, more, strict=False):  # of which others are made beside them
        assert a.name == b.name
        assert a.digest == b.digest
        assert a.outcome == b.outcome
    assert [r.digest for r in fitted.draws(20, 1, 5, begin=17)] == [r.digest for r in more][17:]
    assert fitted.sample(2, 1, 6)[0].digest != some[0].digest != fitted.sample(2, 0, 5)[0].digest
    by_generator = [fitted.sample(2, 1, np.random.default_rng(7))[0].digest for _ in range(2)]
    assert by_generator[0] == by_generator[1] != some[0].digest


def test_classes_are_drawn_with_their_outcomes(fitted):
    for target, least, most in ((1, 0.0, 7.15), (0, 7.15, 8.0)):
        ph = [recording.outcome.ph for recording in fitted.draws(40, target)]
        assert least < min(ph) <= max(ph) < most
    made = fitted.sample(200)
    assert 20 < sum(recording.outcome.ph < 7.15 for recording in made) < 90  # a quarter of the records
    assert made[0].stage2_start == MINUTES * 60 - 60
    assert np.isnan(made[0].clinical.weight)


def test_the_copula_follows_the_ph(fitted):
    rough = [np.mean([np.nanstd(r.fhr) for r in fitted.draws(30, target)]) for target in (0, 1)]
    assert rough[0] < 4 < rough[1]


def test_a_part_of_the_copula_is_that_part_of_a_training_record(fitted):
    parts = fitted.windows.signals.reshape(len(fitted.windows), 2, 2, -1)
    for recording in fitted.draws(5):
        both = np.stack([recording.fhr, recording.uc]).reshape(2, 2, -1)
        for k in range(2):
            assert any(np.array_equal(both[:, k], one[:, k], equal_nan=True) for one in parts)


def test_labels_come_in_order_by_name_or_not_at_all(database):
    some = list(database)[:30]
    given = pd.Series([np.nan, *(np.arange(1, 30) % 2)], [r.name for r in some])
    fitted = [RECIPE.fit(some, labels).windows.labels for labels in (given, given.to_numpy(), given.sample(frac=1))]
    assert fitted[0].tolist() == fitted[1].tolist() == fitted[2].tolist()
    assert fitted[0][0] == -1
    without = RECIPE.fit(some)
    assert len(without.sample(2)) == 2
    with pytest.raises(FHRError, match="has the label 1; give labels to `fit`"):
        without.sample(2, 1)


def _with(recordings, **changes):
    return [replace(recordings[0], **changes), *recordings[1:]]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda some: [], "given no recording"),
        (lambda some: _with(some, fs=2.0), "4 Hz beside 2 Hz"),
        (
            lambda some: _with(some, provenance=Provenance("synthetic", "iaaft")),
            r"synthetic \(made by iaaft\), and so 0",
        ),
        (lambda some: _with(some, provenance=Provenance("imputed", "lines")), "measured or simulated"),
        (lambda some: _with(some, name=some[1].name), "stands twice"),
        (lambda some: some[:10], "10 training records; a copula"),
    ],
)
def test_wrong_recordings_are_refused(database, wrong, said):
    with pytest.raises(FHRError, match=said):
        RECIPE.fit(wrong(list(database)[:30]))


def test_short_recordings_are_left_out_aloud(database, caplog):
    some = [labour(500, ph=7.2, minutes=3), *list(database)[:30]]
    assert "r500" not in RECIPE.fit(some).windows.names
    assert "left out: r500" in caplog.text
    with pytest.raises(SignalError, match="none of 1 recordings holds a window of 4 min"):
        RECIPE.fit(some[:1])


@pytest.mark.parametrize("labels", [[0.5] * 30, [2] * 30, [1] * 29])
def test_wrong_labels_are_refused(database, labels):
    with pytest.raises(FHRError, match=r"labels? "):
        RECIPE.fit(list(database)[:30], labels)


@pytest.mark.parametrize(("n", "target", "seed"), [(0, None, 0), (-1, None, 0), (1, None, -1), (1, 2, 0)])
def test_wrong_wishes_are_refused(fitted, n, target, seed):
    with pytest.raises(FHRError, match=r"make 1 or more|give 1 for births"):
        fitted.sample(n, target, seed)


@pytest.mark.parametrize("settings", [{"part": 0}, {"part": 7}, {"part": 70}, {"minutes": 0}, {"minutes": 1e5}])
def test_wrong_settings_are_refused(settings):
    with pytest.raises(FHRError, match="give "):
        CopulaSegments(**settings)


def test_a_file_gives_the_same_generator(fitted, tmp_path):
    path = save_generator(fitted, tmp_path / "copula.npz")
    again = load_generator(path)
    assert again.recipe == fitted.recipe
    assert again.made_by == fitted.made_by
    assert again.fitted_to == fitted.fitted_to
    assert again.provenance(1, 2) == fitted.provenance(1, 2)
    assert [r.digest for r in again.draws(3, 1)] == [r.digest for r in fitted.draws(3, 1)]
    assert save_generator(again, tmp_path / "again.npz").read_bytes() == path.read_bytes()


@dataclass(frozen=True, kw_only=True)
class _Own(Generator):
    keeps: ClassVar[str] = "all"
    destroys: ClassVar[str] = "nothing"

    def draw(self, fitted: FittedGenerator, rows: np.ndarray, seed: int, first: int) -> Drawn:
        return Drawn(fitted.windows.signals[rows])


def test_a_generator_of_ones_own_works_and_is_not_kept(database, tmp_path):
    fitted = _Own(minutes=MINUTES).fit(database)
    (one,) = fitted.draws(1)
    source = database[one.history[0].parameters["outcome_of"]]
    np.testing.assert_array_equal(one.fhr, source.fhr[-len(one) :])
    with pytest.raises(FHRError, match=r"_Own is no generator of fhr\.synthesis"):
        save_generator(fitted, tmp_path / "own.npz")


def _changed_text(**changes):
    def change(arrays):
        plain = json.loads(arrays["generator"].tobytes()) | changes
        return arrays | {"generator": np.frombuffer(json.dumps(plain).encode(), np.uint8)}

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda a: {k: v for k, v in a.items() if k != "generator"}, "no text"),
        (lambda a: {k: v for k, v in a.items() if k != "labels"}, "without labels"),
        (lambda a: a | {"labels": a["labels"] + 5}, "labels other than"),
        (lambda a: a | {"signals": a["signals"][:3]}, "signals of shape"),
        (lambda a: a | {"signals": a["signals"][..., :-100]}, "min for a recipe"),
        (lambda a: a | {"signals": a["signals"] + np.float32(np.inf)}, "infinite"),
        (lambda a: a | {"outcomes": a["outcomes"][:, :2]}, "outcomes of shape"),
        (_changed_text(recipe={"class": "Popen", "settings": {}}), "the class Popen"),
        (_changed_text(recipe={"class": "CopulaSegments", "settings": {"part": 2}}), "settings has the keys"),
        (
            _changed_text(recipe={"class": "CopulaSegments", "settings": {"part": [2], "minutes": 4}}),
            "of the type list",
        ),
        (
            _changed_text(recipe={"class": "CopulaSegments", "settings": {"part": "x", "minutes": 4}}),
            "part of the type str",
        ),
        (_changed_text(format=2), "format 2"),
        (_changed_text(fs=-1), "fs is -1"),
        (_changed_text(names=["a"]), "for 1 training windows"),
    ],
)
def test_damaged_and_hostile_files_are_refused(fitted, tmp_path, change, said):
    path = save_generator(fitted, tmp_path / "copula.npz")
    path.write_bytes(pack_arrays(change(unpack_arrays(path.read_bytes(), most_bytes=2**28)), compressed=True))
    with pytest.raises(CheckpointError, match=said):
        load_generator(path)


def test_what_is_no_file_of_a_generator_is_refused(fitted, tmp_path):
    path = save_generator(fitted, tmp_path / "copula.npz")
    path.write_bytes(path.read_bytes()[:-50])
    for wrong in (path, tmp_path / "none.npz", tmp_path):
        with pytest.raises(CheckpointError, match=r"cannot be read|not an intact generator"):
            load_generator(wrong)


def test_a_folder_says_what_it_holds_and_an_interrupted_run_goes_on(fitted, tmp_path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    write_synthetic(fitted, whole, 20, target=1, seed=3)
    assert CTUUHB(whole)["y0004"].provenance == fitted.provenance(1, 3)
    write_synthetic(fitted, cut, 9, target=1, seed=3)
    (cut / "RECORDS").unlink()
    (cut / "y0009.hea").unlink()  # the header is written last
    before = {path.name: path.stat().st_mtime_ns for path in cut.glob("*.hea")}
    write_synthetic(fitted, cut, 20, target=1, seed=3)
    assert {name: (cut / name).stat().st_mtime_ns for name in before} == before
    for path in whole.iterdir():
        assert (cut / path.name).read_bytes() == path.read_bytes()


def test_a_folder_of_others_is_refused(fitted, tmp_path):
    write_synthetic(fitted, tmp_path, 3)
    with pytest.raises(FHRError, match="holds recordings already"):
        write_synthetic(fitted, tmp_path, 3, seed=1)
    write_synthetic(fitted, tmp_path, 2, seed=1, overwrite=True)
    assert [r.provenance for r in CTUUHB(tmp_path)] == [fitted.provenance(None, 1)] * 2
    (tmp_path / "RECORDS").unlink()
    with pytest.raises(FHRError, match="holds recordings already"):  # those of another seed
        write_synthetic(fitted, tmp_path, 3, seed=2)
    (tmp_path / "1001.hea").write_text("1001 0 4 0\n")
    with pytest.raises(FHRError, match=r"other recordings \(1001.hea"):
        write_synthetic(fitted, tmp_path, 3, seed=1, overwrite=True)
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(FHRError, match="is a file"):
        write_synthetic(fitted, file, 3)


def test_labours_of_the_simulator_go_with_the_label(simulated_database):
    some = list(simulated_database)[:12]
    labels = np.arange(12) % 2
    fitted = SimulatedLabours(labours=8, minutes=30).fit(some, labels)
    made = fitted.sample(2, 1)
    assert made.composition.kinds == {"simulated": 2}
    assert len(made[0]) == 30 * 60 * 4
    assert {made[k].history[0].parameters["outcome_of"] for k in range(2)} <= {r.name for r in some[1::2]}
    with pytest.raises(FHRError, match="has no label"):
        SimulatedLabours(labours=8, minutes=30).fit(some)
    with pytest.raises(FHRError, match="recorded for 65 min"):
        SimulatedLabours(minutes=70)

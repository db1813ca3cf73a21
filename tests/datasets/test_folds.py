import itertools
import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from sklearn.model_selection import StratifiedKFold

from fhr.datasets import Database, Splits, make_splits, same_labours
from fhr.errors import SplitError
from fhr.recording import Outcome, Recording, Step


def database_of(ph: list[float]) -> Database:
    recordings = (
        Recording(f"r{i:03d}", [140.0], [float(i + 1)], 4.0, outcome=Outcome(ph=value)) for i, value in enumerate(ph)
    )
    return Database(recordings, origin="here")


@pytest.fixture(scope="module")
def splits(simulated_database) -> Splits:
    return make_splits(simulated_database, n_repeats=2)


@pytest.fixture(scope="module")
def real_splits(ctu_uhb_database) -> Splits:
    return make_splits(ctu_uhb_database)


def test_outer_folds_are_those_of_the_published_reference(ctu_uhb_database, real_splits):
    ph = np.array([recording.outcome.ph for recording in ctu_uhb_database])
    strata = np.digitize(ph, [7.05, 7.15, 7.20])
    names = np.array(ctu_uhb_database.names)
    assert len(real_splits.folds) == 10
    for repeat, folds in enumerate(real_splits.folds):
        reference = StratifiedKFold(5, shuffle=True, random_state=repeat).split(names, strata)
        assert [list(fold) for fold in folds] == [names[test].tolist() for _, test in reference]
    assert real_splits.strata == dict(zip(names.tolist(), strata.tolist(), strict=True))


def test_folds_are_disjoint_cover_every_record_and_differ_between_repeats(simulated_database, splits):
    for folds in splits.folds:
        assert len(folds) == 5
        assert sorted(itertools.chain(*folds)) == sorted(simulated_database.names)
        assert [len(fold) for fold in folds] == [12] * 5
    assert splits.folds[0] != splits.folds[1]


@pytest.mark.parametrize("target", ["ph<7.05", "ph<=7.15", "ph<7.20"])
def test_every_fold_has_its_share_of_every_label(ctu_uhb_database, real_splits, target):
    label = ctu_uhb_database.labels(target)
    for folds in real_splits.folds:
        counts = [label.loc[list(fold)].sum() for fold in folds]
        # The strata cut at < 7.15; the six records of exactly 7.15 fall where they fall.
        assert max(counts) - min(counts) <= (6 if target == "ph<=7.15" else 1)


def slices(splits: Splits, repeat: int, fold: int, n_inner: int = 4) -> list:
    return [splits.partition(repeat, fold, inner, n_inner=n_inner) for inner in range(n_inner)]


@pytest.mark.parametrize("n_inner", [2, 4])
def test_no_record_has_two_uses(simulated_database, splits, n_inner):
    names = set(simulated_database.names)
    for repeat, fold in itertools.product(range(2), range(5)):
        for part in slices(splits, repeat, fold, n_inner):
            uses = [*part.train, *part.validation, *part.calibration, *part.test]
            assert len(uses) == len(set(uses)) == 60
            assert set(uses) == names
            assert set(part.test) == set(splits.folds[repeat][fold])
            assert min(map(len, vars(part).values())) > 0


def test_calibration_quarters_cover_the_training_folds_exactly(splits):
    for repeat, fold in itertools.product(range(2), range(5)):
        quarters = [part.calibration for part in slices(splits, repeat, fold)]
        training = [name for k, names in enumerate(splits.folds[repeat]) if k != fold for name in names]
        assert sorted(itertools.chain(*quarters)) == sorted(training)
        assert [len(quarter) for quarter in quarters] == [12] * 4


def test_slices_of_the_real_data_are_stratified(ctu_uhb_database, real_splits):
    whole = np.bincount(list(real_splits.strata.values())) / 442
    for part in slices(real_splits, 3, 1):
        assert len(part.validation) == pytest.approx(0.15 * (len(part.train) + len(part.validation)), abs=1)
        for names in vars(part).values():
            counts = np.bincount([real_splits.strata[name] for name in names], minlength=4)
            assert np.all(np.abs(counts - whole * len(names)) < 1.5)


def test_slices_do_not_depend_on_the_order_of_the_records(simulated_database, splits):
    shuffled = Splits(
        tuple(tuple(fold[::-1] for fold in folds) for folds in splits.folds), splits.strata, splits.seed, splits.data
    )
    assert vars(shuffled.partition(0, 0, 0))["train"] == splits.partition(0, 0, 0).train
    assert shuffled.partition(0, 0, 0).calibration == splits.partition(0, 0, 0).calibration


def test_same_seed_same_splits(simulated_database, splits):
    again = make_splits(simulated_database, n_repeats=2)
    assert again == splits
    assert again.checksum == splits.checksum
    assert again.partition(1, 2, 3) == splits.partition(1, 2, 3)
    other = make_splits(simulated_database, n_repeats=2, seed=7)
    assert other.folds != splits.folds
    assert other.checksum != splits.checksum


def test_inner_folds_differ_between_outer_folds_and_repeats(splits):
    quarters = {splits.partition(repeat, fold, 0).calibration for repeat in range(2) for fold in range(5)}
    assert len(quarters) == 10


def test_save_and_load(splits, simulated_database, tmp_path):
    path = splits.save(tmp_path / "new" / "splits.json")
    again = Splits.load(str(path))
    assert again == splits
    assert again.checksum == splits.checksum == json.loads(path.read_text())["checksum"]
    again.check(simulated_database)


@pytest.mark.parametrize(
    "edit",
    [
        lambda content: content["folds"][0][0].append(content["folds"][0][1].pop()),
        lambda content: content["folds"][0].reverse(),
        lambda content: content.update(folds=[]),
        lambda content: content.update(folds="s0001"),
        lambda content: content.update(seed=1),
        lambda content: content.update(data="0"),
        lambda content: content["strata"].update(s0001=9),
        lambda content: content.update(checksum="0"),
    ],
)
def test_an_edited_file_is_refused(splits, tmp_path, edit):
    path = splits.save(tmp_path / "splits.json")
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))
    with pytest.raises(
        SplitError, match=r"splits.json: the checksum does not fit, the file was edited; make a new one"
    ):
        Splits.load(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no readable split file"),
        (b"\xff\xfe", "no readable split file"),
        (b"[]", "no readable split file"),
        (b"{}", "no readable split file .'format'.; make one with `fhr splits`"),
        (b'{"format": 1, "folds": 3}', "no readable split file"),
        (b'{"format": 3}', "format 3 of the split file is not known"),
    ],
)
def test_a_file_that_holds_no_split(tmp_path, content, message):
    (tmp_path / "splits.json").write_bytes(content)
    with pytest.raises(SplitError, match="splits.json: " + message):
        Splits.load(tmp_path / "splits.json")


def test_a_missing_file(tmp_path):
    with pytest.raises(
        SplitError, match=r"none.json: no readable split file \(.*No such file.*make one with `fhr splits`"
    ):
        Splits.load(tmp_path / "none.json")


def test_other_data_is_refused_with_names(simulated_database, splits):
    splits.check(Database(reversed(simulated_database.recordings), origin="the same"))
    extra = Recording("new", [140.0], [1.0], 4.0)
    given = Database([*simulated_database.recordings[2:], extra], origin="there")
    message = (
        r"made for other data than there \(2 records missing \['s0001', 's0002'\], 1 not known to it \['new'\]\); "
        "restore the data, or make a new split with `fhr splits`"
    )
    with pytest.raises(SplitError, match=message):
        splits.check(given)


def test_changed_data_under_the_same_names_is_refused(simulated_database, splits):
    first, *rest = simulated_database
    for changes in ({"fhr": first.fhr + 1}, {"outcome": Outcome(ph=7.0)}):
        changed = Database([first.after(Step("change"), **changes), *rest], origin="there")
        with pytest.raises(SplitError, match=r"than there \(the same names with other signals or outcomes\)"):
            splits.check(changed)


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ((2, 0, 0), "repeat=2; this split has repeat 0 to 1"),
        ((-1, 0, 0), "repeat=-1; this split has repeat 0 to 1"),
        ((0, 5, 0), "fold=5; this split has fold 0 to 4"),
        ((0, 0, 4), "inner=4; this split has inner 0 to 3"),
        ((0, 0, -1), "inner=-1; this split has inner 0 to 3"),
    ],
)
def test_folds_that_do_not_exist(splits, place, message):
    with pytest.raises(SplitError, match=message):
        splits.partition(*place)


@pytest.mark.parametrize(
    ("n_inner", "message"), [(1, "48 records cannot make 1 folds; give 2 to 48"), (49, "give 2 to 48")]
)
def test_inner_folds_that_cannot_be_made(splits, n_inner, message):
    with pytest.raises(SplitError, match=message):
        splits.partition(0, 0, 0, n_inner=n_inner)


@pytest.mark.parametrize(
    ("n", "arguments", "message"),
    [
        (
            4,
            {},
            "4 records cannot make 5 folds; lower the number of folds .`fhr splits --folds N`.*--data.splits",
        ),
        (0, {}, "0 records cannot make 5 folds"),
        (9, {"n_folds": 10}, "9 records cannot make 10 folds"),
        (9, {"n_folds": 1}, "10 repeats of 1 folds; at least 1 repeat of 2 folds is needed"),
        (9, {"n_repeats": 0}, "0 repeats of 5 folds; at least 1 repeat"),
        (9, {"seed": -1}, "seed=-1 is negative; give an integer of at least 0"),
    ],
)
def test_splits_that_cannot_be_made(n, arguments, message):
    database = database_of([7.2] * n) if n else Database([], origin="here")
    with pytest.raises(SplitError, match=message):
        make_splits(database, **arguments)


@pytest.mark.parametrize("n", [5, 6, 8, 10, 15, 25])
def test_few_records_are_split_or_refused_and_never_used_twice(n):
    # All four strata, as many members as there are.
    splits = make_splits(database_of(list(np.linspace(7.0, 7.3, n))), n_repeats=1)
    for fold in range(5):
        for part in slices(splits, 0, fold):
            uses = [*part.train, *part.validation, *part.calibration, *part.test]
            assert len(uses) == len(set(uses)) == n
            assert min(map(len, vars(part).values())) > 0


def test_too_few_records_for_the_inner_folds():
    splits = make_splits(database_of([7.2] * 4), n_folds=2)
    with pytest.raises(SplitError, match="2 records cannot make 2 inner folds; use more records or fewer folds"):
        splits.partition(0, 0, 0, n_inner=2)
    with pytest.raises(SplitError, match="2 records cannot make 4 folds; give 2 to 2 folds"):
        splits.partition(0, 0, 0)


def test_rare_strata_join_their_neighbours():
    # Three below 7.05 join those below 7.15; two of 7.20 and more join those below 7.20.
    splits = make_splits(database_of([7.0] * 3 + [7.1] * 7 + [7.17] * 10 + [7.3] * 2), n_repeats=3)
    assert Counter(splits.strata.values()) == {1: 10, 2: 12}
    for folds in splits.folds:
        for fold in folds:
            assert Counter(splits.strata[name] for name in fold)[1] == 2


def test_records_of_unknown_ph_are_a_stratum_of_their_own():
    splits = make_splits(database_of([np.nan] * 10 + [7.1] * 10 + [7.3] * 20))
    assert Counter(splits.strata.values()) == {4: 10, 1: 10, 3: 20}
    for folds in splits.folds:
        for fold in folds:
            assert sum(splits.strata[name] == 4 for name in fold) == 2


def test_few_records_of_unknown_ph_join_the_healthy():
    splits = make_splits(database_of([np.nan] * 2 + [7.1] * 10 + [7.3] * 20))
    assert Counter(splits.strata.values()) == {1: 10, 3: 22}


def test_no_repeat_of_a_seed_is_one_of_another_seed(simulated_database):
    made = {seed: make_splits(simulated_database, n_repeats=4, seed=seed) for seed in range(4)}
    folds = [folds for splits in made.values() for folds in splits.folds]
    assert len(set(folds)) == 16
    assert [splits.format for splits in made.values()] == [1, 2, 2, 2]
    inner = {
        (seed, r, k): made[seed].partition(r, k, 0).calibration for seed in (1, 2) for r in range(4) for k in (0, 1)
    }
    assert len(set(inner.values())) == 16


def test_the_inner_folds_of_format_2_are_stratified_and_disjoint(simulated_database):
    splits = make_splits(simulated_database, n_repeats=1, seed=3)
    for fold in range(5):
        parts = slices(splits, 0, fold)
        held_out = sorted(itertools.chain(*(part.calibration for part in parts)))
        assert held_out == sorted({*simulated_database.names} - {*splits.folds[0][fold]})
        assert len({part.validation for part in parts}) == 4


def test_a_file_of_format_1_is_read_with_any_seed(simulated_database, tmp_path):
    """Written before there was a format 2: folds, inner folds and checksum stay what they were."""
    first = make_splits(simulated_database, n_repeats=2)
    old = Splits(first.folds[1:], first.strata, 1, first.data)
    assert old.format == 1
    again = Splits.load(old.save(tmp_path / "splits.json"))
    assert again == old
    assert again.checksum == old.checksum
    content = json.loads((tmp_path / "splits.json").read_text())
    content["format"] = 2
    (tmp_path / "splits.json").write_text(json.dumps(content))
    with pytest.raises(SplitError, match="the checksum does not fit"):
        Splits.load(tmp_path / "splits.json")


def test_the_standard_folds_are_the_published_ones(real_splits):
    assert real_splits.checksum == "db5acec830bcf520df03cc4368713862621824a79ff86d8b27a5e131355014be"


def labour(name: str, seed: int, n: int = 4800, **fields: object) -> Recording:
    steps = np.random.default_rng(seed).normal(0, 0.4, n)
    return Recording(name, np.round(140 + np.cumsum(steps), 2), np.full(n, 20.0), 4.0, **fields)


@pytest.mark.parametrize(
    "changed",
    [
        lambda one: {"fhr": one.fhr + 0.005},  # as a coarser format keeps it
        lambda one: {"fhr": np.rint(one.fhr)},
        lambda one: {"uc": np.full(one.uc.size, np.nan)},
        lambda one: {"fhr": one.fhr[::4], "uc": one.uc[::4], "fs": 1.0},
        lambda one: {"fhr": one.fhr[:2000], "uc": one.uc[:2000]},  # cut short
        lambda one: {"fhr": one.fhr[2400:], "uc": one.uc[2400:]},
        lambda one: {"fhr": np.r_[np.full(40, np.nan), one.fhr], "uc": np.r_[np.zeros(40), one.uc]},
        lambda one: {"fhr": np.where(np.arange(one.fhr.size) % 1000 < 30, np.nan, one.fhr)},  # other gaps
    ],
)
def test_one_labour_under_two_names_makes_no_split(changed):
    some = [labour(f"r{i}", i) for i in range(8)]
    make_splits(Database(some, origin="births"), n_repeats=1)
    copy = replace(some[3], name="b/r3", **changed(some[3]))
    with pytest.raises(SplitError, match=r"births: records (r3 and b/r3) have the same heart rate \(1 such pairs\)"):
        make_splits(Database([*some, copy], origin="births"), n_repeats=1)


def test_flat_and_short_heart_rates_tell_nothing():
    flat = [Recording(f"f{i}", np.full(4800, 140 + i / 9), np.full(4800, 20.0), 4.0) for i in range(8)]
    short = [labour(f"s{i}", 1, 200 + i) for i in range(8)]
    assert same_labours([*flat, *short]) == {}

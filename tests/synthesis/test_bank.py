"""`Bank`: made once, refitted to training records, and labours drawn from it that say what they were fitted to."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from fhr.datasets import Database, Place
from fhr.errors import FHRError
from fhr.recording import Outcome, developed_on
from fhr.simulation import simulate_recording
from fhr.synthesis import BIRTH_COLUMNS, Bank, Refitted, birth_table
from fhr.synthesis.refitted import _terms

NAMES = [f"r{i:03d}" for i in range(320)]


@pytest.fixture(scope="module")
def bank() -> Bank:
    return Bank.simulate(12, seed=5)


def made_up(n: int = 3000) -> Bank:
    """A bank of numbers, whose own outcomes nobody knows."""
    rng = np.random.default_rng(1)
    return Bank(pd.DataFrame(rng.normal(size=(n, 2)), [f"s{i + 1:04d}" for i in range(n)], ["mad_60", "loss_60"]))


def births(shift: float) -> tuple[pd.DataFrame, pd.Series, dict[str, Outcome]]:
    """Training records, every fourth with the label, whose first feature is larger by `shift` and goes with the pH."""
    rng = np.random.default_rng(2)
    label = pd.Series((np.arange(len(NAMES)) % 4 == 0).astype(int), NAMES)
    ph = np.where(label == 1, 7.0, 7.25) + rng.uniform(-0.04, 0.04, len(NAMES))
    table = pd.DataFrame(rng.normal(size=(len(NAMES), 2)), NAMES, ["mad_60", "loss_60"])
    table["mad_60"] += shift * label
    return table, label, {name: Outcome(ph=float(value)) for name, value in zip(NAMES, ph, strict=True)}


def refit(shift: float, **changes) -> Refitted:
    table, labels, outcomes = births(shift)
    return made_up().refit(**{"births": table, "labels": labels, "fitted_to": NAMES, "outcomes": outcomes} | changes)


def test_the_table_is_of_the_recordings_alone(bank):
    assert list(bank.table.columns) == list(BIRTH_COLUMNS)
    assert not {"ph", "severity"} & {*BIRTH_COLUMNS}
    recordings = [simulate_recording(index, seed=5) for index in (0, 7)]
    pd.testing.assert_frame_equal(birth_table(recordings), bank.table.iloc[[0, 7]], check_names=False)
    assert bank.table["section"].isin([0, 1]).all()


def test_a_bank_is_kept_in_a_folder_and_a_damaged_one_made_again(bank, tmp_path, caplog, monkeypatch):
    kept = Bank.simulate(3, seed=5, folder=tmp_path)
    (file,) = tmp_path.iterdir()
    monkeypatch.setattr("fhr.synthesis.bank.simulate_recording", lambda *_, **__: pytest.fail("it was made again"))
    pd.testing.assert_frame_equal(Bank.simulate(3, seed=5, folder=tmp_path).table, kept.table)
    monkeypatch.undo()
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)
    pd.testing.assert_frame_equal(Bank.simulate(3, seed=5, folder=tmp_path).table, bank.table.iloc[:3])
    assert "is damaged" in caplog.text


def test_weights_give_the_class_what_the_records_say():
    refitted = refit(shift=1.5)
    without, with_it = (refitted.weights_of(label) for label in (0, 1))
    assert (without.sum(), with_it.sum()) == (pytest.approx(0.75), pytest.approx(0.25))
    x = made_up().table["mad_60"].to_numpy()
    assert with_it @ x / with_it.sum() - without @ x / without.sum() > 0.6
    assert 50 < refitted.effective(1) < 3000


def test_outcomes_are_those_of_the_records_and_go_with_the_features():
    refitted = refit(shift=1.5)
    labour, record = refitted.draw(4000, seed=3)
    assert np.mean(refitted.labels[record]) == pytest.approx(0.25, abs=0.03)
    x, ph = made_up().table["mad_60"].to_numpy()[labour], np.array([refitted.outcomes[i].ph for i in record])
    assert np.corrcoef(x, ph)[0, 1] < -0.3
    again = refitted.draw(4000, seed=3)
    np.testing.assert_array_equal((labour, record), again)


def test_the_ph_counts_by_fifths_within_its_class():
    label = np.repeat([0, 1], [10, 5])
    ph = np.concatenate([np.linspace(7.2, 7.29, 10), np.linspace(7.0, 7.04, 5)])
    terms = _terms(label, ph)
    assert len(np.unique(terms, axis=0)) == 10
    np.testing.assert_allclose([terms[label == one, 1].mean() for one in (0, 1)], 0, atol=1e-8)
    assert (np.diff(terms[label == 1, 1]) > 0).all()
    assert (_terms(label, np.full(15, np.nan))[:, 1] == 0).all()


def test_labours_that_are_drawn_say_what_they_were_fitted_to(bank, births_database):
    place = Place.first(births_database, "ph<7.20").at(0, 1)
    refitted = bank.at(place, births_of(births_database))
    drawn = refitted.sample(6, seed=1)
    names = {*place.partition.train, *place.partition.validation}
    digests = dict(zip(births_database.names, births_database.digests, strict=True))
    assert set(drawn.fitted_to) == {digests[name] for name in names}
    assert not {*drawn.fitted_to} & {*developed_on()}
    assert not {*drawn.fitted_to} & {digests[name] for name in place.partition.test}
    known = {births_database[name].outcome for name in names}
    assert all(recording.outcome in known for recording in drawn)
    assert {recording.provenance.kind for recording in drawn} == {"simulated"}
    first = drawn[0]
    again = simulate_recording(int(first.name.partition("-")[0][1:]) - 1, seed=5)
    np.testing.assert_array_equal(first.fhr, again.fhr)


@pytest.mark.parametrize("given", [True, False])
def test_a_control_takes_the_rows_of_the_givers(births_database, monkeypatch, given):
    place = replace(Place.first(births_database, "ph<7.20").at(0, 1), permutation=3)
    table, asked = births_of(births_database), {}
    monkeypatch.setattr("fhr.synthesis.bank.birth_table", lambda some: table.loc[[one.name for one in some]])
    monkeypatch.setattr(Bank, "refit", lambda self, births, labels, **options: asked.update(births=births, **options))
    made_up().at(place, table if given else None)
    names = [*place.partition.train, *place.partition.validation]
    giver = place.givers(place.labels.index.tolist())
    assert any(giver[name] != name for name in names)
    expected = table.loc[[giver[name] for name in names]].set_axis(names)
    pd.testing.assert_frame_equal(asked["births"], expected, check_names=False)
    assert asked["outcomes"] == {name: births_database[name].outcome for name in names}


def test_a_bank_that_other_source_made_is_made_again(tmp_path, monkeypatch):
    monkeypatch.setattr("fhr.synthesis.bank.birth_row", lambda _: np.zeros(len(BIRTH_COLUMNS)))
    Bank.simulate(1, folder=tmp_path)
    monkeypatch.setattr("fhr.synthesis.bank.made_by", lambda *_: "source of another day")
    Bank.simulate(1, folder=tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def births_of(database: Database) -> pd.DataFrame:
    """A table of the right form, made up: computing it takes seconds."""
    values = np.random.default_rng(4).normal(size=(len(database), 3))
    return pd.DataFrame(values, database.names, ["mad_60", "loss_60", "baseline_mean"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fitted_to": NAMES[:3]}, "3 digests of 320 training records"),
        ({"labels": pd.Series(0, NAMES)}, "all 320 training records have the label 0"),
        ({"labels": pd.Series(1, NAMES[1:])}, "the training record 'r000' has no label"),
        ({"outcomes": {}}, "the training record 'r000' has no outcome"),
        ({"births": births(0)[0].rename(columns={"mad_60": "mad"})}, "the bank has no column 'mad'"),
    ],
)
def test_what_a_refit_refuses(changes, message):
    with pytest.raises(FHRError, match=message):
        refit(0.0, **changes)


def test_what_a_bank_refuses(births_database):
    with pytest.raises(FHRError, match="n=0 labours"):
        Bank.simulate(0)
    with pytest.raises(FHRError, match="seed=-1 is negative"):
        Bank.simulate(2, seed=-1)
    with pytest.raises(FHRError, match="a place without recordings"):
        made_up().at(replace(Place.first(births_database, "ph<7.20"), database=None))
    with pytest.raises(FHRError, match="n=0 labours with seed=1"):
        refit(0.0).draw(0, seed=1)
    with pytest.raises(FHRError, match="refitted without outcomes"):
        refit(0.0, outcomes=None).sample(3, seed=1)


def test_a_bank_whose_folder_is_a_file(tmp_path, monkeypatch):
    monkeypatch.setattr("fhr.synthesis.bank.simulate_recording", lambda *_, **__: pytest.fail("it was simulated"))
    (tmp_path / "bank").write_text("")
    with pytest.raises(FHRError, match="no folder can be made there"):
        Bank.simulate(1, folder=tmp_path / "bank")

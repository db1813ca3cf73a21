from dataclasses import replace

import numpy as np
import pytest

from fhr.datasets import CTUUHB, Database, make_splits
from fhr.errors import DatasetNotFoundError, FormatError, OutcomeError, SplitError
from fhr.formats import write_wfdb
from fhr.preprocessing import Pipeline
from fhr.recording import Outcome, Provenance, Recording, Step
from fhr.simulation import simulate


def tiny(name: str, ph: float = 7.2, level: float = 140.0, **fields: object) -> Recording:
    return Recording(name, [level, np.nan], [1.0, 2.0], 4.0, outcome=Outcome(ph=ph), **fields)


@pytest.fixture
def database() -> Database:
    return Database([tiny("b", 7.0), tiny("a", 7.1), tiny("c", 7.2)], origin="here", quarantined={"d": "damaged"})


def test_records_by_position_name_and_iteration(database):
    assert len(database) == 3
    assert database.names == ["b", "a", "c"]
    assert [recording.name for recording in database] == ["b", "a", "c"]
    assert database[1] is database["a"] is database.recordings[1]
    assert database[-1].name == "c"
    with pytest.raises(IndexError):
        database[3]


def test_unknown_and_quarantined_names(database):
    with pytest.raises(DatasetNotFoundError, match=r"here: no record 'e' \(there is no such record\)"):
        database["e"]
    with pytest.raises(DatasetNotFoundError, match=r"here: no record 'd' \(damaged\)"):
        database["d"]


def test_a_name_that_stands_twice_would_leak():
    with pytest.raises(FormatError, match="here: record 'a' stands twice; keep one of them"):
        Database([tiny("b"), tiny("a"), tiny("c"), tiny("a")], origin="here")


def test_labels_of_a_target_that_is_not_defined(database):
    assert database.labels("ph<7.15").tolist() == [1, 1, 0]
    with pytest.raises(OutcomeError, match="target 'acidosis' is not defined"):
        database.labels("acidosis")


def test_windows_of_records_are_other_data_that_the_same_splits_fit():
    """Caches and stores tell them from whole recordings, a split file does not; whose they are stays known."""
    whole = Database([_minutes(f"r{i}", 30 + i) for i in range(10)], origin="here", quarantined={"d": "damaged"})
    windows = whole.changed(Pipeline(minutes=25, withheld=8).cut)
    assert windows.names == whole.names
    assert windows.quarantined == whole.quarantined
    assert windows["r3"].duration == 25 * 60
    assert windows["r2"] is whole["r2"]  # too short for it
    assert windows.checksum != whole.checksum
    assert windows.whole_checksum == whole.checksum == whole.whole_checksum
    assert windows.digests == whole.digests
    splits = make_splits(whole, n_repeats=1, n_folds=2)
    splits.check(windows)
    assert make_splits(windows, n_repeats=1, n_folds=2) == splits
    with pytest.raises(SplitError, match="the split was made for other data"):
        splits.check(Database(windows, origin="there"))


def _minutes(name: str, minutes: float) -> Recording:
    n = round(minutes * 240)
    return Recording(
        name, 140 + minutes + np.arange(n) % 7, np.full(n, 20.0), 4.0, outcome=Outcome(ph=7.0 + len(name) / 10)
    )


SYNTHETIC = Provenance("synthetic", "gan(seed=1)", ("f" * 64, "b"))


def test_kinds_and_what_their_makers_were_fitted_to(database):
    assert database.kinds == {"measured": 3}
    assert database.fitted_to == ()
    made = [tiny("x", provenance=SYNTHETIC), tiny("y", provenance=Provenance("imputed", "lines", ("a", "b")))]
    mixed = Database([*made, *database], origin="both")
    assert list(mixed.kinds.items()) == [("measured", 3), ("synthetic", 1), ("imputed", 1)]
    assert mixed.fitted_to == ("a", "b", "f" * 64)
    assert mixed.composition.made_by == ("gan(seed=1)", "lines")
    assert Database([], origin="none").kinds == {}


def test_provenance_is_no_part_of_any_digest(database):
    """Checksums, splits and runs of simulated recordings are older than the kinds."""
    made = Database([replace(r, provenance=SYNTHETIC) for r in database], origin="made")
    assert (made.checksum, made.digests) == (database.checksum, database.digests)


def test_the_checksum_of_simulated_recordings_is_that_of_older_versions(simulated_database):
    assert simulated_database.kinds == {"simulated": 60}
    old = [replace(recording, provenance=Provenance()) for recording in simulated_database]
    assert Database(old, origin="old").checksum == simulated_database.checksum


def test_checksum_does_not_depend_on_the_order(database):
    again = Database(reversed(database.recordings), origin="elsewhere")
    assert again.checksum == database.checksum
    assert again.digests == database.digests[::-1]


@pytest.mark.parametrize(
    "changes",
    [
        {"fhr": [140.0, 140.0]},
        {"fhr": [140.25, np.nan]},
        {"uc": [1.0, 2.5]},
        {"mhr": [80.0, 80.0]},
        {"fs": 2.0},
        {"name": "z"},
        {"outcome": Outcome(ph=7.01)},
        {"outcome": Outcome(ph=7.0, apgar5=9)},
    ],
)
def test_checksum_changes_with_what_a_result_depends_on(database, changes):
    first, *rest = database
    changed = Database([first.after(Step("change"), **changes), *rest], origin="here")
    assert changed.checksum != database.checksum
    assert Database([*rest], origin="here").checksum != database.checksum


def test_checksum_sees_changes_of_recordings_that_were_read(tmp_path):
    for recording in (tiny("a"), tiny("b")):
        write_wfdb(recording, tmp_path)
    database = CTUUHB(tmp_path)
    first, second = database
    cut = Database([first.after(Step("cut"), fhr=first.fhr[:1], uc=first.uc[:1]), second], origin="cut")
    assert cut.checksum != database.checksum
    header = tmp_path / "a.hea"
    header.write_text(header.read_text().replace("100(0)/bpm", "50(0)/bpm"))
    assert CTUUHB(tmp_path).digests == database.digests  # the signal file is the same, the signal is not
    assert CTUUHB(tmp_path).checksum != database.checksum


def test_checksum_is_the_same_in_memory_and_on_disk(simulated_folder, simulated_database):
    assert Database(simulate(60, seed=20), origin="memory").checksum == simulated_database.checksum
    assert CTUUHB(simulated_folder).checksum == simulated_database.checksum


def test_digests_tell_recordings_apart_and_follow_the_file(simulated_database):
    assert len(set(simulated_database.digests)) == 60
    recording = simulated_database["s0001"]
    assert simulated_database.digests[0] == recording.source.sha256
    cleaned = recording.after(Step("clean"), fhr=np.full(len(recording), np.nan))
    assert Database([cleaned], origin="x").digests == simulated_database.digests[:1]
    in_memory = [tiny("a"), replace(tiny("a"), name="b"), tiny("c", level=141.0)]
    digests = Database(in_memory, origin="x").digests
    assert digests[0] == digests[1] != digests[2]

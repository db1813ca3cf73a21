import tracemalloc

import numpy as np
import pandas as pd
import pytest

from fhr.errors import FHRError, FormatError
from fhr.formats import read, recordings_in
from fhr.simulation import read_truth, simulate, simulate_labours, write_database

wfdb = pytest.importorskip("wfdb")

LABELS = (
    "pH BDecf pCO2 BE Apgar1 Apgar5|NICU days|Seizures|HIE|Intubation|Main diag.|Other diag.|Gest. weeks|Weight(g)|Sex"
    "|Age|Gravidity|Parity|Diabetes|Hypertension|Preeclampsia|Liq. praecox|Pyrexia|Meconium|Presentation|Induced"
    "|I.stage|NoProgress|CK/KP|II.stage|Deliv. type|dbID|Rec. type|Pos. II.st.|Sig2Birth"
)
LABELS = LABELS.split("|", 1)[0].split() + LABELS.split("|")[1:]


def test_wfdb_reads_what_was_written(tmp_path):
    seen = []
    folder = write_database(tmp_path / "new", 3, seed=4, progress=lambda done, total: seen.append((done, total)))
    assert (folder / "RECORDS").read_text() == "s0001\ns0002\ns0003\n"
    assert seen == [(1, 3), (2, 3), (3, 3)]
    for recording in simulate(3, seed=4):
        record = wfdb.rdrecord(str(folder / recording.name))
        assert record.fs == 4
        assert record.sig_name == ["FHR", "UC"]
        assert record.fmt == ["16", "16"]
        expected = np.nan_to_num(np.column_stack([recording.fhr, recording.uc]))
        np.testing.assert_allclose(record.p_signal, expected, atol=1e-9)
        fields = [comment.rsplit(maxsplit=1) for comment in record.comments if not comment.startswith("-")]
        assert [label.split()[0] for label, _ in fields[:3]] == ["Kind", "Made", "Fitted"]  # of the provenance
        fields = fields[3:]
        assert [label for label, _ in fields] == LABELS
        assert float(dict(fields)["pH"]) == recording.outcome.ph
        assert "NaN" not in dict(fields).values()


def test_our_reader_gives_the_recording_back(tmp_path):
    folder = write_database(tmp_path, 1, seed=9)
    written, again = next(simulate(1, seed=9)), read(folder / "s0001")
    np.testing.assert_array_equal(again.fhr, written.fhr)
    np.testing.assert_array_equal(again.uc, written.uc)
    assert again.outcome == written.outcome
    np.testing.assert_equal(again.stage2_start, written.stage2_start)
    assert again.provenance == written.provenance


def test_a_folder_with_recordings_is_refused_unless_overwritten(tmp_path):
    write_database(tmp_path, 2, seed=1)
    before = (tmp_path / "s0001.dat").read_bytes()
    with pytest.raises(
        FHRError, match="holds recordings already; name another folder, or give overwrite=True"
    ) as error:
        write_database(tmp_path, 1, seed=2)
    assert str(tmp_path) in str(error.value)
    assert (tmp_path / "s0001.dat").read_bytes() == before
    write_database(tmp_path, 1, seed=2, overwrite=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["RECORDS", "s0001.dat", "s0001.hea"]
    assert (tmp_path / "s0001.dat").read_bytes() != before


def test_recordings_that_were_not_simulated_are_never_replaced(tmp_path):
    (tmp_path / "1001.hea").write_text("real")
    with pytest.raises(FHRError, match=r"holds recordings that were not simulated \(1001.hea.*name another folder"):
        write_database(tmp_path, 1, overwrite=True)
    assert (tmp_path / "1001.hea").read_text() == "real"


def test_other_files_stay(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    write_database(tmp_path, 1)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_an_interrupted_run_leaves_no_list(tmp_path):
    def stop(done, total):
        raise KeyboardInterrupt

    write_database(tmp_path, 1)
    with pytest.raises(KeyboardInterrupt):
        write_database(tmp_path, 2, overwrite=True, progress=stop)
    assert not (tmp_path / "RECORDS").exists()


def test_a_file_in_place_of_the_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FHRError, match="file is a file; name a folder"):
        write_database(tmp_path / "file", 1)


@pytest.mark.parametrize("arguments", [{"n": 0}, {"n": 1, "seed": -1}, {"n": 1, "explained": 1.1}])
def test_bad_numbers_write_nothing(tmp_path, arguments):
    with pytest.raises(FHRError, match=r"at least|between 0 and 1"):
        write_database(tmp_path / "new", **arguments)
    assert not (tmp_path / "new").exists()


def test_the_truth_lies_beside_the_recordings(tmp_path):
    folder = write_database(tmp_path, 3, seed=4, truth=True)
    labours = list(simulate_labours(3, seed=4))
    table = pd.read_csv(folder / "truth" / "events.csv")
    assert table.columns.tolist() == ["record", "kind", "start_s", "end_s", "extremum_s", "amplitude"]
    for labour in labours:
        name, truth = labour.recording.name, labour.truth
        again = read_truth(folder / "truth" / f"{name}.npz")
        for signal in ("fhr", "uc", "baseline", "artefact"):
            np.testing.assert_array_equal(getattr(again, signal), getattr(truth, signal))
        assert (again.fs, again.severity) == (truth.fs, truth.severity)
        rows = table[table["record"] == name]
        assert rows["kind"].tolist() == again.events.kind.tolist() == truth.events.kind.tolist()
        for column in ("start_s", "end_s", "extremum_s", "amplitude"):
            np.testing.assert_array_equal(getattr(again.events, column), getattr(truth.events, column))
            np.testing.assert_allclose(rows[column], getattr(truth.events, column), atol=0.0051)
        # What the recording shows and the truth does not say is in the mask, and nothing else is.
        written = read(folder / name).fhr
        differs = np.isfinite(written) & (written != again.fhr)
        np.testing.assert_array_equal(differs, again.artefact)


def test_recordings_are_the_same_with_and_without_their_truth(tmp_path):
    without, beside = write_database(tmp_path / "a", 2, seed=3), write_database(tmp_path / "b", 2, seed=3, truth=True)
    again = write_database(tmp_path / "c", 2, seed=3, truth=True)
    for path in without.iterdir():
        assert path.read_bytes() == (beside / path.name).read_bytes()
    assert not (without / "truth").exists()
    assert len(recordings_in(beside)) == 2
    for path in (beside / "truth").iterdir():
        assert path.read_bytes() == (again / "truth" / path.name).read_bytes()


def test_an_old_truth_goes_with_its_recordings(tmp_path):
    write_database(tmp_path, 2, seed=1, truth=True)
    (tmp_path / "truth" / "notes.txt").write_text("mine")
    (tmp_path / "s0002.dat.part").write_text("what a killed run left")
    write_database(tmp_path, 1, seed=1, overwrite=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["RECORDS", "s0001.dat", "s0001.hea", "truth"]
    assert [path.name for path in (tmp_path / "truth").iterdir()] == ["notes.txt"]
    (tmp_path / "truth" / "notes.txt").unlink()
    write_database(tmp_path, 1, seed=1, overwrite=True)
    assert not (tmp_path / "truth").exists()


def test_how_much_is_explained_changes_the_outcome_alone(tmp_path):
    hard, easy = (write_database(tmp_path / str(r), 3, seed=4, explained=r) for r in (0.0, 1.0))
    for name in ("s0001", "s0002", "s0003"):
        assert (hard / f"{name}.dat").read_bytes() == (easy / f"{name}.dat").read_bytes()
    assert {read(hard / f"s000{k}").outcome.ph for k in (1, 2, 3)} != {
        read(easy / f"s000{k}").outcome.ph for k in (1, 2, 3)
    }


def test_memory_does_not_grow_with_the_number_of_recordings(tmp_path):
    peaks = []
    for n in (2, 10):
        write_database(tmp_path / "warm", 1, overwrite=True, truth=True)
        tracemalloc.start()
        write_database(tmp_path / str(n), n, truth=True)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # Eight more recordings of 90 min would be 1.4 MB in FHR and UC alone, their truths 2.4 MB more.
    assert peaks[1] < peaks[0] + 1e6


@pytest.mark.parametrize("damage", ["no file", "cut", "other", "pickle"])
def test_a_damaged_truth_is_named(tmp_path, damage):
    path = write_database(tmp_path, 1, truth=True) / "truth" / "s0001.npz"
    if damage == "no file":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:-1000])
    elif damage == "other":
        np.savez(path, fhr=np.zeros(3))
    else:
        np.savez(path, fhr=np.array([{}], dtype=object))
    with pytest.raises(FormatError, match=r"s0001.npz: no truth of a simulated recording .*simulate it again"):
        read_truth(path)

import numpy as np
import pytest

from fhr.errors import FHRError
from fhr.formats import read
from fhr.simulation import simulate, write_database

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


@pytest.mark.parametrize("arguments", [{"n": 0}, {"n": 1, "seed": -1}])
def test_bad_numbers_write_nothing(tmp_path, arguments):
    with pytest.raises(FHRError, match="at least"):
        write_database(tmp_path / "new", **arguments)
    assert not (tmp_path / "new").exists()

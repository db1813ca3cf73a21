"""The 442 records that the simulator was tuned to: their digests, and the one name that stands for all of them."""

import json

import pytest

from fhr import read, write_npz, write_wfdb
from fhr.recording import DEVELOPED_ON, Provenance, developed_on, fitted_to_of, other_digest, shortened
from fhr.recording.known_records import spelt_out
from fhr.simulation import simulate_recording

OLD = "fhr.simulation 0.0.9, seed=1, explained=0.75"


def test_every_record_has_digests_of_its_own():
    digests = developed_on()
    assert len({*digests}) == len({other_digest(one) for one in digests}) == 442
    assert all(len(one) == 64 and {*one} <= {*"0123456789abcdef"} for one in digests)
    assert other_digest("a" * 64) is None


def test_they_are_those_of_the_real_records(ctu_uhb_database):
    assert sorted(ctu_uhb_database.digests) == sorted(developed_on())
    assert [other_digest(one) for one in ctu_uhb_database.digests] == [*ctu_uhb_database.digests_of_signals]
    assert ctu_uhb_database.checksum == DEVELOPED_ON


@pytest.mark.parametrize("given", [(), ("a", "b", "a"), (DEVELOPED_ON,), ("a", DEVELOPED_ON, "b")])
def test_one_name_stands_for_all_of_them(given):
    whole = spelt_out(given)
    assert DEVELOPED_ON not in whole
    assert ({*developed_on()} <= {*whole}) == (DEVELOPED_ON in given)
    assert {*shortened(whole)} == {*given}
    assert Provenance("synthetic", "gan", given).fitted_to == whole
    some = developed_on()[:-1]
    assert shortened(some) == some


def test_the_simulator_was_fitted_to_them_in_every_version():
    """Also where a file of an earlier version does not say so."""
    assert Provenance("simulated", OLD).fitted_to == developed_on()
    assert Provenance("simulated", OLD, ("a",)).fitted_to == ("a", *developed_on())
    assert Provenance("simulated", OLD).imputed("fill", ["b"]).fitted_to == (*developed_on(), "b")
    assert Provenance("simulated", "fhr.simulationist").fitted_to == ()
    assert fitted_to_of(["gan", OLD]) == developed_on()
    assert fitted_to_of(["gan"]) == ()


@pytest.mark.parametrize("write", [write_wfdb, write_npz])
def test_files_stay_small_and_say_it_all(write, tmp_path):
    recording = simulate_recording(0, seed=1)
    path = write(recording, tmp_path) if write is write_wfdb else write(recording, tmp_path / "one.npz")
    assert read(path).provenance == recording.provenance
    if write is write_wfdb:
        lines = [line for line in path.read_text().splitlines() if line.startswith("#Fitted to")]
        assert lines == [f"#Fitted to    {json.dumps(DEVELOPED_ON)}"]

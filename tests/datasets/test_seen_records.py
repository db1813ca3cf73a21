"""`seen_records`, `refusing_seen`: a test record that was seen is known by whatever it is named, and refused in use."""

from dataclasses import replace

import pytest

from fhr import read, write_npz
from fhr.datasets import Database, refusing_seen, seen_records, told_of_use
from fhr.errors import CheckpointError
from fhr.preprocessing import Pipeline
from fhr.recording import Composition, Heritage, Provenance, developed_on
from fhr.simulation import simulate_recording

NAMES = ["s0001", "s0002", "s0003"]


@pytest.fixture(scope="module")
def three() -> Database:
    return Database((simulate_recording(index, seed=3) for index in range(3)), origin="three")


def test_by_digest_name_or_checksum(three):
    assert seen_records([], three) == []
    assert seen_records([three.digests[1], "unknown"], three) == ["s0002"]
    assert seen_records(["s0003"], three) == ["s0003"]
    assert seen_records([three.digests[1]], three, ["s0001"]) == []
    assert seen_records([three.checksum], three, checksum=three.checksum) == NAMES
    assert seen_records([three.checksum], three) == []


def test_a_copy_in_another_format_of_a_record_of_ctu_uhb(ctu_uhb_database, tmp_path):
    copy = read(write_npz(ctu_uhb_database[0], tmp_path / "renamed.npz"))
    other = Database([replace(copy, name="renamed")], origin="a copy")
    assert other.digests[0] not in developed_on()
    assert seen_records(developed_on(), other) == ["renamed"]
    assert seen_records([ctu_uhb_database.digests[0]], other) == ["renamed"]
    assert seen_records([ctu_uhb_database.digests[1]], other) == []


def test_a_window_is_known_by_the_recording_that_it_was_cut_from(three, monkeypatch):
    windows = three.changed(Pipeline(minutes=20, withheld=10).cut)
    monkeypatch.setattr("fhr.datasets.seen.other_digest", {"of its file": three[1].digest}.get)
    assert windows.digests_of_signals == three.digests_of_signals
    assert seen_records(["of its file"], windows) == ["s0002"]
    with (
        refusing_seen(windows, NAMES[:1]),
        pytest.raises(CheckpointError, match="1 of 1 test records"),
    ):
        told_of_use(lambda: frozenset([three.checksum]), "the network Net")


def test_what_was_seen_is_refused_while_it_is_guarded(three):
    learnt = Heritage(("a",), Composition({"synthetic": 1}, ("gan",), (three.digests[2],)))
    told_of_use(lambda: pytest.fail("nobody asks"), "it")
    with refusing_seen(three, NAMES[:2], where="fold 3"):
        told_of_use(lambda: learnt.seen, "the network Net")
        with (
            refusing_seen(three, NAMES, where="fold 3"),
            pytest.raises(CheckpointError, match=r"fold 3: the network Net learnt from 1 of 3 test records \(s0003\)"),
        ):
            told_of_use(lambda: learnt.seen, "the network Net")
        told_of_use(lambda: learnt.seen, "the network Net")
    told_of_use(lambda: learnt.seen, "the network Net")


def test_what_weights_have_learnt_from_adds_up():
    one = Heritage(("a", "b"), Composition({"measured": 2}))
    other = Heritage(("c",), Composition({"simulated": 1}, ("fhr.simulation 0.1, seed=1",)))
    both = one | other
    assert both.learnt_from == ("a", "b", "c")
    assert both.composition == Composition({"measured": 2, "simulated": 1}, ("fhr.simulation 0.1, seed=1",))
    assert both.seen == {"a", "b", "c", *developed_on()}
    assert one | Heritage(("a",), Composition({"measured": 1})) == one  # the same records once more
    assert Heritage() | other == other
    assert Heritage.from_plain(both.plain()) == both
    assert not Heritage()


@pytest.mark.parametrize(
    "changes", [{"learnt_from": [3]}, {"kinds": {"measured": "x"}}, {"kinds": {"measured": -1}}, {"made_by": None}]
)
def test_damaged_plain_types_are_refused(changes):
    with pytest.raises((TypeError, ValueError)):
        Heritage.from_plain({**Heritage(("a",)).plain(), **changes})


def test_a_database_says_what_its_makers_were_fitted_to(three):
    assert three.fitted_to == tuple(sorted(developed_on()))
    assert replace(three[0], provenance=Provenance()).provenance.fitted_to == ()

"""Writing by suffix, and what a copy does not keep."""

from dataclasses import replace

import numpy as np
import pytest

from fhr.errors import FormatError
from fhr.formats import WRITERS, not_kept, read, write
from fhr.recording import Clinical, Outcome, Provenance, Recording, Step


@pytest.fixture
def whole() -> Recording:
    """A recording with everything that one may have."""
    rng = np.random.default_rng(3)
    fhr = rng.normal(140, 10, 400).astype(np.float32)
    fhr[20:60] = np.nan
    return Recording(
        "whole",
        fhr,
        np.abs(rng.normal(20, 5, 400)),
        2.5,
        mhr=fhr - 50,
        outcome=Outcome(ph=7.12, apgar1=6),
        clinical=Clinical(weight=3250, sensor=12),
        stage2_start=100.0,
        history=(Step("read", {"start": "2024-03-15T10:00:00", "columns": {"fhr": "a"}, "guessed": ("fhr",)}),),
        provenance=Provenance("synthetic", "a test"),
    )


@pytest.mark.parametrize("suffix", WRITERS)
def test_every_format_reads_back_what_it_does_not_say_it_lacks(whole, tmp_path, suffix):
    again = read(write(whole, tmp_path / f"whole{suffix}"))
    lost = not_kept(whole, again)
    if suffix in (".csv", ".tsv", ".npz"):
        assert lost == {}
    elif suffix == ".hea":
        assert set(lost) == {"fhr", "uc", "mhr", "history", "date"}
        assert lost["history"] == "read"
        assert lost["fhr"].startswith("rounded by up to 0.005")
    np.testing.assert_allclose(again.fhr, whole.fhr, atol=0.0051)
    assert again.provenance == whole.provenance


def test_a_wfdb_record_is_called_after_its_file(whole, tmp_path):
    again = read(write(whole, tmp_path / "P7.HEA"))
    assert again.name == "P7"
    assert not_kept(whole, again)["name"] == "'P7' for 'whole'"


@pytest.mark.parametrize("name", ["a", "a.fhr", "a.xls"])
def test_a_suffix_that_is_not_written(whole, tmp_path, name):
    with pytest.raises(FormatError, match=r"written are \.hea, \.csv"):
        write(whole, tmp_path / name)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"fhr": np.full(400, 140.0)}, {"fhr": "rounded by up to"}),
        ({"uc": np.full(400, np.nan)}, {"uc": "400 samples missing"}),
        ({"mhr": None}, {"mhr": "not there"}),
        ({"fs": 4.0}, {"fs": "4 Hz for 2.5 Hz"}),
        ({"outcome": Outcome(ph=7.12)}, {"outcome": "apgar1"}),
        ({"clinical": Clinical()}, {"clinical": "weight, sensor"}),
        ({"stage2_start": np.nan}, {"stage2_start": "nan s for 100 s"}),
        ({"provenance": Provenance()}, {"provenance": "measured for synthetic (made by a test)"}),
        ({"history": ()}, {"history": "read", "date": "none for 2024-03-15"}),
        ({"fhr": np.full(3, 140.0), "uc": np.zeros(3), "mhr": None}, {"fhr": "3 samples for 400", "uc": "", "mhr": ""}),
    ],
)
def test_every_difference_is_told(whole, changes, said):
    found = not_kept(whole, replace(whole, **changes))
    assert set(found) == set(said)
    for what, words in said.items():
        assert found[what].startswith(words)

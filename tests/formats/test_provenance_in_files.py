"""Kind, maker and what it was fitted to, in every format that is written; files that say it wrongly, or not at all."""

import json
import zipfile
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import wfdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fhr.formats
from fhr.errors import FormatError
from fhr.formats import read, write_edf, write_npz, write_parquet, write_table, write_wfdb
from fhr.recording import KINDS, Provenance, Recording

ODD = ['"', "\\", "#", "-- Provenance", "#-- Outcome measures", "é", "\U0001f600", "אב", "pH 7", "0", "a  b", "\\u0000"]
PRINTABLE = st.one_of(
    st.sampled_from(ODD), st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable() and text.strip())
)
MADE = st.builds(
    Provenance, st.sampled_from(KINDS[1:]), made_by=PRINTABLE, fitted_to=st.lists(PRINTABLE, max_size=3).map(tuple)
)
SYNTHETIC = Provenance("synthetic", "gan(seed=1)", ("a" * 64, "1001"))
MEASURED = Recording("r1", np.arange(100.0, 110.0), np.arange(1.0, 11.0), 4.0)
MADE_ONE = replace(MEASURED, provenance=SYNTHETIC)

WRITERS: dict[str, Callable[[Recording, Path], Path]] = {
    "write_wfdb": lambda recording, path: write_wfdb(recording, path.parent),
    "write_npz": lambda recording, path: write_npz(recording, path.with_suffix(".npz")),
    "write_edf": lambda recording, path: write_edf(recording, path.with_suffix(".edf")),
    "write_parquet": lambda recording, path: write_parquet(recording, path.with_suffix(".parquet")),
    "write_table": lambda recording, path: write_table(recording, path.with_suffix(".csv")),
}
every_format = pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)


def test_no_writer_is_forgotten():
    """A format that cannot say what made a recording has to warn of it."""
    writers = {name for name in fhr.formats.__all__ if name.startswith("write_")}
    assert set(WRITERS) == writers - {"write_run_file"}  # of runs, not of recordings


@every_format
@given(provenance=st.one_of(st.just(Provenance()), MADE))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_read_again(tmp_path, write, provenance):
    path = write(replace(MEASURED, provenance=provenance), tmp_path / "r1")
    first = path.read_bytes()
    again = read(path)
    assert again.provenance == provenance
    np.testing.assert_array_equal(again.fhr, MEASURED.fhr)
    assert write(again, tmp_path / "r1").read_bytes() == first


@every_format
def test_a_measured_recording_is_written_as_it_always_was(tmp_path, write):
    written = write(MEASURED, tmp_path / "r1").read_bytes()
    assert b"rovenance" not in written
    assert b"measured" not in written


def test_the_section_stands_first_and_the_rest_of_the_header_is_the_same(tmp_path):
    measured = write_wfdb(MEASURED, tmp_path / "a").read_text()
    made = write_wfdb(MADE_ONE, tmp_path / "b").read_text()
    section = f"""#-- Provenance
#Kind         synthetic
#Made by      "gan(seed=1)"
#Fitted to    "{"a" * 64}"
#Fitted to    "1001"

"""
    assert made.replace(section, "") == measured
    assert made.index("#-- Provenance") < made.index("#-- Outcome measures")
    assert all(len(line) < 255 for line in made.splitlines())  # where the WFDB library in C cuts


def test_the_wfdb_package_reads_the_header_and_does_not_lose_it(tmp_path):
    record = wfdb.rdrecord(str(write_wfdb(MADE_ONE, tmp_path).with_suffix("")))
    np.testing.assert_allclose(record.p_signal[:, 0], MEASURED.fhr)
    assert 'Made by      "gan(seed=1)"' in record.comments
    (tmp_path / "rewritten").mkdir()
    digital = wfdb.rdrecord(str(tmp_path / "r1"), physical=False)
    digital.wrsamp(write_dir=str(tmp_path / "rewritten"))
    assert read(tmp_path / "rewritten" / "r1").provenance == SYNTHETIC


def header(folder: Path, *lines: str, title: str = "#-- Provenance") -> Path:
    """A header with this section."""
    path = write_wfdb(MEASURED, folder)
    section = "\n".join([title, *lines])
    path.write_text(path.read_text().replace("#-- Outcome measures", f"{section}\n\n#-- Outcome measures"))
    return path


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("sign", ["#", "# ", "#\t"])
def test_the_spelling_of_other_writers(tmp_path, sign, end):
    fields = ["Kind\tsynthetic", 'Made by "gan(seed=1)"', "", f'Fitted to   "{"a" * 64}"', 'Fitted to "1001"  ']
    path = header(tmp_path, *(sign + field if field else "" for field in fields), title=f"{sign}-- Provenance")
    path.write_bytes(path.read_bytes().replace(b"\n", end.encode()))
    assert read(path).provenance == SYNTHETIC


def test_lines_of_others_that_look_alike_are_passed_over(tmp_path):
    path = write_wfdb(MEASURED, tmp_path)
    path.write_text(
        f'{path.read_text()}\n#Kind words\n#Made by Monica\n#Fitted to size\n#Kind  simulated\n#Made by "x"\n'
    )
    assert read(path).provenance == Provenance()


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "kind of recording ''; it is one of measured, simulated, synthetic, imputed"),
        (["#Kind dreamt", '#Made by "x"'], "kind of recording 'dreamt'"),
        (["#Kind"], "'Kind' .its fields are Kind, Made by and Fitted to"),
        (["#Kind simulated"], "made_by of a recording that is simulated is ''"),
        (['#Made by "gan"'], "kind of recording ''"),
        (['#Fitted to "1001"'], "kind of recording ''"),
        (["#Kind measured", '#Made by "gan"'], "a measured recording with made_by='gan'"),
        (["#Kind simulated", "#Kind simulated", '#Made by "x"'], "the field stands twice"),
        (["#Kind simulated", '#Made by "x"', '#Made by "y"'], "the field stands twice"),
        (["#Kind simulated", '#Made by "x"', "#Fittet to 1001"], "'Fittet to 1001' .its fields are"),
        (["#Kind simulated", "#Made by gan"], "'Made by gan' .Expecting value"),
        (["#Kind simulated", "#Made by 7"], "'Made by 7' .not a text in quotes"),
        (["#Kind simulated", '#Made by "x'], "Unterminated string"),
        (["#Kind simulated", '#Made by "\\ud800"'], "give printable text"),
        (["#Kind simulated", '#Made by "\\n"'], "give printable text"),
        (["#Kind simulated", f'#Made by "{"x" * 600}"'], "600 characters; give printable text"),
        (["#Kind simulated", f"#Made by {'[' * 200_000}"], "recursion"),
        (["#Kind simulated", f"#Made by {'9' * 5000}"], "digits"),
        (["#Kind simulated", '#Made by "x"', "#-- Provenance"], "it stands twice"),
        (["#Kind simulated", '#Made by "x"', *['#Fitted to "y"'] * 30_000, "#Fitted to z"], "Fitted to z"),
    ],
)
def test_a_damaged_section_is_refused(tmp_path, lines, message):
    path = header(tmp_path, *lines)
    with pytest.raises(FormatError, match=message) as error:
        read(path)
    assert str(error.value).startswith(f"{path}: section on the provenance, ")
    assert str(error.value).endswith("; correct it, or write the record anew")
    assert len(str(error.value)) < 1000


PLAIN = asdict(SYNTHETIC)
SPOILT = [
    ("null", "must be a table"),
    ("[]", "must be a table"),
    ("{}", "has the keys"),
    ('"measured"', "must be a table"),
    ("{", "Expecting"),
    ("[" * 100_000, "recursion"),
    (json.dumps({**PLAIN, "kind": "dreamt"}), "kind of recording 'dreamt'"),
    (json.dumps({**PLAIN, "kind": ["measured"]}), "kind of recording of the type list"),
    (json.dumps({**PLAIN, "kind": "measured"}), "a measured recording with made_by="),
    (json.dumps({**PLAIN, "made_by": ""}), "give printable text"),
    (json.dumps({**PLAIN, "made_by": "\ud800"}), "surrogates not allowed|half a surrogate|codec"),
    (json.dumps({**PLAIN, "made_by": 10**400}), "of the type int|too large|digits"),
    (json.dumps({**PLAIN, "fitted_to": "1001"}), "fitted_to is '1001'"),
    (json.dumps({**PLAIN, "fitted_to": {"a": 1}}), "fitted_to is of the type dict"),
    (json.dumps({**PLAIN, "fitted_to": [["a"]]}), "a record in fitted_to is of the type list"),
    (json.dumps({**PLAIN, "fitted_to": ["a"] * 150_000}), "fitted_to is of the type list"),
    (json.dumps({**PLAIN, "fitted_to": ["a"] * 300_000}), "too long"),
    (json.dumps({**PLAIN, "more": 1}), "has the keys"),
    (json.dumps({"kind": "simulated"}), "has the keys"),
]


@pytest.mark.parametrize("suffix", [".npz", ".csv"])
@pytest.mark.parametrize(("text", "message"), SPOILT)
def test_a_damaged_entry_is_refused(tmp_path, suffix, text, message):
    """Never with the advice to remove it: it would make a measured recording."""
    path = tmp_path / f"r1{suffix}"
    if suffix == ".csv":
        lines = write_table(MADE_ONE, path).read_text().splitlines()
        at = next(i for i, line in enumerate(lines) if line.startswith("# provenance: "))
        path.write_text("\n".join([*lines[:at], f"# provenance: {text}", *lines[at + 1 :]]))
    else:
        with np.load(write_npz(MADE_ONE, path)) as archive:
            arrays = dict(archive)
        np.savez(path, **(arrays | {"provenance": np.array(text)}))
    with pytest.raises(FormatError, match=message) as error:
        read(path)
    assert str(error.value).startswith(f"{path}: provenance is ")
    assert str(error.value).endswith("; write it anew, or correct it")
    assert len(str(error.value)) < 1000


def test_an_entry_that_is_no_text_is_refused(tmp_path):
    with np.load(write_npz(MADE_ONE, tmp_path / "r1.npz")) as archive:
        arrays = dict(archive)
    for odd in (np.arange(3), np.array(["a", "b"]), np.float64(1)):
        np.savez(tmp_path / "r1.npz", **(arrays | {"provenance": odd}))
        with pytest.raises(FormatError, match="provenance is no text"):
            read(tmp_path / "r1.npz")


def test_files_that_are_older_than_the_kinds_are_measured(tmp_path):
    """Those of older versions are today's of a measured recording; and what others put there is theirs."""
    old, new = write_npz(MEASURED, tmp_path / "old.npz"), write_npz(MADE_ONE, tmp_path / "new.npz")
    with zipfile.ZipFile(old) as a, zipfile.ZipFile(new) as b:
        assert set(b.namelist()) - set(a.namelist()) == {"provenance.npy"}
    assert read(old).provenance == Provenance()
    np.savez(tmp_path / "foreign.npz", fhr=MEASURED.fhr, fs=4.0, provenance=np.array("my hospital"))
    assert read(tmp_path / "foreign.npz").provenance == Provenance()
    (tmp_path / "foreign.csv").write_text("# provenance: my hospital\nfhr\n140\n141\n")
    assert read(tmp_path / "foreign.csv", fs=4).provenance == Provenance()


@every_format
def test_more_than_is_read_again_is_not_written(tmp_path, write):
    many = Provenance("synthetic", "gan", tuple(f"{i:064d}" for i in range(20_000)))
    with pytest.raises(FormatError, match=r"r1: .* that are read again; .* name a database by its checksum"):
        write(replace(MEASURED, provenance=many), tmp_path / "r1")
    assert not any(path.is_file() for path in tmp_path.rglob("*"))

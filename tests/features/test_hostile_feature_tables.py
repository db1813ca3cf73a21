"""Spoilt and hostile feature tables: a table or an `FHRError`, soon and with little memory, whatever was done to it."""

import sys
from pathlib import Path
from typing import Any

import hostile
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fhr.errors import FormatError
from fhr.features import METADATA_COLUMNS, read_features
from fhr.features.column import Column
from fhr.features.parquet_table import join_parts, read_part, read_provenance, write_part
from fhr.recording import Recording

COLUMNS = [Column("c1", "1", "one"), Column("c2", "bpm", "two")]
N = 30
GENERATOR = np.random.default_rng(0)
ROWS: dict[str, Any] = {
    "record": [f"r{i // 5}" for i in range(N)],
    "window": [i % 5 for i in range(N)],
    **{column.name: GENERATOR.normal(size=N).tolist() for column in METADATA_COLUMNS[2:]},
}
PROVENANCE = {"format": 1, "n_windows": N, "unusable": {}, "quarantined": {"a": "no signal"}}
VALID = Recording("r", [140.0, 141.0], [1.0, 2.0], 4.0)  # what `hostile.verdict` looks at; the tables are checked here


def write(path: Path, provenance: Any = PROVENANCE) -> Path:
    write_part(path, COLUMNS, ROWS, np.arange(2.0 * N).reshape(N, 2), provenance)
    return path


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> pa.Table:
    return pq.read_table(write(tmp_path_factory.mktemp("valid") / "t.parquet"))


def stored(table: pa.Table, **options: Any) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, **options)
    return bytes(sink.getvalue())


def read_all(path: Path) -> Recording:
    """All the ways in which a table is read, and what the rooms above rely on."""
    found = read_features(path)
    assert read_provenance(path) == found.attrs["provenance"]
    assert read_part(path, [Column(name, "", "") for name in found.attrs["features"]])
    assert list(found.columns) == [*(c.name for c in METADATA_COLUMNS), *found.attrs["features"]]
    assert found["record"].map(lambda name: isinstance(name, str)).all()
    assert found["window"].dtype == np.int32
    assert (found.dtypes.iloc[2:] == np.float64).all()
    for fact in found.attrs["columns"].values():
        assert {"role", "unit", "description"} <= fact.keys()
    return VALID


def spoilt(table: pa.Table, valid: list[bytes], number: int) -> bytes:
    """Case `number`: bytes anywhere or in the footer, the provenance, or what a column says of itself."""
    generator = np.random.default_rng(number)
    data = valid[number % len(valid)]
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    kind = generator.integers(5)
    if kind == 0:
        return hostile.spoil(data, generator, text=False)
    if kind == 1:  # of the same length, so that the footer is looked for where it is
        end = hostile.flip_bits(data[footer:-8], generator)
        return data[:footer] + hostile.huge_number(end, generator)[: len(end)] + data[-8:]
    if kind == 2:  # pages
        pages = hostile.huge_number(hostile.flip_bits(data[4:footer], generator), generator)[: footer - 4]
        return b"PAR1" + pages + data[footer:]
    if kind == 3:
        provenance = hostile.spoil(table.schema.metadata[b"fhr.features"], generator, text=True)
        return stored(table.replace_schema_metadata({b"fhr.features": provenance}))
    i = int(generator.integers(table.num_columns))
    facts = {
        hostile.spoil(key, generator, text=True) if generator.random() < 0.3 else key: hostile.spoil(
            value, generator, text=True
        )
        for key, value in table.schema.field(i).metadata.items()
    }
    return stored(table.cast(table.schema.set(i, table.schema.field(i).with_metadata(facts))))


def test_a_spoilt_table_is_read_or_refused(table, tmp_path):
    valid = [stored(table, write_page_checksum=True), stored(table), stored(table, use_dictionary=False)]
    verdicts = []
    for number in range(60):
        (tmp_path / "t.parquet").write_bytes(spoilt(table, valid, number))
        with hostile.watchdog(20):
            verdicts.append(hostile.verdict(tmp_path / "t.parquet", read_all))
    assert min(verdicts.count("read"), verdicts.count("refused")) > 0  # both doors are tried


@pytest.mark.parametrize("error", [KeyError("role"), AttributeError("items"), pa.ArrowInvalid("page")])
def test_the_fuzz_can_fail(tmp_path, error):
    def careless(path: Path) -> Recording:
        raise error

    with pytest.raises(hostile.Escape, match=type(error).__name__):
        hostile.verdict(tmp_path, careless)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no FIFO, and links need rights")
@pytest.mark.parametrize("impostor", hostile.IMPOSTORS)
def test_what_is_no_file_of_the_folder_is_refused(tmp_path, impostor):
    folder = tmp_path / "folder"
    folder.mkdir()
    write(folder / "valid-t.parquet")
    hostile.IMPOSTORS[impostor](folder / "t.parquet")
    for read in (read_features, read_provenance, lambda path: read_part(path, COLUMNS)):
        with hostile.watchdog(20), pytest.raises(FormatError, match=r"t\.parquet: no readable Parquet file \(.+\)"):
            read(folder / "t.parquet")


def changed(table: pa.Table, **columns: Any) -> pa.Table:
    for name, values in columns.items():
        i = table.schema.get_field_index(name)
        kind = pa.array(values).type if isinstance(values, list) else values.type
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        table = table.set_column(i, table.schema.field(i).with_type(kind), pa.chunked_array([values]).cast(kind))
    return table


def with_facts(table: pa.Table, name: str, facts: dict[str, str] | None) -> pa.Table:
    i = table.schema.get_field_index(name)
    field = table.schema.field(i).remove_metadata()
    return table.cast(table.schema.set(i, field.with_metadata(facts) if facts else field))


def described(table: pa.Table, provenance: bytes) -> pa.Table:
    return table.replace_schema_metadata({b"fhr.features": provenance})


REFUSED = {
    "no description": (lambda t: with_facts(t, "c1", None), "column 'c1' is not described as a feature"),
    "no unit": (lambda t: with_facts(t, "c1", {"role": "feature", "description": ""}), "'c1' is not described"),
    "the end is a feature": (
        lambda t: with_facts(t, "end_s", {"role": "feature", "unit": "s", "description": ""}),
        "column 'end_s' is not described as a metadata",
    ),
    "provenance that is none": (lambda t: described(t, b"[1]"), r"its provenance '\[1\]' is none"),
    "nested provenance": (lambda t: described(t, b"[" * 100_000), "no readable Parquet file"),
    "provenance cut off": (lambda t: described(t, b'{"a'), "no readable Parquet file"),
    "lists": (lambda t: changed(t, c1=pa.array([[1.0]] * N)), "not a feature table"),
    "texts": (lambda t: changed(t, c1=pa.array(["1"] * N)), "not a feature table"),
    "twice": (lambda t: t.append_column("c1", t["c2"]), "not a feature table"),
    "no loss": (lambda t: t.drop_columns("loss"), "not a feature table"),
    "no record": (lambda t: t.drop_columns("record"), "not a feature table"),
    "no name": (lambda t: changed(t, record=pa.array([None] * N, pa.string())), "30 rows have no record"),
    "no window": (lambda t: changed(t, window=pa.array([None] * N, pa.int32())), "30 rows have no window"),
    "a name that is no text": (
        lambda t: changed(t, record=pa.array([b"\xff"] * N, pa.binary()).view(pa.string())),
        "no readable Parquet file",
    ),
    "one long name many times": (
        lambda t: changed(
            pa.concat_tables([t] * 100),
            record=pa.array(["a" * 100_000] * 100 * N),
        ),
        r"bytes that declare 300000000 bytes of values",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_table_that_is_none_is_refused(table, tmp_path, name):
    make, message = REFUSED[name]
    (tmp_path / "t.parquet").write_bytes(stored(make(table)))
    before = pa.default_memory_pool().bytes_allocated()
    with hostile.watchdog(20), pytest.raises(FormatError, match=message):
        read_features(tmp_path / "t.parquet")
    assert pa.default_memory_pool().bytes_allocated() - before < 1 << 26


def test_values_from_nothing_are_refused(tmp_path):
    """Some kB that stand for 288 MB of missing values."""
    rows = pa.nulls(6_000_000, pa.float64())
    fields = [
        write_schema(tmp_path).field(name) for name in ("record", "window", "start_s", "end_s", "to_end_s", "loss")
    ]
    schema = pa.schema(fields, metadata={b"fhr.features": b"{}"})
    nulls = {f.name: rows if f.type == pa.float64() else pa.nulls(len(rows), f.type) for f in fields}
    path = tmp_path / "t.parquet"
    path.write_bytes(stored(pa.table(nulls, schema=schema), row_group_size=len(rows)))
    assert path.stat().st_size < 1 << 20
    with pytest.raises(FormatError, match="bytes that declare 288000000 bytes of values"):
        read_provenance(path)


def write_schema(folder: Path) -> pa.Schema:
    return pq.read_schema(write(folder / "valid.parquet"))


def test_another_codec_is_refused(table, tmp_path):
    """Others unpack to a thousand times their size."""
    (tmp_path / "t.parquet").write_bytes(stored(table, compression="gzip"))
    with pytest.raises(FormatError, match="compressed otherwise than with Snappy"):
        read_features(tmp_path / "t.parquet")


def test_a_flipped_bit_in_a_page_is_found(tmp_path):
    data = bytearray(write(tmp_path / "t.parquet").read_bytes())
    at = data.index(np.float64(ROWS["start_s"][3]).tobytes())
    data[at] ^= 1
    (tmp_path / "t.parquet").write_bytes(data)
    with pytest.raises(FormatError, match="no readable Parquet file"):
        read_features(tmp_path / "t.parquet")
    with pytest.raises(FormatError, match="no readable Parquet file"):
        join_parts(tmp_path / "all.parquet", COLUMNS, [tmp_path / "t.parquet"], {})


def test_a_part_of_another_table_is_refused(tmp_path):
    with pytest.raises(FormatError, match="a part of another table; remove it"):
        read_part(write(tmp_path / "t.parquet"), COLUMNS[:1])

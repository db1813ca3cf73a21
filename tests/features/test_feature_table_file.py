"""The file of a feature table: what was written is read, and what is damaged or of other make is refused."""

from pathlib import Path
from typing import Any

import hostile
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from fhr.errors import FormatError
from fhr.features import METADATA_COLUMNS, read_features
from fhr.features.column import Column
from fhr.features.parquet_table import join_parts, read_part, read_provenance, write_part

COLUMNS = [Column("c1", "1", "one"), Column("c2", "bpm", "two")]
N = 30
GENERATOR = np.random.default_rng(0)
ROWS: dict[str, Any] = {
    "record": [f"r{i // 5}" for i in range(N)],
    "window": [i % 5 for i in range(N)],
    **{column.name: GENERATOR.normal(size=N).tolist() for column in METADATA_COLUMNS[2:]},
}
PROVENANCE = {"n_windows": N, "quarantined": {"a": "no signal"}, "origin": "fhr.sha256\x18@"}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    write_part(tmp_path / "t.parquet", COLUMNS, ROWS, np.arange(2.0 * N).reshape(N, 2), PROVENANCE)
    return tmp_path / "t.parquet"


def test_what_was_written_is_read(table, tmp_path):
    found = read_features(table)
    assert read_part(table, COLUMNS) == read_provenance(table) == found.attrs["provenance"] == PROVENANCE
    assert found["record"].tolist() == ROWS["record"]
    np.testing.assert_array_equal(found[["c1", "c2"]], np.arange(2.0 * N).reshape(N, 2))
    join_parts(tmp_path / "all.parquet", COLUMNS, [table, table], {"a": 1}, "folder")
    both = read_features(tmp_path / "all.parquet")
    assert both.pop("path").tolist() == [f"folder/{name}" for name in both["record"]]
    pd.testing.assert_frame_equal(both, pd.concat([found, found], ignore_index=True), check_exact=True)
    assert pq.read_table(tmp_path / "all.parquet").num_rows == 2 * N  # any other reader takes it


def test_a_change_anywhere_is_found(table, tmp_path):
    data = table.read_bytes()
    for at in [*range(0, len(data), 37), *range(len(data) - 12, len(data))]:
        table.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        with pytest.raises(FormatError, match="no whole feature table"):
            read_features(table)
    for number in range(200):
        spoilt = hostile.spoil(data, np.random.default_rng(number), text=False)
        table.write_bytes(spoilt)
        if spoilt != data:
            with pytest.raises(FormatError, match="no whole feature table"):
                join_parts(tmp_path / "all.parquet", COLUMNS, [table], {}, "")


def test_a_table_of_other_make_is_refused(table):
    pq.write_table(pq.read_table(table).replace_schema_metadata(), table)
    with pytest.raises(FormatError, match=r"t\.parquet: no whole feature table \(no checksum\); make it with"):
        read_features(table)
    with pytest.raises(FormatError, match="no whole feature table"):
        read_provenance(table.with_name("none.parquet"))


def test_a_part_of_another_table_is_refused(table):
    with pytest.raises(FormatError, match="a part of another table; remove it"):
        read_part(table, COLUMNS[:1])

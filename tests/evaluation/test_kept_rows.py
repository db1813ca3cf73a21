import csv
import gzip
import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fhr.errors import FHRError, FormatError, OutcomeError, SplitError
from fhr.evaluation import check, keep, oof_file, read_oof, recompute
from fhr.evaluation.kept_table import COLUMNS
from fhr.evaluation.summary import evaluate_predictions

FACTS = {
    "run_id": "0123abcd",
    "commit": "c0ffee",
    "split_sha": "5eed",
    "config": "configs/cnn.yaml",
    "machine": "2 x86-64 cores",
    "date": "2026-01-31",
}
LABEL = "ph<7.05"


def made(seed: int = 0, repeats: int = 2) -> pd.DataFrame:
    """Predictions of 80 records in an order of their own."""
    generator = np.random.default_rng(seed)
    label = np.arange(80) % 4 == 0
    tables = []
    for repeat in range(repeats):
        score = generator.normal(size=80) + 0.8 * label
        rows = {"name": [str(1001 + i) for i in range(80)], "repeat": repeat, "fold": np.arange(80) % 5}
        rows |= {"label": label.astype(int), "score": score, "probability": 1 / (1 + np.exp(1 - score))}
        tables.append(pd.DataFrame(rows).sample(frac=1, random_state=repeat))
    return pd.concat(tables)


def rows_of(folder: Path) -> list[dict[str, str]]:
    with open(folder / "crossval.csv", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def table(tmp_path) -> Path:
    """A folder with two rows."""
    for seed, model in enumerate(("a network, two members", "MAD alone")):
        keep(tmp_path, made(seed), model=model, label=LABEL, **FACTS)
    return tmp_path


def test_a_row_is_what_the_protocol_gives_on_the_kept_predictions(tmp_path):
    path = keep(tmp_path, made(), model="a network", label=LABEL, **FACTS)
    (row,) = rows_of(tmp_path)
    assert tuple(row) == COLUMNS
    results = evaluate_predictions(read_oof(path))
    expected = {
        "auroc": results["auroc"].value,
        "auroc_low": results["auroc"].low,
        "auroc_high": results["auroc"].high,
        "auprc": results["auprc"].value,
        "brier": results["brier"].value,
        "brier_skill": results["brier_skill"].value,
        "slope": results["calibration_slope"].value,
        "slope_low": results["calibration_slope"].low,
        "slope_high": results["calibration_slope"].high,
        "intercept": results["calibration_intercept"].value,
        "ece": results["ece"].value,
        "ece_null_p95": results["ece_perfect_p95"].value,
        "sens_at_90spec": results["sensitivity_at_90_specificity"].value,
    }
    assert {column: row[column] for column in expected} == {c: f"{value:.4f}" for c, value in expected.items()}
    assert row["cox_p"] == f"{results['cox_p'].value:.4g}"
    assert (row["n"], row["positives"], row["repeats"]) == ("80", "20", "2")
    assert {name: row[name] for name in FACTS} == FACTS
    assert row["oof_sha"] == hashlib.sha256(gzip.decompress(path.read_bytes())).hexdigest()


def test_predictions_are_kept_sorted_with_six_digits(tmp_path):
    path = keep(tmp_path, made(), model="A network (4 x 2)", label="ph<=7.15", **FACTS)
    assert path == tmp_path / "oof" / "a-network-4-x-2__ph-le-7.15.csv.gz"
    text = gzip.decompress(path.read_bytes()).decode()
    lines = text.splitlines()
    assert lines[0] == "record,repeat,fold,label,score,probability"
    keys = [(int(r), int(f), name) for name, r, f, *_ in (line.split(",") for line in lines[1:])]
    assert keys == sorted(keys)
    assert len(keys) == 160
    kept, given = (t.sort_values(["repeat", "name"], ignore_index=True) for t in (read_oof(path), made()))
    pd.testing.assert_frame_equal(kept, given, rtol=1e-5)
    assert max(len(number.lstrip("-0.").replace(".", "")) for line in lines[1:] for number in line.split(",")[4:]) == 6


def test_the_same_predictions_are_the_same_bytes(tmp_path):
    one = keep(tmp_path / "one", made(), model="m", label=LABEL, **FACTS)
    other = keep(tmp_path / "other", made().sample(frac=1, random_state=9), model="m", label=LABEL, **FACTS)
    assert one.read_bytes() == other.read_bytes()
    assert (tmp_path / "one/crossval.csv").read_bytes() == (tmp_path / "other/crossval.csv").read_bytes()
    assert sorted(p.name for p in (tmp_path / "one").iterdir()) == ["crossval.csv", "oof"]


def test_a_row_is_replaced_and_the_others_are_left(table):
    before = rows_of(table)
    assert [row["model"] for row in before] == ["MAD alone", "a network, two members"]
    keep(table, made(5, repeats=1), model="MAD alone", label=LABEL, **FACTS | {"date": "2026-02-01"})
    keep(table, made(6), model="MAD alone", label="ph<=7.15", **FACTS)
    after = rows_of(table)
    assert [(row["model"], row["label"]) for row in after] == [
        ("MAD alone", "ph<7.05"), ("MAD alone", "ph<=7.15"), ("a network, two members", "ph<7.05")
    ]  # fmt: skip
    assert after[2] == before[1]
    assert (after[0]["repeats"], after[0]["date"]) == ("1", "2026-02-01")
    assert check(table) == []


def test_rows_kept_at_once_are_all_there(tmp_path):
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda k: keep(tmp_path, made(k, 1), model=f"model {k}", label=LABEL, **FACTS), range(6)))
    assert [row["model"] for row in rows_of(tmp_path)] == [f"model {k}" for k in range(6)]
    assert check(tmp_path) == []


def test_recomputed_rows_are_the_rows(table):
    written = pd.read_csv(table / "crossval.csv", dtype={"run_id": str, "split_sha": str})
    pd.testing.assert_frame_equal(recompute(table), written, check_dtype=False)
    points = recompute(table, intervals=1)
    assert points["auroc_low"].notna().sum() == points["slope_high"].notna().sum() == 1
    pd.testing.assert_series_equal(points["brier"], written["brier"])


def test_an_empty_table_is_right(tmp_path):
    assert check(tmp_path) == []
    assert list(recompute(tmp_path).columns) == list(COLUMNS)
    (tmp_path / "crossval.csv").write_text(",".join(COLUMNS) + "\n")
    assert check(tmp_path) == []


@pytest.mark.parametrize("column", ["n", "auroc", "auroc_low", "slope_high", "cox_p", "ece", "repeats"])
def test_a_number_that_was_changed_is_found(table, column):
    rows = pd.read_csv(table / "crossval.csv", dtype=str)
    value = float(rows.loc[1, column])
    rows.loc[1, column] = str(int(value) + 1) if column in ("n", "repeats") else f"{value * 1.01 + 0.001:.4f}"
    rows.to_csv(table / "crossval.csv", index=False)
    (found,) = check(table)
    assert found.startswith(f"a network, two members, ph<7.05: {column} is {rows.loc[1, column]}, its predictions give")
    if column in ("auroc_low", "slope_high"):
        assert check(table, intervals=0) == []


def test_the_last_digit_may_differ(table):
    rows = pd.read_csv(table / "crossval.csv", dtype=str)
    rows["auroc"] = [f"{float(value) + 1e-4:.4f}" for value in rows["auroc"]]
    rows.to_csv(table / "crossval.csv", index=False)
    assert check(table) == []


def test_predictions_that_were_changed_or_lost_are_found(table):
    path = oof_file(table, "MAD alone", LABEL)
    text = gzip.decompress(path.read_bytes()).decode()
    changes = {
        "its text has SHA-256": gzip.compress(text.replace(",1,", ",0,", 1).encode()),
        "no readable predictions": path.read_bytes()[:50],
        "No such file": None,
    }
    for message, data in changes.items():
        path.unlink() if data is None else path.write_bytes(data)
        (found,) = check(table)
        assert found.startswith("MAD alone, ph<7.05: ")
        assert message in found
        with pytest.raises(FormatError, match=message):
            recompute(table)


def test_files_and_rows_that_do_not_belong_are_found(table):
    (table / "oof" / "other__ph-lt-7.05.csv.gz").write_bytes(b"")
    rows = pd.read_csv(table / "crossval.csv", dtype=str)
    rows.iloc[::-1].to_csv(table / "crossval.csv", index=False)
    assert check(table) == [
        "rows are not sorted by model and label, or one stands twice",
        "oof/other__ph-lt-7.05.csv.gz: no row of this file",
    ]
    rows.drop(columns="ece").to_csv(table / "crossval.csv", index=False)
    with pytest.raises(FormatError, match=r"crossval.csv: columns model, label, .*; the table has model, label"):
        check(table)


def test_a_metric_that_is_undefined_is_an_empty_field(tmp_path):
    keep(tmp_path, made().assign(score=0.0, probability=0.25), model="constant", label=LABEL, **FACTS)
    (row,) = rows_of(tmp_path)
    assert [row[name] for name in ("auroc", "auroc_low", "slope", "slope_high", "cox_p")] == [""] * 5
    assert row["brier"] == "0.1875"
    assert check(tmp_path) == []
    assert np.isnan(recompute(tmp_path)["auroc"].iloc[0])


def test_mistakes_are_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(FHRError, match=r"date '31.1.2026' is not a day; write it as 2026-01-31"):
        keep(tmp_path, made(), model="m", label=LABEL, **FACTS | {"date": "31.1.2026"})
    with pytest.raises(FHRError, match=r"model '\*' and label 'ph<7.05' name no file"):
        keep(tmp_path, made(), model="*", label=LABEL, **FACTS)
    with pytest.raises(SplitError, match="m: 1 of 80 records are missing from repeat 0"):
        keep(tmp_path, made().iloc[1:], model="m", label=LABEL, **FACTS)
    with pytest.raises(FHRError, match="scores are NaN or infinite"):
        keep(tmp_path, made().assign(score=np.inf), model="m", label=LABEL, **FACTS)
    with pytest.raises(OutcomeError, match="160 of 160 labels are NaN"):
        keep(tmp_path, made().assign(label=np.nan), model="m", label=LABEL, **FACTS)
    assert list(tmp_path.iterdir()) == []


def test_two_models_never_share_a_file(table):
    before = rows_of(table)
    with pytest.raises(FHRError, match="models 'MAD alone' and 'MAD, alone' would share mad-alone__ph"):
        keep(table, made(9), model="MAD, alone", label=LABEL, **FACTS)
    assert rows_of(table) == before
    assert check(table) == []


def test_labels_of_another_inequality_are_other_files():
    names = {oof_file(".", "m", label).name for label in ("ph<7.05", "ph<=7.05", "ph>7.05", "ph>=7.05")}
    assert len(names) == 4
    assert oof_file(".", "m", "ph<7.05 & bdecf>=12").name == "m__ph-lt-7.05-and-bdecf-ge-12.csv.gz"


def test_a_record_may_be_called_not_available(tmp_path):
    predictions = made().replace({"name": {"1001": "NA", "1002": "nan"}})
    assert {"NA", "nan"} <= set(read_oof(keep(tmp_path, predictions, model="m", label=LABEL, **FACTS))["name"])
    assert check(tmp_path) == []


def test_a_table_that_is_no_table_is_refused(tmp_path):
    (tmp_path / "oof").mkdir()
    path = tmp_path / "oof" / "x.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n1,2\n"))
    with pytest.raises(FormatError, match="columns a, b; predictions have record, repeat, fold, label"):
        read_oof(path)
    path.write_bytes(gzip.compress(io.BytesIO(b"").getvalue()))
    with pytest.raises(FormatError, match="no table of predictions"):
        read_oof(path)

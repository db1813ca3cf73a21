from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from figures_not_drawn import figures_not_drawn
from local_hospital import hospital

from fhr.evaluation import external_validation, findings, learning_curve, recalibrated_results, write_validation


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    """The folder of a report."""
    folder = tmp_path_factory.mktemp("validation") / "report"
    with figures_not_drawn():
        write(folder)
    return folder


def write(folder: Path) -> None:
    given = hospital(60)
    found = external_validation(given.births, given.predictions, given.cards, n_resamples=20)
    found = replace(found, left_out={"<script>": "no <b>outcome</b>"})
    y, p = found.predictions["label"].to_numpy(), found.predictions["probability"].to_numpy()
    write_validation(
        folder,
        found,
        findings(found, given.births, given.cards),
        model="run <1>",
        origin="a & b",
        recalibrated=recalibrated_results(y, p, n_resamples=20),
        curve=learning_curve(y, p, repeats=5),
    )


def test_one_page_that_needs_no_other_file_and_tables_beside_it(written):
    page = (written / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 5
    assert "src=" not in page.replace('src="data:image/png;base64,', "")
    assert "href=" not in page
    assert "not a medical device" in page
    tables = {path.stem for path in written.glob("*.csv")}
    assert tables == {
        *("results", "predictions", "subgroups", "net_benefit", "conformal", "population", "left_out", "recalibrated"),
        "learning_curve",
    }
    assert len(list((written / "figures").glob("*.png"))) == 5
    assert len(pd.read_csv(written / "predictions.csv")) == 60
    assert pd.read_csv(written / "recalibrated.csv")["method"].unique().tolist() == ["none", "intercept", "ridge_platt"]


def test_names_are_text_and_no_markup(written):
    page = (written / "report.html").read_text()
    assert "<script>" not in page
    assert "run &lt;1&gt;" in page
    assert "no &lt;b&gt;outcome&lt;/b&gt;" in page
    assert "a &amp; b" in page

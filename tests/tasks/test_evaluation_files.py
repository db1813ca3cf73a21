from dataclasses import replace
from math import nan

import pandas as pd
import pytest

from fhr.features import FeatureSet
from fhr.metrics import Interval
from fhr.recording import Composition
from fhr.tasks import ModelCard, metric_values, write_evaluation
from fhr.tasks.model_card import records_line

RESULTS = {"auroc": Interval(0.7412, 0.65, 0.81), "cox_p": Interval(0.25, nan, nan), "brier": Interval(nan, nan, nan)}


@pytest.fixture
def card() -> ModelCard:
    return ModelCard(
        network="fhr.models.InceptionNet",
        target="ph<7.05",
        origin="a hospital",
        data_checksum="0123456789abcdef0123",
        n_tested=60,
        n_positive=15,
        tested_on="5 outer folds",
        results=RESULTS,
        window_minutes=60.0,
        left_out=3,
    )


def test_the_card_says_what_a_reader_has_to_know(card):
    text = card.markdown()
    for part in (
        "not a medical device",
        "`fhr.models.InceptionNet`",
        "`ph<7.05`",
        "the last 60 min",
        "a hospital (checksum `0123456789abcdef`)",
        "5 outer folds",
        "Records tested: 60, of which 15 meet the label (prevalence 0.250); left out as unusable: 3",
        "| auroc | 0.741 | 0.650 to 0.810 |",
        "| cox_p | 0.250 | - |",
        "Signal loss alone separates acidosis",
    ):
        assert part in text


def test_the_card_names_the_features(card):
    assert "\n- Data:" in card.markdown()
    text = replace(card, features=FeatureSet(groups=("multiscale",), minutes=20)).markdown()
    assert "uterine activity;\n  beside it c1, c2, c3, " in text
    assert " of fetal heart rate in the last 20 min\n- Data:" in text


def test_the_card_says_which_records_were_made(card):
    """Of measured records, which a reader takes for granted, it says nothing."""
    measured = Composition({"measured": 40})
    assert records_line(measured, measured) == ""
    assert "- Records:" not in card.markdown()
    made = Composition({"measured": 40, "synthetic": 9}, ("gan(seed=1)",))
    line = records_line(made, measured)
    assert line == "- Records: learnt from 40 measured, 9 synthetic (made by gan(seed=1)); tested on 40 measured\n"
    assert f"`)\n{line}- Tested on: 5" in replace(card, records=line).markdown()
    assert "**The numbers here say nothing of real births**" in records_line(measured, made)


def test_values_for_mlflow_are_finite_and_grouped():
    assert metric_values(RESULTS) == {
        "test/auroc": 0.7412,
        "test/auroc_low": 0.65,
        "test/auroc_high": 0.81,
        "test/cox_p": 0.25,
    }


def test_files_of_an_evaluation(card, simulated_database, tmp_path):
    names = simulated_database.names
    table = pd.DataFrame(
        {
            "name": names,
            "label": [1, 0] * 30,
            "score": [float(i) for i in range(60)],
            "probability": [(i + 1) / 62 for i in range(60)],
        }
    )
    recordings = {recording.name: recording for recording in simulated_database}
    write_evaluation(tmp_path, card, table, recordings)
    found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    names = ("roc", "precision_recall", "reliability", "risk_coverage", "net_benefit", "score_by_class", "strips")
    figures = {f"figures/{name}.png" for name in names}
    assert found == {"predictions.csv", "model_card.md", *figures}
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "predictions.csv"), table)
    assert (tmp_path / "model_card.md").read_text() == card.markdown()
    assert all((tmp_path / name).read_bytes().startswith(b"\x89PNG") for name in figures)
